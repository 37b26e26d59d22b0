//! With what options a store is opened.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use napi_derive::napi;

use super::event::{Event, Events};
use crate::collator::Collation;
use crate::engine::{Choice, Mount, Mounted, Opening, Options};
use crate::error::Result;
use crate::storage::Watcher;
use crate::storage::files::{self, Files, OnCorrupt, Placing, Reader};
use crate::storage::memory::Memory;

/// In milliseconds: what a power cut may take at most.
const SYNC_INTERVAL: u32 = 1_000;

/// How a store is opened. What is missing was not asked for: it is the default, or what the engine has that is open already.
#[napi(object, object_to_js = false)]
pub struct OpenOptions {
    /// Where its files are; without one it stores nothing.
    pub directory: Option<String>,
    /// Whether bad files are moved out of the way when it loads; by default not.
    pub quarantine: Option<bool>,
    /// Whether damaged files of our own are, too; by default not.
    pub salvage: Option<bool>,
    /// `none` stores nothing, wherever the directory is; `full` answers every write only when it survives a power cut;
    /// `os` is the default.
    pub durability: Option<String>,
    /// Whether a document's file may come after the answer; by default not.
    pub background: Option<bool>,
    /// Whether other processes are kept out; by default not.
    pub single_process: Option<bool>,
    /// Whether nothing is written: the directory has to be there, and its documents are followed; by default not.
    pub read_only: Option<bool>,
    /// Whether files that others change are noticed; by default not.
    pub watch: Option<bool>,
    /// The order of keys, as JSON text; without one it is as the directory says.
    pub collation: Option<String>,
    /// How long a committed write stays unsynced at most, in milliseconds.
    pub sync_interval: Option<u32>,
}

impl OpenOptions {
    /// Where the store's files are, unless it stores nothing.
    pub fn directory(&self) -> Option<PathBuf> {
        self.directory.as_ref().filter(|_| self.durability.as_deref() != Some("none")).map(PathBuf::from)
    }

    /// The order of keys that is asked for.
    pub fn collation(&self) -> Result<Option<Collation>> {
        self.collation.as_deref().map(Collation::parse).transpose()
    }

    /// How a handle opens its engine; what that tells by itself goes to `events`.
    pub fn opening(self, events: &Events) -> Result<Opening> {
        let (of_engine, of_load) = (events.clone(), events.clone());
        let collation = self.collation()?;
        let interval = self.sync_interval.unwrap_or(SYNC_INTERVAL).max(1);
        Ok(Opening {
            options: Options {
                synced: self.durability.as_deref() == Some("full"),
                interval: Duration::from_millis(u64::from(interval)),
                on_event: Arc::new(move |event| of_engine.send(Event::Told(event))),
            },
            choices: self.choices(interval),
            reads_only: self.read_only == Some(true),
            watcher: Watcher::new(move |done, total| of_load.send(Event::loading(done, total))),
            mount: self.mount(collation.clone()),
            collation,
        })
    }

    /// What has to be alike in all that share an engine, by the names of `lib/engine.js`.
    fn choices(&self, interval: u32) -> Vec<Choice> {
        let choice = |name, is_asked, value: String| Choice { name, value, is_asked };
        let level = self.durability.as_deref();
        let files = if self.background == Some(true) { "'background'" } else { "'eager'" };
        let on_corrupt = if self.quarantine == Some(true) { "'quarantine'" } else { "'error'" };
        vec![
            choice("durability", level.is_some(), format!("'{}'", level.unwrap_or("os"))),
            choice("files", self.background.is_some(), files.to_owned()),
            choice("syncInterval", self.sync_interval.is_some(), interval.to_string()),
            choice("singleProcess", self.single_process.is_some(), self.single_process.unwrap_or(false).to_string()),
            choice("watch", self.watch.is_some(), self.watch.unwrap_or(false).to_string()),
            choice("onCorrupt", self.quarantine.is_some(), on_corrupt.to_owned()),
        ]
    }

    fn mount(self, collation: Option<Collation>) -> Mount {
        let Some(directory) = self.directory() else {
            let collation = collation.unwrap_or_default();
            return Box::new(move |_| {
                Ok(Mounted { place: None, storage: Box::new(Memory::ordered(collation.clone())) })
            });
        };
        if self.read_only == Some(true) {
            return Box::new(move |watcher| {
                let (place, reader) = Reader::mount(&directory, collation.clone(), watcher)?;
                Ok(Mounted { place: Some(place), storage: Box::new(reader) })
            });
        }
        let placing = if self.background == Some(true) { Placing::Background } else { Placing::Eager };
        let on_corrupt = match (self.salvage, self.quarantine) {
            (Some(true), _) => OnCorrupt::Salvage,
            (_, Some(true)) => OnCorrupt::Quarantine,
            _ => OnCorrupt::Error,
        };
        let (shares, watch) = (!self.single_process.unwrap_or(false), self.watch.unwrap_or(false));
        Box::new(move |watcher| {
            let options = files::Options { on_corrupt, placing, collation: collation.clone(), watcher, shares, watch };
            let (place, files) = Files::mount(&directory, options)?;
            Ok(Mounted { place: Some(place), storage: Box::new(files) })
        })
    }
}
