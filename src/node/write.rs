//! A tick's writes, in one call.

use napi::Env;
use napi::bindgen_prelude::Float64Array;
use napi_derive::napi;

use super::event::Event;
use super::failure::throw;
use super::store::{Store, store};
use crate::crossing::{Cut, another_shape, as_count};
use crate::document::Body;
use crate::engine::{Action, Batch, Condition, Given, Reply, RevisionRule, Write};
use crate::error::{Error, Result};
use crate::key::Key;

/// Numbers per write in a plan.
const PLAN: usize = 5;

/// In a write's code: answered when it is synced.
const SYNCED: u64 = 8;

/// In a write's code: answered with its revision.
const BRIEF: u64 = 16;

/// Submits writes: `texts` are the key of each and the text that `JSON.stringify` made of its document, one after the other,
/// in one string or several of which each begins with a key or a document, and `plan` has five numbers for each: what to do (0 set, 1 set with a revision required, 2 set whatever the revision, 3
/// put as it is, 4 delete, 5 delete with a revision required; 8 more: answer it when it is synced; 16 more: its revision
/// is answer enough), the sequence of the document's last change that the writer saw, and the revision it expects (both
/// -1 for none), the lengths of its key and of its document, in UTF-16 code units (-1 where there is no document). Answered
/// by one settled event with the ticket.
#[napi(catch_unwind)]
pub fn submit(env: Env, number: u32, ticket: f64, texts: Vec<String>, plan: Float64Array) -> napi::Result<()> {
    let store = store(&env, number)?;
    let writes = writes(texts, &plan).map_err(|error| throw(&env, &error))?;
    let engine = store.engine().map_err(|error| throw(&env, &error))?;
    engine.submit(writes, reply(&env, &store, ticket, &plan));
    Ok(())
}

/// Submits writes that are done together or not at all, told as to `submit`; `synced` answers them when they are. Answered
/// by one settled event with the ticket: an answer for each, or the one failure.
#[napi(catch_unwind)]
pub fn submit_batch(
    env: Env,
    number: u32,
    ticket: f64,
    texts: Vec<String>,
    plan: Float64Array,
    synced: bool,
) -> napi::Result<()> {
    let store = store(&env, number)?;
    let mut writes = writes(texts, &plan).map_err(|error| throw(&env, &error))?;
    for write in &mut writes {
        write.synced |= synced;
    }
    let engine = store.engine().map_err(|error| throw(&env, &error))?;
    engine.submit_batch(Batch { writes, reads: None }, reply(&env, &store, ticket, &plan));
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
    Body::from_stringified(&text).map(drop).map_err(|error| throw(&env, &error))
}

fn writes(texts: Vec<String>, plan: &[f64]) -> Result<Vec<Write>> {
    let mut cut = Cut::new(texts);
    let writes = plan.chunks(PLAN).map(|plan| {
        let &[action, sequence, revision, key, document] = plan else { return Err(another_shape()) };
        let key = cut.next(key)?;
        let document = if document < 0.0 { None } else { Some(cut.next(document)?) };
        write(key.as_ref(), document, action, sequence, revision)
    });
    let writes = writes.collect::<Result<_>>()?;
    if cut.is_over() { Ok(writes) } else { Err(another_shape()) }
}

fn write(key: &str, document: Option<Given>, code: f64, sequence: f64, revision: f64) -> Result<Write> {
    let count = as_count(code).ok_or_else(|| no_such_write(code))?;
    let (action, rule) = action(count & !(SYNCED | BRIEF), document).ok_or_else(|| no_such_write(code))?;
    let condition = Condition { sequence: as_count(sequence), revision: as_count(revision), rule };
    Ok(Write { key: Key::new(key)?, action, condition, synced: count & SYNCED != 0 })
}

/// What a code stands for.
fn action(code: u64, document: Option<Given>) -> Option<(Action, RevisionRule)> {
    let action = match (code, document) {
        (0..=2, Some(document)) => Action::Set(document),
        (3, Some(document)) => Action::Put(document),
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
