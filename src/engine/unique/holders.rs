//! Which document holds which value of one view.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::key::Key;

/// An encoded value.
pub type Value = Box<[u8]>;

/// The holders of every value. Each stands in one of the two.
#[derive(Debug, Default)]
pub struct Holders {
    /// Of values that one document has: by far the most, and in the end all.
    one: HashMap<Value, Key>,
    /// Of values that several have.
    several: BTreeMap<Value, BTreeSet<Key>>,
}

impl Holders {
    /// None yet; there is room for so many values.
    pub fn with_capacity(values: usize) -> Self {
        Self { one: HashMap::with_capacity(values), several: BTreeMap::new() }
    }

    /// A value has one more holder; the same one again counts once.
    pub fn add(&mut self, value: Value, holder: Key) {
        if let Some(several) = self.several.get_mut(&value) {
            several.insert(holder);
            return;
        }
        match self.one.entry(value) {
            Entry::Vacant(entry) => drop(entry.insert(holder)),
            Entry::Occupied(entry) if *entry.get() == holder => {}
            Entry::Occupied(entry) => {
                let (value, first) = entry.remove_entry();
                self.several.insert(value, BTreeSet::from([first, holder]));
            }
        }
    }

    /// A value has one holder less.
    pub fn remove(&mut self, value: &[u8], holder: &Key) {
        let Some(several) = self.several.get_mut(value) else {
            self.one.remove(value);
            return;
        };
        several.remove(holder);
        if several.len() <= 1
            && let Some((value, several)) = self.several.remove_entry(value)
            && let Some(last) = several.into_iter().next()
        {
            self.one.insert(value, last);
        }
    }

    /// Who holds a value, by key.
    pub fn of(&self, value: &[u8]) -> impl Iterator<Item = &Key> {
        self.one.get(value).into_iter().chain(self.several.get(value).into_iter().flatten())
    }

    /// Whether several hold a value.
    pub fn is_duplicate(&self, value: &[u8]) -> bool {
        self.several.contains_key(value)
    }

    /// Whether any value has several holders.
    pub fn has_duplicates(&self) -> bool {
        !self.several.is_empty()
    }

    /// The values that several hold, in order, each with so many holders at most.
    pub fn duplicates(&self, most: usize) -> impl Iterator<Item = (&[u8], Vec<Key>)> {
        self.several.iter().map(move |(value, holders)| (value.as_ref(), holders.iter().take(most).cloned().collect()))
    }
}
