//! Unique views as the text that storage keeps: a JSON object of declarations by id.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::error::{Error, ErrorKind, Result};
use crate::view::declared::Declaration;

/// The text of views.
pub fn text<'a>(views: impl Iterator<Item = (&'a str, &'a Declaration)>) -> String {
    let sorted: BTreeMap<&str, &Declaration> = views.collect();
    let members = sorted.into_iter().map(|(id, declaration)| {
        // A string is always JSON.
        let id = serde_json::to_string(id).unwrap_or_default();
        format!("{id}:{}", declaration.text())
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// The views of a text, by ascending id; none of an empty one.
///
/// # Errors
///
/// `UNSUPPORTED` where it was not written by this version or an earlier one.
pub fn parse(text: &str) -> Result<Vec<(String, Declaration)>> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let views: BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(text).map_err(|cause| unsupported("the definitions of views", &cause.to_string()))?;
    let view = |(id, json): (String, Box<RawValue>)| match Declaration::parse(json.get()) {
        Ok(declaration) => Ok((id, declaration)),
        Err(cause) => Err(unsupported(&format!("the unique view {id:?}"), cause.message())),
    };
    views.into_iter().map(view).collect()
}

fn unsupported(what: &str, cause: &str) -> Error {
    let message = format!("{what} cannot be understood by this version: update the package ({cause})");
    Error::new(ErrorKind::Unsupported, message)
}
