//! The boundary to JavaScript: the only folder that names napi.
//!
//! Everything exported here is for `lib/` alone; the public face is hand-written in `index.js` and `index.d.ts`.
//!
//! | file | what crosses |
//! |---|---|
//! | `store` | load, flush, close: stores by number |
//! | `open` | with what options a store is opened |
//! | `write` | a tick's writes, or a batch, in one call |
//! | `transaction` | transactions by number: what they read and write, and their commit |
//! | `read` | documents and pages of keys, as JSON text |
//! | `kept`, `raw` | documents that JavaScript keeps, and whether they are still those stored; the fastest way to one |
//! | `view` | documents to map, rows that were emitted, pages of rows |
//! | `declared` | declarative views: registered, and pages of their rows |
//! | `find` | documents by conditions |
//! | `refresh` | what others wrote into files |
//! | `verify` | whether a directory is in order |
//! | `walk` | documents of one moment, page by page |
//! | `backup` | backups, and stores made of them |
//! | `record` | lines of an export |
//! | `numbered` | what JavaScript holds by number |
//! | `calls` | what is answered later, to be cancelled |
//! | `unique` | unique views and their duplicates |
//! | `event` | answers from the engine's threads, one callback each |
//! | `failure` | an [`Error`](crate::error::Error) as a plain object; the classes are `lib/errors.js` |
//! | `text`, `decoder` | strings, without a detour where they are ASCII; JSON text as an object |
//!
//! # Invariants
//!
//! - Exported functions are synchronous and never block on I/O; what takes time answers through an [event].
//! - A store belongs to the environment that opened it, is known there by a number, and is only touched on its
//!   thread. It is one [handle](crate::engine::Member) of an engine that stores of other environments may share. When the
//!   environment ends, its stores end with it, without waiting for what was submitted, and nobody calls its callbacks any more.
//! - No lock and no borrow is held while JavaScript runs.
//! - A panic becomes an exception, never an abort.
//!
//! Not here: files, revisions, ranges - this folder has never heard of them.

#![expect(
    clippy::needless_pass_by_value,
    clippy::trivially_copy_pass_by_ref,
    reason = "napi gives exported functions owned values, and an environment that objects borrow"
)]

mod backup;
mod calls;
mod declared;
mod decoder;
mod event;
mod failure;
mod find;
mod keep_alive;
mod kept;
mod numbered;
mod open;
mod raw;
mod read;
mod record;
mod refresh;
mod store;
mod text;
mod transaction;
mod unique;
mod verify;
mod view;
mod walk;
mod write;
