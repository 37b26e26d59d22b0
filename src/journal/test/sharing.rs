//! Threads that append, sync, rotate and cut at the same time.

use std::sync::mpsc;
use std::thread;

use super::*;

#[test]
fn threads_that_wait_for_a_sync_share_the_next_one() {
    let place = Place::new();
    let journal = place.journal();
    put(&journal, &["a"], 1);
    let (entered, is_in) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let (entered, released) = (parking_lot::Mutex::new(entered), parking_lot::Mutex::new(released));
    place.disk.on_sync(move || {
        entered.lock().send(()).unwrap();
        // After the first one nobody answers any more, and nobody waits.
        let _ = released.lock().recv();
    });
    place.disk.take_log();
    thread::scope(|scope| {
        let first = scope.spawn(|| journal.sync().unwrap());
        is_in.recv().unwrap();
        put(&journal, &["a"], 2);
        let waiting: Vec<_> = (0..8).map(|_| scope.spawn(|| journal.sync().unwrap())).collect();
        drop(release);
        assert_eq!(first.join().unwrap(), 1, "what was appended meanwhile is not told as synced");
        for thread in waiting {
            assert_eq!(thread.join().unwrap(), 2);
        }
    });
    let syncs = place.disk.take_log().iter().filter(|call| call.starts_with("fdatasync")).count();
    assert_eq!(syncs, 2);
    assert_eq!(journal.synced(), 2);
}

#[test]
fn an_append_does_not_wait_for_a_sync() {
    let place = Place::new();
    let journal = place.journal();
    put(&journal, &["a"], 1);
    let (entered, is_in) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let (entered, released) = (parking_lot::Mutex::new(entered), parking_lot::Mutex::new(released));
    place.disk.on_sync(move || {
        entered.lock().send(()).unwrap();
        let _ = released.lock().recv();
    });
    thread::scope(|scope| {
        let sync = scope.spawn(|| journal.sync().unwrap());
        is_in.recv().unwrap();
        assert_eq!(put(&journal, &["a"], 2), 2);
        journal.rotate().unwrap();
        assert_eq!((journal.last(), journal.synced(), journal.closed_last()), (2, 0, Some(2)));
        drop(release);
        assert_eq!(sync.join().unwrap(), 1);
    });
    assert_eq!(journal.synced(), 1);
}

#[test]
fn a_sync_that_panics_breaks_the_journal_and_wakes_who_waits() {
    let place = Place::new();
    let journal = place.journal();
    put(&journal, &["a"], 1);
    let (entered, is_in) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let (entered, released) = (parking_lot::Mutex::new(entered), parking_lot::Mutex::new(released));
    place.disk.on_sync(move || {
        entered.lock().send(()).unwrap();
        let _ = released.lock().recv();
        panic!("on purpose");
    });
    thread::scope(|scope| {
        let first = scope.spawn(|| journal.sync());
        is_in.recv().unwrap();
        let second = scope.spawn(|| journal.sync());
        drop(release);
        assert!(first.join().is_err());
        assert_eq!(second.join().unwrap().unwrap_err().code(), "POISONED");
    });
}

#[test]
fn appending_goes_on_while_another_thread_syncs_rotates_and_cuts() {
    const LAST: u64 = 2_000;
    let place = Place::new();
    let journal = place.journal();
    journal.begin().unwrap();
    thread::scope(|scope| {
        let appender = scope.spawn(|| (1..=LAST).for_each(|n| assert_eq!(put(&journal, &["a"], n), n)));
        while !appender.is_finished() {
            let synced = journal.sync().unwrap();
            assert!(journal.synced() >= synced);
            journal.rotate().unwrap();
            if let Some(closed) = journal.closed_last() {
                journal.cut(closed.min(synced)).unwrap();
            }
        }
        appender.join().unwrap();
    });
    assert_eq!(journal.sync().unwrap(), LAST);
    let recovered = place.recover().unwrap();
    assert_eq!((recovered.last, recovered.cut), (LAST, None));
    assert_eq!(place.numbers().len(), recovered.segments.len());
}
