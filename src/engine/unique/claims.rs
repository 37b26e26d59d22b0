//! What groups give up and take, and whether they may.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use super::holders::{Holders, Value};
use super::json;
use crate::document::Document;
use crate::error::Error;
use crate::key::Key;
use crate::storage::Entry;
use crate::view::declared::Declaration;

/// What a group changes in each view that it concerns.
#[derive(Default)]
pub struct Claims {
    views: Vec<(usize, Claim)>,
}

/// What a group changes in one view. A value that a document keeps is no change.
#[derive(Default)]
pub struct Claim {
    /// Values that documents have afterwards and had not before, in order.
    taken: Vec<(Value, Key)>,
    /// Values that documents had before and have not afterwards, in order.
    released: Vec<(Value, Key)>,
    /// Values that documents had before and have afterwards.
    kept: Vec<(Value, Key)>,
}

/// Why a group may not be stored.
pub struct Breach {
    value: Value,
    written: Key,
    other: Key,
}

impl Claims {
    pub fn add(&mut self, view: usize, claim: Claim) {
        self.views.push((view, claim));
    }

    pub fn into_views(self) -> impl Iterator<Item = (usize, Claim)> {
        self.views.into_iter()
    }
}

impl Claim {
    /// What these entries change.
    pub fn of(declaration: &Declaration, entries: &[Entry]) -> Self {
        let mut claim = Self::default();
        for entry in entries {
            let mut before = values(declaration, entry.previous.as_ref());
            let mut after = values(declaration, entry.document.as_ref());
            let is_kept = |value: &Value| before.binary_search(value).is_ok();
            let kept: Vec<Value> = after.extract_if(.., |value| is_kept(value)).collect();
            before.retain(|value| kept.binary_search(value).is_err());
            let of_document = |value| (value, entry.key.clone());
            claim.kept.extend(kept.into_iter().map(of_document));
            claim.taken.extend(after.into_iter().map(of_document));
            claim.released.extend(before.into_iter().map(of_document));
        }
        claim.taken.sort_unstable();
        claim.released.sort_unstable();
        claim
    }

    /// Whether any of the documents is in the view, before or afterwards.
    pub fn concerns(&self) -> bool {
        !(self.taken.is_empty() && self.released.is_empty() && self.kept.is_empty())
    }

    /// Whether the view may be as this leaves it.
    pub fn check(&self, holders: &Holders) -> Result<(), Breach> {
        // Of two of the group that want one value the later is told.
        for (value, written) in self.taken.iter().rev() {
            if let Some(other) = self.other_holder(value, written, holders) {
                return Err(Breach { value: value.clone(), written: written.clone(), other });
            }
        }
        // Nothing that is taken is a duplicate afterwards: their number sinks where one is given up.
        if !holders.has_duplicates() || self.released.iter().any(|(value, _)| holders.is_duplicate(value)) {
            return Ok(());
        }
        self.standing(holders).map_or(Ok(()), Err)
    }

    /// Who else has a value afterwards.
    fn other_holder(&self, value: &Value, holder: &Key, holders: &Holders) -> Option<Key> {
        let from = self.taken.partition_point(|(taken, _)| taken < value);
        let taking = self.taken.get(from..).unwrap_or_default().iter().take_while(|(taken, _)| taken == value);
        let left = holders.of(value).find(|other| !self.releases(value, other));
        taking.map(|(_, other)| other).find(|other| *other != holder).or(left).cloned()
    }

    fn releases(&self, value: &Value, holder: &Key) -> bool {
        let sought = (value, holder);
        self.released.binary_search_by(|(value, holder)| (value, holder).cmp(&sought)).is_ok()
    }

    /// A duplicate that stands: one that the group leaves as it is, if there is any.
    fn standing(&self, holders: &Holders) -> Option<Breach> {
        let own = self.kept.iter().find(|(value, _)| holders.is_duplicate(value));
        let (value, written) = match own.cloned() {
            Some(own) => own,
            None => (
                holders.duplicates(0).next()?.0.into(),
                self.kept.iter().chain(&self.taken).chain(&self.released).next()?.1.clone(),
            ),
        };
        let other = holders.of(&value).find(|other| **other != written)?.clone();
        Some(Breach { value, written, other })
    }

    /// Changes the holders.
    pub fn take(self, holders: &mut Holders) {
        for (value, holder) in &self.released {
            holders.remove(value, holder);
        }
        for (value, holder) in self.taken {
            holders.add(value, holder);
        }
    }
}

/// The values of a document, in order, each once.
pub fn values(declaration: &Declaration, document: Option<&Document>) -> Vec<Value> {
    let Some(document) = document else { return Vec::new() };
    let emitted = declaration.emit(document.text());
    let mut values: Vec<Value> = emitted.into_iter().map(|row| row.key.into_boxed_slice()).collect();
    values.sort_unstable();
    values.dedup();
    values
}

impl Breach {
    pub fn into_error(self, view: &str) -> Error {
        Error::not_unique(view, &json(&self.value), &self.written.to_text(), &self.other.to_text())
    }
}

/// What the earlier groups of a commit take and give up, as hashes: two values of one hash only make one of them wait.
#[derive(Default)]
pub struct Touched {
    values: HashSet<u64>,
    views: HashSet<usize>,
    hasher: RandomState,
}

impl Touched {
    /// Whether a group has to wait until the earlier ones are stored. While there are duplicates every change counts.
    pub fn keeps_back(&self, view: usize, claim: &Claim, has_duplicates: bool) -> bool {
        if self.views.is_empty() {
            return false;
        }
        (has_duplicates && self.views.contains(&view))
            || claim.taken.iter().any(|(value, _)| self.values.contains(&self.hash(view, value)))
    }

    /// Adds what a group takes and gives up.
    pub fn note(&mut self, claims: &Claims) {
        for (view, claim) in &claims.views {
            for (value, _) in claim.taken.iter().chain(&claim.released) {
                self.values.insert(self.hash(*view, value));
                self.views.insert(*view);
            }
        }
    }

    fn hash(&self, view: usize, value: &Value) -> u64 {
        self.hasher.hash_one((view, value))
    }
}
