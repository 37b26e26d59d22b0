//! Files that change are noticed, in the data directory and in the folders of long names.
//!
//! Only what has the name of a document counts, and where it is: what became of it the file says. The store's own files are
//! noticed, too, because nobody could tell an edit behind them from them; who reads them finds that memory says the same.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::layout::ROOT;
use crate::disk::{Disk, Heard, Kind, Watching};
use crate::error::{Error, Result};
use crate::key::Key;
use crate::key::file_name::{EXTENSION, is_folder, parse};
use crate::storage::{Noticed, Notices};

/// It is quiet when nothing happened for so long; many programs take several steps to write a file.
const QUIET: Duration = Duration::from_millis(50);

/// What happens is told after so long, also where it is never quiet.
const LONGEST: Duration = Duration::from_secs(1);

/// What happened and was not told yet.
#[derive(Debug, Default)]
struct News {
    paths: HashSet<String>,
    /// It is not known what happened.
    is_lost: bool,
    /// When the first and the last of it happened.
    since: Option<(Instant, Instant)>,
    has_ended: bool,
}

#[derive(Debug, Default)]
struct Ear {
    /// A mutex, held for an insert, or to take everything.
    news: Mutex<News>,
    arrived: Condvar,
}

impl Ear {
    fn hear(&self, heard: Heard<'_>) {
        let (path, is_lost) = match heard {
            Heard::At(path) => (path, false),
            // Nobody tells of what was in it.
            Heard::Moved(path) => (path, last_name_is_folder(path)),
            Heard::Lost => ("", true),
        };
        let is_ours = path.ends_with(EXTENSION) || last_name_is_folder(path);
        if !is_ours && !is_lost {
            return;
        }
        let now = Instant::now();
        let mut news = self.news.lock();
        news.is_lost |= is_lost;
        if is_ours && !news.paths.contains(path) {
            news.paths.insert(path.to_owned());
        }
        let first = news.since.map_or(now, |(first, _)| first);
        // Who waits for quiet looks by himself how long it has been quiet.
        if news.since.replace((first, now)).is_none() {
            self.arrived.notify_one();
        }
    }

    /// Waits until there is something to tell and it is quiet; nothing where so much time has passed. `None` at the end.
    fn listen(&self, most: Option<Duration>) -> Option<News> {
        let until = most.map(|most| Instant::now() + most);
        let mut news = self.news.lock();
        loop {
            if news.has_ended {
                return None;
            }
            let wake = match news.since {
                Some((first, last)) => Some((last + QUIET).min(first + LONGEST)),
                None => until,
            };
            match wake {
                None => self.arrived.wait(&mut news),
                Some(at) if at <= Instant::now() => return Some(std::mem::take(&mut news)),
                Some(at) => drop(self.arrived.wait_until(&mut news, at)),
            }
        }
    }
}

fn last_name_is_folder(path: &str) -> bool {
    path.ends_with('%') && path.rsplit('/').next().is_some_and(is_folder)
}

/// The watch over a data directory.
#[derive(Debug)]
pub struct Watch {
    disk: Arc<dyn Disk>,
    ear: Arc<Ear>,
    /// Until the end. A mutex, held while a folder is added.
    watching: Mutex<Option<Box<dyn Watching>>>,
    /// Why a folder could not be watched, to be told next. A mutex, held for a moment.
    failure: Mutex<Option<Error>>,
}

impl Watch {
    /// Watches the directory and all folders in it that hold documents.
    ///
    /// # Errors
    ///
    /// The system's; `UNSUPPORTED` where it cannot.
    pub fn start(disk: &Arc<dyn Disk>) -> Result<Self> {
        let ear = Arc::new(Ear::default());
        let listening = Arc::clone(&ear);
        let watching = disk.watch(Box::new(move |heard| listening.hear(heard)))?;
        let watch =
            Self { disk: Arc::clone(disk), ear, watching: Mutex::new(Some(watching)), failure: Mutex::default() };
        watch.cover(ROOT, &mut |_| {})?;
        Ok(watch)
    }

    /// Watches a folder and those in it, and tells which files there are. One that is gone is no failure.
    fn cover(&self, folder: &str, found: &mut dyn FnMut(&str)) -> Result<()> {
        let covered = self.watching.lock().as_ref().map_or(Ok(()), |watching| watching.cover(folder));
        let listed = match covered.and_then(|()| self.disk.list(folder)) {
            Err(error) if error.is_not_found() && folder != ROOT => return Ok(()),
            other => other?,
        };
        for entry in listed {
            let Ok(name) = entry.name else { continue };
            let path = if folder == ROOT { name } else { format!("{folder}/{name}") };
            match entry.kind {
                Kind::Folder if last_name_is_folder(&path) => self.cover(&path, found)?,
                Kind::File => found(&path),
                _ => {}
            }
        }
        Ok(())
    }

    /// The keys that paths stand for, and those of the files in folders, which are watched from now on.
    fn keys(&self, paths: HashSet<String>) -> Vec<Key> {
        let mut keys = HashSet::new();
        let mut add = |path: &str| keys.extend(parse(path).map(|(key, _)| key));
        for path in paths {
            if !last_name_is_folder(&path) {
                add(&path);
            } else if let Err(error) = self.cover(&path, &mut add) {
                self.failure.lock().get_or_insert(error);
            }
        }
        keys.into_iter().collect()
    }
}

impl Notices for Watch {
    fn wait(&self, most: Option<Duration>) -> Option<Result<Noticed>> {
        if let Some(error) = self.failure.lock().take() {
            return Some(Err(error));
        }
        let News { paths, is_lost, .. } = self.ear.listen(most)?;
        let keys = self.keys(paths);
        Some(Ok(if is_lost { Noticed::Everything } else { Noticed::Keys(keys) }))
    }

    fn end(&self) {
        self.ear.news.lock().has_ended = true;
        self.ear.arrived.notify_all();
        let watching = self.watching.lock().take();
        drop(watching);
    }
}
