//! `backup.jsonl`: what a backup holds.
//!
//! ```text
//! {"format":"kixx-datastore-backup","version":1,"created":"2026-11-21T20:00:00.000Z","epoch":1,"sequence":7,"documents":2,"collation":"codeUnit"}
//! {"file":"user%3A123.json","bytes":48,"crc32c":"5f3b8c0e"}
//! {"file":".datastore/format.json","bytes":47,"crc32c":"0a1b2c3d"}
//! {"files":2,"bytes":95,"crc32c":"c0ffee00"}
//! ```
//!
//! One line for each file; the last one's checksum is that of all lines before it. Members may be added.

use std::io::Write as _;

use serde_json::Value;

use crate::disk::{Disk, Handle, write_all};
use crate::error::{BadFile, Error, ErrorKind, Result};
use crate::key::file_name::{self, Form};
use crate::storage::Position;
use crate::storage::files::layout::{DEFINITIONS, FORMAT, MANIFEST};

const NAME: &str = "kixx-datastore-backup";

/// The version this crate writes and the highest that it reads.
const VERSION: u64 = 1;

/// From so many bytes on lines are written.
const MOST_BUFFERED: usize = 64 << 10;

/// What a backup is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// When it was begun, as ISO 8601 has it.
    pub created: String,
    /// The moment that it is of.
    pub position: Position,
    /// How many documents it holds.
    pub documents: usize,
    /// The order of the store's keys, as JSON.
    pub collation: String,
    /// Bytes of all its files but this one.
    pub bytes: u64,
}

/// A file of a backup, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Relative to the backup.
    pub file: String,
    bytes: u64,
    sum: u32,
}

impl Written {
    pub fn new(file: &str, bytes: &[u8]) -> Self {
        Self { file: file.to_owned(), bytes: bytes.len() as u64, sum: crc32c::crc32c(bytes) }
    }
}

/// The lines of a manifest on their way into its file.
#[derive(Debug)]
pub struct Writer {
    file: Box<dyn Handle>,
    lines: Vec<u8>,
    offset: u64,
    sum: u32,
    files: usize,
    bytes: u64,
}

impl Writer {
    /// Begins with the head.
    pub fn new(file: Box<dyn Handle>, summary: &Summary) -> Self {
        let Summary { created, position, documents, collation, .. } = summary;
        let created = Value::from(created.as_str());
        let mut writer = Self { file, lines: Vec::new(), offset: 0, sum: 0, files: 0, bytes: 0 };
        writer.line(format_args!(
            "{{\"format\":\"{NAME}\",\"version\":{VERSION},\"created\":{created},\"epoch\":{},\"sequence\":{},\
             \"documents\":{documents},\"collation\":{collation}}}",
            position.epoch, position.sequence
        ));
        writer
    }

    /// Tells of a file.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn add(&mut self, written: &Written) -> Result<()> {
        let Written { file, bytes, sum } = written;
        self.files += 1;
        self.bytes += bytes;
        let file = Value::from(file.as_str());
        self.line(format_args!("{{\"file\":{file},\"bytes\":{bytes},\"crc32c\":\"{sum:08x}\"}}"));
        if self.lines.len() >= MOST_BUFFERED { self.flush() } else { Ok(()) }
    }

    /// Ends with the last line. Gives out the file, and the bytes of all files.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn finish(mut self) -> Result<(Box<dyn Handle>, u64)> {
        self.flush()?;
        let Self { files, bytes, sum, .. } = self;
        self.line(format_args!("{{\"files\":{files},\"bytes\":{bytes},\"crc32c\":\"{sum:08x}\"}}"));
        self.flush()?;
        Ok((self.file, bytes))
    }

    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        // Memory takes everything.
        let _ = writeln!(self.lines, "{text}");
    }

    fn flush(&mut self) -> Result<()> {
        write_all(self.file.as_ref(), &self.lines, self.offset)?;
        self.offset += self.lines.len() as u64;
        self.sum = crc32c::crc32c_append(self.sum, &self.lines);
        self.lines.clear();
        Ok(())
    }
}

