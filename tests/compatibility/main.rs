//! The API document against the surface of the last release: what would break a client of it needs a new major version.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the helpers of tests may end them too"
)]

mod judge;
mod judged;
mod surface;

use std::fmt::Write;
use std::path::PathBuf;

use judge::breaks;
use surface::Surface;
use undb::http::openapi::document_json;

/// Major, minor, patch.
type Version = [u64; 3];

fn version(text: &str) -> Option<Version> {
    let parts: Vec<u64> = text.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    parts.try_into().ok()
}

/// Semantic versioning: before 1.0 the second number is the one that breaks.
fn may_break(from: Version, to: Version) -> bool {
    to[0] > from[0] || from[0] == 0 && to[0] == 0 && to[1] > from[1]
}

fn own_version() -> Version {
    version(env!("CARGO_PKG_VERSION")).unwrap()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/compatibility")
}

fn now() -> Surface {
    surface::of(&serde_json::from_str(&document_json()).unwrap())
}

/// Versions of which there is a listing, the last one last.
fn listed() -> Vec<Version> {
    let names = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.filter_map(|name| name.to_str()?.strip_suffix(".txt").and_then(version));
    let mut versions: Vec<_> = names.collect();
    versions.sort_unstable();
    versions
}

fn listing(of: Version) -> String {
    let [major, minor, patch] = of;
    std::fs::read_to_string(folder().join(format!("{major}.{minor}.{patch}.txt"))).unwrap()
}

#[test]
fn nothing_breaks_clients_of_the_last_release() {
    if std::env::var_os("UNDB_WRITE_SURFACE").is_some() {
        let own = env!("CARGO_PKG_VERSION");
        let mut text = format!(
            "# What clients of undb {own} can rely on, one line a fact. `UNDB_WRITE_SURFACE=1 cargo test --test compatibility`\n\
             # writes it, once for each release; docs/versioning.md says what may change.\n"
        );
        now().iter().for_each(|(at, what)| writeln!(text, "{at}: {what}").unwrap());
        std::fs::write(folder().join(format!("{own}.txt")), text).unwrap();
    }
    let last = *listed().last().unwrap();
    let found = breaks(&surface::read(&listing(last)), &now());
    assert!(
        found.is_empty() || may_break(last, own_version()),
        "this breaks clients of {last:?}, and the version is still {:?}. docs/versioning.md says what can be done \
         instead:\n{}",
        own_version(),
        found.join("\n")
    );
}

/// The changelog names the releases; one that is out without a listing would never be compared with.
#[test]
fn every_release_has_its_listing() {
    let changes = std::fs::read_to_string(folder().join("../../CHANGELOG.md")).unwrap();
    let heads = changes.lines().filter_map(|line| line.strip_prefix("## ")?.split_once(", "));
    let released = heads.filter(|(_, when)| *when != "unreleased").map(|(text, _)| version(text).unwrap());
    for one in released {
        assert!(listed().contains(&one), "{one:?} has no listing in tests/compatibility");
    }
    assert!(listed().iter().all(|one| *one <= own_version()));
}

#[test]
fn a_listing_is_read_as_it_was_written() {
    let now = now();
    let lines: Vec<_> = now.iter().map(|(at, what)| format!("{at}: {what}")).collect();
    assert_eq!(surface::read(&format!("# for people\n{}", lines.join("\n"))), now);
    assert!(now.len() > 1000, "only {} facts", now.len());
}

#[test]
fn versions_say_when_a_break_is_announced() {
    for (from, to, may) in [
        ("0.1.0", "0.1.9", false),
        ("0.1.0", "0.2.0", true),
        ("0.9.0", "1.0.0", true),
        ("1.2.0", "1.3.0", false),
        ("1.2.0", "2.0.0", true),
        ("1.2.0", "1.2.0", false),
    ] {
        assert_eq!(may_break(version(from).unwrap(), version(to).unwrap()), may, "{from} to {to}");
    }
}
