//! The thread that takes over what others write into files, when the storage notices that.

use std::collections::{HashMap, HashSet};
use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::edits::{Refreshed, SECOND_LOOK, Taken};
use super::lifecycle::Shared;
use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;
use crate::storage::{Noticed, Notices, Outside, Sequence};

/// When it is tried again after a failure that may pass.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// A document that the store itself has just written is looked at when it did not write it again for so long: what was noticed
/// will have been that.
const UNWRITTEN: Duration = Duration::from_millis(250);

/// But after so long in any case.
const LATEST: Duration = Duration::from_secs(5);

/// The running thread; dropping it ends it.
pub(super) struct Watch {
    notices: Arc<dyn Notices>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// The system's, where it gives no thread.
    pub fn start(shared: &Arc<Shared>, notices: Arc<dyn Notices>, outside: Arc<dyn Outside>) -> io::Result<Self> {
        let (shared, noticing) = (Arc::clone(shared), Arc::clone(&notices));
        let last = shared.snapshot().map_or(0, |now| now.position().sequence);
        let (busy, second, told) = (HashMap::new(), HashMap::new(), HashMap::new());
        let watcher = Watcher { shared: Arc::clone(&shared), outside, busy, last, second, told };
        let run = move || {
            if catch_unwind(AssertUnwindSafe(|| watcher.run(noticing.as_ref()))).is_err() {
                shared.health.hinder(Error::new(ErrorKind::Storage, "files are watched no more: the watcher panicked"));
            }
        };
        let thread = thread::Builder::new().name("kixx-watcher".to_owned()).spawn(run);
        if thread.is_err() {
            notices.end();
        }
        Ok(Self { notices, thread: Some(thread?) })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.notices.end();
        if let Some(thread) = self.thread.take() {
            // It has nothing to tell but by events.
            let _ = thread.join();
        }
    }
}

struct Watcher {
    shared: Arc<Shared>,
    outside: Arc<dyn Outside>,
    /// What the store goes on writing, and since when it is to be looked at.
    busy: HashMap<Key, Instant>,
    /// The last commit of the last turn.
    last: Sequence,
    /// What is to be looked at a second time, and when.
    second: HashMap<Key, Instant>,
    /// Files that were told to be invalid, why, and the checksums of what was in them.
    told: HashMap<Key, (String, u32)>,
}

impl Watcher {
    /// Until nothing is noticed any more, or the store ends, or takes no writes.
    fn run(mut self, notices: &dyn Notices) {
        loop {
            let Some(news) = notices.wait(self.next()) else { return };
            let news = news.unwrap_or_else(|error| {
                self.shared.health.hinder(error);
                Noticed::Keys(Vec::new())
            });
            if self.turn(news).is_err() {
                return;
            }
        }
    }

    /// When there is something to look at though nothing happens.
    fn next(&self) -> Option<Duration> {
        let second = self.second.values().min().map(|at| at.saturating_duration_since(Instant::now()));
        let busy = (!self.busy.is_empty()).then_some(UNWRITTEN);
        second.into_iter().chain(busy).min()
    }

    /// What is to be looked at now: not what the store has written since the last turn, and may be writing on.
    fn due(&mut self, keys: Vec<Key>) -> Result<Vec<Key>> {
        let (now, documents) = (Instant::now(), self.shared.snapshot()?);
        for key in keys {
            self.busy.entry(key).or_insert(now);
        }
        let last = mem::replace(&mut self.last, documents.position().sequence);
        let is_due = |key: &Key, since: &Instant| {
            *since + LATEST <= now || documents.get(key).is_none_or(|stored| stored.sequence <= last)
        };
        Ok(self.busy.extract_if(|key, since| is_due(key, since)).map(|(key, _)| key).collect())
    }

    fn turn(&mut self, news: Noticed) -> Result<()> {
        let keys = match news {
            Noticed::Keys(keys) => keys,
            Noticed::Everything => self.shared.all_keys(self.outside.as_ref())?,
        };
        let keys = self.due(keys)?;
        for key in &keys {
            // It is still being written.
            self.second.remove(key);
        }
        let mut refreshed = Refreshed::default();
        let differing = self.shared.differing(self.outside.as_ref(), &keys)?;
        if !self.told.is_empty() {
            let differing: HashSet<&Key> = differing.iter().collect();
            for key in keys.iter().filter(|key| !differing.contains(key)) {
                self.told.remove(key);
            }
        }
        self.look(&differing, false, &mut refreshed)?;
        let now = Instant::now();
        let due: Vec<Key> = self.second.iter().filter(|(_, at)| **at <= now).map(|(key, _)| key.clone()).collect();
        for key in &due {
            self.second.remove(key);
        }
        self.look(&due, true, &mut refreshed)?;
        self.tell(refreshed);
        Ok(())
    }

    fn look(&mut self, keys: &[Key], is_second: bool, refreshed: &mut Refreshed) -> Result<()> {
        let pause = |after: Duration| Instant::now() + after;
        match self.shared.take_edits(keys, is_second) {
            Ok(Taken { refreshed: more, unsettled, failure }) => {
                let at = pause(if failure.is_some() { AFTER_FAILURE } else { SECOND_LOOK });
                self.second.extend(unsettled.into_iter().map(|key| (key, at)));
                if let Some(error) = failure {
                    self.shared.health.hinder(error);
                }
                refreshed.extend(more);
                Ok(())
            }
            Err(error) if matches!(error.kind(), ErrorKind::Closed | ErrorKind::Poisoned) => Err(error),
            Err(error) => {
                let at = pause(AFTER_FAILURE);
                self.second.extend(keys.iter().map(|key| (key.clone(), at)));
                self.shared.health.hinder(error);
                Ok(())
            }
        }
    }

    /// Tells what was taken over, and of invalid files what was not told before.
    fn tell(&mut self, mut refreshed: Refreshed) {
        for key in refreshed.changed.iter().chain(&refreshed.added).chain(&refreshed.removed) {
            self.told.remove(key);
        }
        refreshed.invalid = mem::take(&mut refreshed.invalid)
            .into_iter()
            .filter(|invalid| {
                let told = (invalid.file.reason.clone(), invalid.checksum);
                self.told.insert(invalid.key.clone(), told.clone()).is_none_or(|before| before != told)
            })
            .collect();
        if !refreshed.is_empty() {
            self.shared.health.refreshed(refreshed);
        }
    }
}
