use super::file_name::{Form, canonical, encode_uri_component, is_folder, parse, plain, respelled};
use super::{Key, code_unit};
use crate::error::ErrorKind;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::io::Write;
use std::process::{Command, Stdio};

const PIECES: &[&str] = &[
    "*",
    ".",
    "/",
    "%",
    "\0",
    "\n",
    " ",
    "'",
    "..",
    "CON",
    "con.",
    "Nul",
    "COM1",
    "lpt9.",
    ".json",
    ".datastore",
    "\u{1F600}",
    "\u{65E5}\u{672C}",
    "\u{FFFF}",
    "\u{10FFFF}",
    "e\u{301}",
    "%2A",
    "%41",
    "user:",
];

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn key(text: &str) -> Key {
    Key::new(text).unwrap()
}

/// Texts of all kinds that are keys, long ones among them.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => any::<char>().prop_map(String::from),
        4 => select(PIECES).prop_map(str::to_owned),
        1 => (any::<char>(), 1..250_usize).prop_map(|(character, times)| character.to_string().repeat(times)),
        1 => (select(PIECES), 1..120_usize).prop_map(|(piece, times)| piece.repeat(times)),
    ];
    vec(piece, 1..8).prop_map(|pieces| pieces.concat()).prop_filter("too long", |text| Key::new(text).is_ok())
}

#[test]
fn a_misspelt_name_tells_the_canonical_one() {
    for (path, meant) in [
        ("user:1.json", Some("user%3A1.json")),
        ("user%3a1.json", Some("user%3A1.json")),
        ("a b.json", Some("a%20b.json")),
        ("%61.json", Some("a.json")),
        ("100%.json", None),
        (".json", None),
        ("notes.txt", None),
    ] {
        assert_eq!(respelled(path).as_deref(), meant, "{path}");
        assert_eq!(parse(path), None, "{path}");
    }
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn a_canonical_path_leads_back_to_its_key(text in text()) {
        let key = key(&text);
        prop_assert_eq!(key.to_text(), &*text);
        prop_assert_eq!(parse(&canonical(&key)), Some((key.clone(), Form::Canonical)));
        if let Some(path) = plain(&key) {
            prop_assert!(path.len() <= 255);
            prop_assert_eq!(parse(&path), Some((key, Form::Plain)));
        }
    }

    #[test]
    fn every_file_system_takes_a_path(text in text()) {
        let path = canonical(&key(&text));
        let (folders, file) = path.rsplit_once('/').map_or((vec![], &*path), |(folders, file)| {
            (folders.split('/').collect(), file)
        });
        prop_assert!(file.len() <= 255 && file.strip_suffix(".json").is_some_and(|stem| !stem.is_empty()));
        for folder in folders {
            prop_assert!((238..=240).contains(&folder.len()) && is_folder(folder), "{}", folder);
        }
        for component in path.split('/') {
            prop_assert!(![".", "..", ".datastore"].contains(&component));
            prop_assert!(!component.contains(['*', '\\', ':', '<', '>', '"', '|', '?', ' ']) && component.is_ascii());
            let stem = component.split('.').next().unwrap().to_ascii_uppercase();
            prop_assert!(!matches!(&*stem, "CON" | "PRN" | "AUX" | "NUL" | "COM1" | "LPT9"), "{}", component);
        }
    }

    #[test]
    fn any_path_is_of_one_key_or_none(path in vec(prop_oneof![any::<char>().prop_map(String::from),
        select(&["%", "%2A", "%/", "/", ".json", "a", "con", "%43", "%e3", "\0"][..]).prop_map(str::to_owned)], 0..9)) {
        let path = path.concat();
        match parse(&path) {
            Some((key, Form::Canonical)) => prop_assert_eq!(canonical(&key), path),
            Some((key, Form::Plain)) => prop_assert_eq!(plain(&key), Some(path)),
            None => {}
        }
    }
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn distinct_keys_have_distinct_paths(texts in vec(text(), 2..12)) {
        let texts: HashSet<String> = texts.into_iter().collect();
        let paths: HashSet<String> =
            texts.iter().flat_map(|text| [Some(canonical(&key(text))), plain(&key(text))]).flatten().collect();
        let plains = texts.iter().filter(|text| plain(&key(text)).is_some()).count();
        prop_assert_eq!(paths.len(), texts.len() + plains);
    }
}

