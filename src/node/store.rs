//! Stores by number: load, flush, close.
//!
//! A store that ends does so on its own threads. Until they have ended it keeps its hook, which waits for them where the
//! environment ends first.

use std::cell::{Cell, OnceCell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use napi::bindgen_prelude::{FnArgs, Function, Null, Object, Unknown};
use napi::{CleanupEnvHook, Env};
use napi_derive::napi;
use parking_lot::Mutex;

use super::calls::Calls;
use super::declared::Declared;
use super::decoder::Decoder;
use super::event::{Event, Events};
use super::failure::{as_number, failure, throw};
use super::keep_alive::KeepAlive;
use super::numbered::Numbered;
use super::open::OpenOptions;
use super::view::Reductions;
use crate::collator::Collation;
use crate::crossing::Kept;
use crate::engine::{Ending, Engine, FlushReply, Index, Member, Memory, Registry, Settled, Transaction, Walk};
use crate::error::{Error, ErrorKind, Result};
use crate::view::{drop_aside, wait_for_drops};

/// A store as its environment knows it.
pub struct Store {
    /// Its handle on the engine behind it.
    pub member: Arc<Member>,
    /// Where its answers go.
    pub events: Events,
    /// What keeps the event loop alive.
    pub alive: Rc<KeepAlive>,
    /// The rows of its views, by number.
    pub views: RefCell<Vec<Option<Index>>>,
    /// Its declarative views, by number.
    pub declared: RefCell<Vec<Option<Declared>>>,
    /// What is answered later.
    pub calls: RefCell<Calls>,
    /// The reductions of its views that are under way.
    pub reductions: Arc<Reductions>,
    /// The documents that JavaScript keeps. A mutex, because a function of JavaScript's holds it, too.
    pub kept: Arc<Mutex<Kept>>,
    /// What makes objects of its answers, where code may be made of text.
    pub decoder: OnceCell<Rc<Decoder>>,
    /// Its transactions, by number.
    pub transactions: RefCell<Numbered<Transaction>>,
    /// Its walks, by number.
    pub walks: RefCell<Numbered<Walk>>,
    /// Where its files are, unless it stores nothing.
    pub directory: Option<PathBuf>,
    /// The order of keys that it was opened with.
    pub collation: Option<Collation>,
    /// Ends the store with its environment.
    at_exit: Cell<Option<CleanupEnvHook<u32>>>,
}

impl Store {
    /// The engine behind it, which other environments may share.
    ///
    /// # Errors
    ///
    /// `NOT_LOADED`, `CLOSED`.
    pub fn engine(&self) -> Result<&Engine> {
        self.member.engine().map(AsRef::as_ref)
    }
}

thread_local! {
    /// The stores of this environment: an environment never leaves its thread.
    static STORES: RefCell<Stores> = const { RefCell::new(Stores(Vec::new())) };

    /// The stores that were told to end, with their hooks.
    static ENDING: RefCell<Vec<(Ending, Option<CleanupEnvHook<u32>>)>> = const { RefCell::new(Vec::new()) };
}

/// The stores by number.
struct Stores(Vec<Option<Rc<Store>>>);

impl Drop for Stores {
    /// `process.exit` ends the thread without its environment's hooks.
    fn drop(&mut self) {
        for store in self.0.iter().flatten() {
            store.member.abandon().join();
        }
    }
}

/// The store of a number.
///
/// # Errors
///
/// `CLOSED` where it is gone.
pub fn store(env: &Env, number: u32) -> napi::Result<Rc<Store>> {
    find(number).ok_or_else(|| throw(env, &Error::new(ErrorKind::Closed, "the datastore is closed")))
}

/// The store of a number, if it is there.
pub fn find(number: u32) -> Option<Rc<Store>> {
    STORES.with_borrow(|Stores(stores)| stores.get(number as usize).cloned().flatten())
}

/// Takes a store out, if it is there, and tells it to end.
fn release(number: u32) {
    let taken = STORES.with_borrow_mut(|Stores(stores)| stores.get_mut(number as usize).and_then(Option::take));
    if let Some(store) = taken {
        store.alive.forget();
        let walks = store.walks.take();
        if !walks.is_empty() {
            drop_aside(walks);
        }
        store.events.end();
        store.calls.borrow_mut().cancel();
        let ending = store.member.abandon();
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
    wait_for_drops();
}

/// Makes a store; nothing is touched before `load`. `callback` hears every [event](super::event).
#[napi(catch_unwind)]
pub fn open(
    env: Env,
    options: OpenOptions,
    callback: Function<'_, FnArgs<(u32, f64, Event)>, Unknown<'static>>,
) -> napi::Result<u32> {
    let alive = KeepAlive::new();
    let events = Events::new(&callback, &alive)?;
    let failed = |error| throw(&env, &error);
    let (directory, collation) = (options.directory(), options.collation().map_err(failed)?);
    let opening = options.opening(&events).map_err(failed)?;
    let store = Rc::new(Store {
        member: Member::new(Registry::of_process(), opening),
        events,
        alive,
        views: RefCell::default(),
        declared: RefCell::default(),
        calls: RefCell::default(),
        reductions: Arc::default(),
        kept: Arc::default(),
        decoder: OnceCell::new(),
        transactions: RefCell::default(),
        walks: RefCell::default(),
        directory,
        collation,
        at_exit: Cell::default(),
    });
    let number = STORES.with_borrow_mut(|Stores(stores)| {
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
    store.member.load(Box::new(move |loaded| events.send(Event::Loaded(loaded))));
    Ok(())
}

/// Whether every write is answered only when it survives a power cut: as whoever opened the engine first has it.
#[napi(catch_unwind)]
pub fn is_synced(env: Env, number: u32) -> napi::Result<bool> {
    store(&env, number)?.engine().map(Engine::is_synced).map_err(|error| throw(&env, &error))
}

/// Makes what was submitted survive a power cut, and puts it in its files. Answered by one settled event with the ticket:
/// `[null]`, or the failure.
#[napi(catch_unwind)]
pub fn flush(env: Env, number: u32, ticket: f64) -> napi::Result<()> {
    ask(env, number, ticket, Engine::flush)
}

/// Takes in what other processes committed before. Answered as `flush` is.
#[napi(catch_unwind)]
pub fn catch_up(env: Env, number: u32, ticket: f64) -> napi::Result<()> {
    ask(env, number, ticket, Engine::catch_up)
}

fn ask(env: Env, number: u32, ticket: f64, ask: impl FnOnce(&Engine, FlushReply)) -> napi::Result<()> {
    let store = store(&env, number)?;
    let engine = store.engine().map_err(|error| throw(&env, &error))?;
    store.alive.begin(&env);
    let events = store.events.clone();
    let reply = move |done: Result<()>| {
        events.send(Event::Done { ticket, refused: done.err().map(Settled::Failed) });
    };
    ask(engine, Box::new(reply));
    Ok(())
}

/// Ends the store when what was submitted is committed and in its files. Answered by a closed event, after which `dispose` is to be called,
/// also where it tells of a failure.
#[napi(catch_unwind)]
pub fn close(env: Env, number: u32) -> napi::Result<()> {
    let store = store(&env, number)?;
    store.alive.begin(&env);
    let events = store.events.clone();
    store.member.close(Box::new(move |closed| events.send(Event::Closed(closed))));
    Ok(())
}

/// Gives a store's number back. A store that was not closed is abandoned. Never waits: threads end by themselves.
#[napi(catch_unwind)]
pub fn dispose(env: Env, number: u32) -> napi::Result<()> {
    release(number);
    sweep(&env)
}

/// How much a store holds, and how it is: `{ documents, textBytes, memory, sequence, syncedSequence, journalBytes, filesBehind,
/// spares, poisoned, failure, degraded }`, the last two `null` or a failure.
#[napi(catch_unwind)]
pub fn stats(env: &Env, number: u32) -> napi::Result<Object<'_>> {
    let store = store(env, number)?;
    let stats = store.member.stats();
    let mut told = Object::new(env)?;
    told.set("documents", as_number(stats.documents as u64))?;
    told.set("textBytes", as_number(stats.text_bytes))?;
    told.set("memory", memory(env, &store, stats.memory)?)?;
    told.set("sequence", as_number(stats.position.sequence))?;
    told.set("syncedSequence", as_number(stats.keeper.synced))?;
    told.set("journalBytes", as_number(stats.keeper.journal_bytes))?;
    told.set("filesBehind", as_number(stats.keeper.files_behind as u64))?;
    told.set("spares", as_number(stats.keeper.spares as u64))?;
    told.set("poisoned", stats.failure.is_some())?;
    for (name, error) in [("failure", stats.failure), ("degraded", stats.degraded)] {
        match error {
            Some(error) => told.set(name, failure(env, &error)?)?,
            None => told.set(name, Null)?,
        }
    }
    Ok(told)
}

/// What a store takes in memory: `{ texts, keys, changes, views }`.
fn memory<'env>(env: &'env Env, store: &Store, parts: Memory) -> napi::Result<Object<'env>> {
    let of_views: usize = store.views.borrow().iter().flatten().map(Index::bytes).sum();
    let mut told = Object::new(env)?;
    let parts =
        [("texts", parts.texts), ("keys", parts.keys), ("changes", parts.changes), ("views", parts.views + of_views)];
    for (name, bytes) in parts {
        told.set(name, as_number(bytes as u64))?;
    }
    Ok(told)
}
