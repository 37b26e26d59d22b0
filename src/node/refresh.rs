//! What others wrote into files, taken over when it is asked for; and what is told of that.

use std::fmt::Write as _;

use napi::Env;
use napi_derive::napi;

use super::calls::{Reply, begin};
use super::event::NAMES_TOLD;
use super::failure::throw;
use super::read::push_string;
use super::store::store;
use super::text::Text;
use crate::engine::{Invalid, Refreshed};
use crate::key::Key;

/// Takes over what files say that memory does not have. Answered by one answered event, with the [text](report) of a report.
#[napi(catch_unwind)]
pub fn refresh(env: Env, number: u32, ticket: f64) -> napi::Result<()> {
    let store = store(&env, number)?;
    let engine = store.engine().map_err(|error| throw(&env, &error))?;
    let call = begin(&store, ticket, false);
    let reply = Reply::new(&env, &store, ticket, &call);
    engine.refresh(
        call,
        Box::new(|refreshed| reply.send(|| refreshed.and_then(|refreshed| Text::new(report(&refreshed))))),
    );
    Ok(())
}

/// `{ changed, added, removed, invalid, changedKeys, addedKeys, removedKeys, invalidFiles: [{ file, reason, key }] }`: how
/// many, and the first of them.
pub fn report(refreshed: &Refreshed) -> String {
    let Refreshed { changed, added, removed, invalid } = refreshed;
    let counts = [changed.len(), added.len(), removed.len(), invalid.len()];
    let mut json = String::from("{");
    for (name, count) in ["changed", "added", "removed", "invalid"].into_iter().zip(counts) {
        // Memory takes everything.
        let _ = write!(json, "\"{name}\":{count},");
    }
    for (name, keys) in [("changedKeys", changed), ("addedKeys", added), ("removedKeys", removed)] {
        let _ = write!(json, "\"{name}\":");
        push_list(&mut json, keys, |json, key: &Key| push_string(json, &key.to_text()));
        json.push(',');
    }
    json.push_str("\"invalidFiles\":");
    push_list(&mut json, invalid, |json, Invalid { key, file, .. }: &Invalid| {
        for (name, text) in
            [("{\"file\":", file.file.as_str()), (",\"reason\":", file.reason.as_str()), (",\"key\":", &*key.to_text())]
        {
            json.push_str(name);
            push_string(json, text);
        }
        json.push('}');
    });
    json.push('}');
    json
}

fn push_list<T>(json: &mut String, all: &[T], push: impl Fn(&mut String, &T)) {
    json.push('[');
    for (number, one) in all.iter().take(NAMES_TOLD).enumerate() {
        if number > 0 {
            json.push(',');
        }
        push(json, one);
    }
    json.push(']');
}