#[test]
fn a_supplementary_character_stands_before_the_last_of_the_basic_plane() {
    let keys: BTreeSet<Key> = ["user:\u{FFFF}", "user:\u{1F600}", "user:a", "user;"].map(key).into();
    let texts: Vec<String> = keys.iter().map(Key::to_string).collect();
    assert_eq!(texts, ["user:a", "user:\u{1F600}", "user:\u{FFFF}", "user;"]);
    assert!(keys.contains(&*code_unit::from_str("user:a")), "found by bytes");
}

#[test]
fn text_is_borrowed_without_supplementary_characters() {
    assert!(matches!(key("\u{65E5}a").to_text(), Cow::Borrowed("\u{65E5}a")));
    assert!(matches!(key("\u{1F600}").to_text(), Cow::Owned(_)));
    assert_eq!(format!("{:?}", key("a\"\u{1F600}")), format!("{:?}", "a\"\u{1F600}"));
}

#[test]
fn an_empty_key_and_one_too_long_are_refused() {
    let refused = |text: &str| Key::new(text).err().map(|error| error.kind());
    assert_eq!(refused(""), Some(ErrorKind::Assertion));
    assert_eq!(refused(&"a".repeat(2_995)), None);
    assert_eq!(refused(&"a".repeat(2_996)), Some(ErrorKind::Assertion));
    assert_eq!(refused(&"*".repeat(998)), None);
    assert_eq!(refused(&"*".repeat(999)), Some(ErrorKind::Assertion));
    assert_eq!(refused(&format!("con.{}", "a".repeat(2_989))), None);
    assert_eq!(refused(&format!("con.{}", "a".repeat(2_990))), Some(ErrorKind::Assertion));
    assert_eq!(refused(&"\u{1F600}".repeat(249)), None);
    assert_eq!(refused(&"\u{1F600}".repeat(250)), Some(ErrorKind::Assertion));
}

#[test]
fn odd_names_of_the_original_are_read() {
    let long = "a".repeat(250);
    let names = [
        ("!bang.json", "!bang"),
        ("%C3%A9-nfc.json", "\u{E9}-nfc"),
        ("e%CC%81-nfd.json", "e\u{301}-nfd"),
        ("(paren).json", "(paren)"),
        ("..%2F..%2Fetc%2Fpasswd.json", "../../etc/passwd"),
        ("...json", ".."),
        ("..json", "."),
        ("100%25.json", "100%"),
        ("__proto__.json", "__proto__"),
        (&format!("{long}.json"), &long),
        ("back%5Cslash.json", "back\\slash"),
        ("dot.json.json", "dot.json"),
        ("emoji%3A%F0%9F%8F%B3%EF%B8%8F%E2%80%8D%F0%9F%8C%88.json", "emoji:\u{1F3F3}\u{FE0F}\u{200D}\u{1F308}"),
        ("newline%0Akey.json", "newline\nkey"),
        ("null%00byte.json", "null\0byte"),
        ("percent%2541.json", "percent%41"),
        ("quote%22'.json", "quote\"'"),
        ("with%20space.json", "with space"),
        ("~tilde.json", "~tilde"),
    ];
    for (path, text) in names {
        assert_eq!(parse(path), Some((key(text), Form::Canonical)), "{path}");
        assert_eq!(plain(&key(text)), None, "{path}");
    }
    for (path, text) in [("CON.json", "CON"), ("nul.json", "nul"), ("star*star.json", "star*star")] {
        assert_eq!(parse(path), Some((key(text), Form::Plain)), "{path}");
        assert_eq!(plain(&key(text)).as_deref(), Some(path));
    }
}

#[test]
fn what_windows_refuses_is_escaped() {
    let names = [
        ("CON", "%43ON.json"),
        ("nul", "%6Eul.json"),
        ("cOm9.tar.gz", "%63Om9.tar.gz.json"),
        ("AUX.", "%41UX..json"),
        ("COM0", "COM0.json"),
        ("COM10", "COM10.json"),
        ("CONS", "CONS.json"),
        ("a.CON", "a.CON.json"),
        ("CON :", "CON%20%3A.json"),
        ("star*star", "star%2Astar.json"),
        ("LPT1*", "LPT1%2A.json"),
    ];
    for (text, path) in names {
        assert_eq!(canonical(&key(text)), path);
    }
}

