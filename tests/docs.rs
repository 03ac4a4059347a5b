//! Pages that are made from the code are current. `UNDB_WRITE_DOCS=1 cargo test --test docs` makes them anew.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may end them too")]

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use undb::error::Code;
use undb::model::field::TYPES;
use undb::store::schema::{FORMAT, MAP};

/// Compares a page with what the code says, or writes it.
fn check(name: &str, body: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    let page = format!(
        "<!-- Made from the code: do not edit. `UNDB_WRITE_DOCS=1 cargo test --test docs` makes it anew. -->\n\n{body}"
    );
    if std::env::var_os("UNDB_WRITE_DOCS").is_some() {
        std::fs::write(&path, page).unwrap();
        return;
    }
    let held = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(held == page, "docs/{name} is stale: run `UNDB_WRITE_DOCS=1 cargo test --test docs`");
}

#[test]
fn storage() {
    let mut body = format!(
        "# The database\n\nFormat {FORMAT}. One ordered map of bytes; the first byte of a key is its keyspace.\n\n"
    );
    body.push_str("A key is its parts one after another: ids as 16 bytes, integers big-endian, hashes as 32 bytes, a name or value at the\nend as it is up to 64 bytes and hashed beyond. Values are a format byte and bincode 2, records apart (see\n`src/model/record.rs`).\n\n");
    body.push_str(
        "| byte | keyspace | key | value | what keeps it true |\n| --- | --- | --- | --- | --- |\n",
    );
    for entry in MAP {
        let _ = writeln!(
            body,
            "| {:#04x} | `{}` | {} | {} | {} |",
            entry.of.0, entry.name, entry.key, entry.value, entry.law
        );
    }
    body.push_str("\n## Versions\n\n| format | since | what changed |\n| --- | --- | --- |\n| 1 | 0.1.0 | the first |\n");
    check("storage.md", &body);
}

#[test]
fn errors() {
    let mut body = String::from(
        "# Errors\n\nEvery failure is `application/problem+json` (RFC 9457). `code` keeps its meaning for ever; `errors` lists every fault in\nthe input.\n\n| code | status | meaning | what to do |\n| --- | --- | --- | --- |\n",
    );
    for code in Code::ALL {
        let _ =
            writeln!(body, "| `{}` | {} | {} | {} |", code.name(), code.status(), code.title(), code.cure());
    }
    check("errors.md", &body);
}

#[test]
fn fields() {
    let mut body = String::from("# Field types\n\n| type | what its values are |\n| --- | --- |\n");
    for of in TYPES {
        let _ = writeln!(body, "| `{}` | {} |", of.name, of.about);
    }
    body.push_str("\n## Options\n\nTypes that are not named here take none.\n");
    for of in TYPES {
        let schema = (of.options_schema)();
        if schema.get("properties").is_some() {
            let text = serde_json::to_string_pretty(&schema).unwrap();
            let _ = write!(body, "\n### `{}`\n\n```json\n{text}\n```\n", of.name);
        }
    }
    check("fields.md", &body);
}

#[test]
fn limits() {
    let source = include_str!("../src/limits.rs");
    let mut body = String::from(
        "# Limits\n\nEvery bound of the server, from `src/limits.rs`.\n\n| bound | value | of what |\n| --- | --- | --- |\n",
    );
    // A constant without a comment of its own shares that of the one before.
    let (mut about, mut fresh) = (String::new(), true);
    for line in source.lines() {
        if let Some(text) = line.strip_prefix("/// ") {
            about = if fresh || about.is_empty() { text.to_owned() } else { format!("{about} {text}") };
            fresh = false;
        } else if let Some(constant) = line.strip_prefix("pub const ") {
            let (name, value) = constant.trim_end_matches(';').split_once(" = ").unwrap();
            let name = name.split(':').next().unwrap();
            let _ = writeln!(body, "| `{name}` | `{value}` | {about} |");
            fresh = true;
        }
    }
    check("limits.md", &body);
}

#[test]
fn the_readme_names_every_setting() {
    let readme = include_str!("../README.md");
    let help = Command::new(env!("CARGO_BIN_EXE_undb")).args(["serve", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let flags: Vec<&str> = help
        .split_whitespace()
        .filter(|word| word.starts_with("--") && *word != "--help")
        .map(|word| word.split('[').next().unwrap())
        .collect();
    assert!(flags.len() >= 10, "{flags:?}");
    for flag in flags {
        let variable = format!("UNDB_{}", flag.trim_start_matches('-').replace('-', "_").to_uppercase());
        assert!(
            readme.contains(&format!("| `{flag}` | `{variable}` |")),
            "README.md lacks {flag} or {variable}"
        );
    }
}
