//! Stores by number: open, load, close.
//!
//! A store that ends does so on its own threads. Until they have ended it keeps its hook, which waits for them where the
//! environment ends first.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;

use napi::bindgen_prelude::{FnArgs, Function, Object, Unknown};
use napi::{CleanupEnvHook, Env};
use napi_derive::napi;

use super::event::{Event, Events};
use super::failure::{as_number, throw};
use super::keep_alive::KeepAlive;
use crate::engine::{Ending, Engine, Index};
use crate::error::{Error, ErrorKind};
use crate::storage::Storage;
use crate::storage::files::{Files, OnCorrupt, Options};
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

    /// The stores that were told to end, with their hooks.
    static ENDING: RefCell<Vec<(Ending, Option<CleanupEnvHook<u32>>)>> = const { RefCell::new(Vec::new()) };
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

/// Takes a store out, if it is there, and tells it to end.
fn release(number: u32) {
    let taken = STORES.with_borrow_mut(|stores| stores.get_mut(number as usize).and_then(Option::take));
    if let Some(store) = taken {
        let ending = store.engine.abandon();
        store.alive.forget();
        ENDING.with_borrow_mut(|all| all.push((ending, store.at_exit.take())));
    }
}

/// Forgets the stores that have ended.
fn sweep(env: &Env) -> napi::Result<()> {
    let over: Vec<_> = ENDING.with_borrow_mut(|all| all.extract_if(.., |(ending, _)| ending.is_over()).collect());
    over.into_iter().filter_map(|(_, at_exit)| at_exit).try_for_each(|at_exit| env.remove_env_cleanup_hook(at_exit))
}

/// The environment ends: so does the store, and whatever else is ending is waited for. The hook that comes first does
/// this for all of them, and every one comes before the callback of its store is freed.
fn exit(number: u32) {
    release(number);
    for (ending, _) in ENDING.take() {
        ending.join();
    }
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
        Some(directory) => Box::new(Files::new(PathBuf::from(directory), Options { on_corrupt, ..Options::default() })),
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
    store.at_exit.set(Some(env.add_env_cleanup_hook(number, exit)?));
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

/// Gives a store's number back. A store that was not closed is abandoned. Never waits: threads end by themselves.
#[napi(catch_unwind)]
pub fn dispose(env: Env, number: u32) -> napi::Result<()> {
    release(number);
    sweep(&env)
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
