//! The operating system's own calls, below one directory.
//!
//! On Unix the directory is held open and every path is looked up from there: shorter ways for the kernel, and a
//! directory that is removed while the store is open is a failure (`ENOENT`), never made anew.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::latch::SystemLatch;
use super::lock::Lock;
use super::mounted::Mounted;
use super::opened::Opened;
use super::watching::SystemWatching;
use super::{Abilities, Disk, Handle, Hear, Held, Kind, Latch, Listed, Place, Watching};
use crate::board::{self, Board, FileId};
use crate::error::{Error, ErrorKind, Result};

/// The least room for a read: most documents come in one call.
#[cfg(unix)]
const READ: usize = 32 << 10;

/// No system's pages are smaller.
#[cfg(unix)]
const PAGE: usize = 4 << 10;

/// A directory of the real file system.
#[derive(Debug)]
pub struct System {
    root: PathBuf,
    #[cfg(unix)]
    handle: File,
    mounted: Mounted,
}

impl System {
    /// Opens a directory, which is created, parents included, where it is missing.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn mount(root: &Path) -> Result<Self> {
        create_folders(root)?;
        Self::attach(root)
    }

    /// Opens a directory that is there.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn attach(root: &Path) -> Result<Self> {
        #[cfg(unix)]
        let handle = File::open(root).map_err(|cause| Error::storage("open", root, cause))?;
        Ok(Self {
            root: root.to_path_buf(),
            #[cfg(target_os = "linux")]
            mounted: Mounted::on(&handle),
            #[cfg(not(target_os = "linux"))]
            mounted: Mounted::unknown(),
            #[cfg(unix)]
            handle,
        })
    }

    /// Which directory it is.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn place(&self) -> Result<Place> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let found = self.handle.metadata().map_err(self.failed("stat", ""))?;
            Ok(Place { device: found.dev(), inode: found.ino() })
        }
        #[cfg(not(unix))]
        Ok(Place { path: fs::canonicalize(&self.root).map_err(self.failed("realpath", ""))? })
    }

    /// Whether somebody holds the lock on a file, which may be missing. Nothing is written.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn is_locked(&self, path: &str) -> Result<bool> {
        Lock::is_held(&self.path(path))
    }

    fn failed(&self, syscall: &'static str, path: &str) -> impl FnOnce(io::Error) -> Error {
        move |cause| Error::storage(syscall, &self.path(path), cause)
    }
}

/// Creates what is missing of a path, and makes the new names durable: syncing a file does not make its folder so.
fn create_folders(path: &Path) -> Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let failed = |cause| Error::storage("mkdir", path, cause);
    match (fs::create_dir(path), parent) {
        (Err(cause), _) if cause.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => return Ok(()),
        (Err(cause), Some(parent)) if cause.kind() == io::ErrorKind::NotFound => {
            create_folders(parent)?;
            fs::create_dir(path).map_err(failed)?;
        }
        (other, _) => other.map_err(failed)?,
    }
    #[cfg(unix)]
    if let Ok(parent) = File::open(parent.unwrap_or(Path::new("."))) {
        // One that may not be read cannot be synced; its own journal will do.
        let _ = parent.sync_all();
    }
    Ok(())
}

impl Disk for System {
    fn abilities(&self) -> Abilities {
        Abilities {
            sync_everything: self.mounted.syncs_everything,
            rename_new: cfg!(any(target_os = "linux", target_vendor = "apple")),
            is_local: self.mounted.is_local,
        }
    }

    fn path(&self, relative: &str) -> PathBuf {
        if relative.is_empty() { self.root.clone() } else { self.root.join(relative) }
    }

    fn boot(&self) -> Option<String> {
        self.mounted.boot.clone()
    }

    fn lock(&self, path: &str, anew: bool) -> Result<Box<dyn Held>> {
        let path = self.path(path);
        let lock = if anew { Lock::take_again(&path)? } else { Lock::take(&path)? };
        Ok(Box::new(lock))
    }

