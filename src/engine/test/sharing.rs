//! Handles of one directory: how they come to share an engine, and what refuses them.

use std::path::PathBuf;
use std::sync::mpsc::Sender;

use tempfile::TempDir;

use super::*;
use crate::collator::Collation;
use crate::engine::{Choice, EngineEvent, Member, Mounted, Opening, Registry};
use crate::storage::Watcher;
use crate::storage::faulty::{Call, EIO};

/// Directories in a folder, and the registry of a process that opens them.
pub(super) struct World {
    folder: TempDir,
    pub registry: Arc<Registry>,
    pub faults: Faults,
}

/// A handle to be made.
#[derive(Default)]
pub(super) struct Asked {
    path: PathBuf,
    pub choices: Vec<Choice>,
    collation: Option<Collation>,
    watcher: Watcher,
    told: Option<Sender<String>>,
}

impl World {
    pub fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), registry: Arc::default(), faults: Faults::default() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn asked(&self) -> Asked {
        Asked { path: self.path("data"), ..Asked::default() }
    }

    pub fn handle(&self, asked: Asked) -> Arc<Member> {
        Self::handle_in(Arc::clone(&self.registry), &self.faults, asked)
    }

    fn handle_in(registry: Arc<Registry>, faults: &Faults, asked: Asked) -> Arc<Member> {
        let Asked { path, choices, collation, watcher, told } = asked;
        let (faults, of_files) = (faults.clone(), collation.clone());
        let on_event = move |event: EngineEvent| {
            if let (EngineEvent::Failed(error) | EngineEvent::Degraded(error), Some(told)) = (event, &told) {
                told.send(error.code().to_owned()).unwrap();
            }
        };
        let mount = move |watcher| {
            let options = files::Options { collation: of_files.clone(), watcher, ..files::Options::default() };
            let (place, files) = Files::mount(&path, options)?;
            Ok(Mounted { place: Some(place), storage: Box::new(Faulty::new(files, &faults)) })
        };
        let options = Options { interval: NEVER, on_event: Arc::new(on_event), ..Options::default() };
        Member::new(
            registry,
            Opening { mount: Box::new(mount), options, choices, reads_only: false, collation, watcher },
        )
    }

    /// A loaded handle.
    pub fn open(&self) -> Arc<Member> {
        let member = self.handle(self.asked());
        load(&member).unwrap();
        member
    }
}

pub(super) fn begin_load(member: &Arc<Member>) -> Receiver<Result<LoadReport>> {
    let (sender, receiver) = channel();
    member.load(Box::new(move |loaded| sender.send(loaded).unwrap()));
    receiver
}

pub(super) fn load(member: &Arc<Member>) -> Result<LoadReport> {
    answer(&begin_load(member))
}

pub(super) fn begin_close(member: &Arc<Member>) -> Receiver<Result<()>> {
    let (sender, receiver) = channel();
    member.close(Box::new(move |closed| sender.send(closed).unwrap()));
    receiver
}

pub(super) fn close(member: &Arc<Member>) -> Result<()> {
    answer(&begin_close(member))
}

pub(super) fn begin_write(member: &Arc<Member>, write: Write) -> Receiver<Vec<Settled>> {
    let (sender, receiver) = channel();
    member.engine().unwrap().submit(vec![write], Box::new(move |settled| drop(sender.send(settled))));
    receiver
}

pub(super) fn write(member: &Arc<Member>, write: Write) -> Settled {
    answer(&begin_write(member, write)).pop().unwrap()
}

pub(super) fn text(member: &Arc<Member>, text: &str) -> Option<String> {
    member.engine().unwrap().get(&key(text)).unwrap().map(|stored| stored.document.text().to_owned())
}

pub(super) fn share(a: &Arc<Member>, b: &Arc<Member>) -> bool {
    Arc::ptr_eq(a.engine().unwrap(), b.engine().unwrap())
}

fn choice(name: &'static str, value: &str, is_asked: bool) -> Choice {
    Choice { name, value: value.to_owned(), is_asked }
}

