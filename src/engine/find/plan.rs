//! Which declarative view leads to the documents that conditions are about.
//!
//! A view fits if it holds every document that meets the conditions, under keys that they pin down: its own conditions are
//! among them; each path of its key but the last has to be equal to something; the last has to be equal to something, one of
//! several things, in a range, or there at all. A view with `each`, or in the order of a language, does not.

use std::sync::Arc;

use crate::collator::Collation;
use crate::engine::View;
use crate::range::KeyRange;
use crate::view::collation::encode_array;
use crate::view::declared::{Declaration, Operand, Order, Path, Test, Where};

/// A view, and which of its rows may be of documents that meet the conditions.
pub(super) struct Plan {
    pub id: String,
    pub view: Arc<View>,
    /// Without overlap.
    pub ranges: Vec<KeyRange>,
}

/// Why a view does not lead to the documents that conditions are about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It has rows for the elements of an array.
    Each,
    /// Its keys are in the order of a language.
    Collation,
    /// It may leave out some of the documents: a condition of its own is not among those of the search.
    Where,
    /// This path of its key may lead to anything.
    Key(String),
}

/// A view that may lead to the documents that conditions are about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Considered {
    /// What the view is called.
    pub id: String,
    /// How many of its rows may be of such documents, where that is known yet; or why it does not lead to them.
    pub rows: Result<Option<usize>, Unfit>,
}

/// What is to be said of each view for these conditions.
#[must_use]
pub fn consider(views: &[(String, Arc<View>)], condition: &Where) -> Vec<Considered> {
    let considered = views.iter().map(|(id, view)| {
        let rows = ranges(view.declaration(), condition).map(|ranges| view.estimate(&ranges));
        Considered { id: id.clone(), rows }
    });
    considered.collect()
}

impl Plan {
    /// The fitting view with the fewest such rows, as far as that is known; one that has been built rather than one that has
    /// not.
    pub fn choose(views: Vec<(String, Arc<View>)>, condition: &Where) -> Option<Self> {
        let fitting = views.into_iter().filter_map(|(id, view)| {
            let ranges = ranges(view.declaration(), condition).ok()?;
            Some(Self { id, view, ranges })
        });
        fitting.min_by_key(|plan| plan.view.estimate(&plan.ranges).unwrap_or(usize::MAX))
    }
}

/// The rows of a view that fits.
fn ranges(declaration: &Declaration, condition: &Where) -> Result<Vec<KeyRange>, Unfit> {
    if declaration.each().is_some() {
        return Err(Unfit::Each);
    }
    if *declaration.collation() != Collation::CodeUnit {
        return Err(Unfit::Collation);
    }
    if !declaration.condition().is_implied_by(condition) {
        return Err(Unfit::Where);
    }
    // An array of no elements pins nothing down.
    let Some((last, pinned)) = declaration.key().paths().split_last() else {
        return Err(Unfit::Key(String::new()));
    };
    let anything = |path: &Path| Unfit::Key(path.text().to_owned());
    let mut head = Vec::new();
    if declaration.key().is_array() {
        encode_array(&mut head, |_| {});
        // An array of any elements: without its end.
        head.pop();
    }
    for path in pinned {
        head.extend_from_slice(equal(condition, path).ok_or_else(|| anything(path))?);
    }
    last_ranges(condition, last, &head).ok_or_else(|| anything(last))
}

fn tests<'a>(condition: &'a Where, path: &'a Path) -> impl Iterator<Item = &'a Test> {
    condition.conditions().iter().filter(move |condition| condition.path == *path).map(|condition| &condition.test)
}

/// The one key that a path's value must have.
fn equal<'a>(condition: &'a Where, path: &'a Path) -> Option<&'a [u8]> {
    tests(condition, path).find_map(|test| match test {
        Test::Equal(operand) if operand.has_one_key() => Some(operand.key()),
        _ => None,
    })
}

/// The ranges of keys that begin with `head` and go on with a value that the path may have; `None` where any value, or
/// none, may be there.
fn last_ranges(condition: &Where, path: &Path, head: &[u8]) -> Option<Vec<KeyRange>> {
    let with = |key: &[u8]| KeyRange::of_prefix([head, key].concat());
    if let Some(key) = equal(condition, path) {
        return Some(vec![with(key)]);
    }
    let mut several = None;
    let mut range = KeyRange::of_prefix(head.to_vec());
    let mut is_there = false;
    for test in tests(condition, path) {
        match test {
            Test::In(choice) if choice.operands().iter().all(Operand::has_one_key) => {
                several = Some(choice.operands().iter().map(|operand| with(operand.key())).collect());
            }
            Test::Order(order, operand) => {
                let (first, last) = (*operand.class().start(), *operand.class().end());
                range = range.and(KeyRange { from: with(&[first]).from, until: with(&[last]).until });
                let bound = with(operand.key());
                range = range.and(match order {
                    Order::Above => KeyRange { from: bound.until, until: None },
                    Order::AtOrAbove => KeyRange { from: bound.from, until: None },
                    Order::Below => KeyRange { from: None, until: bound.from },
                    Order::AtOrBelow => KeyRange { from: None, until: bound.until },
                });
            }
            Test::Equal(_) | Test::In(_) | Test::Exists(true) => {}
            Test::NotEqual(_) | Test::Exists(false) => continue,
        }
        is_there = true;
    }
    several.or_else(|| is_there.then(|| vec![range]))
}
