//! Numbers in memory that processes share: whoever maps the same file sees the same numbers, at once.
//!
//! Each number is read and written as a whole; what they mean, and which of them may be changed when, is said by who uses
//! them. A process that dies leaves them as they are.
//!
//! A file that somebody cuts short while it is mapped takes the process with it (SIGBUS): there is no other way to share
//! memory between processes that all systems have.

use std::fmt;
use std::fs::{File, Metadata};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering, fence};

use memmap2::{MmapOptions, MmapRaw};

/// How many numbers there are.
pub const CELLS: usize = 512;

/// The length of the file, which has to have its space: memory cannot say that a disk is full.
pub const BYTES: usize = CELLS * size_of::<u64>();

/// The numbers.
pub struct Board {
    cells: Cells,
    file: FileId,
}

/// Which file it is, by whatever name: nobody else's as long as it is open, or mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileId(u64, u64);

impl FileId {
    /// The file that was asked about. Without device and inode it is known by when it was made.
    #[must_use]
    pub fn of(file: &Metadata) -> Self {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            Self(file.dev(), file.ino())
        }
        #[cfg(not(unix))]
        {
            let made = file.created().ok().and_then(|made| made.duration_since(std::time::UNIX_EPOCH).ok());
            let made = made.unwrap_or_default();
            Self(made.as_secs(), u64::from(made.subsec_nanos()))
        }
    }

    /// A file of this process alone.
    #[must_use]
    pub fn own(number: u64) -> Self {
        Self(0, number)
    }
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
        Self::map_with(file, |options| options.map_raw(file))
    }

    /// As [`map`](Self::map), to be [read](Self::read) alone: the file need not be open to be written.
    ///
    /// # Errors
    ///
    /// The system's; `UnexpectedEof` where the file has not its length yet.
    pub fn map_to_read(file: &File) -> io::Result<Self> {
        Self::map_with(file, |options| options.map_raw_read_only(file))
    }

    fn map_with(file: &File, map: impl FnOnce(&MmapOptions) -> io::Result<MmapRaw>) -> io::Result<Self> {
        let found = file.metadata()?;
        if found.len() < BYTES as u64 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file is too short to be shared"));
        }
        Ok(Self { cells: Cells::Mapped(map(MmapOptions::new().len(BYTES))?), file: FileId::of(&found) })
    }

    /// Numbers that whoever has them shares within the process.
    #[must_use]
    pub fn own(cells: Arc<[AtomicU64]>, file: FileId) -> Self {
        Self { cells: Cells::Own(cells), file }
    }

    /// The file that they are in.
    #[must_use]
    pub fn file(&self) -> FileId {
        self.file
    }

    /// One of the numbers as it is now, and what was done before it was written: also where they may only be read, of which
    /// nothing but a relaxed load is sure to be one.
    #[must_use]
    pub fn read(&self, index: usize) -> u64 {
        let number = self.cell(index).load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        number
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

    #[test]
    fn who_may_only_read_the_file_sees_the_numbers_too() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let reading = File::open(file.path()).unwrap();
        assert_eq!(Board::map_to_read(&reading).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        file.as_file().set_len(BYTES as u64).unwrap();
        let (writer, reader) = (Board::map(file.as_file()).unwrap(), Board::map_to_read(&reading).unwrap());
        assert_eq!(reader.read(3), 0);
        writer.cell(3).store(4711, Ordering::Release);
        assert_eq!(reader.read(3), 4711);
        assert_eq!(reader.file(), writer.file());
        assert_ne!(reader.file(), FileId::of(&tempfile::tempfile().unwrap().metadata().unwrap()));
    }
}
