//! Lines of an export.

use napi::Env;
use napi_derive::napi;

use super::failure::throw;
use crate::document::Record;

/// Cuts a line into the JSON of its key and of its document, in this order.
#[napi(catch_unwind)]
pub fn cut_record(env: Env, line: String) -> napi::Result<Vec<String>> {
    let Record { key, document } = Record::parse(&line).map_err(|error| throw(&env, &error))?;
    Ok(vec![key, document])
}
