//! Names: as they are, as they are durable, and the changes between.
//!
//! A change is one unit (a rename removes one name and sets another) and needs the last earlier change of each name it
//! touches, the change that put their folder in its place, and, where it removes a folder, all that emptied it. What
//! survives a power cut is any set of changes that holds what each of them needs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::dice::Dice;

/// A file or a folder, whatever it is called.
pub type Inode = u64;

/// A name in a folder.
pub type Place = (Inode, String);

/// What stands in each place.
pub type Map = BTreeMap<Place, Inode>;

/// The number of a change; rises in time.
pub type Number = u64;

/// Whether a sync covers a change.
pub type Covers<'a> = dyn Fn(&Change) -> bool + 'a;

/// A change that is not durable.
#[derive(Clone, Debug, Default)]
pub struct Change {
    sets: Vec<(Place, Option<Inode>)>,
    /// A place that is looked at but keeps what it has.
    beside: Option<Place>,
    /// A folder that has to be empty before.
    empty: Option<Inode>,
    needs: BTreeSet<Number>,
    is_dropped: bool,
}

impl Change {
    pub fn set(mut self, place: Place, inode: Option<Inode>) -> Self {
        self.sets.push((place, inode));
        self
    }

    pub fn beside(mut self, place: Place) -> Self {
        self.beside = Some(place);
        self
    }

    pub fn emptied(mut self, folder: Option<Inode>) -> Self {
        self.empty = folder;
        self
    }

    /// Whether it sets a name in a folder.
    pub fn is_in(&self, folder: Inode) -> bool {
        self.sets.iter().any(|(place, _)| place.0 == folder)
    }

    /// Every place it touches.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.sets.iter().map(|(place, _)| place).chain(&self.beside)
    }

    fn apply(&self, to: &mut Map) {
        for (place, inode) in &self.sets {
            match inode {
                Some(inode) => drop(to.insert(place.clone(), *inode)),
                None => drop(to.remove(place)),
            }
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Names {
    current: Map,
    durable: Map,
    unsynced: BTreeMap<Number, Change>,
    has_dropped: bool,
    next: Number,
    /// The last change that touched a place. May be durable by now.
    touched: HashMap<Place, Number>,
    /// The last change that put an inode in a place. May be durable by now.
    placed: HashMap<Inode, Number>,
}

impl Names {
    /// All is durable.
    pub fn settled(names: Map) -> Self {
        Self { current: names.clone(), durable: names, ..Self::default() }
    }

    pub fn at(&self, place: &Place) -> Option<Inode> {
        self.current.get(place).copied()
    }

    /// The entries of a folder, in order.
    pub fn within(&self, folder: Inode) -> impl Iterator<Item = (&str, Inode)> {
        let all = self.current.range((folder, String::new())..);
        all.take_while(move |((within, _), _)| *within == folder).map(|((_, name), inode)| (name.as_str(), *inode))
    }

    /// How many names stand for an inode.
    pub fn count(&self, inode: Inode) -> usize {
        self.current.values().filter(|other| **other == inode).count()
    }

    pub fn change(&mut self, mut change: Change) {
        let mut needs = BTreeSet::new();
        for place in change.places() {
            needs.extend(self.touched.get(place));
            needs.extend(self.placed.get(&place.0));
        }
        if let Some(folder) = change.empty {
            let inside = |change: &Change| change.places().any(|place| place.0 == folder);
            needs.extend(self.unsynced.iter().filter(|(_, change)| inside(change)).map(|(number, _)| *number));
        }
        needs.retain(|number| self.unsynced.contains_key(number));
        if self.has_dropped {
            // What a newer change needs is written again with it.
            for number in self.with_needs(|number, _| needs.contains(&number)) {
                self.unsynced.entry(number).and_modify(|change| change.is_dropped = false);
            }
        }
        change.needs = needs;
        change.apply(&mut self.current);
        let number = self.next;
        self.next += 1;
        self.touched.extend(change.places().map(|place| (place.clone(), number)));
        self.placed.extend(change.sets.iter().filter_map(|(_, inode)| Some(((*inode)?, number))));
        self.unsynced.insert(number, change);
    }

    /// Makes durable what is covered, and what that needs; but nothing that was dropped.
    pub fn sync(&mut self, covers: &Covers<'_>) {
        for number in self.with_needs(|_, change| covers(change)) {
            let waits = |change: &Change| change.needs.iter().any(|need| self.unsynced.contains_key(need));
            if self.unsynced.get(&number).is_some_and(|change| !change.is_dropped && !waits(change))
                && let Some(change) = self.unsynced.remove(&number)
            {
                change.apply(&mut self.durable);
            }
        }
    }

    /// Drops what a sync would have made durable.
    pub fn lose(&mut self, covers: &Covers<'_>) {
        for number in self.with_needs(|_, change| covers(change)) {
            self.unsynced.entry(number).and_modify(|change| change.is_dropped = true);
            self.has_dropped = true;
        }
    }

    /// The numbers of the changes that are not durable, in time.
    pub fn unsynced(&self) -> impl Iterator<Item = Number> {
        self.unsynced.keys().copied()
    }

    /// A change and what it needs, down to what needs nothing.
    pub fn alone(&self, wanted: Number) -> BTreeSet<Number> {
        self.with_needs(|number, _| number == wanted)
    }

    /// Changes by chance, of eight about so many, with all that each of them needs among them.
    pub fn some(&self, mut dice: Dice, of_eight: usize) -> BTreeSet<Number> {
        let mut kept = BTreeSet::new();
        for (number, change) in &self.unsynced {
            let is_possible = change.needs.iter().all(|need| kept.contains(need) || !self.unsynced.contains_key(need));
            if is_possible && dice.below(8) < of_eight {
                kept.insert(*number);
            }
        }
        kept
    }

    /// The names as they are when of the changes only these happened.
    pub fn with_only(&self, kept: &BTreeSet<Number>) -> Map {
        let mut names = self.durable.clone();
        for (_, change) in self.unsynced.iter().filter(|(number, _)| kept.contains(number)) {
            change.apply(&mut names);
        }
        names
    }

    /// Each change by its names, with `+` if it is among these.
    pub fn tell(&self, kept: &BTreeSet<Number>) -> String {
        let tell = |(number, change): (&Number, &Change)| {
            let names: Vec<_> = change.places().map(|(_, name)| name.as_str()).collect();
            format!("{}{}", if kept.contains(number) { '+' } else { '-' }, names.join("/"))
        };
        self.unsynced.iter().map(tell).collect::<Vec<_>>().join(" ")
    }

    fn with_needs(&self, wanted: impl Fn(Number, &Change) -> bool) -> BTreeSet<Number> {
        let mut found = BTreeSet::new();
        // What a change needs came before it.
        for (number, change) in self.unsynced.iter().rev() {
            if found.contains(number) || wanted(*number, change) {
                found.insert(*number);
                found.extend(change.needs.iter().filter(|need| self.unsynced.contains_key(need)));
            }
        }
        found
    }
}