#[test]
fn other_spellings_are_no_documents() {
    let paths = [
        "",
        ".json",
        "a",
        "a.JSON",
        "a.json.tmp",
        "%61.json",
        "%2a.json",
        "%c3%A9.json",
        "%FF.json",
        "%C3.json",
        "%.json",
        "%4.json",
        "a%",
        "%/a.json",
        "a%/b.json",
        "a/b.json",
        "/a.json",
        "a%//b.json",
        "./a.json",
        "a b.json",
        "a:b.json",
        "\u{E9}.json",
        "%43ON*.json",
        "CON*%2A.json",
        "%6EUL .json",
        "con.*%2A.json",
        "%ED%A0%80.json",
        "back\\slash.json",
    ];
    for path in paths {
        assert_eq!(parse(path), None, "{path}");
    }
    let path = canonical(&key(&"a".repeat(600)));
    assert!(parse(&path).is_some());
    assert_eq!(parse(&path.replace("%/", "/")), None);
    assert_eq!(parse(&path.replacen("aa%/", "a%/a", 1)), None, "cut elsewhere");
}

#[test]
fn a_long_name_is_cut_as_late_as_possible_outside_escapes() {
    let a = |times: usize| "a".repeat(times);
    assert_eq!(canonical(&key(&a(250))), a(250) + ".json");
    assert_eq!(canonical(&key(&a(251))), format!("{}%/{}.json", a(239), a(12)));
    assert_eq!(canonical(&key(&a(600))), format!("{}%/{}%/{}.json", a(239), a(239), a(122)));
    for before in [236, 237, 238] {
        let cut = if before == 236 { format!("{}%20%/", a(236)) } else { format!("{}%/%20", a(before)) };
        assert_eq!(canonical(&key(&format!("{} {}", a(before), a(50)))), format!("{cut}{}.json", a(50)));
    }
    let stars = "*".repeat(84);
    assert_eq!(plain(&key(&stars)), Some(stars.clone() + ".json"), "where only our own form is too long");
    assert_eq!(canonical(&key(&stars)), format!("{}%/{}.json", "%2A".repeat(79), "%2A".repeat(5)));
}

#[test]
fn devices_are_escaped_after_every_cut() {
    let (a, b) = ("a".repeat(239), "b".repeat(40));
    assert_eq!(canonical(&key(&format!("{a}con.{b}"))), format!("{a}%/%63on.{b}.json"));
    assert_eq!(
        canonical(&key(&format!("NUL.{b}{a}"))),
        format!("%4EUL.{b}{}%/{}.json", "a".repeat(193), "a".repeat(46))
    );
    // The escape makes the rest longer than a name may be: it is cut once more.
    let rest = "b".repeat(246);
    let path = format!("{a}%/%63on.{}%/{}.json", "b".repeat(233), "b".repeat(13));
    assert_eq!(canonical(&key(&format!("{a}con.{rest}"))), path);
    assert_eq!(parse(&path).unwrap().1, Form::Canonical);
}

#[test]
fn only_encoded_text_before_a_lone_percent_is_a_folder() {
    for name in ["a%", "a%20%", "%43ON.a%", &("a".repeat(239) + "%")] {
        assert!(is_folder(name), "{name}");
    }
    let names = ["", "%", "a", "a%20", "a%2%", "a%%", "a%2a%", "a*%", "a b%", "\u{E9}%", ".datastore", "a/b%"];
    for name in names.iter().map(|name| (*name).to_owned()).chain(["a".repeat(240) + "%"]) {
        assert!(!is_folder(&name), "{name}");
    }
}

#[test]
fn names_and_order_agree_with_node() {
    const SCRIPT: &str = "const texts = JSON.parse(require('fs').readFileSync(0, 'utf8'));
        process.stdout.write(JSON.stringify([texts.map(encodeURIComponent), texts.slice().sort()]));";
    let mut runner = TestRunner::new(cases(1));
    let texts: Vec<String> = (0..3_000).map(|_| text().new_tree(&mut runner).unwrap().current()).collect();
    let mut node = Command::new("node");
    let node = node.args(["-e", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut node = match node {
        Ok(node) => node,
        Err(error) => {
            eprintln!("skipped: node cannot be started: {error}");
            return;
        }
    };
    node.stdin.take().unwrap().write_all(serde_json::to_string(&texts).unwrap().as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success());
    let (names, sorted): (Vec<String>, Vec<String>) = serde_json::from_slice(&output.stdout).unwrap();
    let ours: Vec<String> = texts.iter().map(|text| encode_uri_component(text)).collect();
    assert_eq!(ours, names);
    let mut keys: Vec<Key> = texts.iter().map(|text| key(text)).collect();
    keys.sort();
    assert_eq!(keys.iter().map(Key::to_string).collect::<Vec<_>>(), sorted);
}
