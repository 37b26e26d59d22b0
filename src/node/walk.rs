//! Walks by number: documents of one moment, some of them in each call.

use napi::Env;
use napi::bindgen_prelude::Utf16String;
use napi_derive::napi;

use super::failure::throw;
use super::read::{key_query, push_string, window};
use super::store::{find, store};
use super::text::Text;
use crate::engine::Walk;
use crate::error::Error;
use crate::view::drop_aside;

/// So many documents cross together at most, and one at least.
const MOST_DOCUMENTS: usize = 256;

/// From so many bytes on no further document crosses with them.
const MOST_BYTES: usize = 64 << 10;

/// Begins a walk at the present moment and tells its number, which `walkEnd` gives back. The arguments of a query are those
/// of [`key_query`].
#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments, reason = "flat arguments cross in a tenth of the time an object takes")]
pub fn walk_begin(
    env: Env,
    number: u32,
    start: Option<Utf16String>,
    end: Option<Utf16String>,
    key: Option<Utf16String>,
    keys: Option<Vec<String>>,
    prefix: Option<Utf16String>,
    cursor: Option<String>,
    flags: u32,
    offset: f64,
    limit: f64,
) -> napi::Result<u32> {
    let failed = |error| throw(&env, &error);
    let store = store(&env, number)?;
    let query = key_query([start, end, key, prefix], keys, cursor, flags, window(offset, limit));
    let walk = store.engine.snapshot().and_then(|moment| Walk::new(moment, query)).map_err(failed)?;
    let id = store.walks.borrow_mut().insert(walk);
    Ok(id)
}

/// The next documents, a line each: `{"key":...,"document":...}`; `null` where there is none left.
#[napi(catch_unwind)]
pub fn walk_next(env: Env, number: u32, id: u32) -> napi::Result<Option<Text<String>>> {
    let failed = |error| throw(&env, &error);
    let store = store(&env, number)?;
    // A store that is closing reads no more.
    store.engine.sequence().map_err(failed)?;
    let mut walks = store.walks.borrow_mut();
    let walk = walks.get_mut(id).ok_or_else(|| failed(Error::assertion("the walk is over")))?;
    let lines = lines(walk);
    drop(walks);
    lines.map(|lines| Text::new(lines).map_err(failed)).transpose()
}

fn lines(walk: &mut Walk) -> Option<String> {
    if walk.is_over() {
        return None;
    }
    let (mut lines, mut left) = (String::new(), MOST_DOCUMENTS);
    walk.advance(|key, stored| {
        lines.push_str("{\"key\":");
        push_string(&mut lines, &key.to_text());
        lines.extend([",\"document\":", stored.document.text(), "}\n"]);
        left -= 1;
        left > 0 && lines.len() < MOST_BYTES
    });
    Some(lines)
}

/// Gives a walk up; nothing where it, or its store, is gone already.
#[napi(catch_unwind)]
pub fn walk_end(number: u32, id: u32) {
    let Some(store) = find(number) else { return };
    let Some(walk) = store.walks.borrow_mut().remove(id) else { return };
    // Dropping what only this moment still held takes a while; where nothing was written since, all of it is shared.
    if store.engine.sequence().ok() != Some(walk.sequence()) {
        drop_aside(walk);
    }
}
