//! One engine for all handles of this process on one directory, in whatever threads.
//!
//! ```text
//!   Member::load --> a thread of its own: mount the directory -> which place it is
//!                        |-- nobody has it ----------> a new engine, loading --.
//!                        |-- open, or loading -------> joined ------------------+--> a seat, the load report
//!                        '-- its engine ends --------> waits, then as above ----'
//!   Member::engine() <-- the engine, as long as this handle is open
//!   Member::close  --> the last one: the engine is closed; any other: flushed, and the seat is given up
//!   Member::abandon -> the last one: the engine is abandoned; any other: the seat is given up at once
//! ```
//!
//! | file | noun |
//! |---|---|
//! | `member` | [`Member`]: a handle, from its making to its end |
//! | `opening` | [`Opening`]: how a handle finds its place; [`Choice`]: what it asks of the engine |
//! | `registry` | [`Registry`]: the engines of this process, by place |
//! | `seat` | `Seat`: a handle's part in an engine |
//! | `audience` | `Audience`: who hears what an engine tells by itself |
//!
//! # What holds
//!
//! - A place is the directory itself (device and inode), found when a handle loads, because that is when the directory is
//!   created and locked. Links, relative paths and a working directory that changes make no difference. What has no place
//!   (a store without a directory) is never shared.
//! - Who joins while the engine loads waits for that load and hears how far it is from then on. A load that fails fails for
//!   all who wait for it, and with the last of them its engine goes; the next load begins with an engine of its own.
//! - Who joins while the engine ends waits until the directory is free, and opens it anew.
//! - What a handle asks for explicitly has to be as the engine has it, or its load is refused; what it leaves at the default
//!   is as the engine has it. The order of keys is compared when the engine is loaded: a directory may remember it.
//! - A handle that only reads may share an engine that writes for others; an engine that only reads is refused to who writes.
//! - A handle that ends takes nothing from the others: closed, it waits for a flush, which covers all that it had handed
//!   over; abandoned, because its environment ended or it was collected, what it had handed over is committed, and answered
//!   to nobody. Only the last one ends the engine, so what that could not leave in order is told to the last one.
//! - Poison is the engine's, so it is all handles', also of those that join later, until the last one has ended.
//! - A directory that was removed keeps its engine while anybody has it open; another one at its path is another place.
//!
//! The registry is that of one copy of this library: another process, and another copy in this one, meets the directory's lock.
//!
//! Lock order: `Member::life`, then `Registry::engines`, then those of the engine. No reply is given under any of them.
//!
//! Not here: what is a handle's alone, its views and what it keeps of documents (`node`).

mod audience;
mod member;
mod opening;
mod registry;
mod seat;

pub use member::Member;
pub use opening::{Choice, Mount, Mounted, Opening};
pub use registry::Registry;
