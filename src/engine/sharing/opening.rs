//! How a handle finds its place, and what it asks of the engine there.

use std::fmt;

use crate::collator::Collation;
use crate::engine::health::Listener;
use crate::engine::options::Options;
use crate::error::{Error, Result};
use crate::storage::{Place, Storage, Watcher};

/// Opens a place, and makes a storage for it that tells the watcher how far its load is. Called by a thread that may wait.
pub type Mount = Box<dyn Fn(Watcher) -> Result<Mounted> + Send + Sync>;

/// A place that was opened.
pub struct Mounted {
    /// Which one it is; `None` where it is nobody else's.
    pub place: Option<Place>,
    /// What is loaded, where no engine has the place.
    pub storage: Box<dyn Storage>,
}

/// How a handle opens its engine.
pub struct Opening {
    /// Where it is.
    pub mount: Mount,
    /// How the engine is run, where this handle starts it. Their listener hears of the engine, whoever started it.
    pub options: Options,
    /// What the storage and the options are made of, by name.
    pub choices: Vec<Choice>,
    /// The handle changes nothing. Its engine may be one that does, for other handles.
    pub reads_only: bool,
    /// The order of keys that is asked for.
    pub collation: Option<Collation>,
    /// Hears how far a load is.
    pub watcher: Watcher,
}

impl Opening {
    /// Who hears what happens to the engine.
    pub(super) fn listener(&self) -> Listener {
        self.options.on_event.clone()
    }

    /// Refuses an engine in whose directory the keys are in another order than is asked for.
    pub(super) fn check_order(&self, found: &Collation) -> Result<()> {
        match &self.collation {
            Some(asked) if asked != found => Err(contradiction("collation", found.text(), asked.text())),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opening").field("choices", &self.choices).finish_non_exhaustive()
    }
}

/// One of the things that an engine is opened with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What it is about, as users know it.
    pub name: &'static str,
    /// What was chosen, as text.
    pub value: String,
    /// Whether it was asked for; else it is the default, with which any other will do.
    pub is_asked: bool,
}

/// Refuses what is asked for and not so.
pub(super) fn check(asked: &[Choice], open: &[Choice]) -> Result<()> {
    for Choice { name, value, .. } in asked.iter().filter(|choice| choice.is_asked) {
        if let Some(other) = open.iter().find(|choice| choice.name == *name && choice.value != *value) {
            return Err(contradiction(name, &other.value, value));
        }
    }
    Ok(())
}

/// Refuses an engine that changes nothing to a handle that may.
pub(super) fn check_access(reads_only: bool, engine_reads_only: bool) -> Result<()> {
    if reads_only || !engine_reads_only {
        return Ok(());
    }
    Err(Error::assertion(
        "the directory is open in this process with readOnly true, so it cannot be opened to be written: close the datastores \
         that only read it first, and open those again afterwards, or read with readOnly true here, too",
    ))
}

fn contradiction(name: &str, open: &str, asked: &str) -> Error {
    Error::assertion(format!(
        "the directory is open in this process with {name} {open}, so it cannot be opened with {name} {asked}: leave {name} out, or \
         close the other datastores first"
    ))
}
