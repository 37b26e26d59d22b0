//! Handles of one directory that come and go in many threads at once.

use std::sync::Barrier;
use std::thread;

use super::sharing::*;
use super::*;
use crate::engine::Member;

const THREADS: usize = 8;

/// Each way to end a handle in turn.
fn end(member: Arc<Member>, round: usize) {
    match round % 4 {
        0 => close(&member).unwrap(),
        1 => member.abandon().join(),
        2 => drop(member),
        _ => {
            let closing = begin_close(&member);
            member.abandon().join();
            // In order, or given up on the way: answered in any case.
            let _ = answer(&closing);
        }
    }
}

fn in_threads(run: impl Fn(usize) + Send + Sync + 'static) {
    let run = Arc::new(run);
    let started = Arc::new(Barrier::new(THREADS));
    let thread = |number| {
        let (run, started) = (Arc::clone(&run), Arc::clone(&started));
        thread::spawn(move || {
            started.wait();
            run(number);
        })
    };
    let threads: Vec<_> = (0..THREADS).map(thread).collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn handles_that_come_and_go_are_never_refused_and_lose_nothing_acknowledged() {
    const ROUNDS: usize = 40;
    let world = Arc::new(World::new());
    let shared = Arc::clone(&world);
    in_threads(move |thread| {
        for round in 0..ROUNDS {
            let member = shared.open();
            let name = format!("{thread} {round}");
            stored(write(&member, set(&name, "{}")));
            assert!(text(&member, &name).is_some());
            end(member, thread + round);
        }
    });
    assert_eq!(world.registry.members(), 0);
    assert_eq!(world.open().stats().documents, THREADS * ROUNDS);
}

#[test]
fn handles_that_end_while_they_load_hang_nowhere() {
    let world = Arc::new(World::new());
    let shared = Arc::clone(&world);
    in_threads(move |thread| {
        for round in 0..60 {
            let member = shared.handle(shared.asked());
            let loading = begin_load(&member);
            (0..(thread * round) % 7).for_each(|_| thread::yield_now());
            end(member, thread + round);
            let loaded = answer(&loading);
            assert!(loaded.is_ok() || code(loaded) == "CLOSED");
        }
    });
    assert_eq!(world.registry.members(), 0);
}

#[test]
fn a_counter_that_every_thread_raises_by_a_handle_of_its_own_loses_no_step() {
    const STEPS: usize = 200;
    let world = Arc::new(World::new());
    let shared = Arc::clone(&world);
    in_threads(move |_| {
        let member = shared.open();
        for _ in 0..STEPS {
            loop {
                let found = member.engine().unwrap().get(&key("counter")).unwrap();
                let revision = found.as_ref().map(|stored| stored.document.revision());
                let sequence = found.map_or(0, |stored| stored.sequence);
                match write(&member, set("counter", "{}").at_sequence(sequence)) {
                    // The first one begins at 0.
                    Settled::Stored(next) => break assert_eq!(next.revision(), revision.map_or(0, |seen| seen + 1)),
                    Settled::Lost(_) => {}
                    other => panic!("{other:?}"),
                }
            }
        }
        close(&member).unwrap();
    });
    let expected = format!("{{\"_rev\":{}}}", THREADS * STEPS - 1);
    assert_eq!(text(&world.open(), "counter"), Some(expected));
}
