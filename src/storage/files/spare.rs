//! Files that documents no longer need: kept for a while, then used again.
//!
//! ```text
//!   a document's file is displaced --> its successor's journal record is synced --> filled with NUL --> synced --> spare
//!                                                     '--> removed, where the pool is full or the file will not do
//! ```
//!
//! Why not simply rename over the old file: on ext4 that frees an inode and flushes the new file at once, which costs
//! five times as much as swapping the two and writing into the old one later.
//!
//! # Invariants
//!
//! - A displaced file keeps its content until the version that took its place can be restored from the journal.
//! - A file is used again only when what it held is gone from the disk for good: after a power cut it may come back as
//!   what it held before, and that must parse as nothing.
//! - A file that has a second name (a backup by hard links) or is large is never written again.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::disk::{Disk, write_all};
use crate::error::Result;
use crate::storage::Sequence;

/// How many files wait, clean or not. From so many on a commit waits for the keeper: files that it makes clean cost less
/// than files that it has to remove.
const MOST: usize = 16_384;

/// So many clean files are kept while nothing is written.
const IDLE: usize = 512;

/// So many of the others are removed at a time.
const AT_A_TIME: usize = 512;

/// From so many displaced files on they should be tended to at once.
const PRESSING: usize = 2_048;

/// A larger file is not kept.
const LARGEST: u64 = 64 * 1024;

/// A displaced file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Displaced {
    /// Its name, relative to the data directory.
    pub name: String,
    /// The commit that displaced it.
    pub successor: Sequence,
}

/// A file that can be written again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spare {
    /// Its name, relative to the data directory.
    pub name: String,
    /// How many NULs it holds.
    pub length: u64,
}

/// Clean files by their length.
#[derive(Debug, Default)]
struct Clean {
    by_length: BTreeMap<u64, Vec<Spare>>,
    count: usize,
}

impl Clean {
    fn extend(&mut self, spares: impl IntoIterator<Item = Spare>) {
        for spare in spares {
            self.by_length.entry(spare.length).or_default().push(spare);
            self.count += 1;
        }
    }

    /// The longest of those that need not be cut to `length`, which costs as much as writing; any other without one.
    fn take(&mut self, length: u64) -> Option<Spare> {
        let fitting = self.by_length.range(..=length).next_back().or_else(|| self.by_length.first_key_value());
        let nearest = *fitting?.0;
        let Entry::Occupied(mut spares) = self.by_length.entry(nearest) else { return None };
        let spare = spares.get_mut().pop();
        if spares.get().is_empty() {
            spares.remove();
        }
        self.count -= usize::from(spare.is_some());
        spare
    }

    /// Takes out all but `kept`.
    fn split_off(&mut self, kept: usize) -> Vec<Spare> {
        let all: Vec<Spare> = std::mem::take(self).by_length.into_values().flatten().collect();
        let mut all = all.into_iter();
        self.extend(all.by_ref().take(kept));
        all.collect()
    }
}

/// The pool of one opener.
#[derive(Debug, Default)]
pub struct Spares {
    recycles: bool,
    clean: Clean,
    displaced: Vec<Displaced>,
    /// Taken out to be made clean.
    in_work: usize,
    /// A file was taken since the last look.
    in_use: bool,
}

impl Spares {
    /// An empty pool. Files are used again only where all of them can be synced in one call.
    pub fn new(recycles: bool) -> Self {
        Self { recycles, ..Self::default() }
    }

    /// Whether files are used again.
    pub fn recycles(&self) -> bool {
        self.recycles
    }

    /// A file to write so many bytes into, if one is clean.
    pub fn take(&mut self, length: u64) -> Option<Spare> {
        self.in_use = true;
        self.clean.take(length)
    }

    /// Keeps a displaced file.
    pub fn displace(&mut self, file: Displaced) {
        self.displaced.push(file);
    }

    /// Forgets everything: the folder was removed.
    pub fn forget(&mut self) {
        self.clean = Clean::default();
        self.displaced.clear();
    }

