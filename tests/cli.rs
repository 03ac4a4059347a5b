//! The program as its user meets it: what it prints where, and how it ends.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may end them too")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use tempfile::TempDir;

/// The program in an empty directory, without any of its settings from outside.
fn undb(dir: &Path, args: &[&str]) -> Command {
    clean(Command::new(env!("CARGO_BIN_EXE_undb")), dir, args)
}

fn clean(mut command: Command, dir: &Path, args: &[&str]) -> Command {
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("UNDB_")) {
        command.env_remove(name);
    }
    command.current_dir(dir).args(args).stdin(Stdio::null());
    command
}

#[track_caller]
fn ends(mut command: Command, code: i32) -> (String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let (out, err) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    assert_eq!(status.code(), Some(code), "{command:?}\n{out}\n{err}");
    (out, err)
}

#[track_caller]
fn run(dir: &TempDir, args: &[&str], code: i32) -> (String, String) {
    ends(undb(dir.path(), args), code)
}

fn temporary() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// A server that runs; dropping it kills it.
struct Served {
    child: Child,
    stderr: BufReader<ChildStderr>,
    told: String,
}

impl Served {
    /// Starts it, and waits until it listens.
    fn start(dir: &Path, args: &[&str]) -> Served {
        Served::of(undb(dir, args))
    }

