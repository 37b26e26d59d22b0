//! Views: documents to map, rows that were emitted, pages of rows.
//!
//! | file | what |
//! |---|---|
//! | `build` | documents out, rows back |
//! | `query` | pages of rows |
//! | `reduce` | what rows come to, in steps |
//!
//! The rows live here, the functions in JavaScript. A query of a view that stands at the present moment is one
//! `viewQuery`. Any other is: `viewWant`, then `viewAdvance`, map, `viewApply` until the view has arrived, then
//! `viewQuery` at that moment, and in the end always `viewForget`.

mod build;
mod query;
mod reduce;

pub use query::{row_page, row_page_here, row_query};
pub use reduce::{Reduce, Reductions};

use napi::Env;
use napi_derive::napi;

use super::failure::{as_number, throw};
use super::store::store;
use crate::collator::Collation;
use crate::engine::Index;
use crate::error::{Error, Result};

/// Makes a view without rows and tells its number. Its cursors know it by its id; the collation is JSON text, none is by code
/// unit.
#[napi(catch_unwind)]
pub fn view_create(env: Env, number: u32, id: String, collation: Option<String>) -> napi::Result<u32> {
    let store = store(&env, number)?;
    let collation = collation.as_deref().map(Collation::parse).transpose().map_err(|error| throw(&env, &error))?;
    let index = Index::ordered(&id, collation.unwrap_or_default());
    let mut views = store.views.borrow_mut();
    let free = views.iter().position(Option::is_none).unwrap_or(views.len());
    let view = u32::try_from(free).map_err(|_| napi::Error::from_reason("too many views"))?;
    match views.get_mut(free) {
        Some(slot) => *slot = Some(index),
        None => views.push(Some(index)),
    }
    Ok(view)
}

/// Forgets a view.
#[napi(catch_unwind)]
pub fn view_drop(env: Env, number: u32, view: u32) -> napi::Result<()> {
    let dropped = store(&env, number)?.views.borrow_mut().get_mut(view as usize).and_then(Option::take);
    drop(dropped);
    Ok(())
}

/// `[rows, skipped, sequence]` of a view.
#[napi(catch_unwind)]
pub fn view_stats(env: Env, number: u32, view: u32) -> napi::Result<Vec<f64>> {
    with(&env, number, view, |index| {
        Ok([index.len() as u64, index.skipped() as u64, index.sequence()].map(as_number).to_vec())
    })
}

fn with<T>(env: &Env, number: u32, view: u32, act: impl FnOnce(&mut Index) -> Result<T>) -> napi::Result<T> {
    let store = store(env, number)?;
    let mut views = store.views.borrow_mut();
    let done = match views.get_mut(view as usize).and_then(Option::as_mut) {
        Some(index) => act(index),
        None => Err(Error::assertion("no such view")),
    };
    drop(views);
    done.map_err(|error| throw(env, &error))
}
