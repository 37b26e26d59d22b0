//! Documents that JavaScript keeps: what it has to know of one, and answers in which [those that it has](crate::crossing) are
//! named. Whether one still holds tells [`raw`](super::raw).

use napi::Env;
use napi::bindgen_prelude::Array;
use napi_derive::napi;

use super::decoder::Decoded;
use super::failure::{as_number, throw};
use super::store::{Store, store};
use super::text::Text;
use crate::crossing::{Keeping, Naming};
use crate::engine::Generations;
use crate::error::Result;
use crate::key::Key;
use crate::storage::Sequence;

/// `[text, sequence, bucket, generation, document]` of a document, which may be its text once more: kept as long as the bucket
/// has that generation. `null` where there is none.
#[napi(catch_unwind)]
pub fn entry(env: &Env, number: u32, key: String) -> napi::Result<Option<Array<'_>>> {
    let failed = |error| throw(env, &error);
    let key = Key::new(&key).map_err(failed)?;
    let store = store(env, number)?;
    let engine = store.engine().map_err(failed)?;
    let bucket = Generations::bucket(key.as_bytes());
    // First: a document that is newer than its count is read once more, one that is older would be kept.
    let generation = engine.generations().of(bucket);
    let Some(stored) = engine.get(&key).map_err(failed)? else { return Ok(None) };
    let mut entry = env.create_array(5)?;
    entry.set(0, Text(stored.document.text()))?;
    entry.set(1, as_number(stored.sequence))?;
    entry.set(2, bucket)?;
    entry.set(3, generation)?;
    entry.set(4, Decoded::by(&store, Text(stored.document)))?;
    Ok(Some(entry))
}

/// Makes an answer that is read on this thread in this call, of documents of the moment `sequence` or of a later one. Where
/// the flags say that documents are kept, it names those, and has to begin with a bracket, which is closed here.
///
/// # Errors
///
/// Those of `make`, and as [`Text::new`].
pub fn named(
    store: &Store,
    sequence: Sequence,
    flags: u32,
    make: impl FnOnce(Option<&mut Naming<'_>>) -> Result<Text<String>>,
) -> Result<Text<String>> {
    let Some(keeping) = Keeping::from_flags(flags) else { return make(None) };
    let mut naming = Naming::new(store.kept.lock(), keeping);
    let Text(answer) = make(Some(&mut naming))?;
    Text::new(naming.end(store.engine()?, sequence, answer))
}
