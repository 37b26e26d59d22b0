//! `_sum`: numbers, or arrays of numbers element by element.

use super::number;
use super::total::Total;

/// A sum of rows' values.
#[derive(Clone, Debug, Default)]
pub struct Sum {
    /// A number counts as an array of this one element.
    elements: Vec<Total>,
    /// Whether a value was an array, and so the sum is one.
    is_array: bool,
}

impl Sum {
    pub const ACCEPTS: &str = "a number or an array of numbers";

    /// Adds a value; `None` where it cannot be added, and nothing is then.
    pub fn add(&mut self, json: &str) -> Option<()> {
        let Some(inside) = json.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else {
            let number = number::parse(json)?;
            self.first(1).for_each(|first| first.add(number));
            return Some(());
        };
        let elements: Vec<_> = match inside.trim() {
            "" => Vec::new(),
            inside => inside.split(',').map(|element| number::parse(element.trim())).collect::<Option<_>>()?,
        };
        self.is_array = true;
        self.first(elements.len()).zip(elements).for_each(|(total, element)| total.add(element));
        Some(())
    }

    pub fn merge(&mut self, other: &Self) {
        self.is_array |= other.is_array;
        self.first(other.elements.len()).zip(&other.elements).for_each(|(total, other)| total.merge(other));
    }

    pub fn text(&self) -> String {
        let mut elements = self.elements.iter().map(|total| number::text(total.value()));
        if self.is_array {
            return format!("[{}]", elements.collect::<Vec<_>>().join(","));
        }
        elements.next().unwrap_or_else(|| "0".to_owned())
    }

    /// The first so many elements, which there are then.
    fn first(&mut self, count: usize) -> impl Iterator<Item = &mut Total> {
        if self.elements.len() < count {
            self.elements.resize_with(count, Total::default);
        }
        self.elements.iter_mut().take(count)
    }
}
