//! The one error of the core.
//!
//! An [`Error`] is a [kind](ErrorKind) on which a caller branches, a message for people, a [`Context`] of typed
//! facts (key, path, revisions) and the cause. [`ErrorKind::code`] is the only place where a kind becomes a code;
//! codes are part of the public interface and never change, messages may.
//!
//! Not here: JavaScript's error classes (`lib/errors.js`) and the one function that turns an [`Error`] into them
//! (`node::failure`).

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The result of every fallible function of the core.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, as far as a caller would branch on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The caller broke a rule of the interface: nothing was changed.
    Assertion,
    /// The stored revision is not the one the caller expected: nothing was changed.
    Conflict,
    /// The store was closed.
    Closed,
    /// Files were found that cannot be documents.
    Corrupt,
    /// Another opener holds the directory.
    Locked,
    /// The store has not been loaded yet.
    NotLoaded,
    /// The operating system refused; [`Context::errno`] tells why.
    Storage,
    /// An earlier failure left storage in doubt: the store serves reads and refuses writes.
    Poisoned,
    /// The file system cannot tell this key's file from another key's.
    KeyCollision,
    /// What was opened to be read only was to be changed: nothing was.
    ReadOnly,
    /// The storage cannot do what was asked of it.
    Unsupported,
    /// The value of a view's row, of the document [`Context::key`], is none that its reduce takes.
    ViewReduce,
}

impl ErrorKind {
    /// The stable code by which users recognise this kind. A storage error prefers
    /// [the system's own](Error::code).
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Assertion => "ASSERTION",
            Self::Conflict => "CONFLICT",
            Self::Closed => "CLOSED",
            Self::Corrupt => "CORRUPT",
            Self::Locked => "LOCKED",
            Self::NotLoaded => "NOT_LOADED",
            Self::Storage => "EIO",
            Self::Poisoned => "POISONED",
            Self::KeyCollision => "KEY_COLLISION",
            Self::ReadOnly => "READ_ONLY",
            Self::Unsupported => "UNSUPPORTED",
            Self::ViewReduce => "VIEW_REDUCE",
        }
    }
}

/// One file that could not be read as a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadFile {
    /// The file, relative to the data directory.
    pub file: String,
    /// Why it is no document, for people.
    pub reason: String,
}

/// The typed facts of an [`Error`]; each is `None` or empty where it does not apply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The document's key.
    pub key: Option<String>,
    /// The file or directory concerned.
    pub path: Option<PathBuf>,
    /// The operation that failed, by the name Node's `fs` errors use (`open`, `rename`, `unlink`, ...).
    pub syscall: Option<&'static str>,
    /// The operating system's error number.
    pub errno: Option<i32>,
    /// The system's name for the failure, such as `ENOSPC`.
    pub system_code: Option<&'static str>,
    /// The revision the caller expected.
    pub expected_revision: Option<u64>,
    /// The revision that is stored; `None` in a conflict where nothing is stored.
    pub actual_revision: Option<u64>,
    /// The view whose rule was to be broken.
    pub view_id: Option<String>,
    /// The value that two documents would have in that view, as JSON.
    pub view_key: Option<String>,
    /// The document that has it.
    pub other_key: Option<String>,
    /// Every bad file of a load.
    pub files: Vec<BadFile>,
}

/// An error of the core: kind, message, context, cause. Cheap to clone, because one failed sync may be the answer
/// to many writes.
#[derive(Clone)]
pub struct Error {
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    context: Context,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// A new error without context or cause.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let inner = Inner { kind, message: message.into(), context: Context::default(), source: None };
        Self { inner: Arc::new(inner) }
    }

    /// A broken rule of the interface.
    #[must_use]
    pub fn assertion(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Assertion, message)
    }

    /// A failed call to the operating system on `path`.
    #[must_use]
    pub fn storage(syscall: &'static str, path: &Path, cause: io::Error) -> Self {
        let mut error = Self::new(
            ErrorKind::Storage,
            format!("{}: {cause}, {syscall} '{}'", system_code(&cause).unwrap_or("EIO"), path.display()),
        );
        let inner = error.inner_mut();
        inner.context.syscall = Some(syscall);
        inner.context.path = Some(path.to_path_buf());
        inner.context.errno = cause.raw_os_error();
        inner.context.system_code = system_code(&cause);
        inner.source = Some(Arc::new(cause));
        error
    }

    /// A revision that is not the stored one. `actual` is `None` where nothing is stored.
    #[must_use]
    pub fn conflict(key: &str, expected: Option<u64>, actual: Option<u64>) -> Self {
        let wanted = expected.map_or_else(|| "none".to_owned(), |revision| revision.to_string());
        let found = actual.map_or_else(|| "no document".to_owned(), |revision| format!("revision {revision}"));
        let mut error = Self::new(
            ErrorKind::Conflict,
            format!("document {key:?} was changed meanwhile: expected revision {wanted}, found {found}"),
        );
        let context = &mut error.inner_mut().context;
        context.key = Some(key.to_owned());
        context.expected_revision = expected;
        context.actual_revision = actual;
        error
    }

    /// A value of a unique view, as JSON, that the document `key` would have beside the document `other`.
    #[must_use]
    pub fn not_unique(view: &str, value: &str, key: &str, other: &str) -> Self {
        let message =
            format!("the unique view {view:?} has no room for {key:?}: {other:?} has its value {value} already");
        let mut error = Self::new(ErrorKind::Conflict, message);
        let context = &mut error.inner_mut().context;
        context.key = Some(key.to_owned());
        context.view_id = Some(view.to_owned());
        context.view_key = Some(value.to_owned());
        context.other_key = Some(other.to_owned());
        error
    }

    /// Adds what to do about it to the message.
    #[must_use]
    pub fn with_hint(mut self, hint: &str) -> Self {
        let message = &mut self.inner_mut().message;
        message.push_str("; ");
        message.push_str(hint);
        self
    }

    /// Adds the key this error is about.
    #[must_use]
    pub fn with_key(mut self, key: impl Into<String>) -> Self {
        self.inner_mut().context.key = Some(key.into());
        self
    }

    /// Adds the path this error is about.
    #[must_use]
    pub fn with_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.inner_mut().context.path = Some(path.into());
        self
    }

    /// Adds the bad files of a load.
    #[must_use]
    pub fn with_files(mut self, files: Vec<BadFile>) -> Self {
        self.inner_mut().context.files = files;
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.inner_mut().source = Some(Arc::new(source));
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// The stable code: the system's own (`ENOSPC`) for a storage error, else the kind's.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match (self.inner.kind, self.inner.context.system_code) {
            (ErrorKind::Storage, Some(code)) => code,
            (kind, _) => kind.code(),
        }
    }

    /// Whether the system found nothing at the path.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.inner.context.system_code == Some("ENOENT")
    }

    /// Whether the system found something at a path that was to be free.
    #[must_use]
    pub fn is_already_there(&self) -> bool {
        self.inner.context.system_code == Some("EEXIST")
    }

    /// The sentence for people.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// The typed facts.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.inner.context
    }

    fn inner_mut(&mut self) -> &mut Inner {
        Arc::make_mut(&mut self.inner)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.inner.kind)
            .field("message", &self.inner.message)
            .field("context", &self.inner.context)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.inner.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.inner.source.as_deref().map(|source| source as _)
    }
}