    fn lock_together(&self, path: &str) -> Result<Box<dyn Held>> {
        Ok(Box::new(Lock::take_together(&self.path(path))?))
    }

    fn latch(&self, path: &str) -> Result<Box<dyn Latch>> {
        Ok(Box::new(SystemLatch::open(&self.path(path))?))
    }

    fn board(&self, path: &str, anew: bool) -> Result<Board> {
        let full = self.path(path);
        if anew {
            let handle = match self.open(path) {
                Err(error) if error.is_not_found() => self.create(path)?,
                other => other?,
            };
            // Its space has to be there before memory is written.
            super::write_all(handle.as_ref(), &[0; board::BYTES], 0)?;
        }
        let file = fs::OpenOptions::new().read(true).write(true).open(&full);
        let file = file.map_err(|cause| Error::storage("open", &full, cause))?;
        Board::map(&file).map_err(|cause| cannot_share(&full, cause))
    }

    fn latch_there(&self, path: &str) -> Result<Option<Box<dyn Latch>>> {
        Ok(SystemLatch::open_there(&self.path(path))?.map(|latch| Box::new(latch) as Box<dyn Latch>))
    }

    fn board_there(&self, path: &str) -> Result<Option<Board>> {
        let full = self.path(path);
        let file = match File::open(&full) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(|cause| Error::storage("open", &full, cause))?,
        };
        match Board::map_to_read(&file) {
            Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            other => other.map(Some).map_err(|cause| cannot_share(&full, cause)),
        }
    }

    fn file_id(&self, path: &str) -> Result<Option<FileId>> {
        match fs::symlink_metadata(self.path(path)) {
            Ok(found) => Ok(Some(FileId::of(&found))),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(self.failed("lstat", path)(cause)),
        }
    }

    fn watch(&self, hear: Hear) -> Result<Box<dyn Watching>> {
        Ok(Box::new(SystemWatching::new(&self.root, hear)?))
    }

    fn list(&self, folder: &str) -> Result<Vec<Listed>> {
        let path = self.path(folder);
        let failed = |cause| Error::storage("scandir", &path, cause);
        let mut listed = Vec::new();
        for entry in fs::read_dir(&path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let kind = kind(entry.file_type().map_err(failed)?);
            let name = entry.file_name().into_string().map_err(|name| name.to_string_lossy().into_owned());
            listed.push(Listed { name, kind });
        }
        Ok(listed)
    }

    fn read(&self, path: &str, into: &mut Vec<u8>) -> Result<()> {
        let file = self.open_to_read(path)?;
        self.call_read(&file, into).map_err(self.failed("read", path))
    }

    fn read_from(&self, path: &str, offset: u64, into: &mut Vec<u8>) -> Result<()> {
        use std::io::{Read, Seek, SeekFrom};
        let mut file = self.open_to_read(path)?;
        let read = file.seek(SeekFrom::Start(offset)).and_then(|_| file.read_to_end(into));
        read.map(drop).map_err(self.failed("read", path))
    }

    fn kind(&self, path: &str) -> Result<Option<Kind>> {
        match self.call_kind(path) {
            Ok(kind) => Ok(Some(kind)),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(self.failed("lstat", path)(cause)),
        }
    }

    fn make_folder(&self, path: &str) -> Result<()> {
        self.call_make_folder(path).map_err(self.failed("mkdir", path))
    }

    fn remove_folder(&self, path: &str) -> Result<()> {
        fs::remove_dir(self.path(path)).map_err(self.failed("rmdir", path))
    }

    fn create(&self, path: &str) -> Result<Box<dyn Handle>> {
        self.handle(path, self.call_create(path))
    }

    fn open(&self, path: &str) -> Result<Box<dyn Handle>> {
        self.handle(path, self.call_open(path))
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.call_rename(from, to).map_err(self.failed("rename", better_known(from, to)))
    }

    fn rename_new(&self, from: &str, to: &str) -> Result<()> {
        self.call_rename_new(from, to).map_err(self.failed("rename", to))
    }

    fn exchange(&self, a: &str, b: &str) -> Result<()> {
        self.call_exchange(a, b).map_err(self.failed("rename", b))
    }

    fn link(&self, file: &str, name: &str) -> Result<()> {
        fs::hard_link(self.path(file), self.path(name)).map_err(self.failed("link", name))
    }

    fn remove(&self, path: &str) -> Result<()> {
        self.call_remove(path).map_err(self.failed("unlink", path))
    }

    #[cfg(unix)]
    fn sync_folder(&self, folder: &str) -> Result<()> {
        // Two calls with two names: a folder that could not even be opened leaves nothing in doubt.
        let opened = self.call_open_folder(folder).map_err(self.failed("open", folder))?;
        opened.sync_all().map_err(self.failed("fsync", folder))
    }

    /// Windows has no way to sync a folder; NTFS keeps names in a journal of its own.
    #[cfg(not(unix))]
    fn sync_folder(&self, _folder: &str) -> Result<()> {
        Ok(())
    }

    fn sync_everything(&self) -> Result<()> {
        #[cfg(target_os = "linux")]
        return rustix::fs::syncfs(&self.handle).map_err(|cause| self.failed("syncfs", "")(cause.into()));
        #[cfg(not(target_os = "linux"))]
        return Err(Error::new(ErrorKind::Unsupported, "this system cannot sync a whole file system"));
    }
}