#[test]
fn handles_of_one_directory_share_an_engine_by_whatever_path() {
    let world = World::new();
    let first = world.open();
    let mut paths = vec![world.path("data/../data"), world.path("data/")];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(world.path("data"), world.path("link")).unwrap();
        paths.push(world.path("link"));
    }
    for path in paths {
        let other = world.handle(Asked { path, ..world.asked() });
        assert_eq!(code(other.engine().map(drop)), "NOT_LOADED");
        load(&other).unwrap();
        assert!(share(&first, &other));
        let stored = word(&write(&other, set("a", "{}")));
        assert_eq!(text(&first, "a"), Some(stored));
        // Again is no other load.
        assert_eq!(load(&other).unwrap().documents, 0);
    }
    let elsewhere = world.handle(Asked { path: world.path("other"), ..world.asked() });
    load(&elsewhere).unwrap();
    assert!(!share(&first, &elsewhere));
    assert_eq!(world.faults.calls().iter().filter(|call| **call == Call::Load).count(), 2);
}

#[test]
fn what_has_no_place_is_never_shared() {
    let mount = |_| Ok(Mounted { place: None, storage: Box::new(Memory::new()) as Box<dyn Storage> });
    let world = World::new();
    let new = || {
        let asked = Opening {
            reads_only: false,
            mount: Box::new(mount),
            options: Options::default(),
            choices: Vec::new(),
            collation: None,
            watcher: Watcher::default(),
        };
        let member = Member::new(Arc::clone(&world.registry), asked);
        load(&member).unwrap();
        member
    };
    let (first, second) = (new(), new());
    assert!(!share(&first, &second));
    write(&first, set("a", "{}"));
    assert_eq!(text(&second, "a"), None);
    close(&first).unwrap();
    assert_eq!(text(&second, "a"), None);
    close(&second).unwrap();
}

#[test]
fn the_registry_of_another_process_meets_the_lock() {
    let world = World::new();
    let first = world.open();
    let other = World::handle_in(Arc::default(), &Faults::default(), world.asked());
    assert_eq!(code(load(&other)), "LOCKED");
    close(&first).unwrap();
    load(&other).unwrap();
    assert_eq!(code(load(&world.handle(world.asked()))), "LOCKED");
}

#[test]
fn who_joins_while_the_engine_loads_waits_for_that_load_and_hears_how_far_it_is() {
    let world = World::new();
    let first = world.open();
    for number in 0..5 {
        stored(write(&first, set(&number.to_string(), "{}")));
    }
    close(&first).unwrap();
    let hold = world.faults.hold_load();
    let first = world.handle(world.asked());
    let loading = [begin_load(&first), begin_load(&first)];
    hold.wait();
    let (told, progress) = channel();
    let hear = move |done, total| told.send((done, total)).unwrap();
    let watchers = [Watcher::new(hear.clone()), Watcher::new(hear)];
    let others = watchers.map(|watcher| world.handle(Asked { watcher, ..world.asked() }));
    let joining = others.each_ref().map(begin_load);
    while world.registry.members() < 3 {
        std::thread::yield_now();
    }
    drop(hold);
    for loading in loading.iter().chain(&joining) {
        assert_eq!(answer(loading).unwrap().documents, 5);
    }
    assert!(others.iter().all(|other| share(&first, other)));
    drop((first, others));
    let told: Vec<_> = progress.iter().collect();
    assert_eq!(told.iter().filter(|told| **told == (5, 5)).count(), 2, "{told:?}");
}

#[test]
fn a_load_that_fails_fails_for_all_and_the_next_begins_anew() {
    let world = World::new();
    for _ in 0..3 {
        world.faults.fail_load(EIO);
        let hold = world.faults.hold_load();
        let members = [0, 1, 2].map(|_| world.handle(world.asked()));
        let loads = members.each_ref().map(begin_load);
        hold.wait();
        while world.registry.members() < 3 {
            std::thread::yield_now();
        }
        drop(hold);
        for load in &loads {
            assert_eq!(code(answer(load)), "EIO");
        }
        assert_eq!(world.registry.members(), 0);
        // Nothing of the engine that failed stands in the way of another one.
        let other = world.handle(Asked { choices: vec![choice("files", "other", true)], ..world.asked() });
        load(&other).unwrap();
        load(&members[0]).unwrap();
        assert!(share(&members[0], &other));
        close(&members[0]).unwrap();
        close(&other).unwrap();
        assert_eq!(code(load(&members[0])), "CLOSED");
    }
}

