//! Calls that are answered later, to be cancelled by their tickets.

use std::collections::HashMap;

use napi::Env;
use napi_derive::napi;

use super::event::Event;
use super::failure::as_number;
use super::store::{Store, find};
use super::text::Text;
use crate::engine::{Call, Progress};
use crate::error::Result;

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
}

/// A call with this ticket. Where `is_followed`, progress events tell how far it is.
pub fn begin(store: &Store, ticket: f64, is_followed: bool) -> Call {
    let events = store.events.clone();
    let tell = move |done: usize, total: usize| {
        let (done, total) = (as_number(done as u64), as_number(total as u64));
        events.send(Event::Progress { ticket, done, total });
    };
    Call::new(is_followed.then(|| Box::new(tell) as Progress))
}

/// What answers the call later: a text, or a failure. Keeps the event loop alive until then.
pub fn later(env: &Env, store: &Store, ticket: f64, call: &Call) -> impl FnOnce(Result<Text<String>>) + Send + use<> {
    store.calls.borrow_mut().insert(ticket, call.clone());
    store.alive.begin(env);
    let events = store.events.clone();
    move |answer| events.send(Event::Answered { ticket, answer })
}

/// Nobody waits for the answer of a call any more: it was answered, or it need not be.
#[napi(catch_unwind)]
pub fn cancel(number: u32, ticket: f64) {
    if let Some(call) = find(number).and_then(|store| store.calls.borrow_mut().by_ticket.remove(&ticket.to_bits())) {
        call.cancel();
    }
}
