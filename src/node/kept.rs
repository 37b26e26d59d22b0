//! Documents that JavaScript keeps: what it has to know of one. Whether that still holds tells [`raw`](super::raw).

use napi::Env;
use napi::bindgen_prelude::Array;
use napi_derive::napi;

use super::failure::{as_number, throw};
use super::store::store;
use super::text::Text;
use crate::engine::Generations;
use crate::key::Key;

/// `[text, sequence, bucket, generation]` of a document: kept as long as the bucket has that generation. `null` where there
/// is none.
#[napi(catch_unwind)]
pub fn entry(env: &Env, number: u32, key: String) -> napi::Result<Option<Array<'_>>> {
    let failed = |error| throw(env, &error);
    let key = Key::new(&key).map_err(failed)?;
    let engine = &store(env, number)?.engine;
    let bucket = Generations::bucket(&key);
    // First: a document that is newer than its count is read once more, one that is older would be kept.
    let generation = engine.generations().of(bucket);
    let Some(stored) = engine.get(&key).map_err(failed)? else { return Ok(None) };
    let mut entry = env.create_array(4)?;
    entry.set(0, Text(stored.document.text()))?;
    entry.set(1, as_number(stored.sequence))?;
    entry.set(2, bucket)?;
    entry.set(3, generation)?;
    Ok(Some(entry))
}
