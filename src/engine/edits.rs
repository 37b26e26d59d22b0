//! What others wrote into the documents' files, taken into memory as new revisions.
//!
//! ```text
//!   any thread    read files, compare them with memory -> those that differ
//!   committer     with the right to commit: read these again, compare, commit each by itself
//! ```
//!
//! What the second comparison finds nobody of us wrote: whoever places files has the right to commit, and has told. So of
//! several processes that see an edit exactly one commits it, and the others find memory equal to the file.
//!
//! A file that is missing, or no document, may be in the middle of being written; so is one that breaks a unique view perhaps
//! made room for a moment later. These are looked at a second time before that counts.

use std::slice;
use std::sync::mpsc::{RecvError, channel};
use std::thread;
use std::time::Duration;

use super::call::Call;
use super::commit::{Commit, Unit};
use super::errand::Errand;
use super::handle::Engine;
use super::lifecycle::{Shared, closed};
use super::queue::{Moment, Request};
use super::write::{Action, Condition, Settled, Write, next_revision};
use crate::document::{Body, Document};
use crate::error::{BadFile, Error, ErrorKind, Result};
use crate::key::Key;
use crate::key::file_name::canonical;
use crate::storage::{Left, Outside, Standing};
use crate::view::declared;

/// So many files are read, or taken over, at a time, for which commits wait.
const AT_A_TIME: usize = 256;

/// When what is missing or no document is looked at again.
pub(super) const SECOND_LOOK: Duration = Duration::from_millis(100);

/// What was taken over of the files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refreshed {
    /// Documents whose files were changed.
    pub changed: Vec<Key>,
    /// Documents whose files are new.
    pub added: Vec<Key>,
    /// Documents whose files are gone.
    pub removed: Vec<Key>,
    /// Files of which nothing was taken over: what memory has of them is kept.
    pub invalid: Vec<Invalid>,
}

/// A file that says what cannot be taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// Whose.
    pub key: Key,
    /// Which, and why.
    pub file: BadFile,
    /// Of what is in it.
    pub(super) checksum: u32,
}

impl Refreshed {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.added.is_empty() && self.removed.is_empty() && self.invalid.is_empty()
    }

    pub(super) fn extend(&mut self, more: Self) {
        self.changed.extend(more.changed);
        self.added.extend(more.added);
        self.removed.extend(more.removed);
        self.invalid.extend(more.invalid);
    }
}

/// What became of files that were looked at.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub refreshed: Refreshed,
    /// To be looked at a second time.
    pub unsettled: Vec<Key>,
    /// Why not all was done.
    pub failure: Option<Error>,
}

/// Takes what became of files.
pub(super) type TakenReply = Box<dyn FnOnce(Result<Taken>) + Send>;

/// Takes what differed between files and memory.
pub type RefreshReply = Box<dyn FnOnce(Result<Refreshed>) + Send>;

/// What a file means for its document.
enum Verdict {
    Same,
    Changed(Document),
    Added(Document),
    Removed,
    Invalid(BadFile, u32),
}

impl Verdict {
    fn of(key: &Key, current: Option<&Document>, standing: &Standing) -> Self {
        match (standing, current) {
            (Standing::Behind, _) | (Standing::Nothing | Standing::Other(_), None) => Self::Same,
            (Standing::Nothing, Some(_)) => Self::Removed,
            (Standing::Other(bad), Some(_)) => Self::Invalid(bad.clone(), 0),
            (Standing::Bad(bad, checksum), _) => Self::Invalid(bad.clone(), *checksum),
            (Standing::Document(found), None) => Self::Added(found.clone()),
            (Standing::Document(found), Some(current)) if is_same(current.text(), found.text()) => Self::Same,
            (Standing::Document(found), Some(current)) => {
                let last = current.revision().max(found.revision());
                match (next_revision(key, Some(last)), Body::from_stringified(found.text())) {
                    (Ok(revision), Ok(parts)) => Self::Changed(Document::new(revision, &parts.body)),
                    (Err(error), _) | (_, Err(error)) => {
                        Self::Invalid(bad(key, &error), Left::of(found).checksum.unwrap_or(0))
                    }
                }
            }
        }
    }
}

