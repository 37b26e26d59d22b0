//! Whether a data directory is in order: what a load would judge, without a lock and without changing anything.
//!
//! The directory may be open elsewhere. Then files and names are checked and the journal is not: it is being written, and
//! what it tells of the files changes while they are read. A file is replaced in one step, but who reads it through an
//! old handle may see what was there before being overwritten with zeros; so what is bad then is looked at twice.
//!
//! Not here: putting anything in order (a load, with `onCorrupt: 'quarantine'`).

use std::path::Path;

use super::layout::{FAILED, JOURNAL, LOCK};
use super::load::read_files;
use super::read::{self, Contents};
use super::recover::{self, Plan};
use super::scan::Scan;
use super::{definitions, format};
use crate::disk::{Disk, System};
use crate::error::{BadFile, Error, ErrorKind, Result};
use crate::journal;
use crate::key::file_name;
use crate::storage::Watcher;

/// What a check found.
#[derive(Debug, Default)]
pub struct Verdict {
    /// How many files are documents, and good.
    pub documents: usize,
    /// Somebody has the directory open, so the journal was not checked.
    pub is_open: bool,
    /// How many documents the next load makes from the journal, because a crash left their files behind.
    pub recoverable: usize,
    /// Entries that have nothing to do with documents, relative to the directory. They are left alone.
    pub ignored: Vec<String>,
    /// What is not in order: files relative to the directory, by name.
    pub problems: Vec<BadFile>,
}

/// Checks a directory, and tells `watcher` how far it is.
///
/// # Errors
///
/// The system's, or `UNSUPPORTED` for a later format. What is damaged is no error here.
pub fn verify(directory: &Path, watcher: &Watcher) -> Result<Verdict> {
    let disk = System::attach(directory)?;
    if !disk.is_locked(LOCK)? {
        let verdict = closed(&disk, watcher)?;
        // Opened meanwhile, the directory may have changed under the eyes.
        if !disk.is_locked(LOCK)? {
            return Ok(verdict);
        }
    }
    open(&disk, watcher)
}

/// A directory that nobody has open.
fn closed(disk: &dyn Disk, watcher: &Watcher) -> Result<Verdict> {
    let mut problems = small_files(disk)?;
    let (found, contents) = read_files(disk, watcher)?;
    let is_doubted = disk.kind(FAILED)?.is_some();
    if is_doubted {
        problems
            .push(bad(FAILED, "stands there: a sync failed, so what the disk holds is in doubt until the next load"));
    }
    let past = match journal::recover(disk, JOURNAL) {
        Err(error) if error.kind() == ErrorKind::Corrupt => {
            problems.extend(damaged(&error));
            return Ok(verdict(&found, &contents, plan_without_journal(&contents), problems));
        }
        other => other?,
    };
    if let Some(cut) = past.cut.as_ref().filter(|cut| cut.whole_groups_behind > 0) {
        let (offset, groups) = (cut.offset, cut.whole_groups_behind);
        problems
            .push(bad(&cut.segment, &format!("is damaged at byte {offset}, with {groups} whole commit(s) behind it")));
    }
    let plan = recover::plan(disk, &past, is_doubted, &found, &contents)?;
    Ok(verdict(&found, &contents, plan, problems))
}

/// A directory that somebody else writes to.
fn open(disk: &dyn Disk, watcher: &Watcher) -> Result<Verdict> {
    let problems = small_files(disk)?;
    let (found, mut contents) = read_files(disk, watcher)?;
    for (index, _) in std::mem::take(&mut contents.bad) {
        let Some(file) = found.documents.get(index) else { continue };
        let mut again = read::read(disk, std::slice::from_ref(file), &Watcher::default())?;
        contents.bad.extend(again.bad.pop().map(|(_, bad)| (index, bad)));
        if let Some(slot) = contents.documents.get_mut(index) {
            *slot = again.documents.pop().flatten();
        }
    }
    let verdict = verdict(&found, &contents, plan_without_journal(&contents), problems);
    Ok(Verdict { is_open: true, ..verdict })
}

/// What is wrong with the small files of ours.
fn small_files(disk: &dyn Disk) -> Result<Vec<BadFile>> {
    let mut problems = match format::remembered(disk) {
        Err(error) if error.kind() == ErrorKind::Corrupt => damaged(&error),
        other => other.map(|_| Vec::new())?,
    };
    if let definitions::Found::Bad(file) = definitions::read(disk)? {
        problems.push(file);
    }
    Ok(problems)
}

/// What is bad, where the journal tells nothing of it.
fn plan_without_journal(contents: &Contents) -> Plan {
    let bad = contents.bad.iter().map(|(_, bad)| bad).chain(&contents.fallen);
    Plan { bad: bad.map(|bad| bad.file.clone()).collect(), ..Plan::default() }
}

fn verdict(found: &Scan, contents: &Contents, plan: Plan, mut problems: Vec<BadFile>) -> Verdict {
    problems.extend(plan.bad);
    problems.extend(plan.quarantine);
    for file in &found.superseded {
        problems
            .push(bad(&file.relative, "is no longer a document: a newer file of the same document stands beside it"));
    }
    let (misnamed, ignored): (Vec<&String>, Vec<&String>) =
        found.ignored.iter().partition(|relative| relative.ends_with(file_name::EXTENSION));
    problems.extend(misnamed.into_iter().map(|relative| bad(relative, &misnaming(relative))));
    problems.sort_by(|a, b| a.file.cmp(&b.file));
    Verdict {
        documents: contents.documents.iter().flatten().count(),
        is_open: false,
        recoverable: plan.steps.len(),
        ignored: ignored.into_iter().cloned().collect(),
        problems,
    }
}

/// Why a file that looks like a document's is none.
fn misnaming(relative: &str) -> String {
    match file_name::respelled(relative) {
        Some(canonical) if canonical == relative => "is not a regular file, so it is no document".to_owned(),
        Some(canonical) => format!("is not named as documents are, so it is none: '{canonical}' would be"),
        None => "is not named as documents are, so it is none: no key has this name".to_owned(),
    }
}

/// The files that a `CORRUPT` error tells of.
fn damaged(error: &Error) -> Vec<BadFile> {
    if error.context().files.is_empty() {
        return vec![bad(JOURNAL, error.message())];
    }
    error.context().files.clone()
}

fn bad(file: &str, reason: &str) -> BadFile {
    BadFile { file: file.to_owned(), reason: reason.to_owned() }
}
