//! A tick's writes, in one call.

use napi::Env;
use napi::bindgen_prelude::Float64Array;
use napi_derive::napi;

use super::event::Event;
use super::failure::throw;
use super::store::store;
use crate::document::Body;
use crate::engine::{Action, Condition, RevisionRule, Settled, Write};
use crate::error::{Error, Result};
use crate::key::Key;

/// Numbers per write in a plan.
const PLAN: usize = 3;

/// Submits writes: for each a key, the text that `JSON.stringify` made (`null` to delete), and three numbers: what to
/// do (0 set, 1 set with a revision required, 2 set whatever the revision, 3 put as it is, 4 delete, 5 delete with a
/// revision required), the sequence of the document's last change that the writer saw, and the revision it expects
/// (both -1 for none). Answered by one settled event with the ticket.
#[napi(catch_unwind)]
pub fn submit(
    env: Env,
    number: u32,
    ticket: f64,
    keys: Vec<String>,
    texts: Vec<Option<String>>,
    plan: Float64Array,
) -> napi::Result<()> {
    let store = store(&env, number)?;
    let writes = writes(keys, texts, &plan).map_err(|error| throw(&env, &error))?;
    store.alive.begin(&env);
    let events = store.events.clone();
    let reply = move |answers: Vec<Settled>| events.send(Event::Settled { ticket, answers });
    store.engine.submit(writes, Box::new(reply));
    Ok(())
}

/// Refuses a document's text that the store would refuse.
#[napi(catch_unwind)]
pub fn check_text(env: Env, text: String) -> napi::Result<()> {
    Body::from_stringified(text).map(drop).map_err(|error| throw(&env, &error))
}

fn writes(keys: Vec<String>, texts: Vec<Option<String>>, plan: &[f64]) -> Result<Vec<Write>> {
    keys.into_iter()
        .zip(texts)
        .zip(plan.chunks_exact(PLAN))
        .map(|((key, text), plan)| {
            let &[action, sequence, revision] = plan else { return Err(Error::assertion("a plan of another shape")) };
            write(&key, text, action, sequence, revision)
        })
        .collect()
}

fn write(key: &str, text: Option<String>, action: f64, sequence: f64, revision: f64) -> Result<Write> {
    let unknown = || Error::assertion(format!("no such write: {action}"));
    let (rule, action) = match (as_count(action).ok_or_else(unknown)?, text) {
        (0, Some(text)) => (RevisionRule::IfGiven, Action::Set(text)),
        (1, Some(text)) => (RevisionRule::Required, Action::Set(text)),
        (2, Some(text)) => (RevisionRule::Ignored, Action::Set(text)),
        (3, Some(text)) => (RevisionRule::Ignored, Action::Put(text)),
        (4, None) => (RevisionRule::IfGiven, Action::Delete),
        (5, None) => (RevisionRule::Required, Action::Delete),
        _ => return Err(unknown()),
    };
    let condition = Condition { sequence: as_count(sequence), revision: as_count(revision), rule };
    Ok(Write { key: Key::new(key)?, action, condition })
}

/// A non-negative whole number of JavaScript's, or none.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be whole and not negative")]
pub fn as_count(value: f64) -> Option<u64> {
    (value >= 0.0 && value.fract() == 0.0).then_some(value as u64)
}
