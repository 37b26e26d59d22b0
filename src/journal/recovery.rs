//! What a journal tells after a crash.

use std::collections::{HashMap, HashSet};

use super::head::{Head, Placing};
use super::history::History;
use super::reader::{Damage, Reader};
use super::segment;
use crate::disk::{Disk, Kind};
use crate::error::{BadFile, Error, ErrorKind, Result};
use crate::key::Key;

/// What a journal holds.
#[derive(Debug, Default)]
pub struct Recovered {
    /// `None` where no segment counts.
    pub epoch: Option<u64>,
    /// The first sequence of the oldest segment that counts.
    pub first: u64,
    /// The last sequence used.
    pub last: u64,
    /// The highest sequence up to which every file was in its place when the last line was written.
    pub placed: u64,
    /// When files were placed: in the background, where any segment says so.
    pub placing: Placing,
    /// The store was closed, and nothing was written since.
    pub closed: bool,
    /// All of it was written in this run of the machine, so that what was written and not synced is there.
    pub same_boot: bool,
    /// The number of the next segment.
    pub next_number: u64,
    /// The number of the oldest segment that counts; 0 where none does.
    pub oldest_number: u64,
    /// The paths of all segments, oldest first, also of those that do not count.
    pub segments: Vec<String>,
    /// Each document of which a version counts.
    pub histories: HashMap<Key, History>,
    /// Where its unsynced end was cut off. The file is as it was.
    pub cut: Option<Cut>,
}

/// Where a journal's unsynced end begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The path of the segment; those behind it count for nothing.
    pub segment: String,
    /// The first byte that does not count.
    pub offset: u64,
    /// How many whole groups are behind it.
    pub whole_groups_behind: usize,
}

impl Recovered {
    /// Whether there is nothing to replay.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.histories.is_empty()
    }
}

/// Reads the journal in a folder and changes nothing. A folder that is missing holds an empty journal.
///
/// # Errors
///
/// `CORRUPT` where something is damaged that had been synced, `UNSUPPORTED` where a later version wrote it, or the
/// system's.
pub fn recover(disk: &dyn Disk, folder: &str) -> Result<Recovered> {
    let numbers = numbers(disk, folder)?;
    let segments: Vec<String> = numbers.iter().map(|number| segment::path(folder, *number)).collect();
    let mut reader = read(disk, &segments, HashSet::new())?;
    if !reader.voids.is_empty() {
        // A void stands behind what it gives back. It is rare enough to read again.
        reader = read(disk, &segments, std::mem::take(&mut reader.voids))?;
    }
    let cut = reader.damage.map(cut).transpose()?;
    let boot = disk.boot();
    let (oldest, newest) = (reader.heads.first(), reader.heads.last());
    Ok(Recovered {
        epoch: oldest.map(|head| head.epoch),
        first: oldest.map_or(0, |head| head.first),
        last: reader.next.saturating_sub(1),
        placed: reader.placed,
        placing: placing(&reader.heads),
        closed: newest.is_some_and(|head| head.closed) && reader.histories.is_empty(),
        same_boot: boot.is_some() && oldest.is_some() && reader.heads.iter().all(|head| head.boot == boot),
        oldest_number: reader.oldest.rsplit('/').next().and_then(segment::number).unwrap_or(0),
        next_number: numbers.last().map_or(1, |number| number + 1),
        segments,
        histories: reader.histories.finish(),
        cut,
    })
}

/// When the files of a journal were placed: of processes that wrote to it together the slowest counts.
fn placing(heads: &[Head]) -> Placing {
    let is_background = heads.iter().any(|head| head.placing == Placing::Background);
    if is_background { Placing::Background } else { Placing::Eager }
}

/// Makes the segments that were recovered durable. After a crash that was no power cut they may not be; what relies on them,
/// as putting the files of a group in their places one by one does, has to wait for that.
///
/// # Errors
///
/// The system's.
pub fn secure(disk: &dyn Disk, folder: &str, segments: &[String]) -> Result<()> {
    for path in segments {
        disk.open(path)?.sync_data()?;
    }
    if segments.is_empty() { Ok(()) } else { disk.sync_folder(folder) }
}

/// Removes the segments that were recovered, after a journal that goes on behind them was
/// [begun](super::Journal::begin): then it does not matter which of them a power cut brings back. One that is gone already
/// is no failure.
///
/// # Errors
///
/// The system's.
pub fn discard(disk: &dyn Disk, folder: &str, segments: &[String]) -> Result<()> {
    for path in segments {
        match disk.remove(path) {
            Err(cause) if cause.code() == "ENOENT" => {}
            other => other?,
        }
    }
    if segments.is_empty() { Ok(()) } else { disk.sync_folder(folder) }
}

/// The numbers of the segments, ascending.
fn numbers(disk: &dyn Disk, folder: &str) -> Result<Vec<u64>> {
    if disk.kind(folder)?.is_none() {
        return Ok(Vec::new());
    }
    let files = disk.list(folder)?.into_iter().filter(|listed| listed.kind == Kind::File);
    let mut numbers: Vec<u64> = files.filter_map(|listed| segment::number(&listed.name.ok()?)).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

fn read(disk: &dyn Disk, segments: &[String], voided: HashSet<u64>) -> Result<Reader> {
    let mut reader = Reader::new(voided);
    let mut bytes = Vec::new();
    for segment in segments {
        bytes.clear();
        disk.read(segment, &mut bytes)?;
        reader.read(segment, &bytes)?;
    }
    Ok(reader)
}

fn cut(damage: Damage) -> Result<Cut> {
    let Damage { segment, offset, reason, is_real, whole_groups, .. } = damage;
    if is_real {
        let reason = format!("{reason} at byte {offset}, where everything had been synced");
        let message = format!("the journal is damaged: '{segment}' {reason}");
        return Err(Error::new(ErrorKind::Corrupt, message).with_files(vec![BadFile { file: segment, reason }]));
    }
    Ok(Cut { segment, offset: offset as u64, whole_groups_behind: whole_groups })
}
