//! Dependencies between the top-level modules point one way, as `src/lib.rs` draws them.
//!
//! Tests are left out: they may use what they like.

#![expect(clippy::unwrap_used, reason = "a test: clippy allows it in the functions marked as such only")]

use std::fs;
use std::path::{Path, PathBuf};

/// Each module, and what it may name.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("board", &[]),
    ("disk", &["board", "error"]),
    ("tape", &[]),
    ("key", &["error"]),
    ("collator", &["key", "error"]),
    ("document", &["error"]),
    ("tree", &[]),
    ("range", &["tree", "error"]),
    ("view", &["range", "tree", "document", "collator", "key", "error"]),
    ("journal", &["document", "key", "disk", "error"]),
    ("storage", &["journal", "disk", "board", "range", "tree", "document", "collator", "key", "error"]),
    ("engine", &["view", "storage", "range", "tree", "document", "collator", "key", "error"]),
    ("crossing", &["engine", "storage", "error"]),
    (
        "node",
        &["crossing", "tape", "engine", "view", "storage", "range", "tree", "document", "collator", "key", "error"],
    ),
];

/// One source file without its comments and tests.
struct Source {
    /// Relative to `src`.
    path: PathBuf,
    lines: Vec<String>,
}

impl Source {
    /// The top-level module it belongs to.
    fn module(&self) -> String {
        self.path.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned()
    }

    /// How many modules it lies below the crate.
    fn depth(&self) -> usize {
        let depth = self.path.components().count();
        if self.path.ends_with("mod.rs") { depth - 1 } else { depth }
    }

    /// The top-level modules that a line names, by `crate::` or by climbing up to the crate.
    fn named_in<'a>(&self, line: &'a str) -> Vec<&'a str> {
        let up = "super::".repeat(self.depth());
        let mut named = Vec::new();
        for root in ["crate::", up.as_str()] {
            for (at, _) in line.match_indices(root) {
                let is_longer = line[..at].ends_with("super::") || line[..at].ends_with('$');
                let rest = &line[at + root.len()..];
                if !is_longer && !rest.starts_with("super::") {
                    let end = rest.find(|letter: char| letter != '_' && !letter.is_alphanumeric());
                    named.push(&rest[..end.unwrap_or(rest.len())]);
                }
            }
        }
        named
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut paths, mut skipped) = (Vec::new(), Vec::new());
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { paths.push(path) }
        }
    }
    let mut sources = Vec::new();
    for path in paths.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "rs")) {
        let text = fs::read_to_string(&path).unwrap();
        let (lines, tests) = without_tests(&text);
        skipped.extend(tests.iter().map(|module| path.with_file_name(module)));
        sources.push(Source { path, lines });
    }
    sources.retain(|source| !skipped.iter().any(|test| source.path.with_extension("").starts_with(test)));
    for source in &mut sources {
        source.path = source.path.strip_prefix(&root).unwrap().to_path_buf();
    }
    sources.retain(|source| source.path != Path::new("lib.rs"));
    sources
}

/// The lines that are neither comment nor test, and the names of the modules that are tests.
fn without_tests(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut lines, mut modules) = (Vec::new(), Vec::new());
    let mut all = text.lines();
    while let Some(line) = all.next() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        if line.trim() != "#[cfg(test)]" {
            lines.push(line.to_owned());
            continue;
        }
        let Some(item) = all.next() else { break };
        if let Some(module) = item.trim().strip_suffix(';').and_then(|item| item.split("mod ").nth(1)) {
            modules.push(module.to_owned());
        } else if item.ends_with('{') {
            // rustfmt closes an item at the indent at which it opened.
            let indent = &item[..item.len() - item.trim_start().len()];
            let end = format!("{indent}}}");
            all.by_ref().find(|line| *line == end);
        }
    }
    (lines, modules)
}

#[test]
fn dependencies_point_one_way() {
    let sources = sources();
    assert!(sources.len() > 40, "only {} files were found", sources.len());
    for source in &sources {
        let module = source.module();
        let (_, allowed) = MAY_NAME
            .iter()
            .find(|(name, _)| *name == module)
            .unwrap_or_else(|| panic!("{module} is not in the drawing: give it a place in src/lib.rs and here"));
        for line in &source.lines {
            for named in source.named_in(line) {
                assert!(
                    named == module || allowed.contains(&named),
                    "src/{} may not name {named:?}: {}",
                    source.path.display(),
                    line.trim()
                );
            }
        }
    }
}

/// Modules that may be unsafe.
const MAY_BE_UNSAFE: &[&str] = &["node", "board"];

#[test]
fn only_node_names_napi_and_only_node_and_board_are_unsafe() {
    for source in sources().iter().filter(|source| source.module() != "node") {
        let may_be_unsafe = MAY_BE_UNSAFE.contains(&source.module().as_str());
        for line in &source.lines {
            let is_safe = may_be_unsafe || (!line.contains("unsafe {") && !line.contains("unsafe fn"));
            assert!(is_safe && !line.contains("napi"), "src/{}: {}", source.path.display(), line.trim());
        }
    }
}

/// In a test build there is no `node`, so its tests would never run.
#[test]
fn no_test_hides_in_node() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/node")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = fs::read_to_string(&path).unwrap();
                assert!(
                    !text.contains("cfg(test)"),
                    "{} has tests: move what they test to src/crossing",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn modules_without_unsafe_code_say_so() {
    for source in sources() {
        let is_face = source.path.ends_with("mod.rs") && source.depth() == 1;
        if is_face && source.module() != "node" {
            let says = source.lines.iter().any(|line| line == "#![forbid(unsafe_code)]");
            assert!(says, "src/{} does not forbid unsafe code", source.path.display());
        }
    }
}
