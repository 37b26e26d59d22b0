//! Transactions by number: begin, read, write, commit or end.

use napi::Env;
use napi::bindgen_prelude::Utf16String;
use napi_derive::napi;

use super::decoder::Decoded;
use super::event::Event;
use super::failure::throw;
use super::read::{flag, key_page, key_query, window};
use super::store::{find, store};
use super::text::Text;
use super::write::{no_such_write, rule};
use crate::crossing::as_count;
use crate::document::Document;
use crate::engine::{Engine, RevisionRule, Settled, Transaction};
use crate::error::{Error, Result};
use crate::key::Key;

/// Begins a transaction at the present moment and tells its number, which `transactionCommit` or `transactionEnd` gives
/// back.
#[napi(catch_unwind)]
pub fn transaction_begin(env: Env, number: u32) -> napi::Result<u32> {
    let store = store(&env, number)?;
    let transaction = store.engine().and_then(Engine::begin).map_err(|error| throw(&env, &error))?;
    let id = store.transactions.borrow_mut().insert(transaction);
    Ok(id)
}

/// A document as the transaction sees it, or `null`.
#[napi(catch_unwind)]
pub fn transaction_get(env: Env, number: u32, id: u32, key: String) -> napi::Result<Option<Decoded<Document>>> {
    let document = with(&env, number, id, |transaction| Ok(transaction.get(&Key::new(&key)?)))?;
    let store = store(&env, number)?;
    Ok(document.map(|document| Decoded::by(&store, Text(document))))
}

/// Sets a document and tells it with the revision it will have. `action` is 0, 1 or 2 as for `submit`; the
/// revision expected is -1 for none.
#[napi(catch_unwind)]
pub fn transaction_set(
    env: Env,
    number: u32,
    id: u32,
    key: String,
    text: String,
    action: f64,
    revision: f64,
) -> napi::Result<Decoded<Document>> {
    let document = with(&env, number, id, |transaction| {
        let rule = rule_of(action, 0..=2)?;
        transaction.set(&Key::new(&key)?, &text, rule, as_count(revision))
    })?;
    Ok(Decoded::by(&*store(&env, number)?, Text(document)))
}

/// Deletes a document, if the transaction sees one. `action` is 4 or 5 as for `submit`; the revision expected is -1 for
/// none.
#[napi(catch_unwind)]
pub fn transaction_delete(env: Env, number: u32, id: u32, key: String, action: f64, revision: f64) -> napi::Result<()> {
    with(&env, number, id, |transaction| {
        let rule = rule_of(action, 4..=5)?;
        transaction.delete(&Key::new(&key)?, rule, as_count(revision))
    })
}

/// A page of keys as the transaction sees it, as the query's whole result. Without its `total` less is
/// checked at commit, and what a cursor passed over is not, so that where the page ends among all keys is not told.
#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments, reason = "flat arguments cross in a tenth of the time an object takes")]
pub fn transaction_query_keys(
    env: Env,
    number: u32,
    id: u32,
    start: Option<Utf16String>,
    end: Option<Utf16String>,
    key: Option<Utf16String>,
    keys: Option<Vec<String>>,
    prefix: Option<Utf16String>,
    cursor: Option<String>,
    flags: u32,
    offset: f64,
    limit: f64,
    total: bool,
) -> napi::Result<Decoded> {
    let page = with(&env, number, id, |transaction| {
        let index = total || cursor.is_none();
        let query = key_query([start, end, key, prefix], keys, cursor, flags, window(offset, limit));
        let page = transaction.query_keys(query, total, flag::documents(flags))?;
        key_page(transaction.page(&page), flags, None).end_with(&page, index, total)
    })?;
    Ok(Decoded::by(&*store(&env, number)?, page))
}

/// Commits a transaction, whose number is given back. Answered by one settled event with the ticket: `[null]`, or the
/// failure, marked as `lost` where something that it read has changed.
#[napi(catch_unwind)]
pub fn transaction_commit(env: Env, number: u32, id: u32, ticket: f64, synced: bool) -> napi::Result<()> {
    let store = store(&env, number)?;
    let taken = store.transactions.borrow_mut().remove(id);
    let transaction = taken.ok_or_else(|| throw(&env, &over()))?;
    let engine = store.engine().map_err(|error| throw(&env, &error))?;
    store.alive.begin(&env);
    let events = store.events.clone();
    let reply = move |answers: Vec<Settled>| {
        let refused = answers.into_iter().next().filter(Settled::is_refused);
        events.send(Event::Done { ticket, refused });
    };
    engine.commit(transaction, synced, Box::new(reply));
    Ok(())
}

/// Gives a transaction up; nothing where it, or its store, is gone already.
#[napi(catch_unwind)]
pub fn transaction_end(number: u32, id: u32) {
    let taken = find(number).and_then(|store| store.transactions.borrow_mut().remove(id));
    drop(taken);
}

fn with<T>(env: &Env, number: u32, id: u32, act: impl FnOnce(&mut Transaction) -> Result<T>) -> napi::Result<T> {
    let store = store(env, number)?;
    let mut transactions = store.transactions.borrow_mut();
    let done = match transactions.get_mut(id) {
        Some(transaction) => act(transaction),
        None => Err(over()),
    };
    drop(transactions);
    done.map_err(|error| throw(env, &error))
}

fn rule_of(code: f64, allowed: std::ops::RangeInclusive<u64>) -> Result<RevisionRule> {
    as_count(code).filter(|code| allowed.contains(code)).and_then(rule).ok_or_else(|| no_such_write(code))
}

fn over() -> Error {
    Error::assertion("the transaction is over")
}
