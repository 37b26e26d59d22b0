//! What lies in a data directory: which entries are documents and which are not.
//!
//! Only a regular file whose name is a form of a key is a document. Directories are entered only where their name is
//! one that we cut from a long file name; symbolic links are never followed.

use std::collections::BTreeMap;

use super::layout::PRIVATE;
use crate::disk::{Disk, Kind, Listed};
use crate::error::Result;
use crate::key::Key;
use crate::key::file_name::{self, Form};

/// One document's file.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Whose document.
    pub key: Key,
    /// The file, relative to the data directory, with `/`.
    pub relative: String,
    /// Whether the name is ours or the original's.
    pub form: Form,
}

/// The entries of a data directory.
#[derive(Debug, Default)]
pub struct Scan {
    /// The documents, by ascending key, each key once.
    pub documents: Vec<Candidate>,
    /// Files in the original's form whose document has a file in ours: ours counts.
    pub superseded: Vec<Candidate>,
    /// Everything else, relative to the data directory.
    pub ignored: Vec<String>,
}

/// Lists the directory.
///
/// # Errors
///
/// The system's, with the directory that could not be read.
pub fn scan(disk: &dyn Disk) -> Result<Scan> {
    let mut found = Scan::default();
    let mut folders = vec![String::new()];
    while let Some(prefix) = folders.pop() {
        for entry in disk.list(prefix.trim_end_matches('/'))? {
            sort(entry, &prefix, &mut folders, &mut found);
        }
    }
    separate_forms(&mut found);
    found.documents.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    // A name that is renamed over while the folder is listed may come twice.
    found.documents.dedup_by(|b, a| a.key == b.key);
    found.ignored.sort_unstable();
    Ok(found)
}

/// Finds out what an entry is.
fn sort(entry: Listed, prefix: &str, folders: &mut Vec<String>, found: &mut Scan) {
    let name = match entry.name {
        Ok(name) if prefix.is_empty() && name == PRIVATE => return,
        Ok(name) => name,
        Err(lossy) => return found.ignored.push(format!("{prefix}{lossy}")),
    };
    let relative = format!("{prefix}{name}");
    if entry.kind == Kind::Folder && file_name::is_folder(&name) {
        folders.push(format!("{relative}/"));
    } else if let (Kind::File, Some((key, form))) = (entry.kind, file_name::parse(&relative)) {
        found.documents.push(Candidate { key, relative, form });
    } else {
        found.ignored.push(relative);
    }
}

/// Where both forms of a name stand, the original's is set aside.
fn separate_forms(found: &mut Scan) {
    let (plain, canonical): (Vec<_>, Vec<_>) = found.documents.drain(..).partition(|file| file.form == Form::Plain);
    found.documents = canonical;
    if plain.is_empty() {
        return;
    }
    let mut plain: BTreeMap<Key, Candidate> = plain.into_iter().map(|file| (file.key.clone(), file)).collect();
    for file in &found.documents {
        found.superseded.extend(plain.remove(&file.key));
    }
    found.documents.extend(plain.into_values());
}
