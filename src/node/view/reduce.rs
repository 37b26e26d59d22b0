//! What rows come to, in steps: between two of them JavaScript calls the reduce function, or lets its event loop turn.
//!
//! ```text
//! viewReduce -> ticket
//! until viewReduceStep gives the result:
//!     null     nothing to do
//!     [...]    calls to make:  viewReduceAnswer
//! viewReduceEnd, where it is given up earlier
//! ```
//!
//! A reduction has its rows from the moment at which it was begun: the view may change, or go, meanwhile.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use napi::Env;
use napi_derive::napi;

use super::query::selection;
use super::with;
use crate::error::{Error, ErrorKind, Result};
use crate::key::code_unit;
use crate::node::failure::throw;
use crate::node::read::{json_string, window};
use crate::node::store::{Store, store};
use crate::node::text::Text;
use crate::node::write::as_count;
use crate::view::reduce::{Input, Level, Progress, Reducer, Reduction, Task};
use crate::view::{RowKey, RowValue, collation};

/// A reduction on its way.
struct UnderWay {
    /// Whose end is the reduction's, too. Stores' numbers are used again, so that one would not tell.
    store: Weak<Store>,
    reduction: Reduction,
    /// The calls that JavaScript is making.
    calls: Vec<Task>,
}

thread_local! {
    /// The reductions of this environment, by ticket.
    static UNDER_WAY: RefCell<HashMap<u32, UnderWay>> = RefCell::default();

    static LAST_TICKET: Cell<u32> = const { Cell::new(0) };
}

/// Begins to reduce a range of the view's rows, and tells the ticket. Bounds are JSON; no `reducer` is a function; no
/// `level` is one value of everything, `Infinity` groups by the whole key.
#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments, reason = "flat arguments cross in a tenth of the time an object takes")]
pub fn view_reduce(
    env: Env,
    number: u32,
    view: u32,
    reducer: Option<String>,
    start: Option<String>,
    end: Option<String>,
    key: Option<String>,
    prefix: Option<String>,
    descending: bool,
    offset: f64,
    limit: f64,
    level: Option<f64>,
) -> napi::Result<u32> {
    let selection = selection(start, end, key, prefix, descending);
    let begun = with(&env, number, view, |index| {
        let reducer = reducer.as_deref().map_or(Ok(Reducer::Function), Reducer::built_in)?;
        Ok(index.reading()?.reduction(selection?, reducer, level.map(as_level), window(offset, limit)))
    })?;
    Ok(begin(&store(&env, number)?, begun))
}

/// A level from JavaScript's number.
fn as_level(level: f64) -> Level {
    let elements = as_count(level).filter(|_| level.is_finite());
    elements.map_or(Level::WHOLE, |elements| Level::elements(usize::try_from(elements).unwrap_or(usize::MAX)))
}

/// Keeps a reduction under a new ticket.
pub fn begin(store: &Rc<Store>, reduction: Reduction) -> u32 {
    let under_way = UnderWay { store: Rc::downgrade(store), reduction, calls: Vec::new() };
    UNDER_WAY.with_borrow_mut(|all| {
        let mut ticket = LAST_TICKET.get();
        // Never more than one turn around: each of 2^32 reductions would have to be under way.
        while all.contains_key(&ticket) {
            ticket = ticket.wrapping_add(1);
        }
        LAST_TICKET.set(ticket.wrapping_add(1));
        all.insert(ticket, under_way);
        ticket
    })
}

