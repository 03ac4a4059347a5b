//! The shape of the house: floors use those below them and never one above, some things are named in one place only, and
//! a noun has the same file name on each floor that it reaches.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the helpers of tests may end them too"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The floors, as `src/lib.rs` lists them.
const FLOORS: &[(&str, u8)] = &[
    ("clock", 0),
    ("error", 0),
    ("id", 0),
    ("limits", 0),
    ("kv", 1),
    ("codec", 2),
    ("model", 3),
    ("access", 4),
    ("store", 5),
    ("query", 6),
    ("service", 7),
    ("http", 8),
    ("cli", 9),
    ("config", 9),
    ("server", 9),
    ("telemetry", 9),
    // What stands at the top: `lib.rs` names modules, `main.rs` calls the command line.
    ("lib", 10),
    ("main", 10),
];

/// Names that only some files may have, and those files.
const NAMED_ONLY_IN: &[(&str, &[&str])] = &[
    ("bincode::", &["codec/value.rs"]),
    ("actix_web::", &["http/", "server.rs", "cli.rs"]),
    ("utoipa", &["http/"]),
    // The log says how loud it may be.
    ("tokio_postgres", &["kv/postgres/", "telemetry.rs"]),
    ("rustls::", &["kv/postgres/"]),
    ("ureq::", &["cli/types/"]),
    ("Operator::assume", &["cli.rs", "cli/", "server.rs", "server/"]),
];

/// A source file: its path below `src`, and its text without comments and without tests.
struct Source {
    path: String,
    text: String,
}

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    files(&root, &mut paths);
    paths.sort();
    let sources = paths.into_iter().filter(|path| path.extension().is_some_and(|end| end == "rs"));
    let sources = sources.map(|path| {
        let whole = std::fs::read_to_string(&path).unwrap();
        let shipped = whole.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
        let code = shipped.lines().filter(|line| !line.trim_start().starts_with("//"));
        Source {
            path: path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/"),
            text: code.collect::<Vec<_>>().join("\n"),
        }
    });
    sources.collect()
}

impl Source {
    /// The module at the root of the crate that the file is part of.
    fn module(&self) -> &str {
        self.path.split('/').next().unwrap().trim_end_matches(".rs")
    }

    fn is_test(&self) -> bool {
        self.path.split('/').any(|part| part.trim_end_matches(".rs") == "tests")
    }

    /// The modules of the crate that it names with `crate::`, also in groups: `crate::{a, b::c}`.
    fn uses(&self) -> BTreeSet<String> {
        let mut used = BTreeSet::new();
        for after in self.text.split("crate::").skip(1) {
            if let Some(group) = after.strip_prefix('{') {
                let inside = group.split('}').next().unwrap();
                used.extend(inside.split(',').filter_map(first_word));
            } else {
                used.extend(first_word(after));
            }
        }
        used
    }
}

fn first_word(text: &str) -> Option<String> {
    let word: String = text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!word.is_empty()).then_some(word)
}

fn floor(module: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == module).map(|(_, floor)| *floor)
}

#[test]
fn no_floor_uses_one_above() {
    let mut seen = BTreeSet::new();
    let mut checked = 0;
    for source in sources() {
        let own = floor(source.module());
        let own = own.unwrap_or_else(|| panic!("{} is on no floor: add its module to FLOORS", source.path));
        seen.insert(source.module().to_owned());
        for used in source.uses() {
            // What is no module is a name that `lib.rs` hands on, or a macro: from the topmost floor.
            let other = floor(&used).unwrap_or(9);
            assert!(
                other <= own || source.is_test(),
                "{} (floor {own}) uses crate::{used} (floor {other})",
                source.path
            );
            checked += 1;
        }
    }
    assert!(checked > 300, "only {checked} uses were seen");
    assert!(FLOORS.iter().all(|(name, _)| seen.contains(*name)), "a floor that is listed is not there");
}

#[test]
fn what_belongs_in_one_place_is_named_there_only() {
    for (name, places) in NAMED_ONLY_IN {
        let sources = sources();
        let named: Vec<_> =
            sources.iter().filter(|source| source.text.contains(name) && !source.is_test()).collect();
        assert!(!named.is_empty(), "nothing names {name} any more");
        for source in named {
            let allowed = places
                .iter()
                .any(|place| source.path == *place || place.ends_with('/') && source.path.starts_with(place));
            assert!(allowed, "{} names {name}, which is for {places:?}", source.path);
        }
    }
}