    fn of(mut command: Command) -> Served {
        command.args(["--listen", "127.0.0.1:0", "--workers", "1"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let mut served = Served { child, stderr, told: String::new() };
        while !served.told.contains("/swagger-ui/") {
            let read = served.stderr.read_line(&mut served.told).unwrap();
            assert!(read > 0, "it ended early: {}", served.told);
        }
        served
    }

    /// The first lines of standard output.
    fn lines(&mut self, count: usize) -> Vec<String> {
        let out = BufReader::new(self.child.stdout.as_mut().unwrap());
        out.lines().take(count).map(Result::unwrap).collect()
    }

    #[cfg(unix)]
    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Waits for its end: the exit code and what it told.
    fn end(mut self) -> (Option<i32>, String) {
        let code = self.child.wait().unwrap().code();
        let mut told = std::mem::take(&mut self.told);
        self.stderr.read_to_string(&mut told).unwrap();
        (code, told)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_secret(text: &str) -> bool {
    text.len() == 43
        && text.starts_with("undb_")
        && text.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric())
}

#[test]
fn wrong_usage_exits_2_and_says_why() {
    for (args, expected) in [
        (&["--lisen", "x"][..], "--listen"),
        (&["fly"], "fly"),
        (&["--listen", "nowhere"], "`listen`"),
        (&["--workers", "0"], "`workers`"),
        (&["--log", "loud"], "`loud` is no level"),
        (&["--cors-origin", "*"], "`cors_origin`"),
        (&["--demo", "space", "list"], "--demo"),
        (&["token", "create", "--space", "S", "--name", "n", "--scope", "records:wirte"], "records:write"),
        (&["token", "create", "--space", "S", "--name", "n", "--expires-at", "soon"], "RFC 3339"),
        (&["token", "create", "--space", "S", "--name", "n", "--scope", "a,b"], "repeat `--scope`"),
        (&["space", "create", ""], "may not be empty"),
        (&["user", "create", "--email", "nobody"], "email"),
        (&["openapi", "--format", "xml"], "yaml"),
    ] {
        let dir = temporary();
        let (out, err) = run(&dir, args, 2);
        assert!(out.is_empty() && err.contains(expected), "{args:?}: {out}{err}");
        assert_eq!(dir.path().read_dir().unwrap().count(), 0, "nothing is made: {args:?}");
    }
}

#[test]
fn an_unknown_key_in_the_file_is_named() {
    let dir = temporary();
    std::fs::write(dir.path().join("undb.toml"), "data_dri = \"x\"").unwrap();
    let (_, err) = run(&dir, &["space", "list"], 2);
    assert!(err.contains("undb.toml: There is no setting `data_dri`. Did you mean `data_dir`?"), "{err}");
    std::fs::write(dir.path().join("undb.toml"), "data_dri = \"x\"\nlistn = \"x\"").unwrap();
    let (_, err) = run(&dir, &["space", "list"], 2);
    assert!(err.contains("`data_dri`") && err.contains("`listn`. Did you mean `listen`?"), "all: {err}");
    std::fs::remove_file(dir.path().join("undb.toml")).unwrap();
    let (_, err) = run(&dir, &["--config", "other.toml", "space", "list"], 2);
    assert!(err.contains("other.toml can't be read"), "{err}");
}

#[test]
fn a_flag_beats_a_variable_and_that_the_file() {
    let dir = temporary();
    let named = |variable: Option<&str>, args: &[&str], expected: &str| {
        let mut command = undb(dir.path(), args);
        command.envs(variable.map(|value| ("UNDB_DATA_DIR", value)));
        let (_, err) = ends(command, 1);
        assert_eq!(err, format!("undb: There is no database in {expected}.\n"));
    };
    named(None, &["space", "list"], "data");
    std::fs::write(dir.path().join("undb.toml"), "data_dir = \"of-file\"").unwrap();
    named(None, &["space", "list"], "of-file");
    named(Some("of-variable"), &["space", "list"], "of-variable");
    named(Some("of-variable"), &["--data-dir", "of-flag", "space", "list"], "of-flag");
    named(Some("of-variable"), &["space", "list", "--data-dir", "of-flag"], "of-flag");
    assert_eq!(dir.path().read_dir().unwrap().count(), 1, "the file, and no directory");
}

#[test]
fn a_variable_is_checked_as_a_flag_is() {
    let dir = temporary();
    for (name, value) in [("UNDB_WORKERS", "many"), ("UNDB_LISTEN", "x"), ("UNDB_DEMO", "perhaps")] {
        let mut command = undb(dir.path(), &["serve"]);
        command.env(name, value);
        ends(command, 2);
    }
}

#[test]
fn commands_on_a_database_that_is_not_there_make_none() {
    let dir = temporary();
    for args in [
        &["space", "list"][..],
        &["token", "list", "--space", "S"],
        &["token", "create", "--space", "S", "--name", "n"],
        &["token", "revoke", "--space", "S", "tkn00000000000000000000000000"],
    ] {
        run(&dir, args, 1);
    }
    assert_eq!(dir.path().read_dir().unwrap().count(), 0);
}

#[test]
fn tokens_are_made_listed_and_revoked() {
    let dir = temporary();
    let (space, _) = run(&dir, &["space", "create", "Büro"], 0);
    let (out, err) = run(&dir, &["token", "create", "--space", "Büro", "--name", "ci"], 0);
    assert!(is_secret(out.trim_end()) && out.lines().count() == 1, "the secret and nothing else: {out}");
    let id = err.split([' ', '.']).nth(1).unwrap();
    assert!(id.starts_with("tkn") && !err.contains("undb_"), "{err}");
    let (out, _) = run(&dir, &["token", "list", "--space", space.trim(), "--json"], 0);
    assert!(
        out.contains(id) && out.contains(r#""status":"active""#) && out.contains(r#""name":"ci""#),
        "{out}"
    );
    run(&dir, &["token", "revoke", "--space", "Büro", id], 0);
    run(&dir, &["token", "revoke", "--space", "Büro", id], 1);
    let (out, _) = run(&dir, &["token", "list", "--space", "Büro"], 0);
    assert!(out.starts_with(&format!("{id}\trevoked\t")), "{out}");
    let args =
        ["token", "create", "--space", "Büro", "--name", "x", "--base", "none", "--expires-in-days", "9"];
    assert!(run(&dir, &args, 1).1.contains("There is no base `none`."));
    let args = ["token", "create", "--space", "Büro", "--name", "x", "--expires-at", "2020-01-01T00:00:00Z"];
    assert!(run(&dir, &args, 1).1.contains("not in the future"));
}

#[test]
fn a_name_of_several_spaces_is_answered_with_their_ids() {
    let dir = temporary();
    let ids = ["A", "A", "B"].map(|name| run(&dir, &["space", "create", name], 0).0.trim().to_owned());
    let (out, _) = run(&dir, &["space", "list"], 0);
    assert_eq!(out, format!("{}\tA\n{}\tA\n{}\tB\n", ids[0], ids[1], ids[2]));
    let (_, err) = run(&dir, &["token", "list", "--space", "A"], 1);
    assert!(err.contains(&ids[0]) && err.contains(&ids[1]), "{err}");
    run(&dir, &["token", "list", "--space", &ids[1]], 0);
    assert!(run(&dir, &["token", "list", "--space", "C"], 1).1.contains("There is no space `C`."));
}

#[test]
fn a_password_comes_from_a_variable_or_from_standard_input() {
    let dir = temporary();
    let mut command = undb(dir.path(), &["user", "create", "--email", "a@b.example"]);
    command.env("UNDB_PASSWORD", "long enough");
    assert!(ends(command, 0).1.contains("the owner"));
    let mut command =
        undb(dir.path(), &["user", "create", "--email", "c@d.example", "--password-stdin", "--json"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"also long enough\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stdout.ends_with(b"Z\"}\n"));
    let (_, err) = run(&dir, &["user", "create", "--email", "e@f.example"], 2);
    assert!(err.contains("8 to 256 characters"), "{err}");
}

#[test]
fn the_document_is_printed_in_both_formats() {
    let dir = temporary();
    assert!(run(&dir, &["openapi"], 0).0.starts_with("openapi: 3.1"));
    assert!(run(&dir, &["openapi", "--format", "json"], 0).0.starts_with('{'));
}

#[test]
fn help_is_a_command_too() {
    let dir = temporary();
    assert!(run(&dir, &["help"], 0).0.contains("Usage: undb"));
    assert!(run(&dir, &["help", "token"], 0).0.contains("revoke"));
}

#[test]
fn who_listens_no_more_has_heard_enough() {
    let dir = temporary();
    let mut child =
        undb(dir.path(), &["openapi"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn a_variable_that_is_no_setting_is_told_of() {
    let dir = temporary();
    let mut command = undb(dir.path(), &["space", "create", "S"]);
    command.env("UNDB_DATA_DRI", "x").env("UNDB_PASSWORD", "x");
    let (_, err) = ends(command, 0);
    assert!(err.contains("`UNDB_DATA_DRI` is no setting") && err.contains("`UNDB_DATA_DIR`"), "{err}");
    assert_eq!(err.lines().count(), 1, "{err}");
}

#[test]
fn every_fault_has_its_line() {
    let dir = temporary();
    run(&dir, &["space", "create", "S"], 0);
    let args = ["token", "create", "--space", "S", "--name", "n", "--base", "A", "--base", "B"];
    let (_, err) = run(&dir, &args, 1);
    assert!(err.contains("There are 2 faults:\n  /bases/0: ") && err.contains("\n  /bases/1: "), "{err}");
}

#[test]
fn a_port_in_use_is_named_and_leaves_no_trace() {
    let dir = temporary();
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = held.local_addr().unwrap().to_string();
    let (_, err) = run(&dir, &["--listen", &address], 1);
    assert!(err.contains(&format!("The address {address} is in use")), "{err}");
    assert_eq!(dir.path().read_dir().unwrap().count(), 0);
}

#[test]
fn a_data_directory_that_can_t_be_one_is_named() {
    let dir = temporary();
    std::fs::write(dir.path().join("data"), "a file").unwrap();
    let (_, err) = run(&dir, &["--listen", "127.0.0.1:0"], 1);
    assert!(err.contains("The data directory data can't be written"), "{err}");
}

#[test]
fn half_an_owner_in_the_environment_is_refused() {
    let dir = temporary();
    for (given, missing) in
        [("UNDB_OWNER_EMAIL", "UNDB_OWNER_PASSWORD"), ("UNDB_OWNER_PASSWORD", "UNDB_OWNER_EMAIL")]
    {
        let mut command = undb(dir.path(), &["--listen", "127.0.0.1:0"]);
        command.env(given, "a@b.example");
        assert!(ends(command, 2).1.contains(&format!("{given} is set, and {missing} is not.")));
    }
}

#[cfg(unix)]
#[path = "harness/copies.rs"]
mod copies;

#[cfg(unix)]
#[path = "cli/copy.rs"]
mod copy;

#[cfg(unix)]
#[path = "harness/process.rs"]
mod process;

#[cfg(unix)]
#[path = "cli/server.rs"]
mod server;

#[path = "cli/types.rs"]
mod types;
