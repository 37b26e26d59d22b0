//! What fails, what a killed process leaves (`faults`), and what a power cut leaves (`cut`).

mod cut;
mod faults;

use std::collections::{BTreeMap, BTreeSet};

use super::Simulated;
use crate::disk::{Disk, Handle, write_all};

type Tree = BTreeMap<String, Vec<u8>>;

const MANY: usize = 400;

fn make(disk: &Simulated, path: &str, bytes: &[u8]) -> Box<dyn Handle> {
    let file = disk.create(path).unwrap();
    write_all(file.as_ref(), bytes, 0).unwrap();
    file
}

fn trees(disk: &Simulated) -> Vec<Tree> {
    disk.states_after_cut(7, MANY).map(|state| state.tree()).collect()
}

/// The different contents of a file after a cut; `None` where it is missing.
fn contents(disk: &Simulated, path: &str) -> BTreeSet<Option<Vec<u8>>> {
    trees(disk).iter().map(|tree| tree.get(path).cloned()).collect()
}

/// The different sets of names after a cut, each as one text.
fn name_sets(disk: &Simulated) -> BTreeSet<String> {
    trees(disk).iter().map(|tree| tree.keys().map(String::as_str).collect::<Vec<_>>().join(" ")).collect()
}

fn set<T: Ord>(all: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    all.into_iter().collect()
}
