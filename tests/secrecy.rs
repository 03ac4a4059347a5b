//! A secret is sent once, and stands nowhere else: a run of the real program with all its logs on, and then a search of
//! the data directory, the logs and all other answers for every secret there was.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the helpers of tests may end them too"
)]

mod harness;
#[path = "harness/process.rs"]
mod process;

use std::path::Path;

use harness::files;
use process::{Process, exchange};
use serde_json::{Value, json};
use tempfile::TempDir;

const PASSWORD: &str = "a-password-to-look-for-7781";
const NEW: &str = "a-new-password-to-look-for-7781";
const WRONG: &str = "another-password-that-is-wrong-7781";
/// A value that is stored as it is: finding it shows that the search finds things.
const KNOWN: &str = "a value of a record, to be found 7781";

/// A person at a server, who keeps every answer.
struct Visit {
    process: Process,
    answers: Vec<String>,
}

impl Visit {
    /// Sends a request and keeps the answer; or hands it back unkept, if it is one that shows a secret.
    fn send(&mut self, method: &str, path: &str, header: &str, body: Option<Value>) -> String {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let type_of = if body.is_empty() { "" } else { "content-type: application/json\r\n" };
        let head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{header}{type_of}");
        let request = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        exchange(self.process.address, &request)
    }

    fn keep(&mut self, method: &str, path: &str, header: &str, body: Option<Value>) -> String {
        let answer = self.send(method, path, header, body);
        self.answers.push(answer.clone());
        answer
    }
}

fn json_of(answer: &str) -> Value {
    serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap_or_else(|e| panic!("{e}: {answer}"))
}

fn cookie_of(answer: &str) -> String {
    let line = answer.lines().find(|line| line.to_lowercase().starts_with("set-cookie:"));
    let cookie = line.unwrap_or_else(|| panic!("{answer}")).split_once(": ").unwrap().1;
    cookie.split(';').next().unwrap().split_once('=').unwrap().1.to_owned()
}

#[test]
fn secrets_are_found_nowhere() {
    let directory = TempDir::new().unwrap();
    let args = ["--log-requests", "all", "--log", "debug"];
    let mut visit = Visit { process: Process::start(directory.path(), "first", &args), answers: Vec::new() };
    let mut secrets = vec![PASSWORD.to_owned(), WRONG.to_owned()];
    let (cookies, tokens) = a_run(&mut visit, &mut secrets);
    logs_say_who(&visit.process.told(), &tokens);
    let Visit { process, mut answers } = visit;
    process.terminate();
    // Once more in another process, which reads what was stored.
    let mut visit = Visit { process: Process::start(directory.path(), "second", &args), answers: Vec::new() };
    let header = format!("x-undb-api-token: {}\r\n", secrets[4]);
    assert!(visit.keep("GET", "/api/openapi/token", &header, None).starts_with("HTTP/1.1 200"));
    let header = format!("cookie: undb_session={}\r\n", cookies[1]);
    assert!(visit.keep("GET", "/api/auth/me", &header, None).starts_with("HTTP/1.1 200"));
    answers.append(&mut visit.answers);
    visit.process.terminate();
    nothing_shows(directory.path(), &answers, &secrets);
}

