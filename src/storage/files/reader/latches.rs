//! What keeps others from changing a directory while it is read, and who they are.

use crate::disk::{Disk, Latch};
use crate::error::Result;
use crate::storage::files::layout::{COMMIT, LOCK, PLACING};

/// The locks under which others commit and place, held where their files are there.
#[derive(Debug)]
pub struct Latches {
    commit: Option<Box<dyn Latch>>,
    /// Given back when it is dropped.
    _placing: Option<Box<dyn Latch>>,
}

/// Who has a directory open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Nobody.
    Nobody,
    /// Somebody who lets others have it, too.
    Several,
    /// Somebody who does not, or who opens it just now, or who only looks whether it is open.
    Alone,
}

impl Latches {
    /// Waits until nobody commits, or places.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn take(disk: &dyn Disk) -> Result<Self> {
        // In the order in which openers take them.
        let (commit, placing) = (disk.latch_there(COMMIT)?, disk.latch_there(PLACING)?);
        for latch in commit.iter().chain(&placing) {
            latch.lock()?;
        }
        Ok(Self { commit, _placing: placing })
    }

    /// Who has the directory open. No system can be asked that, so the lock is taken for a moment.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn holder(&self, disk: &dyn Disk) -> Result<Holder> {
        let Some(lock) = disk.latch_there(LOCK)? else { return Ok(Holder::Nobody) };
        if lock.try_lock()? {
            return Ok(Holder::Nobody);
        }
        // Together with others only where nobody can open it meanwhile: he would take us for an opener.
        if self.commit.is_some() && lock.try_lock_together()? {
            return Ok(Holder::Several);
        }
        Ok(Holder::Alone)
    }
}
