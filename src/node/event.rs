//! Answers from the engine's threads.
//!
//! Each is one call of the store's callback: `(event, ticket, payload)`.
//!
//! | event | ticket | payload |
//! |---|---|---|
//! | 0 loaded | 0 | the load report, or a failure |
//! | 1 settled | the submission's | an array, a write each: the stored document's text, or its revision, `null` for deleted, or a failure |
//! | 2 closed | 0 | `null`, or a failure |
//! | 3 failed | 0 | a failure: why writes are refused from now on |
//! | 4 degraded | 0 | a failure: what hinders the work in the background |
//! | 5 answered | the call's | JSON text, or a failure |
//! | 6 progress | the call's, 0 of a load | `[done, total]`, before it is answered |
//! | 7 flushed | 0 | `[sequence, filesBehind]`: more survives a power cut, up to this change; so many files are to follow |
//! | 8 refreshed | 0 | a report (`refresh`): what others wrote into files was taken over, or could not be |
//!
//! A batch that was refused is settled with an array of one failure. So is a transaction and a flush; one that was done
//! is with an array of one `null`. Failed, degraded, progress, flushed and refreshed answer nothing.

use std::iter;
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;

use napi::bindgen_prelude::{Array, FnArgs, Function, Null, Object, ToNapiValue, Unknown};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Status, sys};

use parking_lot::RwLock;

use super::failure::{as_number, failure};
use super::keep_alive::KeepAlive;
use super::refresh::report;
use super::text::Text;
use crate::engine::{EngineEvent, LoadReport, Settled};
use crate::error::{Error, ErrorKind, Result};

/// At most so many names are told in a report.
pub const NAMES_TOLD: usize = 1_000;

/// An answer.
pub enum Event {
    /// A load ended.
    Loaded(Result<LoadReport>),
    /// A submission was settled.
    Settled {
        /// Which one.
        ticket: f64,
        /// The answers, in the order of its writes.
        answers: Vec<Settled>,
        /// For which of them the revision is answer enough.
        brief: Vec<bool>,
    },
    /// What is one thing for JavaScript was done, or not.
    Done {
        /// Which one.
        ticket: f64,
        /// Why it was not done.
        refused: Option<Settled>,
    },
    /// The store is closed, in order or not.
    Closed(Result<()>),
    /// What the engine tells by itself.
    Told(EngineEvent),
    /// A call was answered.
    Answered {
        /// Which one.
        ticket: f64,
        /// The answer as JSON.
        answer: Result<Text<String>>,
    },
    /// How far a call is.
    Progress {
        /// Which one.
        ticket: f64,
        /// So many documents were looked at.
        done: f64,
        /// Of so many.
        total: f64,
    },
}

impl Event {
    /// How far a load is.
    pub fn loading(done: usize, total: usize) -> Self {
        Self::progress(0.0, done, total)
    }

    /// How far a call is.
    pub fn progress(ticket: f64, done: usize, total: usize) -> Self {
        Self::Progress { ticket, done: as_number(done as u64), total: as_number(total as u64) }
    }

    /// Its number and ticket.
    fn address(&self) -> (u32, f64) {
        match self {
            Self::Loaded(_) => (0, 0.0),
            Self::Settled { ticket, .. } | Self::Done { ticket, .. } => (1, *ticket),
            Self::Closed(_) => (2, 0.0),
            Self::Told(EngineEvent::Failed(_)) => (3, 0.0),
            Self::Told(EngineEvent::Degraded(_)) => (4, 0.0),
            Self::Answered { ticket, .. } => (5, *ticket),
            Self::Progress { ticket, .. } => (6, *ticket),
            Self::Told(EngineEvent::Flushed(_)) => (7, 0.0),
            Self::Told(EngineEvent::Refreshed(_)) => (8, 0.0),
        }
    }

    /// Whether something waited for this.
    fn is_answer(&self) -> bool {
        !matches!(self, Self::Told(_) | Self::Progress { .. })
    }
}

type Arguments = FnArgs<(u32, f64, Event)>;
type Callback = ThreadsafeFunction<Event, Unknown<'static>, Arguments, Status, false, true>;

/// Where a store's answers go. Usable from any thread.
#[derive(Clone)]
pub struct Events {
    /// A read-write lock, held for a moment: every thread sends, and the environment's ends it. `None` from then on: an engine
    /// that others share outlives the environment.
    callback: Arc<RwLock<Option<Callback>>>,
}

impl Events {
    /// Answers go to `callback`; each ends one pending entry of `alive`. What comes by itself keeps nothing alive.
    ///
    /// # Errors
    ///
    /// napi's.
    pub fn new(callback: &Function<'_, Arguments, Unknown<'static>>, alive: &Rc<KeepAlive>) -> napi::Result<Self> {
        let counted = Rc::clone(alive);
        let callback =
            callback.build_threadsafe_function::<Event>().callee_handled::<false>().weak::<true>().build_callback(
                move |context| {
                    if context.value.is_answer() {
                        counted.end(&context.env);
                    }
                    let (event, ticket) = context.value.address();
                    Ok(FnArgs::from((event, ticket, context.value)))
                },
            )?;
        alive.hold(callback.raw());
        Ok(Self { callback: Arc::new(RwLock::new(Some(callback))) })
    }

