//! What file system a directory lies on, and since when the machine runs.

#[cfg(target_os = "linux")]
use std::fs::{self, File};

/// What is known of a file system.
#[derive(Debug)]
pub(super) struct Mounted {
    /// See [`Abilities`](super::Abilities).
    pub syncs_everything: bool,
    /// See [`Abilities`](super::Abilities). As far as the system tells.
    pub is_local: bool,
    /// See [`Disk::boot`](super::Disk::boot).
    pub boot: Option<String>,
}

impl Mounted {
    /// The file system of an open directory.
    #[cfg(target_os = "linux")]
    pub fn on(directory: &File) -> Self {
        let magic = magic(directory);
        Self { syncs_everything: syncs_everything(magic), is_local: !is_remote(magic), boot: boot() }
    }

    /// A file system of which nothing is told.
    #[cfg(not(target_os = "linux"))]
    pub fn unknown() -> Self {
        Self { syncs_everything: false, is_local: true, boot: None }
    }
}

/// What kind of file system it is, by `<linux/magic.h>`; 0 where that is not told.
#[cfg(target_os = "linux")]
fn magic(directory: &File) -> u64 {
    rustix::fs::fstatfs(directory).map_or(0, |found| found.f_type.cast_unsigned() & 0xffff_ffff)
}

/// Whether `syncfs` means what it says. Where files are somebody else's (FUSE, 9p, SMB, NFS) it writes to the server and
/// does not ask the server to sync.
#[cfg(target_os = "linux")]
fn syncs_everything(magic: u64) -> bool {
    // ext2 to 4, XFS, Btrfs, F2FS, ZFS, bcachefs, tmpfs, overlayfs.
    const LOCAL: [u64; 8] =
        [0xef53, 0x5846_5342, 0x9123_683e, 0xf2f5_2010, 0x2fc1_2fc1, 0xca45_1a4e, 0x0102_1994, 0x794c_7630];
    LOCAL.contains(&magic)
}

/// Whether the files are another machine's, with which no memory can be shared.
#[cfg(target_os = "linux")]
fn is_remote(magic: u64) -> bool {
    // NFS, SMB, CIFS, SMB2, NCP, AFS (two), Coda, Ceph, 9p, GFS2, OCFS2, Lustre.
    const REMOTE: [u64; 13] = [
        0x6969,
        0x517b,
        0xff53_4d42,
        0xfe53_4d42,
        0x564c,
        0x5346_414f,
        0x6b41_4653,
        0x7375_7245,
        0x00c3_6400,
        0x0102_1997,
        0x0116_1970,
        0x7461_636f,
        0x0bd0_0bd0,
    ];
    REMOTE.contains(&magic)
}

#[cfg(target_os = "linux")]
fn boot() -> Option<String> {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").ok().map(|text| text.trim().to_owned())
}
