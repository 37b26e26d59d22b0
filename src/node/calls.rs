//! Calls that are answered later, to be cancelled by their tickets.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use napi::Env;
use napi_derive::napi;

use super::event::{Event, Events};
use super::store::{Store, find};
use super::text::Text;
use crate::engine::{Call, Progress};
use crate::error::{Error, ErrorKind, Result};

/// The calls of a store that may still be under way, by ticket.
#[derive(Default)]
pub struct Calls {
    by_ticket: HashMap<u64, Call>,
}

impl Calls {
    /// Remembers a call until it is cancelled.
    pub fn insert(&mut self, ticket: f64, call: Call) {
        self.by_ticket.insert(ticket.to_bits(), call);
    }

    /// Nobody waits for any of them any more.
    pub fn cancel(&mut self) {
        for (_, call) in self.by_ticket.drain() {
            call.cancel();
        }
    }
}

/// A call with this ticket. Where `is_followed`, progress events tell how far it is.
pub fn begin(store: &Store, ticket: f64, is_followed: bool) -> Call {
    let events = store.events.clone();
    let tell = move |done: usize, total: usize| events.send(Event::progress(ticket, done, total));
    Call::new(is_followed.then(|| Box::new(tell) as Progress))
}

/// Answers a call later.
pub struct Reply {
    events: Events,
    ticket: f64,
}

impl Reply {
    /// Keeps the event loop alive until the answer is sent.
    pub fn new(env: &Env, store: &Store, ticket: f64, call: &Call) -> Self {
        store.calls.borrow_mut().insert(ticket, call.clone());
        store.alive.begin(env);
        Self { events: store.events.clone(), ticket }
    }

    /// Sends the text that is made here, or why there is none.
    pub fn send(self, make: impl FnOnce() -> Result<Text<String>>) {
        let answer = catch_unwind(AssertUnwindSafe(make))
            .unwrap_or_else(|_| Err(Error::new(ErrorKind::Poisoned, "making an answer panicked")));
        self.events.send(Event::Answered { ticket: self.ticket, answer });
    }
}

/// Nobody waits for the answer of a call any more: it was answered, or it need not be.
#[napi(catch_unwind)]
pub fn cancel(number: u32, ticket: f64) {
    if let Some(call) = find(number).and_then(|store| store.calls.borrow_mut().by_ticket.remove(&ticket.to_bits())) {
        call.cancel();
    }
}
