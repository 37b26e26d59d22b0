//! What is remembered of a node of the rows' tree.

use std::sync::Arc;

use parking_lot::Mutex;

use super::Reducer;
use super::boundaries::{Counts, Level};
use super::partial::Partial;

/// Group levels of which counts are remembered; beyond so many the one that was counted first is forgotten.
const LEVELS: usize = 8;

/// What is remembered of a node: partial results, and the boundaries between groups. Two words as long as nothing is.
#[derive(Debug, Default)]
pub struct Memo {
    /// Guards the lists alone, for the moment of a look or an addition: nothing is computed under it.
    kept: Mutex<Option<Box<Kept>>>,
}

#[derive(Debug, Default)]
struct Kept {
    partials: Vec<(Reducer, Arc<Partial>)>,
    counts: Vec<(Level, Arc<Counts>)>,
}

impl Memo {
    pub(super) fn partial(&self, reducer: Reducer) -> Option<Arc<Partial>> {
        find(&self.kept.lock().as_ref()?.partials, reducer)
    }

    pub(super) fn keep_partial(&self, reducer: Reducer, partial: Arc<Partial>) {
        let mut kept = self.kept.lock();
        let partials = &mut kept.get_or_insert_default().partials;
        if find(partials, reducer).is_none() {
            partials.push((reducer, partial));
        }
    }

    pub(super) fn counts(&self, level: Level) -> Option<Arc<Counts>> {
        find(&self.kept.lock().as_ref()?.counts, level)
    }

    pub(super) fn keep_counts(&self, level: Level, counts: Arc<Counts>) {
        let mut kept = self.kept.lock();
        let counted = &mut kept.get_or_insert_default().counts;
        if find(counted, level).is_some() {
            return;
        }
        if counted.len() == LEVELS {
            counted.remove(0);
        }
        counted.push((level, counts));
    }
}

fn find<N: Copy + PartialEq, T>(kept: &[(N, Arc<T>)], wanted: N) -> Option<Arc<T>> {
    kept.iter().find(|(name, _)| *name == wanted).map(|(_, found)| Arc::clone(found))
}
