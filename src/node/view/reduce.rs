//! What rows come to, in steps: between two of them JavaScript calls the reduce function, or lets its event loop turn.
//!
//! ```text
//! viewQuery or declaredQuery, with a reduce      the whole result, if that is soon made; else a number
//! viewReduceStep, with the number:
//!     null     nothing to do
//!     [...]    calls to make, to be answered with viewReduceAnswer
//!     {...}    the whole result
//! viewReduceEnd, where it is given up earlier
//! ```
//!
//! A reduction has its rows from the moment at which it was begun: the view may change, or go, meanwhile.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use napi::Env;
use napi_derive::napi;
use parking_lot::Mutex;

use crate::crossing::as_count;
use crate::engine::Reading;
use crate::error::{Error, Result};
use crate::key::code_unit;
use crate::node::failure::throw;
use crate::node::read::{ResultText, push_string};
use crate::node::store::{find, store};
use crate::node::text::Text;
use crate::range::Query;
use crate::view::reduce::{Input, Level, Progress, Reducer, Reduction, Task};
use crate::view::{RowKey, RowValue, collation};

/// Rows that are looked at before the first answer.
const ROWS_AT_ONCE: usize = 8_192;

/// The name of a reducer that is a function of the user's.
const FUNCTION: &str = "function";

/// Never the same in two stores, whose numbers are used again.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// The reductions of a store that are under way, by number.
#[derive(Default)]
pub struct Reductions {
    /// A mutex, because a declarative view's reductions begin on another thread; held for a moment and with no other.
    under_way: Mutex<HashMap<u32, UnderWay>>,
}

struct UnderWay {
    reduction: Reduction,
    /// The calls that JavaScript has to make before the next step.
    calls: Vec<Task>,
}

/// How a query's rows are to be reduced.
pub struct Reduce {
    reducer: Reducer,
    level: Option<Level>,
}

impl Reduce {
    /// From the name of a reducer, or none where rows are wanted, and from a level (`Infinity`: by the whole key).
    pub fn asked(name: Option<&str>, level: Option<f64>) -> Result<Option<Self>> {
        let Some(name) = name else { return Ok(None) };
        let reducer = if name == FUNCTION { Reducer::Function } else { Reducer::built_in(name)? };
        Ok(Some(Self { reducer, level: level.map(as_level) }))
    }

    /// The query's whole result, or the number of the reduction that makes it.
    pub fn begin(&self, reading: &Reading, query: Query, reductions: &Reductions) -> Result<Text<String>> {
        let reduction = reading.reduction(query, self.reducer, self.level)?;
        let mut under_way = UnderWay { reduction, calls: Vec::new() };
        if let Step::Done(result) = under_way.step(ROWS_AT_ONCE)? {
            return Ok(result);
        }
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        reductions.under_way.lock().insert(number, under_way);
        Text::new(number.to_string())
    }
}

fn as_level(level: f64) -> Level {
    let elements = as_count(level).filter(|_| level.is_finite());
    elements.map_or(Level::WHOLE, |elements| Level::elements(usize::try_from(elements).unwrap_or(usize::MAX)))
}

enum Step {
    Paused,
    Calls,
    Done(Text<String>),
}

impl UnderWay {
    fn step(&mut self, rows: usize) -> Result<Step> {
        if !self.calls.is_empty() {
            return Ok(Step::Calls);
        }
        Ok(match self.reduction.step(rows)? {
            Progress::Paused => Step::Paused,
            Progress::Done => Step::Done(result(&self.reduction)?),
            Progress::Calls(calls) => {
                self.calls = calls;
                Step::Calls
            }
        })
    }
}

/// Goes on, for about as long as it takes to look at so many rows: `null`, or calls of the reduce function as the text of
/// an array of `[keys, values]` (`keys` is `null` where results of calls are reduced), or the query's whole result, with
/// which it ends. An error ends it, too.
#[napi(catch_unwind)]
pub fn view_reduce_step(env: Env, number: u32, reduction: u32, rows: u32) -> napi::Result<Option<Text<String>>> {
    let store = store(&env, number)?;
    let step = || {
        let taken = store.reductions.under_way.lock().remove(&reduction);
        let mut under_way = taken.ok_or_else(|| Error::assertion("no such reduction"))?;
        let text = match under_way.step(rows as usize)? {
            Step::Done(result) => return Ok(Some(result)),
            Step::Paused => None,
            Step::Calls => Some(Text::new(calls_text(&under_way.calls)?)?),
        };
        store.reductions.under_way.lock().insert(reduction, under_way);
        Ok(text)
    };
    step().map_err(|error| throw(&env, &error))
}

/// Takes what the calls of the last step returned: a line of JSON for each.
#[napi(catch_unwind)]
pub fn view_reduce_answer(env: Env, number: u32, reduction: u32, lines: String) -> napi::Result<()> {
    let store = store(&env, number)?;
    let mut all = store.reductions.under_way.lock();
    let answered = match all.get_mut(&reduction) {
        Some(under_way) if under_way.calls.len() == lines.split('\n').count() => {
            for (call, line) in mem::take(&mut under_way.calls).into_iter().zip(lines.split('\n')) {
                under_way.reduction.answer(call, Arc::from(line));
            }
            Ok(())
        }
        _ => Err(Error::assertion("the answers are not those of the calls")),
    };
    drop(all);
    answered.map_err(|error| throw(&env, &error))
}

/// Gives a reduction up, if it has not ended.
#[napi(catch_unwind)]
pub fn view_reduce_end(number: u32, reduction: u32) {
    let ended = find(number).and_then(|store| store.reductions.under_way.lock().remove(&reduction));
    drop(ended);
}

fn result(reduction: &Reduction) -> Result<Text<String>> {
    let Some(page) = reduction.page() else {
        let value = reduction.groups().first().and_then(|group| group.value.as_deref()).unwrap_or("null");
        return Text::new(format!("{{\"value\":{value}}}"));
    };
    let mut result = ResultText::new(false);
    for group in reduction.groups() {
        result.group(&group.key()?, group.value.as_deref().unwrap_or("null"));
    }
    result.end(page)
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
        push_string(json, &code_unit::to_str(&document).unwrap_or_default());
        json.push(']');
        values.push_str(value.as_deref().unwrap_or("null"));
    }
    json.push_str("],[");
    json.push_str(&values);
    json.push(']');
    Ok(())
}
