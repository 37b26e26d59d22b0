//! Calls from many threads at once: everybody is answered, exactly once.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::TryRecvError;
use std::thread;

use super::*;
use crate::storage::faulty::EIO;

const ROUNDS: usize = 60;

#[test]
fn every_submission_is_answered_however_the_store_ends() {
    for round in 0..ROUNDS {
        let store = Store::in_memory();
        let begin = Barrier::new(4);
        let mut stored = 0;
        thread::scope(|scope| {
            let writers = [0, 1, 2].map(|writer| {
                let (store, begin) = (&store, &begin);
                scope.spawn(move || {
                    begin.wait();
                    let write = |number| store.submit(vec![set(&format!("{writer}:{number}"), "{}"), delete("none")]);
                    (0..100).map(write).collect::<Vec<_>>()
                })
            });
            begin.wait();
            match round % 3 {
                0 => store.close().unwrap(),
                1 => store.engine.abandon().join(),
                _ => drop(answer(&{
                    let closing = store.begin_close();
                    store.engine.abandon().join();
                    closing
                })),
            }
            for submission in writers.into_iter().flat_map(|writer| writer.join().unwrap()) {
                let words = words(&answer(&submission));
                let is_stored = words == ["{\"_rev\":0}", "deleted"];
                assert!(is_stored || words == ["CLOSED", "CLOSED"], "{words:?}");
                stored += usize::from(is_stored);
            }
        });
        assert!(stored <= 300);
        let _ = store.close();
    }
}

#[test]
fn a_reader_comes_in_between_while_a_long_round_is_applied() {
    const WRITES: u64 = 1_000;
    let store = Store::in_memory();
    let seen = AtomicBool::new(false);
    thread::scope(|scope| {
        let (store, seen) = (&store, &seen);
        let (done, ended) = channel::<()>();
        scope.spawn(move || {
            while ended.try_recv() == Err(TryRecvError::Empty) {
                let between = store.engine.stats().position.sequence % WRITES != 0;
                seen.fetch_or(between, Ordering::Relaxed);
            }
        });
        // Whether the reader asks at the right moment is chance; without a gap it never does.
        for _ in 0..1_000 {
            store.write((0..WRITES).map(|number| set(&number.to_string(), "{}")).collect());
            if seen.load(Ordering::Relaxed) {
                break;
            }
        }
        drop(done);
    });
    assert!(seen.into_inner(), "the state was locked for a whole round");
}

#[test]
fn every_load_and_close_is_answered_whichever_comes_first() {
    for round in 0..ROUNDS {
        let faults = Faults::default();
        if round % 2 == 0 {
            faults.fail_load(EIO);
        }
        let store = Store::new(Faulty::new(Memory::new(), &faults));
        let begin = Barrier::new(4);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    begin.wait();
                    if let Err(error) = store.load() {
                        assert!(["EIO", "CLOSED"].contains(&error.code()), "{error:?}");
                    }
                });
            }
            scope.spawn(|| {
                begin.wait();
                if round % 4 < 2 { drop(store.close()) } else { store.engine.abandon().join() }
            });
            begin.wait();
            let _ = store.close();
        });
        assert_eq!(code(store.load()), "CLOSED");
        assert_eq!(code(store.engine.snapshot()), "CLOSED");
    }
}

#[test]
fn readers_see_every_write_that_was_answered() {
    let store = Store::in_memory();
    thread::scope(|scope| {
        for writer in 0..3 {
            let store = &store;
            scope.spawn(move || {
                let name = format!("k{writer}");
                for revision in 0..200 {
                    assert_eq!(stored(store.one(set(&name, "{}"))).revision(), revision);
                    let found = store.engine.get(&key(&name)).unwrap().unwrap();
                    assert_eq!(found.document.revision(), revision);
                    assert!(store.engine.snapshot().unwrap().position().sequence >= found.sequence);
                }
            });
        }
    });
    assert_eq!(store.engine.stats().position.sequence, 600);
}

#[test]
fn a_snapshot_never_changes() {
    let store = Store::in_memory();
    let mut taken = Vec::new();
    for round in 0..40 {
        let writes = (0..25).map(|number| match (round + number) % 7 {
            0 => delete(&format!("k{}", number * round % 60)),
            _ => set(&format!("k{}", number * round % 60), &format!("{{\"round\":{round}}}")),
        });
        store.write(writes.collect());
        let snapshot = store.engine.snapshot().unwrap();
        taken.push((texts(&snapshot), snapshot.position(), snapshot.text_bytes(), snapshot));
    }
    store.close().unwrap();
    for (expected, position, bytes, snapshot) in taken {
        assert_eq!(texts(&snapshot), expected);
        assert_eq!(snapshot.position(), position);
        assert_eq!(bytes, snapshot.text_bytes());
        assert_eq!(bytes, expected.iter().map(|(_, text)| text.len() as u64).sum::<u64>());
    }
}
