//! What a person sees in a browser. The pages are asked for here in any case; a real Chromium opens them with
//! `UNDB_BROWSER=1`, which `.ci/run` sets.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where something is not as it should be"
)]

#[path = "harness/browser.rs"]
mod browser;
#[path = "harness/mod.rs"]
mod harness;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use browser::Browser;
use harness::Server;
use serde_json::Value;
use tempfile::TempDir;

#[test]
fn every_file_that_swagger_ui_names_is_served() {
    let server = Server::start();
    let page = String::from_utf8(server.get("/swagger-ui/").send().bytes).unwrap();
    let mut names: Vec<&str> = page.split('"').filter_map(|part| part.strip_prefix("./")).collect();
    names.extend(["swagger-initializer.js"]);
    assert!(names.len() >= 5, "{names:?}");
    for name in names {
        let answer = server.get(&format!("/swagger-ui/{name}")).send();
        assert_eq!(answer.status, 200, "{name}");
        assert!(answer.header("content-security-policy").unwrap().contains("default-src 'self'"), "{name}");
    }
    assert!(!page.contains("<script>"), "no script stands in the page");
}

/// The demo as a newcomer starts it.
struct Demo {
    process: Child,
    token: String,
    address: String,
    _directory: TempDir,
}

impl Demo {
    fn start() -> Demo {
        let directory = TempDir::new().unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_undb"))
            .args(["--demo", "--listen", "127.0.0.1:0"])
            .current_dir(directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        let (token, _, page) = (lines.next().unwrap(), lines.next().unwrap(), lines.next().unwrap());
        let address = page.trim_end_matches("/swagger-ui/").to_owned();
        Demo { process, token, address, _directory: directory }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_newcomer_authorizes_and_tries_the_api_out() {
    if std::env::var_os("UNDB_BROWSER").is_none() {
        println!("skipped: a real browser is driven with UNDB_BROWSER=1 only");
        return;
    }
    let demo = Demo::start();
    let browser = Browser::open(1280, 1000);
    browser.go(&format!("{}/", demo.address));
    authorize(&browser, &demo.token);
    picture(&browser, "authorized");
    let listed = try_out(&browser, "records", "recordList");
    assert_eq!(listed.0, 200);
    assert_eq!(listed.1["total"], 300);
    assert_eq!(listed.1["records"][0]["values"]["name"], "Ada Lovelace");
    show_answer(&browser, "records", "recordList");
    picture(&browser, "record-list");
    let made = try_out(&browser, "records", "recordCreate");
    assert_eq!(made.0, 201, "{made:?}");
    show_answer(&browser, "records", "recordCreate");
    picture(&browser, "record-create");
    browser.reload();
    // Authorized once is authorized after a reload.
    for (tag, operation, status) in [
        ("records", "recordGet", 200),
        ("records", "recordUpdate", 200),
        ("records", "recordUpsert", 200),
        ("tables", "tableGet", 200),
        ("fields", "fieldGet", 200),
        ("bases", "baseList", 200),
        ("spaces", "ownSpaceGet", 200),
        ("tokens", "ownTokenGet", 200),
        ("tokens", "tokenCreate", 201),
    ] {
        let answer = try_out(&browser, tag, operation);
        assert_eq!(answer.0, status, "{operation}: {answer:?}");
    }
    nothing_left_the_machine(&browser, &demo.address);
}

fn authorize(browser: &Browser, token: &str) {
    browser.click("button.authorize");
    browser.type_into(".auth-container input[type=text]", token);
    browser.click(".auth-container button.authorize");
    browser.wait("return document.querySelector('.auth-container h6') !== null && document.body.innerText.includes('Logout')");
    browser.click(".btn-done");
}

/// The block of an operation.
fn block(tag: &str, operation: &str) -> String {
    format!("#operations-{tag}-{operation}")
}

/// Presses *Try it out* and *Execute*, with everything as it is filled in: the status and the body of the answer.
fn try_out(browser: &Browser, tag: &str, operation: &str) -> (u16, Value) {
    let block = block(tag, operation);
    browser.click(&format!("{block} .opblock-summary-control"));
    browser.click(&format!("{block} .try-out__btn"));
    browser.click(&format!("{block} .execute"));
    let status = browser.text(&format!("{block} .live-responses-table tr.response .response-col_status"));
    let body = browser.text(&format!("{block} .live-responses-table tr.response .highlight-code pre"));
    let status = status.split_whitespace().next().unwrap().parse().unwrap();
    (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
}

/// Scrolls to where the answer can be read.
fn show_answer(browser: &Browser, tag: &str, operation: &str) {
    let css = format!("{} .responses-wrapper", block(tag, operation));
    browser.script(&format!("document.querySelector('{css}').scrollIntoView({{block: 'start'}})"));
}

fn picture(browser: &Browser, name: &str) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf);
    let path = folder.join("screenshots").join(format!("{name}.png"));
    browser.picture(&path);
    println!("picture: {}", path.display());
}

/// No message in the console, and no request to another host.
fn nothing_left_the_machine(browser: &Browser, address: &str) {
    let console = browser.log("browser");
    assert!(console.is_empty(), "{console:?}");
    let mut asked = 0;
    for line in browser.log("performance") {
        let line: Value = serde_json::from_str(&line).unwrap();
        if line["message"]["method"] != "Network.requestWillBeSent" {
            continue;
        }
        let url = line["message"]["params"]["request"]["url"].as_str().unwrap().to_owned();
        if url.starts_with("chrome:") || url.starts_with("data:") {
            // The browser's own first page, and pictures within a stylesheet.
            continue;
        }
        assert!(url.starts_with(address), "{url}");
        asked += 1;
    }
    assert!(asked >= 10, "the log holds the requests: {asked}");
    println!("{asked} requests, all to this server; no message in the console");
}