fn bad(key: &Key, error: &Error) -> BadFile {
    BadFile { file: canonical(key), reason: error.message().to_owned() }
}

/// Whether two documents say the same, whatever their revisions and the order of their members.
fn is_same(one: &str, other: &str) -> bool {
    // The revision comes first, and its digits end with a comma or the brace.
    let members = |text: &str| text.find([',', '}']).map_or("", |at| text.get(at..).unwrap_or_default()).to_owned();
    let (one, other) = (members(one), members(other));
    let object = |members: &str| format!("{{{}", members.trim_start_matches(','));
    one == other || declared::is_same(&object(&one), &object(&other))
}

/// A file to be taken over.
struct Edit {
    write: Write,
    /// What is told of it.
    list: fn(&mut Refreshed) -> &mut Vec<Key>,
    checksum: u32,
}

impl Edit {
    fn new(key: &Key, document: Option<Document>, found: &Standing, list: fn(&mut Refreshed) -> &mut Vec<Key>) -> Self {
        let left = if let Standing::Document(found) = found { Left::of(found) } else { Left { checksum: None } };
        let action = Action::Adopt(document, left);
        let write = Write { key: key.clone(), action, condition: Condition::default(), synced: false };
        Self { write, list, checksum: left.checksum.unwrap_or(0) }
    }
}

impl Commit<'_> {
    /// Reads these files, and takes over what differs from memory, with the right to commit. What may not be settled yet is
    /// told, and counts where it `is_second`.
    pub fn take_edits(&mut self, keys: &[Key], is_second: bool) -> Result<Taken> {
        self.health.check()?;
        let mut taken = Taken::default();
        let Some(outside) = self.storage.outside() else { return Ok(taken) };
        let standing = outside.look(keys);
        // Gone before memory changes.
        let now = self.state.read().current().clone();
        let mut edits = Vec::new();
        for (key, standing) in keys.iter().zip(&standing) {
            match Verdict::of(key, now.get(key).map(|stored| &stored.document), standing) {
                Verdict::Same => {}
                Verdict::Removed | Verdict::Invalid(..) if !is_second => taken.unsettled.push(key.clone()),
                Verdict::Changed(document) => {
                    edits.push(Edit::new(key, Some(document), standing, |told| &mut told.changed));
                }
                Verdict::Added(document) => {
                    edits.push(Edit::new(key, Some(document), standing, |told| &mut told.added));
                }
                Verdict::Removed => edits.push(Edit::new(key, None, standing, |told| &mut told.removed)),
                Verdict::Invalid(file, checksum) => {
                    taken.refreshed.invalid.push(Invalid { key: key.clone(), file, checksum });
                }
            }
        }
        drop(now);
        self.commit_edits(&edits, is_second, &mut taken);
        Ok(taken)
    }

    fn commit_edits(&mut self, edits: &[Edit], is_second: bool, taken: &mut Taken) {
        let mut left = edits;
        while !left.is_empty() {
            let unit = |edit| Unit { writes: slice::from_ref(edit), reads: None };
            let answers = self.run(&left.iter().map(|edit| unit(&edit.write)).collect::<Vec<_>>());
            let (done, rest) = left.split_at(answers.len().clamp(1, left.len()));
            for (edit, answer) in done.iter().zip(answers) {
                taken.settle(edit, answer, is_second);
            }
            left = rest;
        }
    }
}

