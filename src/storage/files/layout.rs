//! Where things lie in a data directory. Paths are relative to it, with `/`.
//!
//! ```text
//! data/
//!   user%3A123.json       documents; a long name is cut into folders `first-part%/rest.json`
//!   .datastore/
//!     lock                held (flock) by the openers
//!     commit, placing     held (flock) by the one that commits, or places files later
//!     openers/1           held (flock) by the first opener, as long as it lives
//!     board               what openers tell one another, in shared memory
//!     format.json         the format's version, the order of keys
//!     views.json          definitions of views that hold for every opener
//!     backup.jsonl        in a backup: what it holds
//!     journal/            what was committed since the last checkpoint
//!     tmp/                versions on their way into place, or out of it; emptied at load
//!     failed              there after a failed sync: what the page cache says may never reach the disk
//!     quarantine/0001/    what a load moved out of the way, under the names it had
//! ```
//!
//! A file in `tmp/` is named by a hash of its document's key, so that the name is short however long the key is, and by
//! the sequence of the commit that put it there.

use crate::key::Key;
use crate::storage::Sequence;

/// The data directory itself.
pub const ROOT: &str = "";
/// The folder that holds everything of ours that is no document.
pub const PRIVATE: &str = ".datastore";
/// The lock's file.
pub const LOCK: &str = ".datastore/lock";
/// The file whose lock commits are under.
pub const COMMIT: &str = ".datastore/commit";
/// The file whose lock later placing is under.
pub const PLACING: &str = ".datastore/placing";
/// The folder of a file for each opener.
pub const OPENERS: &str = ".datastore/openers";
/// The file of the memory that openers share.
pub const BOARD: &str = ".datastore/board";
/// The file that names the format.
pub const FORMAT: &str = ".datastore/format.json";
/// The file of the definitions.
pub const DEFINITIONS: &str = ".datastore/views.json";
/// The manifest of a backup.
pub const MANIFEST: &str = ".datastore/backup.jsonl";
/// The folder of the journal's segments.
pub const JOURNAL: &str = ".datastore/journal";
/// The folder of versions on their way into place, or out of it.
pub const TEMPORARY: &str = ".datastore/tmp";
/// Stands there after a failed sync.
pub const FAILED: &str = ".datastore/failed";
/// The folder of files that were moved out of the way.
pub const QUARANTINE: &str = ".datastore/quarantine";

/// The name under which the commit at `sequence` keeps what it displaces of a key's document.
#[must_use]
pub fn displaced(key: &Key, sequence: Sequence) -> String {
    format!("{TEMPORARY}/{:016x}-{sequence:x}", hash(key))
}

/// The name under which a commit writes a version where it cannot use the [`displaced`] one's.
#[must_use]
pub fn next(sequence: Sequence) -> String {
    format!("{TEMPORARY}/next-{sequence:x}")
}

/// Higher sequences are nobody's: a journal holds numbers that JavaScript can hold, too.
const HIGHEST: Sequence = 1 << 52;

/// The hash of the key and the sequence that a name in `tmp/` was made of; `None` for other names.
#[must_use]
pub fn parse_displaced(name: &str) -> Option<(u64, Sequence)> {
    let (hash, sequence) = name.split_once('-')?;
    let is_ours = hash.len() == 16 && !name.contains('+');
    let parsed = (u64::from_str_radix(hash, 16).ok()?, Sequence::from_str_radix(sequence, 16).ok()?);
    (is_ours && parsed.1 < HIGHEST).then_some(parsed)
}

/// The hash of a key.
#[must_use]
pub fn hash(key: &Key) -> u64 {
    fnv_1a(key.as_bytes())
}

/// FNV-1a, 64 bits (<http://www.isthe.com/chongo/tech/comp/fnv/>): stands in file names, so it never changes.
#[must_use]
pub fn fnv_1a(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_displaced_name_tells_hash_and_sequence_and_no_other_name_does() {
        let key = Key::new("user:1").unwrap();
        let path = displaced(&key, 4711);
        let name = path.rsplit('/').next().unwrap();
        assert_eq!(parse_displaced(name), Some((hash(&key), 4711)));
        for other in [
            "next-12",
            "probe",
            "0123456789abcdef",
            "0123456789abcdef-",
            "0123456789abcde-1",
            "+123456789abcdef-1",
            "0123456789abcdef-ffffffffffffffff",
        ] {
            assert_eq!(parse_displaced(other), None, "{other}");
        }
    }

    #[test]
    fn the_hash_is_fnv_1a() {
        assert_eq!(hash(&Key::new("a").unwrap()), 0xaf63_dc4c_8601_ec8c);
    }
}