/// The POSIX name of a system error, as Node's `fs` errors carry it in `code`.
fn system_code(cause: &io::Error) -> Option<&'static str> {
    #[cfg(unix)]
    if let Some(name) = cause.raw_os_error().and_then(errno_name) {
        return Some(name);
    }
    // ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION.
    #[cfg(windows)]
    if let Some(32 | 33) = cause.raw_os_error() {
        return Some("EBUSY");
    }
    match cause.kind() {
        io::ErrorKind::NotFound => Some("ENOENT"),
        io::ErrorKind::PermissionDenied => Some(if cfg!(windows) { "EPERM" } else { "EACCES" }),
        io::ErrorKind::AlreadyExists => Some("EEXIST"),
        io::ErrorKind::StorageFull => Some("ENOSPC"),
        io::ErrorKind::ReadOnlyFilesystem => Some("EROFS"),
        io::ErrorKind::IsADirectory => Some("EISDIR"),
        io::ErrorKind::NotADirectory => Some("ENOTDIR"),
        io::ErrorKind::DirectoryNotEmpty => Some("ENOTEMPTY"),
        io::ErrorKind::FileTooLarge => Some("EFBIG"),
        io::ErrorKind::InvalidInput => Some("EINVAL"),
        io::ErrorKind::ResourceBusy => Some("EBUSY"),
        io::ErrorKind::Interrupted => Some("EINTR"),
        io::ErrorKind::OutOfMemory => Some("ENOMEM"),
        _ => None,
    }
}

#[cfg(unix)]
fn errno_name(errno: i32) -> Option<&'static str> {
    use rustix::io::Errno;
    const NAMES: &[(Errno, &str)] = &[
        (Errno::PERM, "EPERM"),
        (Errno::NOENT, "ENOENT"),
        (Errno::INTR, "EINTR"),
        (Errno::IO, "EIO"),
        (Errno::BADF, "EBADF"),
        (Errno::NOMEM, "ENOMEM"),
        (Errno::ACCESS, "EACCES"),
        (Errno::BUSY, "EBUSY"),
        (Errno::EXIST, "EEXIST"),
        (Errno::XDEV, "EXDEV"),
        (Errno::NOTDIR, "ENOTDIR"),
        (Errno::ISDIR, "EISDIR"),
        (Errno::INVAL, "EINVAL"),
        (Errno::NFILE, "ENFILE"),
        (Errno::MFILE, "EMFILE"),
        (Errno::FBIG, "EFBIG"),
        (Errno::NOSPC, "ENOSPC"),
        (Errno::ROFS, "EROFS"),
        (Errno::MLINK, "EMLINK"),
        (Errno::NAMETOOLONG, "ENAMETOOLONG"),
        (Errno::NOTEMPTY, "ENOTEMPTY"),
        (Errno::LOOP, "ELOOP"),
        (Errno::STALE, "ESTALE"),
        (Errno::DQUOT, "EDQUOT"),
        (Errno::NOLCK, "ENOLCK"),
        (Errno::NOSYS, "ENOSYS"),
        (Errno::NOTSUP, "ENOTSUP"),
    ];
    NAMES.iter().find(|(known, _)| known.raw_os_error() == errno).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error as _;

    #[test]
    fn a_storage_error_carries_the_systems_code_and_cause() {
        let error = Error::storage("open", Path::new("/data/a.json"), io::Error::from_raw_os_error(28));
        assert_eq!(error.kind(), ErrorKind::Storage);
        #[cfg(unix)]
        assert_eq!(error.code(), "ENOSPC");
        assert_eq!(error.context().errno, Some(28));
        assert_eq!(error.context().syscall, Some("open"));
        assert!(error.source().is_some());
    }

    #[test]
    fn a_conflict_names_key_and_both_revisions() {
        let error = Error::conflict("user:1", Some(3), None);
        assert_eq!(error.code(), "CONFLICT");
        assert_eq!(error.context().key.as_deref(), Some("user:1"));
        assert_eq!((error.context().expected_revision, error.context().actual_revision), (Some(3), None));
    }
}
