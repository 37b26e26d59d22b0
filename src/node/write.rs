//! A tick's writes, in one call.

use std::sync::Arc;
use std::vec;

use napi::Env;
use napi::bindgen_prelude::Float64Array;
use napi_derive::napi;

use super::event::Event;
use super::failure::throw;
use super::store::{Store, store};
use crate::document::Body;
use crate::engine::{Action, Batch, Condition, Given, Reply, RevisionRule, Write};
use crate::error::{Error, Result};
use crate::key::Key;

/// Numbers per write in a plan.
const PLAN: usize = 5;

/// In a write's code: answered when it is synced.
const SYNCED: u64 = 8;

/// In a write's code: answered with its revision.
const BRIEF: u64 = 16;

/// Submits writes: `texts` are the key of each and the text that `JSON.stringify` made of its document, one after the other,
/// in one string or several of which each begins with a key or a document, and `plan` has five numbers for each: what to do (0 set, 1 set with a revision required, 2 set whatever the revision, 3
/// put as it is, 4 delete, 5 delete with a revision required; 8 more: answer it when it is synced; 16 more: its revision
/// is answer enough), the sequence of the document's last change that the writer saw, and the revision it expects (both
/// -1 for none), the lengths of its key and of its document, in UTF-16 code units (-1 where there is no document). Answered
/// by one settled event with the ticket.
#[napi(catch_unwind)]
pub fn submit(env: Env, number: u32, ticket: f64, texts: Vec<String>, plan: Float64Array) -> napi::Result<()> {
    let store = store(&env, number)?;
    let writes = writes(texts, &plan).map_err(|error| throw(&env, &error))?;
    let engine = store.engine().map_err(|error| throw(&env, &error))?;
    engine.submit(writes, reply(&env, &store, ticket, &plan));
    Ok(())
}

/// Submits writes that are done together or not at all, told as to `submit`; `synced` answers them when they are. Answered
/// by one settled event with the ticket: an answer for each, or the one failure.
#[napi(catch_unwind)]
pub fn submit_batch(
    env: Env,
    number: u32,
    ticket: f64,
    texts: Vec<String>,
    plan: Float64Array,
    synced: bool,
) -> napi::Result<()> {
    let store = store(&env, number)?;
    let mut writes = writes(texts, &plan).map_err(|error| throw(&env, &error))?;
    for write in &mut writes {
        write.synced |= synced;
    }
    let engine = store.engine().map_err(|error| throw(&env, &error))?;
    engine.submit_batch(Batch { writes, reads: None }, reply(&env, &store, ticket, &plan));
    Ok(())
}

/// Answers a submission with this plan.
fn reply(env: &Env, store: &Store, ticket: f64, plan: &[f64]) -> Reply {
    store.alive.begin(env);
    let events = store.events.clone();
    let codes = plan.iter().step_by(PLAN);
    let brief = codes.map(|code| as_count(*code).is_some_and(|code| code & BRIEF != 0)).collect();
    Box::new(move |answers| events.send(Event::Settled { ticket, answers, brief }))
}

/// Refuses a document's text that the store would refuse.
#[napi(catch_unwind)]
pub fn check_text(env: Env, text: String) -> napi::Result<()> {
    Body::from_stringified(&text).map(drop).map_err(|error| throw(&env, &error))
}

fn writes(texts: Vec<String>, plan: &[f64]) -> Result<Vec<Write>> {
    let mut cut = Cut::new(texts);
    let writes = plan.chunks(PLAN).map(|plan| {
        let &[action, sequence, revision, key, document] = plan else { return Err(another_shape()) };
        let key = cut.next(key)?;
        let document = if document < 0.0 { None } else { Some(cut.next(document)?) };
        write(key.as_ref(), document, action, sequence, revision)
    });
    let writes = writes.collect::<Result<_>>()?;
    if cut.is_over() { Ok(writes) } else { Err(another_shape()) }
}

fn another_shape() -> Error {
    Error::assertion("a plan of another shape")
}

/// Texts that are cut up into the parts they were put together from. Parts cross together, because each string that crosses
/// by itself costs as much as a hundred bytes.
struct Cut {
    texts: vec::IntoIter<String>,
    /// The one in hand.
    whole: Arc<String>,
    at: usize,
    /// Its bytes are code units.
    is_ascii: bool,
}

impl Cut {
    fn new(texts: Vec<String>) -> Self {
        Self { texts: texts.into_iter(), whole: Arc::default(), at: 0, is_ascii: true }
    }