/// A manifest that was read.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// What the backup is.
    pub summary: Summary,
    /// Its files, in the order in which they were written.
    pub files: Vec<Written>,
}

impl Manifest {
    /// Reads the manifest of the backup that a disk is mounted at.
    ///
    /// # Errors
    ///
    /// `ENOENT` where there is none, `UNSUPPORTED` for a later version, `CORRUPT` where it is not as it was written, or the
    /// system's.
    pub fn read(disk: &dyn Disk) -> Result<Self> {
        let mut bytes = Vec::new();
        disk.read(MANIFEST, &mut bytes)?;
        let version = bytes.split(|byte| *byte == b'\n').next().and_then(version);
        if let Some(later) = version.filter(|version| *version > VERSION) {
            let message =
                format!("the backup is in format {later}; this version reads up to {VERSION}: update the package");
            return Err(Error::new(ErrorKind::Unsupported, message).with_path(disk.path(MANIFEST)));
        }
        version.and_then(|_| parse(&bytes)).ok_or_else(|| {
            let bad = BadFile { file: MANIFEST.to_owned(), reason: "is not as it was written".to_owned() };
            corrupt(disk, vec![bad])
        })
    }
}

/// The error of a backup whose files are bad.
pub fn corrupt(disk: &dyn Disk, files: Vec<BadFile>) -> Error {
    let path = disk.path("");
    let first = files.first().map(|bad| format!("'{}' {}", bad.file, bad.reason)).unwrap_or_default();
    let message = format!("{} bad file(s) in the backup '{}': {first}", files.len(), path.display());
    Error::new(ErrorKind::Corrupt, message).with_path(path).with_files(files)
}

/// The version that a head names, if it is one.
fn version(head: &[u8]) -> Option<u64> {
    let head: Value = serde_json::from_slice(head).ok()?;
    (head.get("format")? == NAME).then(|| head.get("version")?.as_u64())?
}

fn parse(bytes: &[u8]) -> Option<Manifest> {
    let text = str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
    let (before, last) = text.rsplit_once('\n')?;
    let last: Value = serde_json::from_str(last).ok()?;
    let covered = bytes.get(..=before.len())?;
    let mut lines = before.split('\n');
    let head: Value = serde_json::from_str(lines.next()?).ok()?;
    let files = lines.map(file).collect::<Option<Vec<_>>>()?;
    let is_whole = sum(&last)? == crc32c::crc32c(covered)
        && number(&last, "files")? == files.len() as u64
        && number(&last, "bytes")? == files.iter().map(|file| file.bytes).sum::<u64>();
    let summary = Summary {
        created: head.get("created")?.as_str()?.to_owned(),
        position: Position { epoch: number(&head, "epoch")?, sequence: number(&head, "sequence")? },
        documents: usize::try_from(number(&head, "documents")?).ok()?,
        collation: head.get("collation")?.to_string(),
        bytes: number(&last, "bytes")?,
    };
    is_whole.then_some(Manifest { summary, files })
}

/// A line of a file that a backup may hold: nothing else is ever read or written by its name.
fn file(line: &str) -> Option<Written> {
    let line: Value = serde_json::from_str(line).ok()?;
    let file = line.get("file")?.as_str()?;
    let is_ours = [FORMAT, DEFINITIONS].contains(&file) || matches!(file_name::parse(file), Some((_, Form::Canonical)));
    is_ours.then_some(Written { file: file.to_owned(), bytes: number(&line, "bytes")?, sum: sum(&line)? })
}

fn number(line: &Value, name: &str) -> Option<u64> {
    line.get(name)?.as_u64()
}

fn sum(line: &Value) -> Option<u32> {
    u32::from_str_radix(line.get("crc32c")?.as_str()?, 16).ok()
}