    /// Sends an answer. It is dropped where nobody is left to hear it.
    pub fn send(&self, event: Event) {
        if let Some(callback) = self.callback.read().as_ref() {
            callback.call(event, ThreadsafeFunctionCallMode::NonBlocking);
        }
    }

    /// Nobody hears anything any more but what was sent. Frees the callback, on the environment's thread.
    pub fn end(&self) {
        let callback = self.callback.write().take();
        drop(callback);
    }
}

impl ToNapiValue for Event {
    #[expect(unsafe_code, reason = "the trait's function is unsafe")]
    unsafe fn to_napi_value(raw: sys::napi_env, event: Self) -> napi::Result<sys::napi_value> {
        let env = Env::from_raw(raw);
        // SAFETY: `raw` is the environment that the caller vouches for, and the values were made in it.
        unsafe {
            match event {
                Self::Loaded(Ok(report)) => Object::to_napi_value(raw, told(&env, &report)?),
                Self::Loaded(Err(error)) => Object::to_napi_value(raw, failure(&env, &error)?),
                Self::Settled { answers, brief, .. } => settled(raw, &env, &answers, &brief),
                Self::Done { refused, .. } => settled(raw, &env, &[refused.unwrap_or(Settled::Deleted)], &[]),
                Self::Closed(Ok(())) => Null::to_napi_value(raw, Null),
                Self::Answered { answer: Ok(text), .. } => Text::to_napi_value(raw, text),
                Self::Progress { done, total, .. } => Vec::to_napi_value(raw, vec![done, total]),
                Self::Told(EngineEvent::Flushed(stats)) => {
                    let told = vec![as_number(stats.synced), as_number(stats.files_behind as u64)];
                    Vec::to_napi_value(raw, told)
                }
                Self::Told(EngineEvent::Refreshed(refreshed)) => Text::to_napi_value(raw, Text(report(&refreshed))),
                Self::Closed(Err(error))
                | Self::Answered { answer: Err(error), .. }
                | Self::Told(EngineEvent::Failed(error) | EngineEvent::Degraded(error)) => {
                    Object::to_napi_value(raw, failure(&env, &error)?)
                }
            }
        }
    }
}

fn told<'env>(env: &'env Env, report: &LoadReport) -> napi::Result<Object<'env>> {
    let mut told = Object::new(env)?;
    let findings = &report.findings;
    told.set("documents", as_number(report.documents as u64))?;
    told.set("ignored", as_number(findings.ignored.len() as u64))?;
    told.set("quarantined", as_number(findings.quarantined.len() as u64))?;
    told.set("recovered", as_number(findings.recovered as u64))?;
    told.set("milliseconds", report.duration.as_secs_f64() * 1_000.0)?;
    let ignored: Vec<&str> = findings.ignored.iter().take(NAMES_TOLD).map(String::as_str).collect();
    told.set("ignoredFiles", Array::from_vec(env, ignored)?)?;
    let quarantined = findings.quarantined.iter().take(NAMES_TOLD).map(|bad| {
        let mut file = Object::new(env)?;
        file.set("file", bad.file.as_str())?;
        file.set("reason", bad.reason.as_str())?;
        Ok(file)
    });
    told.set("quarantinedFiles", Array::from_vec(env, quarantined.collect::<napi::Result<Vec<_>>>()?)?)?;
    Ok(told)
}

#[expect(unsafe_code, reason = "one array of mixed values, without a wrapper for each")]
unsafe fn settled(raw: sys::napi_env, env: &Env, answers: &[Settled], brief: &[bool]) -> napi::Result<sys::napi_value> {
    let mut array = ptr::null_mut();
    // SAFETY: the caller vouches for `raw`; every value set is made in the same environment just before.
    unsafe {
        check(sys::napi_create_array_with_length(raw, answers.len(), &raw mut array))?;
        let brief = brief.iter().copied().chain(iter::repeat(false));
        for ((index, answer), brief) in (0..).zip(answers).zip(brief) {
            let value = one(raw, env, answer, brief).or_else(|cause| {
                // The other writes have answers that can be told.
                let untold = format!("the write was done, but its answer cannot be told: {}", cause.reason);
                one(raw, env, &Settled::Failed(Error::new(ErrorKind::Unsupported, untold)), false)
            })?;
            check(sys::napi_set_element(raw, array, index, value))?;
        }
    }
    Ok(array)
}

#[expect(unsafe_code, reason = "values are made by unsafe functions of napi's traits")]
unsafe fn one(raw: sys::napi_env, env: &Env, answer: &Settled, brief: bool) -> napi::Result<sys::napi_value> {
    // SAFETY: the caller vouches for `raw`, and `env` is the same.
    unsafe {
        match answer {
            Settled::Stored(document) if brief => f64::to_napi_value(raw, as_number(document.revision())),
            Settled::Stored(document) => Text::to_napi_value(raw, Text(document.text())),
            Settled::Deleted => Null::to_napi_value(raw, Null),
            Settled::Lost(error) | Settled::Failed(error) => {
                let mut facts = failure(env, error)?;
                facts.set("lost", matches!(answer, Settled::Lost(_)))?;
                Object::to_napi_value(raw, facts)
            }
        }
    }
}

fn check(status: sys::napi_status) -> napi::Result<()> {
    match Status::from(status) {
        Status::Ok => Ok(()),
        failed => Err(napi::Error::new(failed, "the answers to a submission cannot be told")),
    }
}