impl Taken {
    fn settle(&mut self, edit: &Edit, answer: Settled, is_second: bool) {
        let key = edit.write.key.clone();
        match answer {
            Settled::Stored(_) | Settled::Deleted => (edit.list)(&mut self.refreshed).push(key),
            Settled::Lost(error) | Settled::Failed(error) => match error.kind() {
                ErrorKind::Conflict | ErrorKind::KeyCollision | ErrorKind::Assertion if !is_second => {
                    self.unsettled.push(key);
                }
                ErrorKind::Conflict | ErrorKind::KeyCollision | ErrorKind::Assertion => {
                    let file = bad(&key, &error);
                    self.refreshed.invalid.push(Invalid { key, file, checksum: edit.checksum });
                }
                _ => {
                    self.unsettled.push(key);
                    self.failure.get_or_insert(error);
                }
            },
        }
    }
}

impl Shared {
    /// Which of these documents' files differ from memory, as far as one can tell who does not keep others from committing.
    pub(super) fn differing(&self, outside: &dyn Outside, keys: &[Key]) -> Result<Vec<Key>> {
        let mut differing = Vec::new();
        for keys in keys.chunks(AT_A_TIME) {
            let standing = outside.look(keys);
            // What others committed before their files were read is no edit.
            if self.is_behind() {
                self.await_answer(|reply| Request::CatchUp(Box::new(reply)))?;
            }
            let now = self.snapshot()?;
            let found = keys.iter().zip(&standing).filter(|(key, standing)| {
                let current = now.get(key).map(|stored| &stored.document);
                !matches!(Verdict::of(key, current, standing), Verdict::Same)
            });
            differing.extend(found.map(|(key, _)| key.clone()));
        }
        Ok(differing)
    }

    /// Has the committer take these files over.
    pub(super) fn take_edits(&self, keys: &[Key], is_second: bool) -> Result<Taken> {
        let mut taken = Taken::default();
        for keys in keys.chunks(AT_A_TIME) {
            let keys = keys.to_vec();
            let part = self.await_answer(|reply| Request::Edits(keys, is_second, Box::new(reply)))?;
            taken.refreshed.extend(part.refreshed);
            taken.unsettled.extend(part.unsettled);
            taken.failure = taken.failure.or(part.failure);
        }
        Ok(taken)
    }

    /// The keys of all documents that are in memory or have a file.
    pub(super) fn all_keys(&self, outside: &dyn Outside) -> Result<Vec<Key>> {
        let mut keys = outside.keys()?;
        let now = self.snapshot()?;
        keys.extend(now.documents().iter().map(|(key, _)| key.clone()));
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }

    /// Asks the committer, and waits.
    fn await_answer<T: Send + 'static>(
        &self,
        request: impl FnOnce(Box<dyn FnOnce(Result<T>) + Send>) -> Request,
    ) -> Result<T> {
        let (answer, answered) = channel();
        self.request(request(Box::new(move |told| drop(answer.send(told)))));
        answered.recv().unwrap_or_else(|RecvError| Err(closed()))
    }

    fn refresh(&self, errand: &Errand) -> Result<Refreshed> {
        let Some(outside) = self.outside.read().clone() else { return Ok(Refreshed::default()) };
        let keys = self.all_keys(outside.as_ref())?;
        let mut differing = Vec::new();
        for keys in keys.chunks(AT_A_TIME) {
            errand.check()?;
            differing.extend(self.differing(outside.as_ref(), keys)?);
        }
        let Taken { mut refreshed, unsettled, failure } = self.take_edits(&differing, false)?;
        failure.map_or(Ok(()), Err)?;
        if !unsettled.is_empty() {
            thread::sleep(SECOND_LOOK);
            let second = self.take_edits(&unsettled, true)?;
            second.failure.map_or(Ok(()), Err)?;
            refreshed.extend(second.refreshed);
        }
        Ok(refreshed)
    }
}

impl Engine {
    /// Compares the files of all documents with memory and takes over what differs, each file by itself, behind everything that
    /// was handed over before. A storage without files has nothing that differs.
    pub fn refresh(&self, call: Call, reply: RefreshReply) {
        let shared = std::sync::Arc::clone(&self.shared);
        let refresh = move |moment: Result<Moment>, errand: &Errand| {
            reply(moment.and_then(|_| shared.refresh(errand)));
        };
        self.run_errand_at(call, Box::new(refresh));
    }
}
