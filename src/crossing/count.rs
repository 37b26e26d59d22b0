//! Numbers of JavaScript's as counts.

/// A non-negative whole number of JavaScript's, or none.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be whole and not negative")]
pub fn as_count(value: f64) -> Option<u64> {
    (value >= 0.0 && value.fract() == 0.0).then_some(value as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_numbers_from_zero_on_are_counts() {
        assert_eq!([0.0, -0.0, 3.0, 4_294_967_296.0].map(as_count), [Some(0), Some(0), Some(3), Some(1 << 32)]);
        assert_eq!([-1.0, 0.5, f64::NAN, f64::INFINITY].map(as_count), [None; 4]);
    }
}
