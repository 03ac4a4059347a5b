//! Pages that are made from the code are current. `UNDB_WRITE_DOCS=1 cargo test --test docs` makes them anew.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may end them too")]

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use undb::error::Code;
use undb::model::field::TYPES;
use undb::store::schema::{FORMAT, MAP};

const NOTE: &str =
    "<!-- Made from the code: do not edit. `UNDB_WRITE_DOCS=1 cargo test --test docs` makes it anew. -->";

fn root() -> PathBuf {
    env!("CARGO_MANIFEST_DIR").into()
}

/// Compares a page with what the code says, or writes it.
fn check(name: &str, body: &str) {
    check_whole(&format!("docs/{name}"), &format!("{NOTE}\n\n{body}"));
}

fn check_whole(name: &str, page: &str) {
    let path = root().join(name);
    if std::env::var_os("UNDB_WRITE_DOCS").is_some() {
        std::fs::write(&path, page).unwrap();
        return;
    }
    let held = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(held == page, "{name} is stale: run `UNDB_WRITE_DOCS=1 cargo test --test docs`");
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
    let mut about = String::new();
    for line in source.lines() {
        if let Some(text) = line.strip_prefix("/// ") {
            about = if about.is_empty() { text.to_owned() } else { format!("{about} {text}") };
        } else if let Some(constant) = line.strip_prefix("pub const ") {
            let (name, value) = constant.trim_end_matches(';').split_once(" = ").unwrap();
            let name = name.split(':').next().unwrap();
            assert!(!about.is_empty(), "`{name}` in src/limits.rs has no comment");
            let _ = writeln!(body, "| `{name}` | {} | {about} |", shown(name, number(value)));
            about.clear();
        }
    }
    check("limits.md", &body);
}

/// What a constant's expression comes to: numbers, products and shifts.
fn number(expression: &str) -> u64 {
    if let Some((left, right)) = expression.split_once(" << ") {
        return number(left) << number(right);
    }
    expression.split(" * ").map(|factor| factor.replace('_', "").parse::<u64>().unwrap()).product()
}

/// A number with its unit, which stands in the constant's name.
fn shown(name: &str, value: u64) -> String {
    let units: &[(u64, &str)] = if name.contains("_BYTES") {
        &[(1 << 20, "MiB"), (1 << 10, "KiB"), (1, "bytes")]
    } else if name.contains("SECONDS") {
        &[(86_400, "days"), (3600, "hours"), (60, "minutes"), (1, "seconds")]
    } else if name.ends_with("_MS") {
        &[(60_000, "minutes"), (1, "ms")]
    } else {
        return grouped(value);
    };
    // One of a unit reads better as many of the next.
    let fits =
        |(size, unit): &&(u64, &str)| value.is_multiple_of(*size) && (value > *size || unit.ends_with("iB"));
    let (size, unit) = units.iter().find(fits).unwrap_or(&(1, ""));
    format!("{} {unit}", grouped(value / size))
}

/// With a comma after each thousand.
fn grouped(value: u64) -> String {
    match value {
        0..1000 => value.to_string(),
        _ => format!("{},{:03}", grouped(value / 1000), value % 1000),
    }
}

/// The list of files in ARCHITECTURE.md: what each is for is the first sentence of its own.
#[test]
fn the_files_of_the_architecture() {
    const BEGIN: &str = "<!-- files: made from the first sentence of each file by `UNDB_WRITE_DOCS=1 cargo test --test docs` -->\n";
    const END: &str = "<!-- end of files -->";
    let page = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let mut list = String::new();
    for folder in ["src", "tests", "benches"] {
        let _ = writeln!(list, "- **`{folder}/`**");
        files_list(&root().join(folder), 1, &mut list);
    }
    check_whole("ARCHITECTURE.md", &format!("{before}{BEGIN}\n{list}\n{END}{after}"));
}

/// Lists a folder: `lib.rs` and `main.rs` first, then the others by name, a folder after the file of its name. A folder is told by its `mod.rs` or
/// `main.rs`, or by the file of its name beside it; what only tests its parent is left out.
fn files_list(folder: &Path, depth: usize, list: &mut String) {
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let first = |path: &Path| ["lib.rs", "main.rs"].contains(&name(path).as_str());
    paths.sort_by_key(|path| (!first(path), path.with_extension(""), path.is_dir()));
    for path in paths {
        let (name, indent) = (name(&path), "  ".repeat(depth));
        let told_above = name == "mod.rs" || (name == "main.rs" && depth > 1);
        if told_above
            || name.starts_with("tests")
            || !(path.is_dir() || path.extension().is_some_and(|end| end == "rs"))
        {
            continue;
        }
        if path.is_dir() {
            let own = ["mod.rs", "main.rs"].iter().find_map(|own| first_sentence(&path.join(own)));
            let about = own.map(|about| format!(": {about}")).unwrap_or_default();
            let _ = writeln!(list, "{indent}- **`{name}/`**{about}");
            files_list(&path, depth + 1, list);
        } else {
            let about = first_sentence(&path).unwrap_or_else(|| panic!("{name} does not say what it is for"));
            let _ = writeln!(list, "{indent}- `{name}`: {about}");
        }
    }
}

/// The first sentence of a file's own documentation, without links.
fn first_sentence(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let lines: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("//! ")).collect();
    let paragraph = lines.join(" ").replace("[`", "`").replace("`]", "`");
    let sentence = paragraph.split_once(". ").map_or(paragraph.as_str(), |(first, _)| first);
    (!sentence.is_empty()).then(|| format!("{}.", sentence.trim_end_matches(['.', ':'])))
}

#[test]
fn the_readme_names_every_setting() {
    let readme = include_str!("../README.md");
    let help = Command::new(env!("CARGO_BIN_EXE_undb")).args(["serve", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let settings: Vec<&str> = help.split("\n      --").skip(1).collect();
    assert!(settings.len() >= 10, "{help}");
    for setting in settings {
        let flag = setting.split([' ', '[', '\n']).next().unwrap();
        let key = flag.replace('-', "_");
        let variable = format!("UNDB_{}", key.to_uppercase());
        // One that may hold a secret does not show what it holds.
        let shown = ["=", "]"].iter().any(|after| setting.contains(&format!("[env: {variable}{after}")));
        assert!(shown, "--{flag} has another variable");
        let row = format!("| `--{flag}` | `{variable}` |");
        let row = readme.lines().find(|line| line.starts_with(&row));
        let row = row.unwrap_or_else(|| panic!("README.md lacks --{flag} or {variable}"));
        let cells: Vec<&str> = row.split(" |").map(|cell| cell.trim_matches([' ', '`', '|'])).collect();
        let [_, _, in_file, default, about, _] = cells[..] else { panic!("cells of {row}") };
        assert!(in_file == key || flag == "config", "{row}");
        assert!(!about.is_empty(), "{row}");
        if let Some((_, said)) = setting.split_once("[default: ") {
            assert_eq!(default, said.split(']').next().unwrap(), "the default of --{flag}");
        }
    }
}
