//! Whether a directory is in order.

use std::path::Path;

use napi::Env;
use napi_derive::napi;
use serde_json::{Value, json};

use super::calls::{Reply, begin};
use super::event::Event;
use super::store::store;
use super::text::Text;
use crate::engine::Errand;
use crate::error::BadFile;
use crate::storage::Watcher;
use crate::storage::files::{self, Verdict};

/// Checks a directory, open elsewhere or not, and changes nothing. The store, which need not be loaded, lends a thread and
/// its events. Progress events tell of files. Answered by one answered event, with the text of
/// `{ documents, open, recoverable, ignoredFiles, problems: [{ file, reason }] }`.
#[napi(catch_unwind)]
pub fn verify(env: Env, number: u32, ticket: f64, directory: String) -> napi::Result<()> {
    let store = store(&env, number)?;
    let call = begin(&store, ticket, false);
    let reply = Reply::new(&env, &store, ticket, &call);
    let events = store.events.clone();
    let watcher = Watcher::new(move |done, total| events.send(Event::progress(ticket, done, total)));
    let check = move |_: &Errand| {
        reply.send(|| Text::new(told(&files::verify(Path::new(&directory), &watcher)?).to_string()));
    };
    store.member.run_errand(call, Box::new(check));
    Ok(())
}

fn told(verdict: &Verdict) -> Value {
    let Verdict { documents, is_open, recoverable, ignored, problems } = verdict;
    let problems: Vec<Value> =
        problems.iter().map(|BadFile { file, reason }| json!({ "file": file, "reason": reason })).collect();
    json!({
        "documents": documents,
        "open": is_open,
        "recoverable": recoverable,
        "ignoredFiles": ignored,
        "problems": problems,
    })
}
