//! What one document of a declarative view costs. `cargo bench --bench declared`

use divan::{Bencher, black_box};
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
