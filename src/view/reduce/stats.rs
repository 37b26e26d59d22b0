//! `_stats`: sum, count, least, greatest, and sum of the squares of numbers.

use super::number;
use super::total::Total;

/// Statistics of rows' values.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    sum: Total,
    squares: Total,
    count: usize,
    least_and_greatest: Option<(f64, f64)>,
}

impl Stats {
    pub const ACCEPTS: &str = "a number";

    /// Adds a value; `None` where it is no number, and nothing is added then.
    pub fn add(&mut self, json: &str) -> Option<()> {
        let number = number::parse(json)?;
        self.sum.add(number);
        self.squares.add(number * number);
        self.count += 1;
        self.widen(number, number);
        Some(())
    }

    pub fn merge(&mut self, other: &Self) {
        self.sum.merge(&other.sum);
        self.squares.merge(&other.squares);
        self.count += other.count;
        if let Some((least, greatest)) = other.least_and_greatest {
            self.widen(least, greatest);
        }
    }

    pub fn text(&self) -> String {
        let [sum, squares] = [&self.sum, &self.squares].map(|total| number::text(total.value()));
        let (least, greatest) = match self.least_and_greatest {
            Some((least, greatest)) => (number::text(least), number::text(greatest)),
            None => ("null".to_owned(), "null".to_owned()),
        };
        let count = self.count;
        format!("{{\"sum\":{sum},\"count\":{count},\"min\":{least},\"max\":{greatest},\"sumsqr\":{squares}}}")
    }

    fn widen(&mut self, least: f64, greatest: f64) {
        let (low, high) = self.least_and_greatest.unwrap_or((least, greatest));
        self.least_and_greatest = Some((low.min(least), high.max(greatest)));
    }
}
