//! Stores by number: open, load, close.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;

use napi::bindgen_prelude::{FnArgs, Function, Object, Unknown};
use napi::{CleanupEnvHook, Env};
use napi_derive::napi;

use super::event::{Event, Events};
use super::failure::{as_number, throw};
use super::keep_alive::KeepAlive;
use crate::engine::{Engine, Index};
use crate::error::{Error, ErrorKind};
use crate::storage::Storage;
use crate::storage::files::{Files, OnCorrupt};
use crate::storage::memory::Memory;

/// A store as its environment knows it.
pub struct Store {
    /// The engine behind it.
    pub engine: Engine,
    /// Where its answers go.
    pub events: Events,
    /// What keeps the event loop alive.
    pub alive: Rc<KeepAlive>,
    /// The rows of its views, by number.
    pub views: RefCell<Vec<Option<Index>>>,
    /// Ends the store with its environment.
    at_exit: Cell<Option<CleanupEnvHook<u32>>>,
}

thread_local! {
    /// The stores of this environment: an environment never leaves its thread.
    static STORES: RefCell<Vec<Option<Rc<Store>>>> = const { RefCell::new(Vec::new()) };
}

/// The store of a number.
///
/// # Errors
///
/// `CLOSED` where it is gone.
pub fn store(env: &Env, number: u32) -> napi::Result<Rc<Store>> {
    let found = STORES.with_borrow(|stores| stores.get(number as usize).cloned().flatten());
    found.ok_or_else(|| throw(env, &Error::new(ErrorKind::Closed, "the datastore is closed")))
}

/// Takes a store out and ends it.
fn release(number: u32) -> Option<Rc<Store>> {
    let store = STORES.with_borrow_mut(|stores| stores.get_mut(number as usize).and_then(Option::take))?;
    store.engine.abandon();
    store.alive.forget();
    Some(store)
}

/// Makes a store; nothing is touched before `load`. Without a directory it stores nothing. `callback` hears every
/// [event](super::event).
#[napi(catch_unwind)]
pub fn open(
    env: Env,
    directory: Option<String>,
    quarantine: bool,
    callback: Function<'_, FnArgs<(u32, f64, Event)>, Unknown<'static>>,
) -> napi::Result<u32> {
    let on_corrupt = if quarantine { OnCorrupt::Quarantine } else { OnCorrupt::Error };
    let storage: Box<dyn Storage> = match directory {
        Some(directory) => Box::new(Files::new(PathBuf::from(directory), on_corrupt)),
        None => Box::new(Memory::new()),
    };
    let alive = KeepAlive::new();
    let events = Events::new(&callback, &alive)?;
    let store = Rc::new(Store {
        engine: Engine::new(storage),
        events,
        alive,
        views: RefCell::default(),
        at_exit: Cell::default(),
    });
    let number = STORES.with_borrow_mut(|stores| {
        let free = stores.iter().position(Option::is_none).unwrap_or(stores.len());
        if free == stores.len() {
            stores.push(None);
        }
        if let Some(slot) = stores.get_mut(free) {
            *slot = Some(Rc::clone(&store));
        }
        u32::try_from(free).map_err(|_| napi::Error::from_reason("too many stores"))
    })?;
    let at_exit = env.add_env_cleanup_hook(number, |number| drop(release(number)))?;
    store.at_exit.set(Some(at_exit));
    Ok(number)
}

/// Reads everything. Answered by a loaded event.
#[napi(catch_unwind)]
pub fn load(env: Env, number: u32) -> napi::Result<()> {
    let store = store(&env, number)?;
    store.alive.begin(&env);
    let events = store.events.clone();
    store.engine.load(Box::new(move |loaded| events.send(Event::Loaded(loaded))));
    Ok(())
}

/// Commits what was submitted and ends the store. Answered by a closed event, after which `dispose` is to be called.
#[napi(catch_unwind)]
pub fn close(env: Env, number: u32) -> napi::Result<()> {
    let store = store(&env, number)?;
    store.alive.begin(&env);
    let events = store.events.clone();
    store.engine.close(Box::new(move || events.send(Event::Closed)));
    Ok(())
}

/// Gives a store's number and threads back. A store that was not closed is abandoned.
#[napi(catch_unwind)]
pub fn dispose(env: Env, number: u32) -> napi::Result<()> {
    match release(number).and_then(|store| store.at_exit.take()) {
        Some(at_exit) => env.remove_env_cleanup_hook(at_exit),
        None => Ok(()),
    }
}

/// How much a store holds: `{ documents, textBytes, sequence, poisoned }`.
#[napi(catch_unwind)]
pub fn stats(env: &Env, number: u32) -> napi::Result<Object<'_>> {
    let stats = store(env, number)?.engine.stats();
    let mut told = Object::new(env)?;
    told.set("documents", as_number(stats.documents as u64))?;
    told.set("textBytes", as_number(stats.text_bytes))?;
    told.set("sequence", as_number(stats.position.sequence))?;
    told.set("poisoned", stats.poisoned)?;
    Ok(told)
}
