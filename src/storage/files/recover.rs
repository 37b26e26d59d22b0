//! What a load makes up for: documents whose file is not what the journal says.
//!
//! | the file | same boot, placed | same boot, not known to be placed | another boot |
//! |---|---|---|---|
//! | is the journal's last version | stays | stays | stays |
//! | is a version that the journal knows | stays | the last version is placed | the last version is placed |
//! | is none of them | stays | stays; with background files: quarantine | quarantine, the last version is placed |
//! | is torn, or missing | stays | as none of them | the last version is placed |
//!
//! Where the last version was made of what the file held, which was left as it was, the file is behind however long ago that
//! was: on the same boot the last version is placed over what was left, and what somebody wrote there since gets the next
//! revision. A deletion of that kind, and a file that is missing or no document, stays.
//!
//! On the same boot the page cache is whole, so a file that is none of ours was made by hand, and "stays" means that it
//! counts. With background files a commit is acknowledged before its file is placed, so there the journal counts.
//!
//! After a failed sync (a note in `.datastore/` tells) a file that is the journal's last version is written anew.
//!
//! After another boot, a torn file of which the journal knows nothing lost a write that was never synced: it is
//! restored from what that write displaced, or, where nothing was, taken out of the way. Of several displaced files the
//! oldest is the one to which the rest of the store goes back. Those from before the journal's first sequence
//! are left over: what took their place was synced before the journal was cut.

use std::collections::HashMap;

use super::edits::renewed;
use super::layout::{self, TEMPORARY};
use super::place::Step;
use super::read::{Bad, Contents};
use super::scan::{Candidate, Scan};
use crate::disk::Disk;
use crate::document::Document;
use crate::error::{BadFile, Result};
use crate::journal::{History, Left, Placing, Recovered, checksum};
use crate::key::Key;
use crate::key::file_name::{self, Form};
use crate::storage::Sequence;

/// What is to be done, and what the documents are then.
#[derive(Debug, Default)]
pub struct Plan {
    /// Files to be moved out of the way first.
    pub quarantine: Vec<BadFile>,
    /// Files to be placed or taken away.
    pub steps: Vec<Step>,
    /// What documents are that are not what their file is; `None` for those that are gone.
    pub documents: HashMap<Key, Option<Document>>,
    /// Files that are bad, and that the journal cannot help.
    pub bad: Vec<BadFile>,
    /// The last sequence that anybody used, also where the journal lost it, or uses here.
    pub last: Sequence,
}

/// A document's file as it was found.
enum Found<'a> {
    Absent,
    Whole(&'a Candidate, &'a Document),
    Bad(&'a Candidate, &'a Bad),
}

/// What to do about a file that is not what the journal says.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    Stays,
    Replace,
    QuarantineAndReplace,
    /// The file counts, with the next revision.
    Renew(Document),
}

/// Compares what was found with what the journal tells. Changes nothing on the disk.
///
/// # Errors
///
/// The system's, where a displaced file cannot be read.
pub fn plan(disk: &dyn Disk, past: &Recovered, is_doubted: bool, found: &Scan, contents: &Contents) -> Result<Plan> {
    let displaced = Displaced::list(disk)?;
    let mut plan = Plan { last: past.last.max(displaced.last), ..Plan::default() };
    let mut histories: Vec<(&Key, &History)> = past.histories.iter().collect();
    histories.sort_unstable_by_key(|(_, history)| history.sequence);
    for (key, history) in histories {
        let file = find(key, found, contents);
        match judge(history, &file, past) {
            // What stands in the page cache may not be what a disk that failed to sync has: written anew, it is synced anew.
            Verdict::Stays if is_doubted && holds_last(history, &file) => {
                plan.replace(key, history.document.clone(), &file, false);
            }
            Verdict::Stays => {}
            Verdict::Replace => plan.replace(key, history.document.clone(), &file, false),
            Verdict::Renew(document) => plan.replace(key, Some(document), &file, false),
            Verdict::QuarantineAndReplace => plan.replace(key, history.document.clone(), &file, true),
        }
    }
    let lost_power = !past.same_boot && !past.closed && !past.segments.is_empty();
    for bad in &contents.fallen {
        let is_healed = lost_power && bad.is_torn;
        if is_healed { &mut plan.quarantine } else { &mut plan.bad }.push(bad.file.clone());
    }
    for (index, bad) in &contents.bad {
        let Some(file) = found.documents.get(*index) else { continue };
        if plan.documents.contains_key(&file.key) {
            continue;
        }
        if !(lost_power && bad.is_torn) {
            plan.bad.push(bad.file.clone());
        } else if let Some(document) = displaced.find(disk, &file.key, past.first)? {
            plan.replace(&file.key, Some(document), &Found::Bad(file, bad), false);
        } else {
            let reason = format!("{}: it was never synced before the power was cut", bad.file.reason);
            plan.quarantine.push(BadFile { file: bad.file.file.clone(), reason });
        }
    }
    plan.bad.sort_unstable_by(|a, b| a.file.cmp(&b.file));
    Ok(plan)
}

