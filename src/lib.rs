//! The engine of the Kixx Datastore: every document in memory, one readable JSON file each on disk, behind a Node.js
//! addon.
//!
//! The database is plain Rust that has never heard of Node; Node is one folder, `node`, that has never heard of
//! files.
//!
//! ```text
//! node -> crossing -> engine -> { view, storage } -> journal -> { range, tree, document, collator, key, disk, board, tape, error }
//! ```
//!
//! | module | noun |
//! |---|---|
//! | [`crossing`] | what crosses to JavaScript, as far as it is plain Rust |
//! | [`engine`] | the store: one committer, snapshots, pages, views brought forward |
//! | [`storage`] | where documents are kept: files, memory |
//! | [`journal`] | the append-only log that makes writes durable |
//! | [`view`] | rows of views, and keys in their collation |
//! | [`range`] | what a query selects |
//! | [`tree`] | the ordered, counted, copy-on-write B+tree |
//! | [`document`] | canonical text and revision |
//! | [`collator`] | the order of strings, as a language has it |
//! | [`tape`] | JSON text as JavaScript makes objects of it |
//! | [`disk`] | what the store asks of a file system |
//! | [`board`] | numbers in memory that processes share |
//! | [`key`] | order of keys, names of files |
//! | [`error`] | the one error |
//!
//! # Invariants
//!
//! - Dependencies point one way, as drawn; a test (`tests/layers.rs`) checks it.
//! - `unsafe` stands in `node`, and once in `board`.
//! - Text is canonical: what `JSON.stringify` made is what is stored; no number is ever printed again.
//! - Memory never holds what storage refused.

pub mod board;
pub mod collator;
pub mod crossing;
pub mod disk;
pub mod document;
pub mod engine;
pub mod error;
pub mod journal;
pub mod key;
// In a test build napi registers nothing, so every exported function would be dead code.
#[cfg(not(test))]
mod node;
pub mod range;
pub mod storage;
pub mod tape;
pub mod tree;
pub mod view;
