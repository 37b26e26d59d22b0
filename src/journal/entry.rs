//! The lines that hold writes.

use super::checksum;
use super::line::{Cursor, put, put_string, seal};
use crate::document::Document;
use crate::key::Key;

/// One change of one document. Its text has no newline in it, because canonical text has none.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Whose document.
    pub key: &'a Key,
    /// The new version, or `None` where it is deleted.
    pub document: Option<&'a Document>,
    /// The version that it replaces, or `None` where nothing is stored.
    pub previous: Option<&'a Document>,
    /// Where its file is left as it is: what that holds.
    pub left: Option<Left>,
}

/// What a file holds that is left as it is, though its document has a newer revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// The checksum of the document in it; `None` where there is no file.
    pub checksum: Option<u32>,
}

impl Left {
    /// A file that holds this document.
    #[must_use]
    pub fn of(found: &Document) -> Self {
        Self { checksum: Some(checksum(found.text())) }
    }

    fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        let checksum = if cursor.is_null() { None } else { Some(u32::try_from(cursor.number()?).ok()?) };
        Some(Self { checksum })
    }
}

/// What the writer knew when it wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Marks {
    /// The highest sequence known to be synced.
    pub synced: u64,
    /// The highest sequence up to which every file was in its place.
    pub placed: u64,
}

/// How a group's last line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// How many lines the group has.
    pub lines: u64,
    pub marks: Marks,
}

/// Adds a group's lines; `last` is the sequence before them. Tells their last.
pub(super) fn put_group(lines: &mut Vec<u8>, records: &[Record<'_>], last: u64, marks: Marks) -> u64 {
    let mut sequence = last;
    let end = last + records.len() as u64;
    for record in records {
        sequence += 1;
        let start = lines.len();
        put_record(lines, record, sequence);
        if sequence == end {
            put_end(lines, End { lines: records.len() as u64, marks });
        }
        seal(lines, start);
    }
    sequence
}

/// Adds the line that gives back the group that began at `first`.
pub(super) fn put_void(lines: &mut Vec<u8>, sequence: u64, first: u64, marks: Marks) {
    let start = lines.len();
    put(lines, format_args!("{{\"s\":{sequence},\"x\":{first}"));
    put_end(lines, End { lines: 1, marks });
    seal(lines, start);
}

fn put_record(lines: &mut Vec<u8>, record: &Record<'_>, sequence: u64) {
    put(lines, format_args!("{{\"s\":{sequence},\"k\":"));
    put_string(lines, &record.key.to_text());
    let revision = record.document.or(record.previous).map_or(0, Document::revision);
    if let Some(document) = record.document {
        put(lines, format_args!(",\"v\":{revision},\"d\":false,\"val\":"));
        lines.extend_from_slice(document.text().as_bytes());
    } else {
        put(lines, format_args!(",\"v\":{revision},\"d\":true"));
    }
    match record.previous {
        Some(previous) => put(lines, format_args!(",\"p\":{}", checksum(previous.text()))),
        None => put(lines, format_args!(",\"p\":null")),
    }
    match record.left.map(|left| left.checksum) {
        Some(Some(text)) => put(lines, format_args!(",\"f\":{text}")),
        Some(None) => put(lines, format_args!(",\"f\":null")),
        None => {}
    }
}

fn put_end(lines: &mut Vec<u8>, End { lines: count, marks }: End) {
    let Marks { synced, placed } = marks;
    put(lines, format_args!(",\"e\":{count},\"y\":{synced},\"a\":{placed}"));
}

/// A line that was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub sequence: u64,
    pub content: Content,
    /// Where it is its group's last line.
    pub end: Option<End>,
}

/// What a line says beside its place.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    Write(Version),
    /// The group that began at this sequence was given back.
    Void(u64),
}

/// One change of one document, as it was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Version {
    pub key: Key,
    /// `None` where it was deleted.
    pub document: Option<Document>,
    /// The checksum of the version that was replaced.
    pub previous: Option<u32>,
    /// Where its file was left as it was: what that held.
    pub left: Option<Left>,
}

impl Entry {
    /// Reads the text of a line; `None` where it is no entry.
    pub fn read(text: &str) -> Option<Self> {
        let mut cursor = Cursor { rest: text };
        cursor.pass("{\"s\":")?;
        let sequence = cursor.number()?;
        let content = if cursor.pass(",\"x\":").is_some() {
            Content::Void(cursor.number()?)
        } else {
            Content::Write(Version::read(&mut cursor)?)
        };
        let end = if cursor.rest.is_empty() { None } else { Some(End::read(&mut cursor)?) };
        cursor.rest.is_empty().then_some(Self { sequence, content, end })
    }
}

impl Version {
    fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        cursor.pass(",\"k\":")?;
        let key = Key::new(&cursor.string()?).ok()?;
        cursor.pass(",\"v\":")?;
        let revision = cursor.number()?;
        cursor.pass(",\"d\":")?;
        let document = if cursor.truth()? {
            None
        } else {
            cursor.pass(",\"val\":")?;
            // Whatever the document holds, the last such member of the line is ours: only numbers stand behind it.
            let (text, rest) = cursor.rest.split_at_checked(cursor.rest.rfind(",\"p\":")?)?;
            cursor.rest = rest;
            Some(Document::from_text(text).filter(|document| document.revision() == revision)?)
        };
        cursor.pass(",\"p\":")?;
        let previous = Left::read(cursor)?.checksum;
        let left = if cursor.pass(",\"f\":").is_some() { Some(Left::read(cursor)?) } else { None };
        Some(Self { key, document, previous, left })
    }
}

impl End {
    fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        cursor.pass(",\"e\":")?;
        let lines = cursor.number()?;
        cursor.pass(",\"y\":")?;
        let synced = cursor.number()?;
        cursor.pass(",\"a\":")?;
        let placed = cursor.number()?;
        Some(Self { lines, marks: Marks { synced, placed } })
    }
}
