//! The disks that a power cut may leave.

use std::collections::{BTreeSet, HashSet};

use super::dice::Dice;
use super::file::Fate;
use super::names::{Inode, Names, Number};
use super::tree::Tree;

/// How often chance may in a row give what it gave before, until there seems to be no more.
const PATIENCE: usize = 256;

/// One way in which power is lost.
#[derive(Clone, Debug)]
struct Cut {
    names: Kept,
    files: Fate,
    /// One file whose fate is another one.
    but: Option<(Inode, Fate)>,
}

/// Which changes of names survive.
#[derive(Clone, Copy, Debug)]
enum Kept {
    None,
    All,
    /// One, with what it needs.
    Only(Number),
    /// All up to one.
    UpTo(Number),
    /// Of eight about so many.
    Some(Dice, usize),
}

/// The different trees after a cut, each with a line that tells the cut. Made one by one.
pub struct States {
    tree: Tree,
    first: std::vec::IntoIter<Cut>,
    dice: Dice,
    most: usize,
    seen: HashSet<u64>,
}

impl States {
    pub fn new(tree: Tree, dice: Dice, most: usize) -> Self {
        // A cut that changes nothing leaves one tree, however it goes.
        let most = if tree.is_synced() { 1 } else { most };
        let first = first(&tree).into_iter();
        Self { tree, first, dice, most, seen: HashSet::new() }
    }

    fn state(&mut self, cut: &Cut) -> Option<(String, Tree)> {
        let names = cut.names.resolve(self.tree.names());
        let fate = |inode| match (cut.but, cut.files) {
            (Some((other, fate)), _) if other == inode => fate,
            (_, Fate::Any(dice)) => Fate::Any(dice.of(inode)),
            (_, Fate::Mixed(dice)) => Fate::Mixed(dice.of(inode)),
            (_, fate) => fate,
        };
        let after = self.tree.after_cut(self.tree.names().with_only(&names), fate);
        self.seen.insert(after.fingerprint()).then(|| {
            let names = self.tree.names().tell(&names);
            (format!("names {:?} ({names}), bytes {:?}, but {:?}", cut.names, cut.files, cut.but), after)
        })
    }

    fn by_chance(&mut self) -> Cut {
        let numbers: Vec<Number> = self.tree.names().unsynced().collect();
        let names = match self.dice.below(8) {
            0 => Kept::None,
            1 => Kept::All,
            2 | 3 if !numbers.is_empty() => {
                let chosen = self.dice.below(numbers.len());
                numbers.get(chosen).map_or(Kept::All, |number| Kept::UpTo(*number))
            }
            _ => Kept::Some(Dice::new(self.dice.next()), 1 + self.dice.below(7)),
        };
        let files = match self.dice.below(8) {
            0 => Fate::Old,
            1 => Fate::New,
            2 => Fate::Mixed(Dice::new(self.dice.next())),
            _ => Fate::Any(Dice::new(self.dice.next())),
        };
        Cut { names, files, but: None }
    }
}

impl Iterator for States {
    type Item = (String, Tree);

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(cut) = self.first.next() {
            if let Some(state) = self.state(&cut) {
                return Some(state);
            }
        }
        for _ in 0..PATIENCE {
            if self.seen.len() >= self.most {
                return None;
            }
            let cut = self.by_chance();
            if let Some(state) = self.state(&cut) {
                return Some(state);
            }
        }
        // Chance would find one now and then for ever.
        self.most = 0;
        None
    }
}

impl Kept {
    fn resolve(self, names: &Names) -> BTreeSet<Number> {
        match self {
            Self::None => BTreeSet::new(),
            Self::All => names.unsynced().collect(),
            Self::Only(number) => names.alone(number),
            Self::UpTo(last) => names.unsynced().take_while(|number| *number <= last).collect(),
            Self::Some(dice, of_eight) => names.some(dice, of_eight),
        }
    }
}

/// The cuts that are easiest to get wrong.
fn first(tree: &Tree) -> Vec<Cut> {
    let mut cuts = Vec::new();
    let mut add = |names, files, but| cuts.push(Cut { names, files, but });
    for names in [Kept::None, Kept::All] {
        for files in [Fate::Old, Fate::New, Fate::Blank] {
            add(names, files, None);
        }
    }
    for number in tree.names().unsynced() {
        add(Kept::Only(number), Fate::Old, None);
        add(Kept::Only(number), Fate::New, None);
    }
    if let Some((inode, file)) = tree.log() {
        for fate in file.torn() {
            add(Kept::All, Fate::New, Some((inode, fate)));
        }
    }
    cuts
}
