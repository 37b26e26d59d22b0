//! Numbers in memory that processes share: whoever maps the same file sees the same numbers, at once.
//!
//! Each number is read and written as a whole; what they mean, and which of them may be changed when, is said by who uses
//! them. A process that dies leaves them as they are.
//!
//! A file that somebody cuts short while it is mapped takes the process with it (SIGBUS): there is no other way to share
//! memory between processes that all systems have.

use std::fmt;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use memmap2::{MmapOptions, MmapRaw};

/// How many numbers there are.
pub const CELLS: usize = 512;

/// The length of the file, which has to have its space: memory cannot say that a disk is full.
pub const BYTES: usize = CELLS * size_of::<u64>();

/// The numbers.
pub struct Board {
    cells: Cells,
}

enum Cells {
    Mapped(MmapRaw),
    /// Of this process alone.
    Own(Arc<[AtomicU64]>),
}

impl Board {
    /// The numbers in a file of [`BYTES`] bytes.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn map(file: &File) -> io::Result<Self> {
        if file.metadata()?.len() < BYTES as u64 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file is too short to be shared"));
        }
        Ok(Self { cells: Cells::Mapped(MmapOptions::new().len(BYTES).map_raw(file)?) })
    }

    /// Numbers that whoever has them shares within the process.
    #[must_use]
    pub fn own(cells: Arc<[AtomicU64]>) -> Self {
        Self { cells: Cells::Own(cells) }
    }

    /// One of the numbers, counted from 0 and from there again.
    #[must_use]
    #[expect(unsafe_code, reason = "memory that processes share is reached by its address")]
    #[expect(clippy::cast_ptr_alignment, reason = "a mapping begins at a page")]
    pub fn cell(&self, index: usize) -> &AtomicU64 {
        static NONE: AtomicU64 = AtomicU64::new(0);
        match &self.cells {
            // SAFETY: the mapping begins at a page, holds this many numbers and lives as long as `self`; nobody reaches it but
            // through such references, in whatever process.
            Cells::Mapped(map) => unsafe { AtomicU64::from_ptr(map.as_mut_ptr().cast::<u64>().add(index % CELLS)) },
            Cells::Own(cells) => cells.get(index % CELLS).unwrap_or(&NONE),
        }
    }
}

impl fmt::Debug for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Board").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;

    #[test]
    fn who_maps_the_same_file_sees_the_same_numbers() {
        let file = tempfile::tempfile().unwrap();
        Board::map(&file).unwrap_err();
        file.set_len(BYTES as u64).unwrap();
        let (one, other) = (Board::map(&file).unwrap(), Board::map(&file).unwrap());
        one.cell(CELLS - 1).store(u64::MAX, Ordering::Release);
        one.cell(0).store(1, Ordering::Release);
        assert_eq!(other.cell(CELLS - 1).load(Ordering::Acquire), u64::MAX);
        assert_eq!(other.cell(CELLS).load(Ordering::Acquire), 1, "counted from there again");
    }
}
