//! `_min` and `_max`: the first or last value in the order of view keys.
//!
//! Of values that are equal there (`1` and `1.0`) the one of the earliest row is taken; its text is the result.

use std::cmp::Ordering;
use std::mem;

use crate::view::{RowValue, collation};

/// Which end of the order is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Least,
    Greatest,
}

/// The least or greatest of rows' values.
#[derive(Clone, Debug)]
pub struct Extreme {
    end: End,
    found: Option<Found>,
    /// Room for the next value's encoding.
    spare: Vec<u8>,
}

#[derive(Clone, Debug)]
struct Found {
    encoded: Vec<u8>,
    value: RowValue,
}

impl Extreme {
    pub const ACCEPTS: &str = "a value that could be a view key";

    pub fn new(end: End) -> Self {
        Self { end, found: None, spare: Vec::new() }
    }

    /// Adds the value of a row, where none counts as `null`; `None` where it has no place in the order (a number beyond
    /// every double), and nothing is added then.
    pub fn add(&mut self, value: &RowValue) -> Option<()> {
        let mut encoded = mem::take(&mut self.spare);
        encoded.clear();
        let outcome = collation::encode(value.as_deref().unwrap_or("null"), &mut encoded);
        self.spare = match &mut self.found {
            _ if outcome.is_err() => encoded,
            Some(found) if !beats(self.end, &encoded, &found.encoded) => encoded,
            found => {
                let beaten = found.replace(Found { encoded, value: value.clone() });
                beaten.map(|found| found.encoded).unwrap_or_default()
            }
        };
        outcome.ok()
    }

    /// Adds what was found in later rows.
    pub fn merge(&mut self, later: &Self) {
        if let Some(other) = &later.found
            && self.found.as_ref().is_none_or(|found| beats(self.end, &other.encoded, &found.encoded))
        {
            self.found = Some(other.clone());
        }
    }

    pub fn text(&self) -> String {
        self.found.as_ref().and_then(|found| found.value.as_deref()).unwrap_or("null").to_owned()
    }
}

fn beats(end: End, challenger: &[u8], holder: &[u8]) -> bool {
    let wanted = match end {
        End::Least => Ordering::Less,
        End::Greatest => Ordering::Greater,
    };
    challenger.cmp(holder) == wanted
}
