//! Declarative views: registered, and pages of their rows.
//!
//! A query is answered at once as text where little has changed; else it tells `null`, and an answered event follows with
//! the same text.

use std::cell::OnceCell;
use std::sync::Arc;

use napi::Env;
use napi_derive::napi;

use super::calls::{Reply, begin};
use super::decoder::Decoded;
use super::failure::{as_number, throw};
use super::read::window;
use super::store::{Store, store};
use super::text::Text;
use super::view::{Reduce, row_page, row_page_here, row_query};
use crate::engine::{Answer, Engine, Reading, View, ViewNumbers};
use crate::error::{Error, Result};
use crate::view::declared::Declaration;

/// A declarative view as its environment knows it.
pub struct Declared {
    id: String,
    declaration: Declaration,
    /// Known to the engine, which shares it with those who declare the same: from the first time it is wanted.
    view: OnceCell<Arc<View>>,
}

impl Declared {
    fn view(&self, engine: &Engine) -> &Arc<View> {
        self.view.get_or_init(|| engine.declare(&self.id, &self.declaration))
    }
}

/// The declarative views of a store, which are those that a search may use.
pub fn declared_views(store: &Store, engine: &Engine) -> Vec<(String, Arc<View>)> {
    let all = store.declared.borrow();
    all.iter().flatten().map(|declared| (declared.id.clone(), Arc::clone(declared.view(engine)))).collect()
}

/// Registers a view in place of the declarative one that had its id, and tells its number. `json` is the declaration.
#[napi(catch_unwind)]
pub fn declare(env: Env, number: u32, id: String, json: String) -> napi::Result<u32> {
    let store = store(&env, number)?;
    let declaration = Declaration::parse(&json).map_err(|error| throw(&env, &error))?;
    let made = Declared { id, declaration, view: OnceCell::new() };
    let mut all = store.declared.borrow_mut();
    let free = all.iter().position(Option::is_none).unwrap_or(all.len());
    let declared = u32::try_from(free).map_err(|_| napi::Error::from_reason("too many views"))?;
    match all.get_mut(free) {
        Some(slot) => *slot = Some(made),
        None => all.push(Some(made)),
    }
    Ok(declared)
}

/// Forgets a view. What was asked of it is answered all the same.
#[napi(catch_unwind)]
pub fn undeclare(env: Env, number: u32, declared: u32) -> napi::Result<()> {
    let store = store(&env, number)?;
    let dropped = store.declared.borrow_mut().get_mut(declared as usize).and_then(Option::take);
    if let Some(view) = dropped.and_then(|declared| declared.view.into_inner())
        && let Ok(engine) = store.engine()
    {
        engine.undeclare(view);
    }
    Ok(())
}

/// A page of a view's rows. A call that is followed is always answered later, after its progress; with a ticket of 0 the answer is always given at once, however long that takes.
#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments, reason = "flat arguments cross in a tenth of the time an object takes")]
pub fn declared_query(
    env: Env,
    number: u32,
    declared: u32,
    ticket: f64,
    is_followed: bool,
    start: Option<String>,
    end: Option<String>,
    key: Option<String>,
    keys: Option<Vec<String>>,
    prefix: Option<String>,
    cursor: Option<String>,
    flags: u32,
    offset: f64,
    limit: f64,
    reduce: Option<String>,
    level: Option<f64>,
) -> napi::Result<Option<Decoded>> {
    let failed = |error| throw(&env, &error);
    let query = row_query([start, end, key, prefix], keys, cursor, flags, window(offset, limit)).map_err(failed)?;
    let reduce = Reduce::asked(reduce.as_deref(), level).map_err(failed)?;
    let reductions = Arc::clone(&store(&env, number)?.reductions);
    let tell = move |reading: &Reading, here: Option<&Store>| match (reduce, here) {
        (Some(reduce), _) => reduce.begin(reading, query, &reductions),
        (None, Some(store)) => row_page_here(store, reading, query, flags),
        (None, None) => row_page(reading, query, flags, None),
    };
    answer(&env, number, declared, ticket, is_followed, tell)
}

/// Brings a view to the present moment: `{"rows":...,"sequence":...}`.
#[napi(catch_unwind)]
pub fn declared_build(
    env: Env,
    number: u32,
    declared: u32,
    ticket: f64,
    is_followed: bool,
) -> napi::Result<Option<Decoded>> {
    let report = |reading: &Reading, _: Option<&Store>| {
        Text::new(format!("{{\"rows\":{},\"sequence\":{}}}", reading.len(), reading.sequence()))
    };
    answer(&env, number, declared, ticket, is_followed, report)
}

/// `[rows, sequence]` of a view, as of the last moment that it was brought to.
#[napi(catch_unwind)]
pub fn declared_stats(env: Env, number: u32, declared: u32) -> napi::Result<Vec<f64>> {
    let store = store(&env, number)?;
    let all = store.declared.borrow();
    let known = all.get(declared as usize).and_then(Option::as_ref).and_then(|declared| declared.view.get());
    let numbers = known.map_or_else(ViewNumbers::default, |view| view.numbers());
    Ok([numbers.rows as u64, numbers.sequence].map(as_number).to_vec())
}

/// `tell` makes the answer's text, and knows the store where that is read on this thread in this call.
fn answer(
    env: &Env,
    number: u32,
    declared: u32,
    ticket: f64,
    is_followed: bool,
    tell: impl FnOnce(&Reading, Option<&Store>) -> Result<Text<String>> + Send + 'static,
) -> napi::Result<Option<Decoded>> {
    let failed = |error| throw(env, &error);
    let store = store(env, number)?;
    let engine = store.engine().map_err(failed)?;
    let view = view(&store, engine, declared).map_err(failed)?;
    if ticket == 0.0 {
        let reading = engine.read_view_now(&view).map_err(failed)?;
        return tell(&reading, Some(&*store)).map(|answer| Some(Decoded::by(&store, answer))).map_err(failed);
    }
    match engine.read_view(&view, !is_followed).map_err(failed)? {
        Answer::Now(reading) => {
            tell(&reading, Some(&*store)).map(|answer| Some(Decoded::by(&store, answer))).map_err(failed)
        }
        Answer::Later(awaited) => {
            let call = begin(&store, ticket, is_followed);
            let reply = Reply::new(env, &store, ticket, &call);
            awaited.begin(call, Box::new(move |reading| reply.send(|| tell(&reading?, None))));
            Ok(None)
        }
    }
}

fn view(store: &Store, engine: &Engine, declared: u32) -> Result<Arc<View>> {
    let all = store.declared.borrow();
    let known = all.get(declared as usize).and_then(Option::as_ref);
    known.map(|declared| Arc::clone(declared.view(engine))).ok_or_else(|| Error::assertion("no such view"))
}
