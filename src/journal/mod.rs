//! The append-only log that makes writes durable before their files are.
//!
//! | file | noun |
//! |---|---|
//! | `writer` | [`Journal`]: appends, one thread at a time |
//! | `sync` | syncing for all that wait; removing segments that are done with |
//! | `segment` | the files: their names, what is known of each |
//! | `line` | a line's checksum, and walking its text |
//! | `head`, `entry` | what lines say |
//! | `reader` | reading segments as far as they count |
//! | `recovery` | [`recover`]: what a journal tells after a crash |
//! | `history` | [`History`]: what it tells about one document |
//! | `follow` | taking in what other processes append; [`Follower`]: as one who only reads |
//!
//! # Format, version 1
//!
//! Segments `00000001.jsonl`, `00000002.jsonl`, ... in one folder: UTF-8, a line each ending in a newline, members in this
//! order, no whitespace. Here a segment with a batch of two, a deletion, and a write that was given back:
//!
//! ```text
//! {"format":"kixx-datastore-journal","version":1,"epoch":1,"first":7,"files":"eager","settled":true,"closed":false,"boot":"5b2f","y":6,"c":"b1eebbd3"}
//! {"s":7,"k":"a","v":0,"d":false,"val":{"_rev":0,"n":1},"p":null,"c":"b547955b"}
//! {"s":8,"k":"b","v":4,"d":false,"val":{"_rev":4},"p":2818961432,"e":2,"y":6,"a":6,"c":"0bb262aa"}
//! {"s":9,"k":"a","v":0,"d":true,"p":2950696129,"e":1,"y":8,"a":8,"c":"4fe29b81"}
//! {"s":10,"k":"c","v":0,"d":false,"val":{"_rev":0},"p":null,"e":1,"y":8,"a":9,"c":"90171dba"}
//! {"s":11,"x":10,"e":1,"y":8,"a":9,"c":"8956342e"}
//! ```
//!
//! | member | what it is |
//! |---|---|
//! | `epoch`, `first` | the epoch; the first sequence that this segment may hold |
//! | `files` | whether files are placed with each write (`eager`) or later (`background`) |
//! | `settled` | everything before `first` was durable in its file: older segments, where there are any, mean nothing |
//! | `closed` | the store was closed, and nothing follows |
//! | `boot` | the run of the machine in which the segment was begun, or `null` |
//! | `s` | sequence: rises by one with every line but the head, over all segments of an epoch |
//! | `k`, `v`, `d`, `val` | key; revision (of a deletion: the one that was deleted); deleted; the document's text |
//! | `p` | CRC32C of the text that this version replaces, as a number; `null` where nothing was stored |
//! | `f` | where the version was made of what somebody wrote into its file, which was left as it was: CRC32C of that text, or `null` where there was no file |
//! | `e` | in the last line of a group: how many lines the group has |
//! | `y` | beside `e`, and in a head: the highest sequence known to be synced when the line was written |
//! | `a` | beside `e`: the highest sequence up to which every file was in its place |
//! | `x` | a void: the group that began at this sequence was given back |
//! | `c` | CRC32C over the line's bytes before `,"c":"`, eight hexadecimal digits |
//!
//! A later version may add members to the head before `c`, and lines; whoever reads refuses a version that he does not
//! know.
//!
//! # What counts
//!
//! - A group counts when it is whole: its lines are good, their sequences follow one another and what came before, and
//!   the last tells their number. Its lines stand in one segment.
//! - Where the first damage is, sequence S was expected. A good line behind it (in this segment or in a later one)
//!   whose `y` is S or more tells that S had been synced: the damage is real, and a `CORRUPT` error. Without such a
//!   line it is the end of an unsynced tail, which may have holes: nothing from there on counts.
//! - A voided group counts for nothing.
//!
//! # Invariants
//!
//! - A write is answered after its lines are written whole, or after they are gone again, durably. Where that cannot be
//!   had, and after any failed sync, the journal is broken for good (`POISONED`).
//! - A sync tells only what was written before it began.
//! - A segment is removed only when the next one's head is durable, and the oldest first, each removal durable before
//!   the next: what is left after a power cut has no gap.
//!
//! Not here: which files are in their place, and putting them there (`storage::files`).

#![forbid(unsafe_code)]

mod entry;
mod follow;
mod head;
mod history;
mod line;
mod reader;
mod recovery;
mod segment;
mod sync;
#[cfg(test)]
mod test;
mod writer;

pub use entry::{Left, Record};
pub use follow::{Change, Follower, Until};
pub use head::Placing;
pub use history::History;
pub(crate) use line::{seal as seal_line, unseal as unseal_line};
pub use recovery::{Cut, Recovered, discard, recover, secure};
pub(crate) use segment::path as segment_path;
pub use writer::{Journal, Start};

/// The checksum by which a journal knows a version of a document: CRC32C.
#[must_use]
pub fn checksum(text: &str) -> u32 {
    crc32c::crc32c(text.as_bytes())
}
