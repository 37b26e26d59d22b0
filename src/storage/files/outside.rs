//! What stands in the documents' files, whoever wrote it.

use std::collections::HashSet;

use super::scan;
use super::shared::{Shared, Tending};
use crate::disk::{Disk, Kind};
use crate::document::Document;
use crate::error::{BadFile, Result};
use crate::key::Key;
use crate::key::file_name::{canonical, plain};
use crate::storage::{Outside, Standing};

impl Outside for Shared {
    fn keys(&self) -> Result<Vec<Key>> {
        Ok(scan::scan(self.disk.as_ref())?.documents.into_iter().map(|file| file.key).collect())
    }

    fn look(&self, keys: &[Key]) -> Vec<Standing> {
        // Where files wait to be placed, none is placed while these are read.
        let has_backlog = self.backlog.lock().len() > 0;
        let tending = has_backlog.then(|| self.tending.lock());
        let behind = tending.as_ref().map(|tending| self.behind(tending, keys)).unwrap_or_default();
        let look = |key: &Key| if behind.contains(key) { Standing::Behind } else { standing(self.disk.as_ref(), key) };
        keys.iter().map(look).collect()
    }
}

impl Shared {
    /// Which of these documents have still to be placed.
    fn behind<'a>(&self, tending: &Tending, keys: &'a [Key]) -> HashSet<&'a Key> {
        let asked: HashSet<&Key> = keys.iter().collect();
        let in_work = tending.work.iter().flat_map(|work| work.steps.iter().chain(&work.left));
        let mut behind: HashSet<&Key> = in_work.filter_map(|step| asked.get(&step.key).copied()).collect();
        let backlog = self.backlog.lock();
        behind.extend(keys.iter().filter(|key| backlog.holds(key)));
        behind
    }
}

/// What stands in a document's file, under either name.
pub fn standing(disk: &dyn Disk, key: &Key) -> Standing {
    match (read(disk, &canonical(key)), plain(key)) {
        (Standing::Nothing, Some(plain)) => read(disk, &plain),
        (standing, _) => standing,
    }
}

/// What stands at a path.
pub fn read(disk: &dyn Disk, file: &str) -> Standing {
    let bad = |reason: String| BadFile { file: file.to_owned(), reason };
    match disk.kind(file) {
        Ok(Some(Kind::File)) => {}
        Ok(None) => return Standing::Nothing,
        Ok(Some(_)) => return Standing::Other(bad("is not a regular file".to_owned())),
        Err(error) => return Standing::Bad(bad(format!("cannot be read: {error}")), 0),
    }
    let mut bytes = Vec::new();
    match disk.read(file, &mut bytes) {
        Err(error) if error.is_not_found() => Standing::Nothing,
        Err(error) => Standing::Bad(bad(format!("cannot be read: {error}")), 0),
        Ok(()) => match Document::from_file(&bytes) {
            Ok(document) => Standing::Document(document),
            Err(reason) => Standing::Bad(bad(reason), crc32c::crc32c(&bytes)),
        },
    }
}
