//! One write of one document: what it does, when, and what it would store.

use std::ops::Range;
use std::sync::Arc;

use super::snapshot::Stored;
use crate::document::{Body, Document, MAX_REVISION};
use crate::error::{Error, Result};
use crate::key::Key;
use crate::storage::{Entry, Left, Sequence};

/// One write of one document.
#[derive(Clone, Debug)]
pub struct Write {
    /// Whose document.
    pub key: Key,
    /// What to do.
    pub action: Action,
    /// When to do it.
    pub condition: Condition,
    /// Whether it is answered only when it survives a power cut, also where the store's default is less.
    pub synced: bool,
}

/// A document's text as it was given: what `JSON.stringify` made of it, `_rev` included if it has one. It is a part of the
/// text that was given with it, so that what crosses together need not be cut up before it is stored.
#[derive(Clone, Debug)]
pub struct Given {
    whole: Arc<String>,
    part: Range<usize>,
}

impl Given {
    /// The bytes of `part` in a text; `None` where no characters begin and end there.
    #[must_use]
    pub fn part(whole: &Arc<String>, part: Range<usize>) -> Option<Self> {
        whole.get(part.clone())?;
        Some(Self { whole: Arc::clone(whole), part })
    }
}

impl AsRef<str> for Given {
    fn as_ref(&self) -> &str {
        self.whole.get(self.part.clone()).unwrap_or_default()
    }
}

impl From<String> for Given {
    fn from(text: String) -> Self {
        let part = 0..text.len();
        Self { whole: Arc::new(text), part }
    }
}

/// What a write does.
#[derive(Clone, Debug)]
pub enum Action {
    /// Store a new version under the next revision.
    Set(Given),
    /// Store the document as it is, its own revision included (missing: 0).
    Put(Given),
    /// Store this version, which was made before.
    Keep(Document),
    /// Store this version, or none, which was made of what the document's file holds.
    Adopt(Option<Document>, Left),
    /// Remove the document, if it is there.
    Delete,
}

/// What has to hold for a write, beyond what its document says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// The document's last change is this one (0: there is none).
    pub sequence: Option<Sequence>,
    /// The stored document has this revision.
    pub revision: Option<u64>,
    /// What the revision inside the document, or its absence, means.
    pub rule: RevisionRule,
}

/// What the revision that came with a write means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RevisionRule {
    /// If one came, it must be the stored one.
    #[default]
    IfGiven,
    /// One must come with every write to an existing document.
    Required,
    /// It is not compared.
    Ignored,
}

/// The answer to a write.
#[derive(Clone, Debug)]
pub enum Settled {
    /// This version is stored.
    Stored(Document),
    /// Nothing is stored under the key any more.
    Deleted,
    /// What the writer [saw](Condition::sequence) is not so any more; the conflict tells how.
    Lost(Error),
    /// Nothing was changed.
    Failed(Error),
}

impl Settled {
    /// Whether nothing was changed.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::Failed(_))
    }
}

impl From<Error> for Settled {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Takes the answers to a submission, in the order of its writes.
pub type Reply = Box<dyn FnOnce(Vec<Settled>) + Send>;

impl Write {
    /// What to store, nothing where there is nothing to delete, or why not. `room` is where texts are put together.
    pub(super) fn prepare(&self, current: Option<&Stored>, room: &mut String) -> Result<Option<Entry>, Settled> {
        let Self { key, action, condition, .. } = self;
        let actual = current.map(|stored| stored.document.revision());
        let is_seen = condition.sequence.is_none_or(|seen| seen == current.map_or(0, |stored| stored.sequence));
        let check = |given| {
            if is_seen {
                condition.rule.check(key, given, actual).map_err(Settled::Failed)
            } else {
                Err(Settled::Lost(Error::conflict(&key.to_text(), given, actual)))
            }
        };
        let document = match action {
            Action::Set(text) => {
                let (body, given) = parse(key, text.as_ref())?;
                check(condition.revision.or(given))?;
                Some(Document::assemble(next_revision(key, actual)?, &body, room))
            }
            Action::Put(text) => {
                let (body, given) = parse(key, text.as_ref())?;
                check(condition.revision)?;
                Some(Document::assemble(given.unwrap_or(0), &body, room))
            }
            Action::Keep(document) => {
                check(condition.revision)?;
                Some(document.clone())
            }
            Action::Adopt(document, _) => document.clone(),
            Action::Delete => {
                check(condition.revision)?;
                if actual.is_none() {
                    check_missing(key, condition.revision)?;
                    return Ok(None);
                }
                None
            }
        };
        let previous = current.map(|stored| stored.document.clone());
        let left = if let Action::Adopt(_, left) = action { Some(*left) } else { None };
        Ok(Some(Entry { key: key.clone(), document, previous, left }))
    }
}

impl RevisionRule {
    /// A missing document conflicts with no revision: it begins at 0 whatever came with it.
    pub(super) fn check(self, key: &Key, given: Option<u64>, actual: Option<u64>) -> Result<()> {
        let matches = match (self, given) {
            (Self::Ignored, _) | (Self::IfGiven, None) => true,
            _ => actual.is_none() || given == actual,
        };
        if matches { Ok(()) } else { Err(Error::conflict(&key.to_text(), given, actual)) }
    }
}

/// What is missing can be deleted, unless a revision of it was named.
pub(super) fn check_missing(key: &Key, named: Option<u64>) -> Result<()> {
    if named.is_some() { Err(Error::conflict(&key.to_text(), named, None)) } else { Ok(()) }
}

/// A document's text without its revision, and the revision.
pub(super) fn parse<'a>(key: &Key, text: &'a str) -> Result<(Body<'a>, Option<u64>)> {
    match Body::from_stringified(text) {
        Ok(parts) => Ok((parts.body, parts.revision)),
        Err(error) => Err(error.with_key(key.to_text())),
    }
}

/// The revision after the one that is stored.
pub(super) fn next_revision(key: &Key, actual: Option<u64>) -> Result<u64> {
    match actual {
        None => Ok(0),
        Some(revision) if revision < MAX_REVISION => Ok(revision + 1),
        Some(_) => Err(Error::assertion("the document has no revisions left").with_key(key.to_text())),
    }
}
