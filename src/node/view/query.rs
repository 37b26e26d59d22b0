//! Pages of a view's rows.

use napi::Env;
use napi_derive::napi;

use super::with;
use crate::collator::Collation;
use crate::error::{Error, Result};
use crate::key::code_unit;
use crate::node::read::{ResultText, json_string, window};
use crate::node::text::Text;
use crate::range::Selection;
use crate::view::collation;

/// A page of the view's rows, as the text of the query's whole result. Bounds are JSON.
#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments, reason = "flat arguments cross in a tenth of the time an object takes")]
pub fn view_query(
    env: Env,
    number: u32,
    view: u32,
    start: Option<String>,
    end: Option<String>,
    key: Option<String>,
    prefix: Option<String>,
    descending: bool,
    offset: f64,
    limit: f64,
    include_documents: bool,
) -> napi::Result<Text<String>> {
    with(&env, number, view, |index| {
        let reading = index.reading()?;
        let by = reading.collation();
        let bound = |json: Option<String>| json.as_deref().map(|json| encoded(by, json)).transpose();
        let prefix = prefix.as_deref().map(|json| encoded_prefix(by, json)).transpose()?;
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
    })
}

fn encoded(by: &Collation, json: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    collation::encode_by(by, json, &mut bytes)?;
    Ok(bytes)
}

fn encoded_prefix(by: &Collation, json: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    collation::prefix_by(by, json, &mut bytes)?;
    Ok(bytes)
}
