//! Encoded objects in one form: each name once, in the order of the text or sorted.

use super::{ARRAY, END, NUMBER, OBJECT, STRING, number, string};

/// The order of an object's members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Members {
    /// As they are written, which is the order that view keys are compared in.
    AsWritten,
    /// By name: objects that differ in nothing but the order of their members become the same.
    Sorted,
}

/// A container that is open, and where in the output each of its entries began.
struct Open {
    is_object: bool,
    entries: Vec<usize>,
}

/// A member of an object, encoded.
struct Entry<'bytes> {
    name: &'bytes [u8],
    place: usize,
    value: &'bytes [u8],
}

/// One encoded value with each name of its objects once: the last value counts, in the place of the first. Bytes that
/// are no encoded value are given back as far as they go.
#[must_use]
pub fn normalise(bytes: &[u8], order: Members) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut open: Vec<Open> = Vec::new();
    let mut rest = bytes;
    while let Some((tag, after)) = rest.split_first() {
        let length = if *tag == END {
            let Some(container) = open.pop() else { return out };
            if container.is_object {
                settle(&mut out, &container.entries, order);
            }
            1
        } else {
            if let Some(container) = open.last_mut().filter(|container| container.is_object) {
                let Some(name) = string::split(after).filter(|_| *tag == STRING) else { return out };
                container.entries.push(out.len());
                let length = rest.len() - name.1.len();
                let Some((name, value)) = rest.split_at_checked(length) else { return out };
                out.extend_from_slice(name);
                rest = value;
            }
            let Some(length) = head(rest) else { return out };
            if let Some(&tag @ (ARRAY | OBJECT)) = rest.first() {
                open.push(Open { is_object: tag == OBJECT, entries: Vec::new() });
            }
            length
        };
        let Some((part, after)) = rest.split_at_checked(length) else { return out };
        out.extend_from_slice(part);
        rest = after;
    }
    out
}

/// The length of a scalar, or of the opening of a container.
fn head(bytes: &[u8]) -> Option<usize> {
    let (tag, after) = bytes.split_first()?;
    match *tag {
        NUMBER => Some(1 + number::BYTES),
        STRING => Some(bytes.len() - string::split(after)?.1.len()),
        _ => Some(1),
    }
}

/// Puts the entries of an object, which begin at `entries` and end with the output, into their form.
fn settle(out: &mut Vec<u8>, entries: &[usize], order: Members) {
    let Some(first) = entries.first() else { return };
    let written = out.split_off(*first);
    let ends = entries.iter().skip(1).map(|end| end - first).chain([written.len()]);
    let starts = entries.iter().map(|start| start - first);
    let split = |(start, end)| {
        let entry: &[u8] = written.get(start..end)?;
        let (_, value) = entry.get(1..).and_then(string::split)?;
        Some(entry.split_at(entry.len() - value.len()))
    };
    let mut kept: Vec<Entry> = starts
        .zip(ends)
        .filter_map(split)
        .enumerate()
        .map(|(place, (name, value))| Entry { name, place, value })
        .collect();
    kept.sort_by_key(|entry| entry.name);
    kept.dedup_by(|later, earlier| {
        let is_again = later.name == earlier.name;
        if is_again {
            earlier.value = later.value;
        }
        is_again
    });
    if order == Members::AsWritten {
        kept.sort_by_key(|entry| entry.place);
    }
    for Entry { name, value, .. } in kept {
        out.extend_from_slice(name);
        out.extend_from_slice(value);
    }
}
