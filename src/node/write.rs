//! A tick's writes, in one call.

use napi::Env;
use napi::bindgen_prelude::Float64Array;
use napi_derive::napi;

use super::event::Event;
use super::failure::throw;
use super::store::{Store, store};
use crate::document::Body;
use crate::engine::{Action, Batch, Condition, Reply, RevisionRule, Write};
use crate::error::{Error, Result};
use crate::key::Key;

/// Numbers per write in a plan.
const PLAN: usize = 3;

/// In a write's code: answered when it is synced.
const SYNCED: u64 = 8;

/// In a write's code: answered with its revision.
const BRIEF: u64 = 16;

/// Submits writes: for each a key, the text that `JSON.stringify` made (`null` to delete), and three numbers: what to
/// do (0 set, 1 set with a revision required, 2 set whatever the revision, 3 put as it is, 4 delete, 5 delete with a
/// revision required; 8 more: answer it when it is synced; 16 more: its revision is answer enough), the sequence of the
/// document's last change that the writer saw, and the revision it expects (both -1 for none). Answered by one settled
/// event with the ticket.
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
    let reply = reply(&env, &store, ticket, &plan);
    store.engine.submit(writes, reply);
    Ok(())
}

/// Submits writes that are done together or not at all, told as to `submit`; `synced` answers them when they are. Answered
/// by one settled event with the ticket: an answer for each, or the one failure.
#[napi(catch_unwind)]
pub fn submit_batch(
    env: Env,
    number: u32,
    ticket: f64,
    keys: Vec<String>,
    texts: Vec<Option<String>>,
    plan: Float64Array,
    synced: bool,
) -> napi::Result<()> {
    let store = store(&env, number)?;
    let mut writes = writes(keys, texts, &plan).map_err(|error| throw(&env, &error))?;
    for write in &mut writes {
        write.synced |= synced;
    }
    let reply = reply(&env, &store, ticket, &plan);
    store.engine.submit_batch(Batch { writes, reads: None }, reply);
    Ok(())
}

/// Answers a submission with this plan.
fn reply(env: &Env, store: &Store, ticket: f64, plan: &[f64]) -> Reply {
    store.alive.begin(env);
    let events = store.events.clone();
    let codes = plan.iter().step_by(PLAN);
    let brief = codes.map(|code| as_count(*code).is_some_and(|code| code & BRIEF != 0)).collect();
    Box::new(move |answers| events.send(Event::Settled { ticket, answers, brief }))
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

fn write(key: &str, text: Option<String>, code: f64, sequence: f64, revision: f64) -> Result<Write> {
    let count = as_count(code).ok_or_else(|| no_such_write(code))?;
    let (action, rule) = action(count & !(SYNCED | BRIEF), text).ok_or_else(|| no_such_write(code))?;
    let condition = Condition { sequence: as_count(sequence), revision: as_count(revision), rule };
    Ok(Write { key: Key::new(key)?, action, condition, synced: count & SYNCED != 0 })
}

/// What a code stands for.
fn action(code: u64, text: Option<String>) -> Option<(Action, RevisionRule)> {
    let action = match (code, text) {
        (0..=2, Some(text)) => Action::Set(text),
        (3, Some(text)) => Action::Put(text),
        (4 | 5, None) => Action::Delete,
        _ => return None,
    };
    Some((action, rule(code)?))
}

/// What a code says of the revision that comes with the write.
pub fn rule(code: u64) -> Option<RevisionRule> {
    match code {
        0 | 4 => Some(RevisionRule::IfGiven),
        1 | 5 => Some(RevisionRule::Required),
        2 | 3 => Some(RevisionRule::Ignored),
        _ => None,
    }
}

/// The refusal of a code that stands for nothing.
pub fn no_such_write(code: f64) -> Error {
    Error::assertion(format!("no such write: {code}"))
}

/// A non-negative whole number of JavaScript's, or none.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be whole and not negative")]
pub fn as_count(value: f64) -> Option<u64> {
    (value >= 0.0 && value.fract() == 0.0).then_some(value as u64)
}