/// Does everything that has to do with secrets; each one is added to `secrets`. Answers the cookies and token ids.
fn a_run(visit: &mut Visit, secrets: &mut Vec<String>) -> (Vec<String>, Vec<String>) {
    let code = visit.process.setup_code();
    let owner = json!({"code": "AAAA-AAAA-AAAA", "email": "owner@example.com", "password": WRONG});
    assert!(visit.keep("POST", "/api/auth/setup", "", Some(owner)).starts_with("HTTP/1.1 401"));
    let owner = json!({"code": code, "email": "owner@example.com", "password": PASSWORD});
    let setup = visit.send("POST", "/api/auth/setup", "", Some(owner.clone()));
    assert!(setup.starts_with("HTTP/1.1 201"), "{setup}");
    assert!(visit.keep("POST", "/api/auth/setup", "", Some(owner)).starts_with("HTTP/1.1 409"));
    let login = json!({"email": "owner@example.com", "password": PASSWORD});
    let signed = visit.send("POST", "/api/auth/login", "", Some(login));
    let cookies = vec![cookie_of(&setup), cookie_of(&signed)];
    for answer in [&setup, &signed] {
        assert_eq!(answer.matches(&cookie_of(answer)).count(), 1, "in Set-Cookie alone");
        assert!(!answer.contains(PASSWORD));
    }
    secrets.extend(cookies.iter().cloned());
    for body in [
        json!({"email": "owner@example.com", "password": WRONG}),
        json!({"email": "nobody@example.com", "password": WRONG}),
        json!({"email": "owner@example.com", "password": WRONG, "pasword": WRONG}),
        json!({"email": WRONG, "password": PASSWORD}),
        json!({"email": "owner@example.com", "password": PASSWORD, "more": 1}),
    ] {
        let refused = visit.keep("POST", "/api/auth/login", "", Some(body));
        assert!(refused.starts_with("HTTP/1.1 4"), "{refused}");
    }
    let cookie = format!("cookie: undb_session={}\r\n", cookies[1]);
    let tokens = tokens_of(visit, &cookie, secrets);
    records(visit, &format!("x-undb-api-token: {}\r\n", secrets[4]));
    // The first session ends; its cookie was a secret all the same.
    let ended = format!("cookie: undb_session={}\r\n", cookies[0]);
    assert!(visit.keep("POST", "/api/auth/logout", &ended, None).starts_with("HTTP/1.1 204"));
    assert!(visit.keep("GET", "/api/auth/me", &ended, None).starts_with("HTTP/1.1 401"));
    for (current, new, status) in [(WRONG, NEW, "422"), (PASSWORD, NEW, "204"), (PASSWORD, WRONG, "422")] {
        let body = json!({"currentPassword": current, "newPassword": new});
        let answer = visit.keep("POST", "/api/auth/password", &cookie, Some(body));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
    }
    assert!(visit.keep("GET", "/api/auth/sessions", &cookie, None).starts_with("HTTP/1.1 200"));
    secrets.push(NEW.to_owned());
    (cookies, tokens)
}

/// Makes, rotates, lists, changes and revokes tokens, and presents good and bad ones.
fn tokens_of(visit: &mut Visit, cookie: &str, secrets: &mut Vec<String>) -> Vec<String> {
    let space = json_of(&visit.keep("POST", "/api/spaces", cookie, Some(json!({"name": "Main"}))));
    let path = format!("/api/spaces/{}/tokens", space["id"].as_str().unwrap());
    let mut ids = Vec::new();
    for name in ["kept", "rotated", "revoked"] {
        let scopes = json!({"name": name, "scopes": harness::ALL_SCOPES});
        let made = visit.send("POST", &path, cookie, Some(scopes));
        let view = json_of(&made);
        let secret = view["secret"].as_str().unwrap().to_owned();
        assert_eq!(made.matches(&secret).count(), 1);
        assert!(made.to_lowercase().contains("cache-control: no-store"));
        ids.push(view["token"]["id"].as_str().unwrap().to_owned());
        secrets.push(secret);
    }
    for secret in &secrets[4..] {
        let header = format!("x-undb-api-token: {secret}\r\n");
        assert!(visit.keep("GET", "/api/openapi/token", &header, None).starts_with("HTTP/1.1 200"));
        // Wrong in the last place, and in a place of the path where it has no business.
        let wrong = format!("x-undb-api-token: {secret}0\r\n");
        assert!(visit.keep("GET", "/api/openapi/token", &wrong, None).starts_with("HTTP/1.1 401"));
    }
    let rotated =
        visit.send("POST", &format!("{path}/{}/rotate", ids[1]), cookie, Some(json!({"graceSeconds": 60})));
    secrets.push(json_of(&rotated)["secret"].as_str().unwrap().to_owned());
    assert!(visit.keep("DELETE", &format!("{path}/{}", ids[2]), cookie, None).starts_with("HTTP/1.1 204"));
    visit.keep("PATCH", &format!("{path}/{}", ids[0]), cookie, Some(json!({"name": "kept on"})));
    visit.keep("PATCH", &format!("{path}/{}", ids[0]), cookie, Some(json!({"secret": "x", "hash": 1})));
    visit.keep("POST", &path, &format!("{cookie}idempotency-key: k\r\n"), Some(json!({"name": "none"})));
    for id in &ids {
        visit.keep("GET", &format!("{path}/{id}"), cookie, None);
    }
    visit.keep("GET", &path, cookie, None);
    ids
}

