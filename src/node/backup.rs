//! Backups, and stores made of them.
//!
//! Both answer by one answered event, with the text of `{ documents, bytes, sequence, created }`. One that was cancelled
//! is answered when what it had begun is gone.

use std::path::{Path, PathBuf};

use napi::Env;
use napi_derive::napi;

use super::calls::{Reply, begin};
use super::failure::throw;
use super::read::push_string;
use super::store::store;
use super::text::Text;
use crate::engine::{Errand, Moment};
use crate::error::{Error, ErrorKind, Result};
use crate::storage::files::backup::{self, Summary, Watch};

impl Watch for Errand {
    fn check(&self) -> Result<()> {
        Errand::check(self)
    }

    fn tell(&self, done: usize, total: usize) {
        Errand::tell(self, done, total);
    }
}

/// Writes everything that was handed over so far as a backup to an absolute path. `created` is the present time, as ISO 8601
/// has it. Where it `is_followed`, progress events tell of documents.
#[napi(catch_unwind)]
pub fn back_up(
    env: Env,
    number: u32,
    ticket: f64,
    destination: String,
    created: String,
    is_followed: bool,
) -> napi::Result<()> {
    let store = store(&env, number)?;
    let data = store.directory.clone();
    let call = begin(&store, ticket, is_followed);
    let reply = Reply::new(&env, &store, ticket, &call);
    let write = move |moment: Result<Moment>, errand: &Errand| {
        reply.send(|| {
            let Moment { snapshot, definitions } = moment?;
            let moment = backup::Moment {
                count: snapshot.documents().len(),
                documents: &mut snapshot.documents().iter().map(|(key, stored)| (key, &stored.document)),
                definitions: &definitions,
                collation: &snapshot.collation(),
                position: snapshot.position(),
                created: &created,
            };
            backup::write(Path::new(&destination), data.as_deref(), moment, errand).and_then(|summary| told(&summary))
        });
    };
    store.engine.run_errand_at(call, Box::new(write));
    Ok(())
}

/// Makes the directory of a store that is not loaded of the backup at an absolute path. Where it `is_followed`, progress
/// events tell of files, each of them twice.
#[napi(catch_unwind)]
pub fn restore(env: Env, number: u32, ticket: f64, source: String, is_followed: bool) -> napi::Result<()> {
    let store = store(&env, number)?;
    let Some(directory) = store.directory.clone() else {
        return Err(throw(&env, &Error::new(ErrorKind::Unsupported, "a store in memory has no directory to restore")));
    };
    let collation = store.collation.clone();
    let call = begin(&store, ticket, is_followed);
    let reply = Reply::new(&env, &store, ticket, &call);
    let read = move |errand: &Errand| {
        reply.send(|| {
            let restored = backup::restore(&PathBuf::from(source), &directory, collation.as_ref(), errand);
            restored.and_then(|summary| told(&summary))
        });
    };
    store.engine.run_errand(call, Box::new(read));
    Ok(())
}

fn told(summary: &Summary) -> Result<Text<String>> {
    let Summary { created, position, documents, bytes, .. } = summary;
    let mut json =
        format!("{{\"documents\":{documents},\"bytes\":{bytes},\"sequence\":{},\"created\":", position.sequence);
    push_string(&mut json, created);
    json.push('}');
    Text::new(json)
}
