//! Handles of one directory: how they end, one after the other or all at once.

use super::sharing::*;
use super::*;
use crate::engine::Member;
use crate::storage::faulty::{Call, EIO};

/// What reached the storage, without the loads and commits.
fn ends(world: &World) -> Vec<Call> {
    let of_an_end = |call: &Call| matches!(call, Call::Flush | Call::Close | Call::Abandon);
    world.faults.calls().into_iter().filter(of_an_end).collect()
}

fn assert_closed(member: &Arc<Member>) {
    assert_eq!(code(member.engine().map(drop)), "CLOSED");
    assert_eq!(code(load(member)), "CLOSED");
    assert_eq!(member.stats().documents, 0);
}

#[test]
fn closing_one_of_several_flushes_and_the_last_one_closes() {
    let world = World::new();
    let members = [world.open(), world.open(), world.open()];
    for (number, member) in members.iter().enumerate() {
        let writing = begin_write(member, set(&number.to_string(), "{}"));
        close(member).unwrap();
        // What was handed over before is answered before.
        stored(writing.try_recv().unwrap().pop().unwrap());
        assert_closed(member);
        close(member).unwrap();
        let flushes = (number + 1).min(2);
        let expected: Vec<_> = [Call::Flush, Call::Flush].into_iter().take(flushes).collect();
        assert_eq!(ends(&world).get(..flushes).unwrap(), expected);
    }
    assert_eq!(ends(&world), [Call::Flush, Call::Flush, Call::Close]);
    assert_eq!(load(&world.handle(world.asked())).unwrap().documents, 3);
}

#[test]
fn what_a_close_could_not_leave_in_order_is_told_to_the_last_one() {
    let world = World::new();
    world.faults.fail_close(EIO);
    let (first, last) = (world.open(), world.open());
    close(&first).unwrap();
    assert_eq!(code(close(&last)), "EIO");
    assert_eq!(code(close(&last)), "EIO");
    close(&first).unwrap();
    load(&world.handle(world.asked())).unwrap();
}

#[test]
fn a_flush_that_fails_is_told_to_the_handle_that_closes_by_it() {
    let world = World::new();
    let (first, second) = (world.open(), world.open());
    stored(write(&first, set("a", "{}")));
    world.faults.fail_sync(EIO);
    assert_eq!(code(close(&first)), "EIO");
    assert_closed(&first);
    stored(write(&second, set("a", "{}")));
    close(&second).unwrap();
}

#[test]
fn who_joins_while_the_engine_ends_waits_and_opens_it_anew() {
    for is_abandoned in [false, true] {
        let world = World::new();
        let first = world.open();
        let hold = world.faults.hold_commit();
        let writing = begin_write(&first, set("a", "{}"));
        hold.wait();
        let ending = is_abandoned.then(|| first.abandon());
        let closing = begin_close(&first);
        let next = world.handle(world.asked());
        let loading = begin_load(&next);
        let unwanted = world.handle(world.asked());
        let given_up = begin_load(&unwanted);
        // It gives the waiting up while the engine is still ending.
        close(&unwanted).unwrap();
        assert_eq!(code(answer(&given_up)), "CLOSED");
        assert!(loading.try_recv().is_err());
        drop(hold);
        assert_eq!(answer(&loading).unwrap().documents, 1);
        stored(answer(&writing).pop().unwrap());
        assert_eq!(answer(&closing).is_err(), is_abandoned);
        assert!(text(&next, "a").is_some());
        ending.into_iter().for_each(crate::engine::Ending::join);
    }
}

#[test]
fn a_handle_that_is_abandoned_takes_nothing_from_the_others() {
    let world = World::new();
    let (first, second) = (world.open(), world.open());
    let hold = world.faults.hold_commit();
    let begun = begin_write(&first, set("begun", "{}"));
    hold.wait();
    let waiting = begin_write(&first, set("waiting", "{}"));
    let others = begin_write(&second, set("others", "{}"));
    // While the committer is held: nothing is waited for.
    first.abandon().join();
    assert_closed(&first);
    assert_eq!(code(close(&first)), "CLOSED");
    // As where its environment is gone.
    drop((begun, waiting));
    drop(hold);
    stored(answer(&others).pop().unwrap());
    for written in ["begun", "waiting", "others"] {
        assert!(text(&second, written).is_some(), "{written}");
    }
    assert_eq!(ends(&world), []);
    second.abandon().join();
    assert_eq!(ends(&world), [Call::Abandon]);
    assert_eq!(world.open().stats().documents, 3);
}

#[test]
fn a_handle_that_closes_while_the_others_are_abandoned_leaves_everything_in_order() {
    let world = World::new();
    let (first, second) = (world.open(), world.open());
    stored(write(&first, set("a", "{}")));
    let hold = world.faults.hold_sync();
    let closing = begin_close(&first);
    hold.wait();
    assert!(second.abandon().is_over());
    assert!(closing.try_recv().is_err());
    drop(hold);
    answer(&closing).unwrap();
    assert_eq!(ends(&world), [Call::Flush, Call::Close]);
}

#[test]
fn a_handle_that_is_abandoned_while_it_closes_leaves_the_others_open() {
    let world = World::new();
    let (first, second) = (world.open(), world.open());
    let hold = world.faults.hold_sync();
    let closing = begin_close(&first);
    hold.wait();
    assert!(first.abandon().is_over());
    drop(hold);
    answer(&closing).unwrap();
    stored(write(&second, set("a", "{}")));
    assert_eq!(ends(&world), [Call::Flush]);
}

#[test]
fn a_handle_that_ends_while_it_loads_leaves_the_load_to_the_others() {
    for is_abandoned in [false, true] {
        let world = World::new();
        let hold = world.faults.hold_load();
        let members = [world.handle(world.asked()), world.handle(world.asked())];
        let loads = members.each_ref().map(begin_load);
        hold.wait();
        while world.registry.members() < 2 {
            std::thread::yield_now();
        }
        let ending = is_abandoned.then(|| members[0].abandon());
        let closing = begin_close(&members[0]);
        drop(hold);
        assert_eq!(code(answer(&loads[0])), "CLOSED");
        answer(&loads[1]).unwrap();
        assert_eq!(answer(&closing).is_err(), is_abandoned);
        ending.into_iter().for_each(crate::engine::Ending::join);
        assert_closed(&members[0]);
        stored(write(&members[1], set("a", "{}")));
        assert_eq!(world.registry.members(), 1);
    }
}

#[test]
fn a_handle_that_was_never_loaded_ends_without_a_trace() {
    let world = World::new();
    let handles = [0, 1, 2].map(|_| world.handle(world.asked()));
    close(&handles[0]).unwrap();
    assert!(handles[1].abandon().is_over());
    handles[..2].iter().for_each(assert_closed);
    drop(handles);
    assert!(!world.path("data").exists());
}

#[test]
fn a_handle_that_is_dropped_gives_its_seat_back() {
    let world = World::new();
    let first = world.open();
    drop(world.open());
    assert_eq!(world.registry.members(), 1);
    stored(write(&first, set("a", "{}")));
    drop(first);
    assert_eq!(world.registry.members(), 0);
    assert_eq!(world.open().stats().documents, 1);
}