fn records(visit: &mut Visit, token: &str) {
    let base = json_of(&visit.keep("POST", "/api/openapi/bases", token, Some(json!({"name": "Shop"}))));
    let tables = format!("/api/openapi/bases/{}/tables", base["id"].as_str().unwrap());
    let fields = json!({"name": "books", "fields": [{"name": "title", "type": "string"}]});
    let table = json_of(&visit.keep("POST", &tables, token, Some(fields)));
    let path = format!("{tables}/{}/records", table["id"].as_str().unwrap());
    let keyed = format!("{token}idempotency-key: k\r\n");
    let made = visit.keep("POST", &path, &keyed, Some(json!({"values": {"title": KNOWN}})));
    let id = json_of(&made)["data"]["id"].as_str().unwrap().to_owned();
    visit.keep("GET", &format!("{path}/{id}"), token, None);
    visit.keep(
        "PATCH",
        &format!("{path}/{id}"),
        token,
        Some(json!({"values": {"title": format!("{KNOWN}!")}})),
    );
    visit.keep("POST", &path, token, Some(json!({"values": {"unknown": 1}})));
    for path in ["/metrics", "/readyz", "/api/openapi.json", "/api/nothing", "/api/spaces"] {
        visit.keep("GET", path, token, None);
    }
}

/// A request has a line with its id, method, route, status, duration and the id of its token.
fn logs_say_who(log: &str, tokens: &[String]) {
    let line =
        log.lines().find(|line| line.contains("route=\"/api/openapi/token\"") && line.contains("status=200"));
    let line = line.unwrap_or_else(|| panic!("no line for a request: {log}"));
    let id = format!("token=\"{}\"", tokens[0]);
    for part in ["request_id=", "method=\"GET\"", "duration_us=", &id] {
        assert!(line.contains(part), "{part} is missing: {line}");
    }
    let paths = log.lines().find(|line| line.contains("route=\"/api/openapi/bases/{base}/tables\"")).unwrap();
    assert!(paths.contains("method=\"POST\"") && paths.contains("status=201"), "{paths}");
}

fn nothing_shows(directory: &Path, answers: &[String], secrets: &[String]) {
    let found = files(directory);
    let holds = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    let stored: Vec<_> = found.iter().map(|path| (path, std::fs::read(path).unwrap())).collect();
    let logs = stored.iter().filter(|(path, _)| path.extension().is_some_and(|end| end == "err"));
    assert_eq!(logs.clone().count(), 2);
    assert!(logs.map(|(_, bytes)| bytes.len()).sum::<usize>() > 5000, "the logs are all there");
    assert!(
        stored.iter().any(|(path, bytes)| path.starts_with(directory.join("data")) && holds(bytes, KNOWN)),
        "the search finds what is there"
    );
    assert!(answers.len() > 35 && answers.iter().any(|answer| answer.contains(KNOWN)));
    assert_eq!(secrets.len(), 9, "three passwords, two cookies, four tokens");
    for secret in secrets {
        // The random part alone would be as bad.
        let core = secret.strip_prefix("undb_").map_or(secret.as_str(), |rest| &rest[..32]);
        for (path, bytes) in &stored {
            assert!(!holds(bytes, core), "{secret} stands in {}", path.display());
        }
        for answer in answers {
            assert!(!answer.contains(core), "{secret} stands in {answer}");
        }
    }
    println!("{} secrets, {} files and {} answers searched", secrets.len(), stored.len(), answers.len());
}
