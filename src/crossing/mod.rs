//! What crosses to JavaScript and back, as far as it is plain Rust: what `node` needs and can be tested without Node.
//!
//! | file | noun |
//! |---|---|
//! | `cut` | [`Cut`]: texts that crossed in one string, one by one |
//! | `count` | JavaScript's numbers as counts |
//! | `kept` | [`Kept`]: documents that JavaScript keeps; [`Naming`]: answers that name them in place of their texts |
//!
//! Not here: values and functions of JavaScript, which are `node`'s.

#![forbid(unsafe_code)]

mod count;
mod cut;
mod kept;

pub use count::as_count;
pub use cut::{Cut, another_shape};
pub use kept::{Keeping, Kept, Naming};
