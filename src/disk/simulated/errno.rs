//! The system's error numbers, by their names in C.

macro_rules! numbers {
    ($($name:ident = $unix:ident or $windows:literal;)*) => {$(
        #[cfg(unix)]
        pub const $name: i32 = rustix::io::Errno::$unix.raw_os_error();
        #[cfg(not(unix))]
        pub const $name: i32 = $windows;
    )*};
}

numbers! {
    EPERM = PERM or 5;
    ENOENT = NOENT or 2;
    EIO = IO or 1117;
    EEXIST = EXIST or 183;
    ENOTDIR = NOTDIR or 267;
    EISDIR = ISDIR or 336;
    EINVAL = INVAL or 87;
    EMFILE = MFILE or 4;
    ENOSPC = NOSPC or 112;
    ENOTEMPTY = NOTEMPTY or 145;
    ENOTSUP = NOTSUP or 50;
}
