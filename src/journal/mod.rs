//! The append-only log that makes writes durable.

#![forbid(unsafe_code)]
