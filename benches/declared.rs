//! What one document of a declarative view costs. `cargo bench --bench declared`

#![expect(clippy::unwrap_used, reason = "a benchmark: clippy allows it in tests only")]

use std::sync::mpsc::channel;

use divan::{Bencher, black_box};
use kixx_datastore::engine::{Action, Condition, Engine, Options, Write};
use kixx_datastore::key::Key;
use kixx_datastore::storage::memory::Memory;
use kixx_datastore::view::declared::{Declaration, Filter};

fn main() {
    divan::main();
}

/// Of 400 bytes, as in `bench/`.
fn document() -> String {
    let mut text = String::from(
        r#"{"_rev":0,"type":"item","title":"Item number 12345","category":"category-17","price":1234.5,"deleted":false,"author":{"name":"Ada Lovelace","email":"ada@example.com"},"tags":["new","red","large"],"createdAt":"2024-01-01T00:00:00.000Z","description":""#,
    );
    while text.len() < 398 {
        text.push('x');
    }
    text.push_str("\"}");
    text
}

const DECLARATIONS: &[&str] = &[
    r#"{"key":"category"}"#,
    r#"{"where":{"type":"item","deleted":{"$ne":true}},"key":["category","price"],"value":["title","price"]}"#,
    r#"{"key":"tags","each":"tags"}"#,
];

#[divan::bench(args = DECLARATIONS)]
fn emit(bencher: Bencher, declaration: &str) {
    let (declaration, text) = (Declaration::parse(declaration).unwrap(), document());
    bencher.bench_local(|| declaration.emit(black_box(&text)));
}

#[divan::bench(args = [r#"{"category":"category-16"}"#, r#"{"author.email":"ada@example.com","price":{"$gt":1000}}"#])]
fn matches(bencher: Bencher, condition: &str) {
    let (filter, text) = (Filter::parse(condition).unwrap(), document());
    bencher.bench_local(|| filter.matches(black_box(&text)));
}

/// A store of 100,000 documents in memory.
fn store() -> Engine {
    let engine = Engine::new(Box::new(Memory::new()), Options::default());
    let (sender, receiver) = channel();
    let loaded = sender.clone();
    engine.load(Box::new(move |_| loaded.send(()).unwrap()));
    receiver.recv().unwrap();
    let text = document();
    let writes = (0..100_000).map(|number| Write {
        key: Key::new(&format!("item:{number}")).unwrap(),
        action: Action::Set(text.replace("category-17", &format!("category-{}", number * 7919 % 997)).into()),
        condition: Condition::default(),
        synced: false,
    });
    engine.submit(writes.collect(), Box::new(move |_| sender.send(()).unwrap()));
    receiver.recv().unwrap();
    engine
}

#[divan::bench(args = DECLARATIONS, sample_count = 10)]
fn build_of_100_000_documents(bencher: Bencher, declaration: &str) {
    let engine = store();
    bencher
        .with_inputs(|| engine.declare("view", &Declaration::parse(declaration).unwrap()))
        .bench_refs(|view| engine.read_view_now(view).unwrap());
}
