//! A sum that is exact until it is told: the double nearest to the true sum, in whatever order and groups the numbers
//! were added. So a reduced range has one value, however its rows lie in the tree's nodes.
//!
//! Shewchuk's method: the sum is kept as doubles that do not overlap, smallest first, which together are exact. Two for
//! ordinary numbers, one for whole numbers.

/// A sum of doubles.
#[derive(Clone, Debug, Default)]
pub struct Total {
    parts: Vec<f64>,
    /// What left the range of doubles: 0 as long as nothing did, else an infinity, or no number for both.
    beyond: f64,
}

impl Total {
    pub fn add(&mut self, number: f64) {
        let mut high = number;
        self.parts.retain_mut(|part| {
            let (sum, rest) = two_sum(high, *part);
            (high, *part) = (sum, rest);
            rest != 0.0
        });
        if high.is_finite() {
            self.parts.push(high);
        } else {
            self.parts.clear();
            self.beyond += high;
        }
    }

    pub fn merge(&mut self, other: &Self) {
        for part in &other.parts {
            self.add(*part);
        }
        self.beyond += other.beyond;
    }

    /// The sum, rounded once; never `-0`.
    pub fn value(&self) -> f64 {
        if self.beyond != 0.0 {
            return self.beyond;
        }
        let mut parts = self.parts.iter().rev().copied();
        let mut high = parts.next().unwrap_or_default();
        let mut low = 0.0;
        for part in parts.by_ref() {
            (high, low) = two_sum(high, part);
            if low != 0.0 {
                break;
            }
        }
        // `high` may be one of two doubles that are equally near; the first part that follows then decides.
        let next = parts.next().unwrap_or_default();
        if (low < 0.0 && next < 0.0) || (low > 0.0 && next > 0.0) {
            let other = high + low * 2.0;
            #[expect(clippy::float_cmp, reason = "whether the step is exact is what is asked")]
            if other - high == low * 2.0 {
                high = other;
            }
        }
        high + 0.0
    }
}

/// The sum of two doubles as the nearest double and what is missing to it.
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let of_b = sum - a;
    let of_a = sum - of_b;
    (sum, (a - of_a) + (b - of_b))
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "sums are exact here, or not right")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn total(numbers: &[f64]) -> f64 {
        let mut total = Total::default();
        for number in numbers {
            total.add(*number);
        }
        total.value()
    }

    #[test]
    fn a_sum_is_the_double_nearest_to_the_true_one() {
        assert_eq!(total(&[]).to_bits(), 0);
        assert_eq!(total(&[-0.0]).to_bits(), 0);
        assert_eq!(total(&[0.1; 10]), 1.0);
        assert_eq!(total(&[1e100, 1.0, -1e100]), 1.0);
        assert_eq!(total(&[1e16, 1.0, 1e-16]), 10_000_000_000_000_002.0);
        assert_eq!(total(&[9_007_199_254_740_992.0, 1.0]), 9_007_199_254_740_992.0);
        assert_eq!(total(&[9_007_199_254_740_992.0, 1.0, 5e-324]), 9_007_199_254_740_994.0);
        assert_eq!(total(&[-9_007_199_254_740_992.0, -1.0, -5e-324]), -9_007_199_254_740_994.0);
        assert_eq!(total(&[9_007_199_254_740_994.0, 1.0, -5e-324]), 9_007_199_254_740_994.0);
    }

    #[test]
    fn what_leaves_the_range_of_doubles_stays_infinite() {
        assert_eq!(total(&[f64::MAX, f64::MAX, 1.0]), f64::INFINITY);
        assert_eq!(total(&[f64::MIN, f64::MIN, 1.0]), f64::NEG_INFINITY);
        assert!(total(&[f64::INFINITY, 1.0, f64::NEG_INFINITY]).is_nan());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn order_and_grouping_do_not_matter(
            numbers in prop::collection::vec(prop_oneof![
                any::<i32>().prop_map(f64::from),
                (-300..300_i32, -1.0..1.0_f64).prop_map(|(exponent, digits)| digits * 10_f64.powi(exponent)),
                Just(0.1),
            ], 0..40),
            cuts in prop::collection::vec(1..8_usize, 40),
        ) {
            let expected = total(&numbers);
            let mut reversed = numbers.clone();
            reversed.reverse();
            prop_assert_eq!(total(&reversed), expected);
            let (mut grouped, mut rest) = (Total::default(), numbers.as_slice());
            for cut in cuts {
                let (head, tail) = rest.split_at(cut.min(rest.len()));
                let mut group = Total::default();
                for number in head {
                    group.add(*number);
                }
                grouped.merge(&group);
                rest = tail;
            }
            prop_assert_eq!(grouped.value(), expected);
            // The whole numbers have a sum that can be told otherwise.
            let whole: Vec<_> = numbers.iter().copied().filter(|number| number.fract() == 0.0 && number.abs() < 1e10).collect();
            #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "below 2^53")]
            let exact = whole.iter().map(|number| *number as i64).sum::<i64>() as f64;
            prop_assert_eq!(total(&whole), exact);
        }
    }
}
