//! The numbers of rows' values, and the text of results.

use crate::view::collation;

/// The number that JSON text is; `None` where it is something else. Beyond every double it is an infinity.
pub fn parse(json: &str) -> Option<f64> {
    // JSON has no other numbers, but what else `f64` reads ("inf", "+1") is not JSON.
    matches!(json.as_bytes().first()?, b'-' | b'0'..=b'9').then(|| json.parse().ok())?
}

/// A number as JSON: `null` where it is not finite, as `JSON.stringify` has it.
pub fn text(number: f64) -> String {
    let mut text = String::new();
    // Adding 0 makes 0 of -0, as `JSON.stringify` does.
    match collation::print_number(number + 0.0, &mut text) {
        Some(()) => text,
        None => "null".to_owned(),
    }
}