    /// Takes out what was displaced by commits up to `synced`, and tells how many of them there is room for.
    pub fn take_displaced(&mut self, synced: Sequence) -> (Vec<Displaced>, usize) {
        let (ripe, unripe) = std::mem::take(&mut self.displaced).into_iter().partition(|file| file.successor <= synced);
        self.displaced = unripe;
        let ripe: Vec<Displaced> = ripe;
        self.in_work += ripe.len();
        let room = if self.recycles { MOST.saturating_sub(self.clean.count) } else { 0 };
        (ripe, room)
    }

    /// Takes out every clean file, and what was displaced by commits up to `synced`: for good.
    pub fn take_all(&mut self, synced: Sequence) -> (Vec<Displaced>, Vec<Spare>) {
        let (ripe, unripe) = std::mem::take(&mut self.displaced).into_iter().partition(|file| file.successor <= synced);
        self.displaced = unripe;
        (ripe, self.clean.split_off(0))
    }

    /// Takes out some of the clean files that nobody used since the last time: for good.
    pub fn take_idle(&mut self) -> Vec<Spare> {
        if std::mem::take(&mut self.in_use) || !self.has_idle() {
            return Vec::new();
        }
        let kept = self.clean.count.saturating_sub(AT_A_TIME).max(IDLE);
        self.clean.split_off(kept)
    }

    /// Whether more clean files wait than are kept while nothing is written.
    pub fn has_idle(&self) -> bool {
        self.clean.count > IDLE
    }

    /// Takes in the files that were made clean of so many that were taken out.
    pub fn put(&mut self, taken: usize, clean: impl IntoIterator<Item = Spare>) {
        self.in_work -= taken;
        self.clean.extend(clean);
    }

    /// How many displaced files wait.
    pub fn displaced(&self) -> usize {
        self.displaced.len()
    }

    /// How many files wait in either state.
    pub fn len(&self) -> usize {
        self.clean.count + self.displaced.len() + self.in_work
    }

    /// Whether the displaced files should be tended to at once.
    pub fn is_pressed(&self) -> bool {
        self.displaced.len() >= PRESSING
    }

    /// Whether nothing should be written before the displaced files were tended to.
    pub fn are_too_many(&self) -> bool {
        self.clean.count == 0 && self.displaced.len() + self.in_work >= MOST
    }
}

/// Fills a displaced file with NUL. It is clean when that is synced. `None` where it will not do.
///
/// # Errors
///
/// The system's.
pub fn blank(disk: &dyn Disk, file: &Displaced) -> Result<Option<Spare>> {
    static NUL: [u8; 4096] = [0; 4096];
    let handle = disk.open(&file.name)?;
    let size = handle.size()?;
    if size.names != 1 || size.length > LARGEST {
        return Ok(None);
    }
    let mut written = 0;
    while written < size.length {
        let part = usize::try_from(size.length - written).unwrap_or(NUL.len()).min(NUL.len());
        write_all(handle.as_ref(), NUL.get(..part).unwrap_or(&NUL), written)?;
        written += part as u64;
    }
    Ok(Some(Spare { name: file.name.clone(), length: size.length }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spare(length: u64) -> Spare {
        Spare { name: format!("tmp/{length}"), length }
    }

    #[test]
    fn the_longest_spare_that_need_not_be_cut_is_taken_first() {
        let mut spares = Spares::new(true);
        spares.put(0, [700, 300, 500, 500].map(spare));
        let mut take = |length| spares.take(length).map(|spare| spare.length);
        assert_eq!(
            [take(600), take(600), take(600), take(600), take(600)],
            [Some(500), Some(500), Some(300), Some(700), None]
        );
        assert_eq!(spares.len(), 0);
    }

    #[test]
    fn clean_files_that_nobody_uses_are_given_out_but_for_some() {
        let mut spares = Spares::new(true);
        spares.put(0, (0..2_000).map(spare));
        assert_eq!(spares.take_idle().len(), AT_A_TIME);
        assert_eq!(spares.len(), 2_000 - AT_A_TIME);
        spares.take(1).unwrap();
        assert!(spares.take_idle().is_empty(), "one was used");
        while spares.has_idle() {
            assert!(!spares.take_idle().is_empty());
        }
        assert_eq!(spares.len(), IDLE);
    }
}
