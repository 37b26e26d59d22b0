//! The holders of a whole store: evaluated in parallel, put together in the order of the documents.

use std::num::NonZero;
use std::ops::Range;
use std::panic::resume_unwind;
use std::thread;

use super::claims::values;
use super::holders::{Holders, Value};
use crate::engine::snapshot::Stored;
use crate::key::Key;
use crate::tree::Tree;
use crate::view::declared::Declaration;

/// A thread is worth its start from so many documents on.
const WORTH_A_THREAD: usize = 2_000;

/// Who holds what.
pub fn holders(declaration: &Declaration, documents: &Tree<Key, Stored>) -> Holders {
    let evaluate = |positions: Range<usize>| -> Vec<(Value, Key)> {
        let held = |(key, stored): (&Key, &Stored)| {
            let key = key.clone();
            values(declaration, Some(&stored.document)).into_iter().map(move |value| (value, key.clone()))
        };
        documents.range(positions).flat_map(held).collect()
    };
    let mut holders = Holders::default();
    if documents.len() < 2 * WORTH_A_THREAD {
        evaluate(0..documents.len()).into_iter().for_each(|(value, key)| holders.add(value, key));
        return holders;
    }
    thread::scope(|scope| {
        let evaluate = &evaluate;
        let mut started = Vec::new();
        for positions in shares(documents.len()) {
            let builder = thread::Builder::new().name("kixx-unique".to_owned());
            let share = positions.clone();
            match builder.spawn_scoped(scope, move || evaluate(share)) {
                Ok(thread) => started.push(Ok(thread)),
                Err(_) => started.push(Err(positions)),
            }
        }
        for share in started {
            let held = match share {
                Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
                Err(positions) => evaluate(positions),
            };
            for (value, key) in held {
                holders.add(value, key);
            }
        }
    });
    holders
}

/// The positions of all documents, a part for each thread.
fn shares(documents: usize) -> impl Iterator<Item = Range<usize>> {
    let most = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = (documents / WORTH_A_THREAD).clamp(1, most);
    let size = documents.div_ceil(threads).max(1);
    (0..documents).step_by(size).map(move |first| first..(first + size).min(documents))
}
