//! File systems that ignore case.
//!
//! On macOS and Windows `user.json` and `User.json` are one file, but `user` and `User` are two keys. There a second
//! key is refused before it overwrites the first one's file, or one that is no document. File names of documents are
//! ASCII, so folding is.

use std::collections::HashMap;

use super::layout::TEMPORARY;
use crate::disk::Disk;
use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;
use crate::key::file_name::canonical;

/// Which key owns each folded name; nobody owns that of a file that is no document. Empty, and free, where the file
/// system tells case.
#[derive(Debug, Default)]
pub struct Names {
    owners: Option<HashMap<String, Option<Key>>>,
}

impl Names {
    /// Asks the file system whether it tells case.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn probe(disk: &dyn Disk) -> Result<Self> {
        let written = format!("{TEMPORARY}/probe");
        if let Err(error) = disk.remove(&written)
            && !error.is_not_found()
        {
            return Err(error);
        }
        disk.create(&written)?;
        let ignores_case = disk.kind(&format!("{TEMPORARY}/PROBE"))?.is_some();
        disk.remove(&written)?;
        Ok(if ignores_case { Self::ignoring_case() } else { Self::default() })
    }

    /// The names of a file system that ignores case.
    #[must_use]
    pub fn ignoring_case() -> Self {
        Self { owners: Some(HashMap::new()) }
    }

    /// Gives the name to the key, if nobody else has it. Tells whether the key did not have it before.
    ///
    /// # Errors
    ///
    /// `KEY_COLLISION`, naming the key and the file.
    pub fn claim(&mut self, relative: &str, key: &Key) -> Result<bool> {
        let Some(owners) = &mut self.owners else { return Ok(false) };
        let folded = relative.to_ascii_lowercase();
        let Some(owner) = owners.get(&folded) else {
            owners.insert(folded, Some(key.clone()));
            return Ok(true);
        };
        let victim = match owner {
            Some(owner) if owner == key => return Ok(false),
            Some(owner) => format!("the file of key {owner:?}"),
            None => "a file that is no document".to_owned(),
        };
        let message = format!("this file system ignores case: key {key:?} would overwrite {victim}");
        Err(Error::new(ErrorKind::KeyCollision, message).with_key(key.to_text()).with_path(relative))
    }

    /// Nobody owns any name any more.
    pub fn forget(&mut self) {
        if let Some(owners) = &mut self.owners {
            owners.clear();
        }
    }

    /// Gives the key its own canonical name, as `claim` does.
    ///
    /// # Errors
    ///
    /// As `claim`.
    pub fn claim_canonical(&mut self, key: &Key) -> Result<bool> {
        // Nobody asks for the name where every one is free.
        if self.owners.is_some() { self.claim(&canonical(key), key) } else { Ok(false) }
    }

    /// Keeps every key from the names of files that are no documents, but for names that a key has already.
    pub fn set_aside(&mut self, ignored: &[String]) {
        if let Some(owners) = &mut self.owners {
            for relative in ignored {
                owners.entry(relative.to_ascii_lowercase()).or_insert(None);
            }
        }
    }

    /// Whether the name is that of a file that this key must not touch: another key's, or one that is no document.
    #[must_use]
    pub fn is_of_another(&self, relative: &str, key: &Key) -> bool {
        let owner = self.owners.as_ref().and_then(|owners| owners.get(&relative.to_ascii_lowercase()));
        owner.is_some_and(|owner| owner.as_ref() != Some(key))
    }

    /// The key gives the name back, if it has it.
    pub fn release(&mut self, relative: &str, key: &Key) {
        if self.is_of_another(relative, key) {
            return;
        }
        if let Some(owners) = &mut self.owners {
            owners.remove(&relative.to_ascii_lowercase());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_differs_in_case_only_is_refused_until_the_other_is_gone() {
        let (lower, upper) = (Key::new("user").unwrap(), Key::new("USER").unwrap());
        let mut names = Names::ignoring_case();
        assert!(names.claim("user.json", &lower).unwrap());
        assert!(!names.claim("user.json", &lower).unwrap());
        let error = names.claim("USER.json", &upper).unwrap_err();
        assert_eq!(error.code(), "KEY_COLLISION");
        assert_eq!(error.context().key.as_deref(), Some("USER"));
        assert!(names.is_of_another("USER.json", &upper));
        names.release("USER.json", &upper);
        names.claim("USER.json", &upper).unwrap_err();
        names.release("user.json", &lower);
        names.claim("USER.json", &upper).unwrap();
    }

    #[test]
    fn where_case_is_told_every_name_is_free() {
        let mut names = Names::default();
        names.claim("user.json", &Key::new("user").unwrap()).unwrap();
        names.claim("USER.json", &Key::new("USER").unwrap()).unwrap();
    }
}
