//! The holders of a whole store: evaluated in parallel, put together in the order of the documents.

use super::claims::values;
use super::holders::{Holders, Value};
use crate::engine::snapshot::{Snapshot, Stored};
use crate::engine::workers::in_parallel;
use crate::key::Key;
use crate::view::declared::Declaration;

/// Who holds what.
pub fn holders(declaration: &Declaration, snapshot: &Snapshot) -> Holders {
    let held = |(key, stored): &(&Key, &Stored)| {
        let key = (*key).clone();
        values(declaration, Some(&stored.document)).into_iter().map(move |value| (value, key.clone()))
    };
    let documents: Vec<(&Key, &Stored)> = snapshot.documents().iter().collect();
    let parts = in_parallel(&documents, |documents| documents.iter().flat_map(held).collect::<Vec<(Value, Key)>>());
    let mut holders = Holders::with_capacity(parts.iter().map(Vec::len).sum());
    for (value, key) in parts.into_iter().flatten() {
        holders.add(value, key);
    }
    holders
}
