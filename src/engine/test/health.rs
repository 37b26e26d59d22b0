//! After a failure that leaves storage in doubt: reads go on, writes do not, and everybody hears. After one that may pass:
//! writes go on, and it is told until it has passed.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;

use super::*;
use crate::engine::EngineEvent;
use crate::storage::faulty::{Call, EIO, ENOSPC};

/// What a store told without being asked.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Told {
    fn options(&self, interval: Duration) -> Options {
        let told = self.clone();
        let on_event = Arc::new(move |event| {
            told.0.lock().push(match event {
                EngineEvent::Failed(error) => format!("failed {}", error.code()),
                EngineEvent::Degraded(error) => format!("degraded {}", error.code()),
                EngineEvent::Flushed(stats) => format!("flushed {}, {} behind", stats.synced, stats.files_behind),
                EngineEvent::Refreshed(refreshed) => format!("refreshed {refreshed:?}"),
            });
        });
        Options { interval, on_event, ..Options::default() }
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().clone()
    }
}

/// A loaded store that tends at every turn and tells.
fn restless(faults: &Faults, told: &Told) -> Store {
    let store = Store::with(told.options(Duration::from_millis(1)), Faulty::new(Memory::new(), faults));
    store.load().unwrap();
    store
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "never {what}");
        std::thread::yield_now();
    }
}

fn count(faults: &Faults, call: Call) -> usize {
    faults.calls().iter().filter(|called| **called == call).count()
}

#[test]
fn a_panic_in_storage_answers_every_write_and_poisons() {
    let (faults, told) = (Faults::default(), Told::default());
    let store = Store::with(told.options(NEVER), Faulty::new(Memory::new(), &faults));
    store.load().unwrap();
    stored(store.one(set("a", "{}")));
    faults.panic_at_commit(3);
    let hold = faults.hold_commit();
    let first = store.submit(vec![set("b", "{}")]);
    hold.wait();
    // The commit after the held one panics, in the middle of these.
    let pending =
        [vec![set("a", "{}"), set("c", "{}")], vec![delete("a"), set("d", "[]")]].map(|all| store.submit(all));
    let batch = store.submit_batch(Batch { writes: vec![set("e", "{}"), set("f", "{}")], reads: None });
    let flush = store.begin_flush();
    drop(hold);
    assert_eq!(words(&answer(&first)), ["{\"_rev\":0}"]);
    for submission in &pending {
        assert_eq!(words(&answer(submission)), ["POISONED", "POISONED"]);
    }
    assert_eq!(words(&answer(&batch)), ["POISONED"]);
    assert_eq!(code(answer(&flush)), "POISONED");
    assert_eq!(words(&store.write(vec![set("e", "{}"), delete("missing")])), ["POISONED", "POISONED"]);
    assert_eq!(store.texts().len(), 2);
    assert_eq!(store.engine.stats().failure.unwrap().code(), "POISONED");
    assert_eq!(told.all(), ["failed POISONED"]);
    assert_eq!(code(store.close()), "POISONED");
    assert_eq!(faults.calls().last(), Some(&Call::Abandon), "what is in doubt is not put in order");
    assert!(store.engine.stats().failure.is_some());
}

#[test]
fn writes_settled_before_the_panic_keep_their_answers() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    faults.panic_at_commit(2);
    let answers = store.write(vec![set("a", "{}"), set("a", "{}"), set("b", "{}"), set("a", "{}")]);
    assert_eq!(words(&answers), ["{\"_rev\":0}", "POISONED", "{\"_rev\":0}", "POISONED"]);
}

#[test]
fn a_group_that_failed_for_good_poisons() {
    let (faults, told) = (Faults::default(), Told::default());
    let store = restless(&faults, &told);
    faults.poison_at_group(2, EIO);
    let answers = store.write(vec![set("a", "{}"), set("b", "{}"), set("c", "{}")]);
    assert_eq!(words(&answers), ["{\"_rev\":0}", "POISONED", "{\"_rev\":0}"]);
    assert_eq!(words(&store.write(vec![set("d", "{}")])), ["POISONED"]);
    assert_eq!(told.all(), ["failed POISONED"]);
    assert_eq!(code(store.close()), "POISONED");
}

#[test]
fn a_sync_that_failed_for_good_poisons_and_is_not_tried_again() {
    let (faults, told) = (Faults::default(), Told::default());
    faults.poison_sync(EIO);
    let store = restless(&faults, &told);
    stored(store.one(set("a", "{}")));
    until("poisoned", || store.engine.stats().failure.is_some());
    let error = failure(store.one(set("b", "{}")));
    assert_eq!(error.code(), "POISONED");
    let cause = error.source().unwrap().downcast_ref::<Error>().unwrap();
    assert_eq!(cause.source().unwrap().downcast_ref::<Error>().unwrap().context().syscall, Some("syncfs"));
    assert_eq!(code(store.flush()), "POISONED");
    assert!(store.text("a").is_some());
    assert_eq!(code(store.close()), "POISONED");
    assert_eq!(code(store.close()), "POISONED", "whoever closes again hears the same");
    assert_eq!(faults.calls(), [Call::Load, Call::Commit(1), Call::Tend, Call::Abandon]);
    assert_eq!(told.all(), ["failed POISONED"]);
}