#[test]
fn what_is_asked_for_has_to_be_as_the_engine_has_it() {
    let world = World::new();
    let with = |value: &str, is_asked: bool| {
        let choices = vec![choice("files", "same", false), choice("durability", value, is_asked)];
        world.handle(Asked { choices, ..world.asked() })
    };
    let first = with("'os'", false);
    load(&first).unwrap();
    let refused = with("'full'", true);
    for _ in 0..2 {
        let error = load(&refused).unwrap_err();
        assert_eq!(error.code(), "ASSERTION");
        for part in ["durability 'os'", "durability 'full'"] {
            assert!(error.message().contains(part), "{error}");
        }
    }
    // A default goes with anything, and so does what is asked for and so.
    for joins in [with("'full'", false), with("'os'", true)] {
        load(&joins).unwrap();
        assert!(share(&first, &joins));
    }
    assert_eq!(world.registry.members(), 1, "who was refused, or dropped, has no seat");
    close(&first).unwrap();
    load(&refused).unwrap();
    assert_eq!(code(load(&with("'os'", true))), "ASSERTION");
    load(&with("'os'", false)).unwrap();
}

#[test]
fn another_order_of_keys_than_the_open_one_is_refused() {
    let world = World::new();
    let with = |json: &str| {
        let collation = Some(Collation::parse(json).unwrap());
        world.handle(Asked { collation, ..world.asked() })
    };
    let (german, french) = (r#"{"locale":"de"}"#, r#"{"locale":"fr","numeric":true}"#);
    let first = with(german);
    load(&first).unwrap();
    for refused in [french, "\"codeUnit\""] {
        let error = load(&with(refused)).unwrap_err();
        assert_eq!(error.code(), "ASSERTION");
        assert!(error.message().contains("collation"), "{error}");
    }
    let others = [with(german), world.handle(world.asked())];
    for other in &others {
        load(other).unwrap();
        assert!(share(&first, other));
    }
    assert_eq!(world.registry.members(), 3);
}

#[test]
fn another_directory_at_the_path_of_a_removed_one_is_another_place() {
    let world = World::new();
    let first = world.open();
    stored(write(&first, set("a", "{\"n\":1}")));
    std::fs::remove_dir_all(world.path("data")).unwrap();
    let second = world.open();
    assert!(!share(&first, &second));
    assert_eq!(text(&second, "a"), None);
    assert_eq!(failure(write(&first, set("a", "{}"))).code(), "ENOENT");
    stored(write(&second, set("b", "{}")));
    assert_eq!(text(&first, "a"), Some("{\"_rev\":0,\"n\":1}".to_owned()));
    drop(first);
    close(&second).unwrap();
    assert_eq!(load(&world.handle(world.asked())).unwrap().documents, 1);
}

#[test]
fn poison_is_told_to_every_handle_and_refuses_the_writes_of_all_until_the_last_one_ends() {
    let world = World::new();
    let (told, heard) = channel();
    let members = [0, 1].map(|_| world.handle(Asked { told: Some(told.clone()), ..world.asked() }));
    for member in &members {
        load(member).unwrap();
    }
    stored(write(&members[0], set("a", "{}")));
    world.faults.poison_at_group(2, EIO);
    assert_eq!(failure(write(&members[0], set("a", "{}"))).code(), "POISONED");
    assert_eq!([answer(&heard), answer(&heard)], ["POISONED", "POISONED"]);
    let late = world.open();
    for member in members.iter().chain([&late]) {
        assert_eq!(failure(write(member, set("b", "{}"))).code(), "POISONED");
        assert!(text(member, "a").is_some());
        assert!(member.stats().failure.is_some());
    }
    for member in members.iter().chain([&late]) {
        assert_eq!(code(close(member)), "POISONED");
    }
    assert!(heard.try_recv().is_err(), "told once");
    stored(write(&world.open(), set("b", "{}")));
}