/// Goes on, for about as long as it takes to look at so many rows: `null`, or calls of the reduce function as the text of
/// an array of `[keys, values]` (`keys` is `null` where results of calls are reduced), or the query's whole result, with
/// which it ends. An error ends it, too.
#[napi(catch_unwind)]
pub fn view_reduce_step(env: Env, ticket: u32, rows: u32) -> napi::Result<Option<Text<String>>> {
    let step = || {
        let Some(mut under_way) = UNDER_WAY.with_borrow_mut(|all| all.remove(&ticket)) else {
            return Err(Error::assertion("no such reduction"));
        };
        if under_way.store.strong_count() == 0 {
            return Err(Error::new(ErrorKind::Closed, "the datastore is closed"));
        }
        let text = match under_way.reduction.step(rows as usize)? {
            Progress::Done => return result(&under_way.reduction).and_then(Text::new).map(Some),
            Progress::Paused => None,
            Progress::Calls(calls) => {
                under_way.calls = calls;
                Some(Text::new(calls_text(&under_way.calls)?)?)
            }
        };
        UNDER_WAY.with_borrow_mut(|all| all.insert(ticket, under_way));
        Ok(text)
    };
    step().map_err(|error| throw(&env, &error))
}

/// Takes what the calls of the last step returned: a line of JSON for each.
#[napi(catch_unwind)]
pub fn view_reduce_answer(env: Env, ticket: u32, lines: String) -> napi::Result<()> {
    let answered = UNDER_WAY.with_borrow_mut(|all| {
        let under_way = all.get_mut(&ticket)?;
        let calls = std::mem::take(&mut under_way.calls);
        let is_complete = lines.split('\n').count() == calls.len();
        for (call, line) in calls.into_iter().zip(lines.split('\n')).filter(|_| is_complete) {
            under_way.reduction.answer(call, Arc::from(line));
        }
        is_complete.then_some(())
    });
    answered.ok_or_else(|| throw(&env, &Error::assertion("the answers are not those of the calls")))
}

/// Gives a reduction up, if it has not ended.
#[napi(catch_unwind)]
pub fn view_reduce_end(ticket: u32) {
    drop(UNDER_WAY.with_borrow_mut(|all| all.remove(&ticket)));
}

fn result(reduction: &Reduction) -> Result<String> {
    let Some(page) = reduction.page() else {
        let value = reduction.groups().first().and_then(|group| group.value.as_deref()).unwrap_or("null");
        return Ok(format!("{{\"value\":{value}}}"));
    };
    let mut json = String::from("{\"items\":[");
    for (index, group) in reduction.groups().iter().enumerate() {
        json.push_str(if index == 0 { "{\"key\":" } else { ",{\"key\":" });
        json.push_str(&group.key()?);
        json.push_str(",\"value\":");
        json.push_str(group.value.as_deref().unwrap_or("null"));
        json.push('}');
    }
    let next = page.exclusive_end_index.map_or_else(|| "null".to_owned(), |index| index.to_string());
    Ok(format!("{json}],\"exclusiveEndIndex\":{next},\"total\":{}}}", page.total))
}

fn calls_text(calls: &[Task]) -> Result<String> {
    let mut json = String::from("[");
    for call in calls {
        json.push_str(if json.len() == 1 { "[" } else { ",[" });
        match call.input() {
            Input::Results(results) => {
                json.push_str("null,[");
                json.push_str(&results.join(","));
                json.push(']');
            }
            Input::Rows(rows) => push_rows(rows, &mut json)?,
        }
        json.push(']');
    }
    json.push(']');
    Ok(json)
}

/// Appends an array of `[key, document key]` and one of the values.
fn push_rows<'a>(rows: impl Iterator<Item = (&'a RowKey, &'a RowValue)>, json: &mut String) -> Result<()> {
    let mut values = String::new();
    json.push('[');
    for (index, (row, value)) in rows.enumerate() {
        if index > 0 {
            json.push(',');
            values.push(',');
        }
        json.push('[');
        let (Some(_), Some(document)) = (collation::decode(row.emitted(), json), row.document()) else {
            return Err(Error::assertion("a row that nobody emitted"));
        };
        json.push(',');
        json.push_str(&json_string(&code_unit::to_str(&document).unwrap_or_default()));
        json.push(']');
        values.push_str(value.as_deref().unwrap_or("null"));
    }
    json.push_str("],[");
    json.push_str(&values);
    json.push(']');
    Ok(())
}
