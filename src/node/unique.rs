//! Unique views: defined, and their duplicates told.

use napi::Env;
use napi::bindgen_prelude::Null;
use napi_derive::napi;

use super::event::Event;
use super::failure::throw;
use super::read::push_string;
use super::store::store;
use super::text::Text;
use crate::engine::{Duplicate, Engine};
use crate::error::Result;
use crate::key::Key;
use crate::view::declared::Declaration;

/// Makes a declaration the unique view of an id, or lets the id have none (`null`): for what is submitted from now on, and
/// for every opener. Answered by an answered event with the ticket: whether there was a unique view of that id before.
#[napi(catch_unwind)]
pub fn define_unique(
    env: Env,
    number: u32,
    ticket: f64,
    id: String,
    declaration: Option<String>,
    compares: bool,
) -> napi::Result<Null> {
    let store = store(&env, number)?;
    let parsed = declaration.as_deref().map(Declaration::parse).transpose();
    let declaration = parsed.map_err(|error| throw(&env, &error))?;
    let engine = store.engine().map_err(|error| throw(&env, &error))?;
    store.alive.begin(&env);
    let events = store.events.clone();
    let reply = move |defined: Result<bool>| {
        let answer = defined.and_then(|was_there| Text::new(was_there.to_string()));
        events.send(Event::Answered { ticket, answer });
    };
    let define = if compares { Engine::compare_unique } else { Engine::define_unique };
    define(engine, id, declaration, Box::new(reply));
    Ok(Null)
}

/// Asks for the values that several documents have in a unique view. Answered by an answered event with the ticket:
/// `[{ viewKey, documentKeys }]`.
#[napi(catch_unwind)]
pub fn duplicates(env: Env, number: u32, ticket: f64, id: String) -> napi::Result<Null> {
    let store = store(&env, number)?;
    let engine = store.engine().map_err(|error| throw(&env, &error))?;
    store.alive.begin(&env);
    let events = store.events.clone();
    let reply = move |found: Result<Vec<Duplicate>>| {
        events.send(Event::Answered { ticket, answer: found.and_then(|found| Text::new(told(&found))) });
    };
    engine.duplicates(id, Box::new(reply));
    Ok(Null)
}

fn told(duplicates: &[Duplicate]) -> String {
    let one = |Duplicate { value, documents }: &Duplicate| {
        let quoted = |key: &Key| {
            let mut json = String::new();
            push_string(&mut json, &key.to_text());
            json
        };
        let keys: Vec<_> = documents.iter().map(quoted).collect();
        format!("{{\"viewKey\":{value},\"documentKeys\":[{}]}}", keys.join(","))
    };
    format!("[{}]", duplicates.iter().map(one).collect::<Vec<_>>().join(","))
}
