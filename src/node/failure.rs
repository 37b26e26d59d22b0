//! A core error as JavaScript sees it first: a plain object of facts.
//!
//! `lib/errors.js` makes the typed error from it, at a place whose stack means something to the user. This is the only
//! function that turns one into the other.

use napi::bindgen_prelude::{Array, Object};
use napi::{Env, Status};

use crate::error::Error;

/// The facts of an error.
///
/// # Errors
///
/// napi's, where the environment is ending.
pub fn failure<'env>(env: &'env Env, error: &Error) -> napi::Result<Object<'env>> {
    let context = error.context();
    let mut facts = Object::new(env)?;
    facts.set("code", error.code())?;
    facts.set("kind", error.kind().code())?;
    facts.set("message", error.message())?;
    facts.set("key", context.key.as_deref())?;
    facts.set("viewId", context.view_id.as_deref())?;
    facts.set("viewKey", context.view_key.as_deref())?;
    facts.set("otherKey", context.other_key.as_deref())?;
    facts.set("path", context.path.as_ref().map(|path| path.to_string_lossy().into_owned()))?;
    facts.set("syscall", context.syscall)?;
    facts.set("errno", context.errno)?;
    facts.set("expectedRev", context.expected_revision.map(as_number))?;
    facts.set("actualRev", context.actual_revision.map(as_number))?;
    if !context.files.is_empty() {
        let files = context.files.iter().map(|bad| {
            let mut file = Object::new(env)?;
            file.set("file", bad.file.as_str())?;
            file.set("reason", bad.reason.as_str())?;
            Ok(file)
        });
        facts.set("files", Array::from_vec(env, files.collect::<napi::Result<Vec<_>>>()?)?)?;
    }
    if let Some(cause) = std::error::Error::source(error) {
        facts.set("cause", cause.to_string())?;
    }
    Ok(facts)
}

/// Throws an error's facts.
pub fn throw(env: &Env, error: &Error) -> napi::Error {
    match failure(env, error).and_then(|facts| env.throw(facts)) {
        Ok(()) => napi::Error::new(Status::PendingException, error.message()),
        Err(failed) => failed,
    }
}

/// A number as JavaScript has them. Sequences and revisions stay far below 2^53.
#[expect(clippy::cast_precision_loss, reason = "revisions are at most 2^53-1, sequences count writes")]
pub fn as_number(value: u64) -> f64 {
    value as f64
}