impl Plan {
    /// The same for who joins others, who have what the journal says in memory: whatever was written into files meanwhile is left
    /// there, to be noticed.
    #[must_use]
    pub fn beside_others(mut self, past: &Recovered) -> Self {
        let histories = &past.histories;
        self.steps.retain(|step| histories.get(&step.key).is_none_or(|history| history.left.is_none()));
        let is_known = |bad: &BadFile| file_name::parse(&bad.file).is_some_and(|(key, _)| histories.contains_key(&key));
        self.bad.retain(|bad| !is_known(bad));
        let documents = histories.iter().map(|(key, history)| (key.clone(), history.document.clone()));
        self.documents.extend(documents);
        self
    }

    fn replace(&mut self, key: &Key, document: Option<Document>, file: &Found, quarantine: bool) {
        let candidate = match file {
            Found::Absent => None,
            Found::Whole(candidate, _) | Found::Bad(candidate, _) => Some(*candidate),
        };
        let standing = candidate.filter(|_| !quarantine);
        if let (true, Some(candidate)) = (quarantine, candidate) {
            let reason = "is not what the journal says of this document".to_owned();
            self.quarantine.push(BadFile { file: candidate.relative.clone(), reason });
        }
        self.documents.insert(key.clone(), document.clone());
        // Of its own, so that nothing that lies in `tmp/` is written over, whatever the journal knows of it.
        self.last += 1;
        self.steps.push(Step {
            key: key.clone(),
            sequence: self.last,
            document,
            file: Some(file_name::canonical(key)),
            plain: standing.filter(|file| file.form == Form::Plain).map(|file| file.relative.clone()),
            replaces: standing.is_some_and(|file| file.form == Form::Canonical),
            grouped: true,
            has_failed: false,
        });
    }
}

fn find<'a>(key: &Key, found: &'a Scan, contents: &'a Contents) -> Found<'a> {
    let Ok(index) = found.documents.binary_search_by(|file| file.key.cmp(key)) else { return Found::Absent };
    let Some(candidate) = found.documents.get(index) else { return Found::Absent };
    if let Some(Some(document)) = contents.documents.get(index) {
        return Found::Whole(candidate, document);
    }
    let bad = contents.bad.binary_search_by_key(&index, |(of, _)| *of);
    match bad.ok().and_then(|at| contents.bad.get(at)) {
        Some((_, bad)) => Found::Bad(candidate, bad),
        None => Found::Absent,
    }
}

/// Whether a file is what the journal says last of its document.
fn holds_last(history: &History, file: &Found) -> bool {
    match (file, &history.document) {
        (Found::Absent, None) => true,
        (Found::Whole(_, found), Some(last)) => found.text() == last.text(),
        _ => false,
    }
}

fn judge(history: &History, file: &Found, past: &Recovered) -> Verdict {
    if holds_last(history, file) {
        return Verdict::Stays;
    }
    if let (true, Some(left)) = (past.same_boot, history.left) {
        return judge_left(history, left, file);
    }
    if past.same_boot && history.sequence <= past.placed {
        return Verdict::Stays;
    }
    let is_known = match file {
        Found::Absent => !past.same_boot || history.known.contains(&None),
        Found::Whole(_, found) => history.known.contains(&Some(checksum(found.text()))),
        Found::Bad(_, bad) => !past.same_boot && bad.is_torn,
    };
    match (is_known, past.same_boot, past.placing) {
        (true, _, _) => Verdict::Replace,
        (false, true, Placing::Eager) => Verdict::Stays,
        _ => Verdict::QuarantineAndReplace,
    }
}

/// What is to become of a file that was left as it was, on the same boot.
fn judge_left(history: &History, left: Left, file: &Found) -> Verdict {
    match (file, &history.document) {
        (Found::Whole(_, found), Some(_)) if left == Left::of(found) => Verdict::Replace,
        (Found::Whole(_, found), Some(last)) => renewed(last, found).map_or(Verdict::Stays, Verdict::Renew),
        _ => Verdict::Stays,
    }
}

/// What writes displaced that may not have been synced: by the hash of the key, the oldest first.
#[derive(Debug, Default)]
struct Displaced {
    files: HashMap<u64, Vec<(Sequence, String)>>,
    /// The last sequence that a name tells.
    last: Sequence,
}

impl Displaced {
    fn list(disk: &dyn Disk) -> Result<Self> {
        let mut files: HashMap<u64, Vec<(Sequence, String)>> = HashMap::new();
        let mut last = 0;
        let listed = match disk.list(TEMPORARY) {
            Err(error) if error.is_not_found() => return Ok(Self::default()),
            other => other?,
        };
        for entry in listed {
            let Ok(name) = entry.name else { continue };
            if let Some((hash, sequence)) = layout::parse_displaced(&name) {
                last = last.max(sequence);
                files.entry(hash).or_default().push((sequence, format!("{TEMPORARY}/{name}")));
            }
        }
        for of in files.values_mut() {
            of.sort_unstable();
        }
        Ok(Self { files, last })
    }

    /// The oldest whole version that was displaced at `first` or later.
    fn find(&self, disk: &dyn Disk, key: &Key, first: Sequence) -> Result<Option<Document>> {
        let of_key = self.files.get(&layout::hash(key)).into_iter().flatten();
        for (_, path) in of_key.filter(|(sequence, _)| *sequence >= first) {
            let mut bytes = Vec::new();
            disk.read(path, &mut bytes)?;
            if let Ok(document) = Document::from_file(&bytes) {
                return Ok(Some(document));
            }
        }
        Ok(None)
    }
}
