//! The server as a process: signals, exit codes, what it prints as it starts.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use super::*;

#[test]
fn sigterm_ends_it_in_good_order() {
    for signal in ["TERM", "INT"] {
        let dir = temporary();
        let served = Served::start(dir.path(), &[]);
        let mode = dir.path().join("data").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "the data is its owner's alone");
        let start = Instant::now();
        served.signal(signal);
        let (code, told) = served.end();
        assert_eq!(code, Some(0), "{told}");
        assert!(start.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn after_a_failed_flush_it_does_not_end_as_if_all_were_well() {
    let dir = temporary();
    run(&dir, &["space", "create", "S"], 0);
    let scopes = ["--scope", "schema:write", "--scope", "records:write"];
    let args = [&["token", "create", "--space", "S", "--name", "n"][..], &scopes].concat();
    let token = run(&dir, &args, 0).0.trim().to_owned();
    // No file may grow beyond four MiB or, where the shell counts so, eight: what a full disk does, for one process.
    let limited = "trap '' XFSZ; ulimit -f 8192; exec \"$0\" \"$@\"";
    let program = env!("CARGO_BIN_EXE_undb");
    let served = Served::of(clean(Command::new("sh"), dir.path(), &["-c", limited, program]));
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let address = served.told.split("listens on ").nth(1).unwrap().lines().next().unwrap().to_owned();
    let post = |path: &str, body: &str| {
        let post = agent.post(format!("{address}/api/openapi/bases{path}"));
        let post = post.header("x-undb-api-token", &token).header("content-type", "application/json");
        post.send(body).unwrap().status().as_u16()
    };
    assert_eq!(post("", r#"{"name":"b"}"#), 201);
    assert_eq!(post("/b/tables", r#"{"name":"t","fields":[{"name":"f","type":"string"}]}"#), 201);
    let body = format!(r#"{{"values":{{"f":"{}"}}}}"#, "x".repeat(10_000));
    let mut statuses = (0..2000).map(|_| post("/b/tables/t/records", &body));
    assert_eq!(statuses.find(|status| *status != 201), Some(503));
    served.signal("TERM");
    let (code, told) = served.end();
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("undb: Writing to the disk has failed."), "{told}");
}

#[test]
fn a_command_beside_a_server_exits_3() {
    let dir = temporary();
    let _served = Served::start(dir.path(), &[]);
    let (_, err) = run(&dir, &["space", "list"], 3);
    assert!(err.contains("in use by another process"), "{err}");
    let (_, err) = run(&dir, &["serve", "--listen", "127.0.0.1:0"], 3);
    assert!(err.contains("in use by another process"), "{err}");
}

#[test]
fn what_was_made_is_there_after_sigkill() {
    let dir = temporary();
    run(&dir, &["space", "create", "Kept"], 0);
    let served = Served::start(dir.path(), &[]);
    served.signal("KILL");
    assert_eq!(served.end().0, None);
    assert!(run(&dir, &["space", "list"], 0).0.contains("Kept"));
}

#[test]
fn a_first_start_prints_a_code_until_there_is_an_owner() {
    let dir = temporary();
    let served = Served::start(dir.path(), &["serve"]);
    served.signal("TERM");
    let (_, told) = served.end();
    let code = told.split_once("make the owner: ").unwrap().1.lines().next().unwrap();
    assert!(code.len() == 14 && code.split('-').all(|group| group.len() == 4), "{code}");
    let curl = told.lines().find(|line| line.starts_with("curl ")).unwrap();
    assert!(curl.contains("/api/auth/setup") && curl.contains(code), "{curl}");
    let password = curl.split(r#""password":""#).nth(1).unwrap().split('"').next().unwrap();
    assert!(password.len() < 8, "pasted unread it is refused: {password}");

    let mut command = undb(dir.path(), &["user", "create", "--email", "a@b.example"]);
    command.env("UNDB_PASSWORD", "long enough");
    ends(command, 0);
    let served = Served::start(dir.path(), &[]);
    served.signal("TERM");
    assert!(!served.end().1.contains("code"));
}

#[test]
fn a_demo_prints_a_token_a_request_and_an_address() {
    let dir = temporary();
    let mut secrets = Vec::new();
    for _ in 0..2 {
        let mut served = Served::start(dir.path(), &["--demo"]);
        let lines = served.lines(3);
        assert!(is_secret(&lines[0]), "{}", lines[0]);
        assert!(
            lines[1].starts_with("curl 'http://127.0.0.1:") && lines[1].contains(&lines[0]),
            "{}",
            lines[1]
        );
        assert!(lines[1].contains("/api/openapi/bases/CRM/tables/Contacts/records?limit=2'"), "{}", lines[1]);
        assert!(lines[2].starts_with("http://127.0.0.1:") && lines[2].ends_with("/swagger-ui/"));
        secrets.push(lines[0].clone());
        served.signal("TERM");
        let (code, told) = served.end();
        assert_eq!(code, Some(0));
        assert!(!told.contains(&lines[0]) && !told.contains('\u{1b}'), "{told}");
    }
    assert_ne!(secrets[0], secrets[1]);
    let (out, _) = run(&dir, &["token", "list", "--space", "Demo"], 0);
    let states: Vec<_> = out.lines().filter_map(|line| line.split('\t').nth(1)).collect();
    assert_eq!(states, ["revoked", "active"]);
}

#[test]
fn a_demo_is_refused_where_something_else_is() {
    let dir = temporary();
    run(&dir, &["space", "create", "Own"], 0);
    let (out, err) = run(&dir, &["--demo", "--listen", "127.0.0.1:0"], 2);
    assert!(out.is_empty() && err.contains("is not the demo's"), "{err}");
    assert_eq!(run(&dir, &["space", "list"], 0).0.lines().count(), 1);
}