fn cannot_share(path: &Path, cause: io::Error) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        "this file system cannot share memory between processes; 'singleProcess: true' does without it",
    )
    .with_path(path)
    .with_source(Error::storage("mmap", path, cause))
}

impl System {
    fn handle(&self, path: &str, opened: io::Result<File>) -> Result<Box<dyn Handle>> {
        let file = opened.map_err(self.failed("open", path))?;
        Ok(Box::new(Opened::new(file, self.path(path))))
    }
}

#[cfg(unix)]
impl System {
    fn open_to_read(&self, path: &str) -> Result<File> {
        self.call_open_with(path, rustix::fs::OFlags::RDONLY).map_err(self.failed("open", path))
    }

    /// One call for a small file, where the standard library makes four: its length, its position, its bytes, its end.
    fn call_read(&self, file: &File, into: &mut Vec<u8>) -> io::Result<()> {
        use rustix::buffer::spare_capacity;
        let start = into.len();
        loop {
            into.reserve(READ);
            let room = into.capacity() - into.len();
            let count = match rustix::io::read(file, spare_capacity(into)) {
                Err(rustix::io::Errno::INTR) => continue,
                other => other?,
            };
            // A local file system gives fewer bytes than there is room for at the file's end, or where a page cannot be
            // read, which the next call then tells. Others may give as many as they like.
            let is_end = self.mounted.syncs_everything && count < room && !(into.len() - start).is_multiple_of(PAGE);
            if count == 0 || is_end {
                return Ok(());
            }
        }
    }

    fn call_open_with(&self, path: &str, flags: rustix::fs::OFlags) -> io::Result<File> {
        use rustix::fs::{Mode, OFlags, openat};
        let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::WGRP | Mode::ROTH | Mode::WOTH;
        Ok(openat(&self.handle, path, flags | OFlags::CLOEXEC | OFlags::NOFOLLOW, mode).map(File::from)?)
    }

    fn call_create(&self, path: &str) -> io::Result<File> {
        use rustix::fs::OFlags;
        self.call_open_with(path, OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL)
    }

    fn call_open(&self, path: &str) -> io::Result<File> {
        use rustix::fs::OFlags;
        // A pipe would be waited for.
        self.call_open_with(path, OFlags::WRONLY | OFlags::NONBLOCK)
    }

