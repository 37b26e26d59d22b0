//! Bytes: as they are, as they are durable, and the sectors between.
//!
//! Each sector is written back by itself, at any time, as it was after any of the writes to it since the last sync; the
//! length likewise, by itself. Where a sector was not written back the disk has what was durable, or zeros where
//! somebody wrote: never zeros in place of durable bytes that nobody wrote to.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::dice::Dice;

const SECTOR: usize = 512;

#[derive(Clone, Debug, Default)]
pub struct File {
    current: Arc<Vec<u8>>,
    durable: Arc<Vec<u8>>,
    /// Every length since the last sync.
    lengths: Vec<usize>,
    is_length_dropped: bool,
    unsynced: BTreeMap<usize, Sector>,
}

/// A sector that was written to since it was durable.
#[derive(Clone, Debug)]
struct Sector {
    /// After each write to it, as long as a sector.
    versions: Vec<Vec<u8>>,
    /// What was durable, with zeros where somebody wrote.
    blank: Vec<u8>,
    is_dropped: bool,
}

/// What becomes of a file in a power cut.
#[derive(Clone, Copy, Debug)]
pub enum Fate {
    /// Nothing unsynced was written back.
    Old,
    /// All was.
    New,
    /// The length was, the bytes are zeros.
    Blank,
    /// All but one sector was.
    Hole(usize),
    /// The length and the sectors before one were.
    Before(usize),
    /// All was, but the length stopped here.
    Length(usize),
    /// Each by chance.
    Mixed(Dice),
    /// One of these by chance, another for each file.
    Any(Dice),
}

impl File {
    /// All is durable.
    pub fn settled(content: Arc<Vec<u8>>) -> Self {
        Self { current: content.clone(), durable: content, ..Self::default() }
    }

    pub fn content(&self) -> &[u8] {
        &self.current
    }

    pub fn is_synced(&self) -> bool {
        self.lengths.is_empty() && self.unsynced.is_empty()
    }

    pub fn write(&mut self, bytes: &[u8], offset: usize) {
        if bytes.is_empty() {
            return;
        }
        let range = offset..offset + bytes.len();
        if range.end > self.current.len() {
            self.resize(range.end);
        }
        if let Some(target) = Arc::make_mut(&mut self.current).get_mut(range.clone()) {
            target.copy_from_slice(bytes);
        }
        self.note(&range);
    }

    pub fn truncate(&mut self, length: usize) {
        let cut = length..self.current.len();
        if cut.start != cut.end {
            self.resize(length);
        }
        if !cut.is_empty() {
            self.note(&cut);
        }
    }

    fn resize(&mut self, length: usize) {
        Arc::make_mut(&mut self.current).resize(length, 0);
        self.lengths.push(length);
        self.is_length_dropped = false;
    }

    /// These bytes are other ones now, or none.
    fn note(&mut self, range: &Range<usize>) {
        self.is_length_dropped = false;
        for number in range.start / SECTOR..range.end.div_ceil(SECTOR) {
            let (current, durable) = (padded(&self.current, number), padded(&self.durable, number));
            let fresh = || Sector { versions: Vec::new(), blank: durable, is_dropped: false };
            let sector = self.unsynced.entry(number).or_insert_with(fresh);
            sector.is_dropped = false;
            sector.versions.push(current);
            let from = range.start.saturating_sub(number * SECTOR);
            let to = (range.end - number * SECTOR).min(SECTOR);
            sector.blank.get_mut(from..to).unwrap_or_default().fill(0);
        }
    }

    /// Makes durable what was not dropped.
    pub fn sync(&mut self) {
        if self.is_length_dropped {
            return;
        }
        self.lengths.clear();
        if self.unsynced.values().any(|sector| sector.is_dropped) {
            let durable = self.assembled(self.current.len(), |_, sector| (!sector.is_dropped).then(|| sector.newest()));
            self.durable = durable;
            self.unsynced.retain(|_, sector| sector.is_dropped);
        } else {
            self.durable = self.current.clone();
            self.unsynced.clear();
        }
    }

    /// Drops what a sync would have made durable.
    pub fn lose(&mut self) {
        self.is_length_dropped = !self.lengths.is_empty();
        self.unsynced.values_mut().for_each(|sector| sector.is_dropped = true);
    }

    /// Every fate in which one sector, or all from some point on, is missing.
    pub fn torn(&self) -> Vec<Fate> {
        let mut fates = Vec::new();
        for number in self.unsynced.keys().copied() {
            fates.extend([Fate::Hole(number), Fate::Before(number)]);
        }
        let grown = self.durable.len() + 1..self.current.len();
        fates.extend(
            self.unsynced.keys().map(|number| number * SECTOR).filter(|end| grown.contains(end)).map(Fate::Length),
        );
        fates.extend(self.lengths.iter().copied().map(Fate::Length));
        fates
    }

    /// The content after a power cut.
    pub fn after(&self, fate: Fate) -> Arc<Vec<u8>> {
        let length = self.current.len();
        match fate {
            Fate::Old => self.durable.clone(),
            Fate::New => self.current.clone(),
            Fate::Blank => self.assembled(length, |_, sector| Some(&sector.blank)),
            Fate::Hole(hole) => self.assembled(length, |number, sector| (number != hole).then(|| sector.newest())),
            Fate::Before(end) => self.assembled(length, |number, sector| (number < end).then(|| sector.newest())),
            Fate::Length(length) => self.assembled(length, |_, sector| Some(sector.newest())),
            Fate::Mixed(mut dice) => {
                let chosen = dice.below(self.lengths.len() + 1);
                let length = self.lengths.get(chosen).copied().unwrap_or(self.durable.len());
                self.assembled(length, |_, sector| sector.any(&mut dice))
            }
            Fate::Any(mut dice) => self.after(match dice.below(8) {
                0 => Fate::Old,
                1 | 2 => Fate::New,
                3 => Fate::Blank,
                _ => Fate::Mixed(dice),
            }),
        }
    }

    /// What is durable, with these sectors over it.
    fn assembled<'a>(
        &'a self,
        length: usize,
        mut choose: impl FnMut(usize, &'a Sector) -> Option<&'a [u8]>,
    ) -> Arc<Vec<u8>> {
        let mut content = self.durable.as_ref().clone();
        content.resize(length, 0);
        for (number, sector) in &self.unsynced {
            if let Some(bytes) = choose(*number, sector) {
                lay(&mut content, *number, bytes);
            }
        }
        Arc::new(content)
    }
}

impl Sector {
    fn newest(&self) -> &[u8] {
        self.versions.last().unwrap_or(&self.blank)
    }

    /// `None` for what is durable.
    fn any(&self, dice: &mut Dice) -> Option<&[u8]> {
        match dice.below(self.versions.len() + 2) {
            0 => None,
            1 => Some(&self.blank),
            // The newest is the likeliest.
            _ if dice.below(2) == 0 => Some(self.newest()),
            number => self.versions.get(number - 2).map(Vec::as_slice),
        }
    }
}

/// A sector of a file, as if the file ended with it.
fn padded(content: &[u8], number: usize) -> Vec<u8> {
    let rest = content.get(number * SECTOR..).unwrap_or_default();
    let mut bytes = rest.get(..SECTOR).unwrap_or(rest).to_vec();
    bytes.resize(SECTOR, 0);
    bytes
}

/// Puts a sector into its place, as far as there is one.
fn lay(content: &mut [u8], number: usize, sector: &[u8]) {
    let place = content.get_mut(number * SECTOR..).unwrap_or_default();
    place.iter_mut().zip(sector).for_each(|(to, from)| *to = *from);
}