#[test]
fn a_sync_that_panics_poisons_too() {
    let (faults, told) = (Faults::default(), Told::default());
    faults.panic_in_sync();
    let store = restless(&faults, &told);
    stored(store.one(set("a", "{}")));
    until("poisoned", || !told.all().is_empty());
    assert_eq!(code(store.close()), "POISONED");
    assert_eq!(told.all(), ["failed POISONED"]);
}

#[test]
fn a_hindrance_is_told_once_tried_again_and_forgotten_when_it_has_passed() {
    let (faults, told) = (Faults::default(), Told::default());
    faults.fail_sync(ENOSPC);
    let store = restless(&faults, &told);
    for spell in 1..3 {
        faults.fail_sync(ENOSPC);
        stored(store.one(set("a", "{}")));
        let tended = count(&faults, Call::Tend);
        // Nothing more is written.
        until("tried again", || count(&faults, Call::Tend) > tended + 3);
        assert_eq!(store.engine.stats().degraded.unwrap().code(), "ENOSPC");
        assert_eq!(told.all().len(), spell);
        faults.heal_sync();
        until("over", || store.engine.stats().degraded.is_none());
    }
    assert_eq!(told.all(), ["degraded ENOSPC", "degraded ENOSPC"]);
    assert!(store.engine.stats().failure.is_none());
    store.close().unwrap();
}

#[test]
fn a_flush_that_is_hindered_says_so_and_one_that_succeeds_ends_the_spell() {
    let (faults, told) = (Faults::default(), Told::default());
    let store = Store::with(told.options(NEVER), Faulty::new(Memory::new(), &faults));
    store.load().unwrap();
    faults.fail_sync(ENOSPC);
    assert_eq!(code(store.flush()), "ENOSPC");
    assert_eq!(store.engine.stats().degraded.unwrap().code(), "ENOSPC");
    stored(store.one(set("a", "{}")));
    faults.heal_sync();
    store.flush().unwrap();
    assert!(store.engine.stats().degraded.is_none());
    assert_eq!(told.all(), ["degraded ENOSPC"]);
}

#[test]
fn what_is_left_behind_is_tended_to_though_nothing_more_is_written() {
    let (faults, told) = (Faults::default(), Told::default());
    let store = restless(&faults, &told);
    faults.leave_behind(3);
    until("tended to", || count(&faults, Call::Tend) > 3);
    store.flush().unwrap();
}

#[test]
fn what_survives_a_power_cut_is_told_once() {
    let (faults, told) = (Faults::default(), Told::default());
    let store = restless(&faults, &told);
    faults.leave_behind(3);
    faults.sync_through(5);
    until("told", || !told.all().is_empty());
    let tended = count(&faults, Call::Tend);
    until("tended to again", || count(&faults, Call::Tend) > tended + 3);
    faults.sync_through(7);
    faults.leave_behind(0);
    store.flush().unwrap();
    store.flush().unwrap();
    assert_eq!(told.all(), ["flushed 5, 3 behind", "flushed 7, 0 behind"]);
    store.close().unwrap();
}

#[test]
fn what_was_synced_before_the_load_is_not_told() {
    let (faults, told) = (Faults::default(), Told::default());
    faults.sync_through(5);
    let store = restless(&faults, &told);
    store.flush().unwrap();
    assert_eq!(told.all(), Vec::<String>::new());
}

#[test]
fn an_idle_store_is_left_alone() {
    let (faults, clock_faults) = (Faults::default(), Faults::default());
    let (store, clock) = (restless(&faults, &Told::default()), restless(&clock_faults, &Told::default()));
    stored(store.one(set("a", "{}")));
    until("tended to", || count(&faults, Call::Tend) == 1);
    // Another store of the same interval tells the time.
    clock_faults.leave_behind(1);
    until("late", || count(&clock_faults, Call::Tend) > 10);
    assert_eq!(count(&faults, Call::Tend), 1);
    store.close().unwrap();
    clock.close().unwrap();
}

#[test]
fn a_storage_that_cannot_be_closed_in_order_is_told_to_all_who_close() {
    let faults = Faults::default();
    faults.fail_close(EIO);
    let store = Store::faulty(&faults);
    let closing = [store.begin_close(), store.begin_close()];
    for closing in &closing {
        assert_eq!(code(answer(closing)), "EIO");
    }
    assert_eq!(code(store.close()), "EIO");
    assert_all_answer(&store, "CLOSED");
}

#[test]
fn a_storage_that_panics_while_closing_leaves_nobody_waiting() {
    let faults = Faults::default();
    faults.panic_in_close();
    let store = Store::faulty(&faults);
    let closing = [store.begin_close(), store.begin_close()];
    for closing in &closing {
        assert_eq!(code(answer(closing)), "POISONED");
    }
    assert_eq!(code(store.close()), "POISONED");
    assert_eq!(store.engine.snapshot().err().unwrap().code(), "CLOSED");
}