    /// The next part, of so many code units.
    fn next(&mut self, units: f64) -> Result<Given> {
        let units = as_count(units).and_then(|units| usize::try_from(units).ok()).ok_or_else(another_shape)?;
        while self.is_at_end()
            && let Some(text) = self.texts.next()
        {
            (self.is_ascii, self.at) = (text.is_ascii(), 0);
            self.whole = Arc::new(text);
        }
        let bytes = if self.is_ascii { units } else { self.bytes(units) };
        let part = self.at..self.at.saturating_add(bytes);
        self.at = part.end;
        Given::part(&self.whole, part).ok_or_else(another_shape)
    }

    /// The bytes of so many code units from here on.
    fn bytes(&self, units: usize) -> usize {
        let mut left = units;
        let rest = self.whole.get(self.at..).unwrap_or_default();
        let fitting = rest.chars().take_while(|char| {
            let fits = left >= char.len_utf16();
            left -= if fits { char.len_utf16() } else { left };
            fits
        });
        fitting.map(char::len_utf8).sum()
    }

    fn is_at_end(&self) -> bool {
        self.at == self.whole.len()
    }

    fn is_over(&self) -> bool {
        self.is_at_end() && self.texts.as_slice().iter().all(String::is_empty)
    }
}

fn write(key: &str, document: Option<Given>, code: f64, sequence: f64, revision: f64) -> Result<Write> {
    let count = as_count(code).ok_or_else(|| no_such_write(code))?;
    let (action, rule) = action(count & !(SYNCED | BRIEF), document).ok_or_else(|| no_such_write(code))?;
    let condition = Condition { sequence: as_count(sequence), revision: as_count(revision), rule };
    Ok(Write { key: Key::new(key)?, action, condition, synced: count & SYNCED != 0 })
}

/// What a code stands for.
fn action(code: u64, document: Option<Given>) -> Option<(Action, RevisionRule)> {
    let action = match (code, document) {
        (0..=2, Some(document)) => Action::Set(document),
        (3, Some(document)) => Action::Put(document),
        (4 | 5, None) => Action::Delete,
        _ => return None,
    };
    Some((action, rule(code)?))
}

/// What a code says of the revision that comes with the write.
pub fn rule(code: u64) -> Option<RevisionRule> {
    match code {
        0 | 4 => Some(RevisionRule::IfGiven),
        1 | 5 => Some(RevisionRule::Required),
        2 | 3 => Some(RevisionRule::Ignored),
        _ => None,
    }
}

/// The refusal of a code that stands for nothing.
pub fn no_such_write(code: f64) -> Error {
    Error::assertion(format!("no such write: {code}"))
}

/// A non-negative whole number of JavaScript's, or none.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be whole and not negative")]
pub fn as_count(value: f64) -> Option<u64> {
    (value >= 0.0 && value.fract() == 0.0).then_some(value as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts of these lengths, or why not.
    fn parts(texts: &[&str], lengths: &[u32]) -> Result<Vec<String>> {
        let mut cut = Cut::new(texts.iter().map(|text| (*text).to_owned()).collect());
        let parts = lengths.iter().map(|length| Ok(cut.next(f64::from(*length))?.as_ref().to_owned()));
        let parts = parts.collect::<Result<_>>()?;
        if cut.is_over() { Ok(parts) } else { Err(another_shape()) }
    }

    #[test]
    fn lengths_are_those_of_javascript() {
        assert_eq!(parts(&["ab{}c"], &[2, 2, 1]).unwrap(), ["ab", "{}", "c"]);
        // One unit and two bytes, two units and four bytes, one unit and three bytes.
        assert_eq!(parts(&["é{}😀{\"a\":\"€\"}"], &[1, 2, 2, 9]).unwrap(), ["é", "{}", "😀", "{\"a\":\"€\"}"]);
    }

    #[test]
    fn parts_may_come_in_several_texts_and_texts_may_be_empty() {
        assert_eq!(parts(&["", "a{}", "", "é", "{}"], &[1, 2, 1, 2]).unwrap(), ["a", "{}", "é", "{}"]);
        assert_eq!(parts(&["a", ""], &[1]).unwrap(), ["a"]);
        assert!(parts(&[], &[]).unwrap().is_empty());
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused() {
        for (texts, lengths) in
            [(["ab"], [3].as_slice()), (["ab"], &[1]), (["ab"], &[]), (["😀"], &[1]), (["ab"], &[1, 2])]
        {
            assert_eq!(parts(&texts, lengths).unwrap_err().code(), "ASSERTION", "{texts:?} {lengths:?}");
        }
    }
}
