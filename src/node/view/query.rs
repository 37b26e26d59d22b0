//! Pages of a view's rows.

use napi::Env;
use napi_derive::napi;

use super::{Reduce, with};
use crate::crossing::{Naming, as_count};
use crate::engine::{Engine, Reading};
use crate::error::{Error, Result};
use crate::key::code_unit;
use crate::node::decoder::Decoded;
use crate::node::failure::throw;
use crate::node::kept::named;
use crate::node::read::{ResultText, flag, push_string, window};
use crate::node::store::{Store, store};
use crate::node::text::Text;
use crate::range::{Query, Selection, Window};
use crate::view::collation;

/// A page of the view's rows at a moment that was wanted and is arrived at, as the text of the query's whole result;
/// without a moment, as of now: `null` where the view does not stand there. The arguments of a query are those of
/// [`row_query`], and of [`Reduce`] where it is about what the rows come to.
#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments, reason = "flat arguments cross in a tenth of the time an object takes")]
pub fn view_query(
    env: Env,
    number: u32,
    view: u32,
    moment: Option<f64>,
    start: Option<String>,
    end: Option<String>,
    key: Option<String>,
    keys: Option<Vec<String>>,
    prefix: Option<String>,
    cursor: Option<String>,
    flags: u32,
    offset: f64,
    limit: f64,
    reduce: Option<String>,
    level: Option<f64>,
) -> napi::Result<Option<Decoded>> {
    let Some(reading) = reading(&env, number, view, moment)? else { return Ok(None) };
    let store = store(&env, number)?;
    let answer = || {
        let query = row_query([start, end, key, prefix], keys, cursor, flags, window(offset, limit))?;
        match Reduce::asked(reduce.as_deref(), level)? {
            Some(reduce) => reduce.begin(&reading, query, &store.reductions).map(Decoded::text),
            None => row_page_here(&store, &reading, query, flags).map(|page| Decoded::by(&store, page)),
        }
    };
    answer().map(Some).map_err(|error| throw(&env, &error))
}

/// The view at a moment, or as of now.
fn reading(env: &Env, number: u32, view: u32, moment: Option<f64>) -> napi::Result<Option<Reading>> {
    if let Some(moment) = moment.and_then(as_count) {
        return with(env, number, view, |index| Ok(index.reading_at(moment)));
    }
    let snapshot = store(env, number)?.engine().and_then(Engine::snapshot).map_err(|error| throw(env, &error))?;
    with(env, number, view, |index| Ok(index.reading(&snapshot)))
}

/// A query from JavaScript's bounds (start, end, key, prefix) and keys, which are JSON, and its [`flag`]s.
pub fn row_query(
    [start, end, key, prefix]: [Option<String>; 4],
    keys: Option<Vec<String>>,
    cursor: Option<String>,
    flags: u32,
    window: Window,
) -> Result<Query> {
    let bound = |json: Option<String>| json.as_deref().map(encoded).transpose();
    let selection = Selection {
        start: bound(start)?,
        end: bound(end)?,
        key: bound(key)?,
        keys: keys.map(|keys| keys.iter().map(|key| encoded(key)).collect()).transpose()?,
        prefix: prefix.as_deref().map(encoded_prefix).transpose()?,
        ..flag::selection(flags)
    };
    Ok(Query { selection, window, cursor })
}

/// A page of a view at one moment, in which documents that JavaScript keeps are [named] where the flags say so.
pub fn row_page_here(store: &Store, reading: &Reading, query: Query, flags: u32) -> Result<Text<String>> {
    named(store, reading.sequence(), flags, |naming| row_page(reading, query, flags, naming))
}

/// A page of a view at one moment.
pub fn row_page(
    reading: &Reading,
    query: Query,
    flags: u32,
    mut naming: Option<&mut Naming<'_>>,
) -> Result<Text<String>> {
    let page = reading.query(query)?;
    let mut result = ResultText::new(naming.is_some());
    let (mut key, mut document_key) = (String::new(), String::new());
    for (row, value) in reading.page(&page) {
        key.clear();
        let (Some(_), Some(bytes)) = (collation::decode(row.emitted(), &mut key), row.document()) else {
            return Err(Error::assertion("a row that nobody emitted"));
        };
        let stored = if flag::documents(flags) { reading.document(&bytes) } else { None };
        let index = result.items;
        let slot = naming.as_mut().zip(stored).and_then(|(naming, stored)| naming.slot(index, &bytes, stored));
        if let Some(slot) = slot {
            result.kept_row(slot, &key, value.as_deref());
            continue;
        }
        document_key.clear();
        push_string(&mut document_key, &code_unit::to_str(&bytes).unwrap_or_default());
        result.item(&key, &document_key, value.as_deref(), stored.map(|stored| &stored.document));
    }
    result.end(&page)
}

fn encoded(json: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    collation::encode(json, &mut bytes)?;
    Ok(bytes)
}

fn encoded_prefix(json: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    collation::prefix(json, &mut bytes)?;
    Ok(bytes)
}
