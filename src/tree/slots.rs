//! The vectors inside a node: room grows by a few slots at a time and is given back, because most of a big tree is leaves
//! and doubling would leave them half empty.
//!
//! Invariant: a vector has at most 2 [`STEP`]s of spare room. Not here: how many items make a node full (`node`).

use super::node::MAX;

/// Slots by which a vector grows.
pub const STEP: usize = MAX / 8;

/// The room given to a vector of `len` items that is about to be changed.
fn room(len: usize) -> usize {
    (len + STEP).min(MAX).max(len)
}

/// Puts an item before the one at `index`, or at the end.
pub fn insert<T>(slots: &mut Vec<T>, index: usize, item: T) {
    let len = slots.len();
    if len == slots.capacity() {
        slots.reserve_exact(room(len) - len);
    }
    slots.insert(index.min(len), item);
}

/// Takes the item at `index` out.
pub fn remove<T>(slots: &mut Vec<T>, index: usize) -> Option<T> {
    if index >= slots.len() {
        return None;
    }
    let item = slots.remove(index);
    trim(slots);
    Some(item)
}

/// Takes the items from `at` on.
pub fn split_off<T>(slots: &mut Vec<T>, at: usize) -> Vec<T> {
    let at = at.min(slots.len());
    let mut tail = Vec::with_capacity(room(slots.len() - at));
    tail.extend(slots.drain(at..));
    trim(slots);
    tail
}

/// Moves all of `tail` to the end.
pub fn append<T>(slots: &mut Vec<T>, mut tail: Vec<T>) {
    slots.reserve_exact(tail.len());
    slots.append(&mut tail);
    trim(slots);
}

/// A copy with room for the change for which it is made.
pub fn copy<T: Clone>(slots: &[T]) -> Vec<T> {
    let mut copy = Vec::with_capacity(room(slots.len()));
    copy.extend_from_slice(slots);
    copy
}

fn trim<T>(slots: &mut Vec<T>) {
    if slots.capacity() - slots.len() > 2 * STEP {
        slots.shrink_to(slots.len() + STEP);
    }
}
