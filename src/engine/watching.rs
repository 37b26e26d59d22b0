//! The thread that takes over what others write into files, when the storage notices that.

use std::collections::HashMap;
use std::io;
use std::mem;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::edits::{Refreshed, SECOND_LOOK, Taken};
use super::lifecycle::Shared;
use crate::error::{ErrorKind, Result};
use crate::key::Key;
use crate::storage::{Noticed, Notices, Outside};

/// When it is tried again after a failure that may pass.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

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
        let run =
            move || Watcher { shared, outside, second: HashMap::new(), told: HashMap::new() }.run(noticing.as_ref());
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
    /// What is to be looked at a second time, and when.
    second: HashMap<Key, Instant>,
    /// Files that were told to be invalid, why, and the checksums of what was in them.
    told: HashMap<Key, (String, u32)>,
}

impl Watcher {
    /// Until nothing is noticed any more, or the store ends, or takes no writes.
    fn run(mut self, notices: &dyn Notices) {
        loop {
            let next = self.second.values().min().map(|at| at.saturating_duration_since(Instant::now()));
            let Some(news) = notices.wait(next) else { return };
            let news = news.unwrap_or_else(|error| {
                self.shared.health.hinder(error);
                Noticed::Keys(Vec::new())
            });
            if self.turn(news).is_err() {
                return;
            }
        }
    }

    fn turn(&mut self, news: Noticed) -> Result<()> {
        let keys = match news {
            Noticed::Keys(keys) => keys,
            Noticed::Everything => self.shared.all_keys(self.outside.as_ref())?,
        };
        for key in &keys {
            // It is still being written.
            self.second.remove(key);
        }
        let mut refreshed = Refreshed::default();
        let differing = self.shared.differing(self.outside.as_ref(), &keys)?;
        for key in &keys {
            if !self.told.is_empty() && !differing.contains(key) {
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
