//! Pages of a view's rows.

use napi::Env;
use napi_derive::napi;

use super::with;
use crate::engine::Reading;
use crate::error::{Error, Result};
use crate::key::code_unit;
use crate::node::failure::throw;
use crate::node::read::{ResultText, json_string, window};
use crate::node::store::store;
use crate::node::text::Text;
use crate::node::write::as_count;
use crate::range::Selection;
use crate::view::collation;

/// A page of the view's rows at a moment that was wanted and is arrived at, as the text of the query's whole result;
/// without a moment, as of now: `null` where the view does not stand there. Bounds are JSON.
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
    prefix: Option<String>,
    descending: bool,
    offset: f64,
    limit: f64,
    include_documents: bool,
) -> napi::Result<Option<Text<String>>> {
    let Some(reading) = reading(&env, number, view, moment)? else { return Ok(None) };
    let page = || {
        let bound = |json: Option<String>| json.as_deref().map(encoded).transpose();
        let prefix = prefix.as_deref().map(encoded_prefix).transpose()?;
        let selection = Selection { start: bound(start)?, end: bound(end)?, key: bound(key)?, prefix, descending };
        let page = reading.query(selection, window(offset, limit));
        let mut result = ResultText::new();
        let mut rows = reading.rows(page.positions.clone());
        while let Some((row, value)) = if descending { rows.next_back() } else { rows.next() } {
            let mut key = String::new();
            let (Some(_), Some(document_key)) = (collation::decode(row.emitted(), &mut key), row.document()) else {
                return Err(Error::assertion("a row that nobody emitted"));
            };
            let document = reading.document(&document_key).filter(|_| include_documents).map(|stored| &stored.document);
            let document_key = json_string(&code_unit::to_str(&document_key).unwrap_or_default());
            result.item(&key, &document_key, value.as_deref(), document);
        }
        result.end(&page, true)
    };
    page().map(Some).map_err(|error| throw(&env, &error))
}

/// The view at a moment, or as of now.
fn reading(env: &Env, number: u32, view: u32, moment: Option<f64>) -> napi::Result<Option<Reading>> {
    if let Some(moment) = moment.and_then(as_count) {
        return with(env, number, view, |index| Ok(index.reading_at(moment)));
    }
    let snapshot = store(env, number)?.engine.snapshot().map_err(|error| throw(env, &error))?;
    with(env, number, view, |index| Ok(index.reading(&snapshot)))
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