/// sled is named in its own folder alone; others name the engine that is made of it, as `kv::sled`.
#[test]
fn only_its_engine_names_sled() {
    for source in sources().iter().filter(|source| !source.path.starts_with("kv/sled/")) {
        for (at, _) in source.text.match_indices("sled::") {
            let before = &source.text[..at];
            assert!(before.ends_with("kv::"), "{} names sled itself", source.path);
        }
    }
}

/// The topmost floor starts things; what it knows of actix is that.
#[test]
fn the_process_knows_of_actix_how_it_is_started() {
    for source in sources().iter().filter(|source| floor(source.module()) == Some(9)) {
        for after in source.text.split("actix_web::").skip(1) {
            assert!(
                after.starts_with("rt::") || after.starts_with("dev::"),
                "{} names {after:.20}",
                source.path
            );
        }
    }
}

/// The nouns, and the floors on which each has a file of its own.
#[test]
fn a_noun_has_the_same_file_on_every_floor() {
    let there: BTreeSet<String> = sources().into_iter().map(|source| source.path).collect();
    let is = |floor: &str, noun: &str| {
        there.contains(&format!("{floor}/{noun}.rs")) || there.contains(&format!("{floor}/{noun}/mod.rs"))
    };
    for (noun, floors) in [
        ("space", &["model", "store", "service", "http"][..]),
        ("base", &["model", "store", "service", "http"]),
        ("table", &["model", "store", "service", "http"]),
        // A field is stored with its table.
        ("field", &["model", "service", "http"]),
        ("record", &["model", "store", "service", "http"]),
        ("token", &["model", "access", "store", "service", "http"]),
        ("session", &["model", "access", "store", "service", "http"]),
        ("password", &["access", "service", "http"]),
        ("usage", &["model", "access", "store", "query", "service", "http"]),
        ("user", &["model", "store"]),
        ("membership", &["model", "store"]),
        ("instance", &["model", "store"]),
    ] {
        for floor in floors {
            assert!(is(floor, noun), "the noun `{noun}` has no file on the floor `{floor}`");
        }
    }
}

/// Functions of a source as name and lines, signature to closing brace; those in tests too.
fn functions(path: &Path) -> Vec<(String, usize)> {
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let Some(name) = function_name(line.trim_start()) else { continue };
        let close = format!("{}}}", " ".repeat(indent));
        let end = lines[start..]
            .iter()
            .position(|line| **line == close || line.trim_end().ends_with(';') && line.starts_with(&close));
        if line.trim_end().ends_with('}') || line.trim_end().ends_with(';') {
            found.push((name, 1));
        } else if let Some(end) = end {
            found.push((name, end + 1));
        }
    }
    found
}

fn function_name(line: &str) -> Option<String> {
    let mut words = line.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty());
    let modifiers = ["pub", "super", "crate", "const", "async", "unsafe", "in"];
    let first = words.find(|word| !modifiers.contains(word))?;
    (first == "fn").then(|| words.next().map(str::to_owned))?
}

/// Small by habit, and held to it.
#[test]
fn functions_and_files_are_small() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    for folder in ["src", "tests"] {
        files(&root.join(folder), &mut paths);
    }
    paths.retain(|path| path.extension().is_some_and(|end| end == "rs"));
    let mut long = BTreeMap::new();
    let mut all = Vec::new();
    for path in &paths {
        let name = path.strip_prefix(root).unwrap().display().to_string();
        for (function, lines) in functions(path) {
            all.push(lines);
            if lines > 70 {
                long.insert(format!("{name}: {function}"), lines);
            }
        }
        let lines = std::fs::read_to_string(path).unwrap().lines().count();
        if lines > 400 {
            long.insert(name, lines);
        }
    }
    all.sort_unstable();
    println!(
        "{} functions, median {} lines, nine in ten at most {}",
        all.len(),
        all[all.len() / 2],
        all[all.len() * 9 / 10]
    );
    assert!(all.len() > 1000);
    assert!(long.is_empty(), "functions over 70 lines and files over 400: {long:#?}");
}