    fn call_kind(&self, path: &str) -> io::Result<Kind> {
        use rustix::fs::{AtFlags, FileType, statat};
        let stat = statat(&self.handle, if path.is_empty() { "." } else { path }, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Folder,
            _ => Kind::Other,
        })
    }

    fn call_make_folder(&self, path: &str) -> io::Result<()> {
        use rustix::fs::Mode;
        Ok(rustix::fs::mkdirat(&self.handle, path, Mode::RWXU | Mode::RWXG | Mode::RWXO)?)
    }

    fn call_rename(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.handle, from, &self.handle, to)?)
    }

    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    fn call_rename_with(&self, from: &str, to: &str, flags: rustix::fs::RenameFlags) -> io::Result<()> {
        Ok(rustix::fs::renameat_with(&self.handle, from, &self.handle, to, flags)?)
    }

    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    fn call_rename_new(&self, from: &str, to: &str) -> io::Result<()> {
        use rustix::io::Errno;
        match self.call_rename_with(from, to, rustix::fs::RenameFlags::NOREPLACE) {
            // Some file systems know the call but not the flag.
            Err(cause)
                if [Errno::INVAL, Errno::NOSYS, Errno::NOTSUP]
                    .map(Errno::raw_os_error)
                    .contains(&cause.raw_os_error().unwrap_or(0)) =>
            {
                // Looking first is all that is left.
                match self.call_kind(to) {
                    Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
                    Err(_) => self.call_rename(from, to),
                }
            }
            other => other,
        }
    }

    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    fn call_exchange(&self, a: &str, b: &str) -> io::Result<()> {
        self.call_rename_with(a, b, rustix::fs::RenameFlags::EXCHANGE)
    }

    #[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
    fn call_rename_new(&self, from: &str, to: &str) -> io::Result<()> {
        self.call_rename(from, to)
    }

    #[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
    fn call_exchange(&self, _a: &str, _b: &str) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn call_remove(&self, path: &str) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.handle, path, rustix::fs::AtFlags::empty())?)
    }

    fn call_open_folder(&self, folder: &str) -> io::Result<File> {
        use rustix::fs::OFlags;
        let folder = if folder.is_empty() { "." } else { folder };
        self.call_open_with(folder, OFlags::RDONLY | OFlags::DIRECTORY)
    }
}

#[cfg(not(unix))]
impl System {
    fn open_to_read(&self, path: &str) -> Result<File> {
        File::open(self.path(path)).map_err(self.failed("open", path))
    }

    #[expect(clippy::unused_self, reason = "elsewhere the file system makes a difference")]
    fn call_read(&self, mut file: &File, into: &mut Vec<u8>) -> io::Result<()> {
        io::Read::read_to_end(&mut file, into).map(drop)
    }

    fn call_create(&self, path: &str) -> io::Result<File> {
        fs::OpenOptions::new().write(true).create_new(true).open(self.path(path))
    }

    fn call_open(&self, path: &str) -> io::Result<File> {
        fs::OpenOptions::new().write(true).open(self.path(path))
    }

    fn call_kind(&self, path: &str) -> io::Result<Kind> {
        fs::symlink_metadata(self.path(path)).map(|metadata| kind(metadata.file_type()))
    }

    fn call_make_folder(&self, path: &str) -> io::Result<()> {
        fs::create_dir(self.path(path))
    }

    fn call_rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path(from), self.path(to))
    }

    fn call_rename_new(&self, from: &str, to: &str) -> io::Result<()> {
        self.call_rename(from, to)
    }

    fn call_exchange(&self, _a: &str, _b: &str) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn call_remove(&self, path: &str) -> io::Result<()> {
        fs::remove_file(self.path(path))
    }
}

/// Of the two paths of a call, the one that a user would look at.
fn better_known<'a>(from: &'a str, to: &'a str) -> &'a str {
    if to.starts_with('.') && !from.starts_with('.') { from } else { to }
}

fn kind(of: fs::FileType) -> Kind {
    if of.is_file() {
        Kind::File
    } else if of.is_dir() {
        Kind::Folder
    } else {
        Kind::Other
    }
}
