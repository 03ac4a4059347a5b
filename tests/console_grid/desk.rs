//! A table of a person, open in a browser, and what tests do to it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::harness;
use crate::harness::Server;

/// A table of a person's, and how they come to it.
pub struct Desk {
    pub server: Server,
    pub cookie: String,
    pub space: String,
    pub page: String,
    pub path: String,
}

impl Desk {
    pub fn with(fields: &Value, records: &[Value]) -> Desk {
        let server = Server::start();
        let cookie = server.owner();
        let space = server.space(&cookie, "Space");
        let mut desk = Desk { server, cookie, space, page: String::new(), path: String::new() };
        let base = desk.call("POST", "/api/openapi/bases", &json!({"name": "Base"})).text("/id");
        let tables = format!("/api/openapi/bases/{base}/tables");
        let table = desk.call("POST", &tables, &json!({"name": "Table", "fields": fields})).text("/id");
        desk.path = format!("{tables}/{table}");
        desk.page = format!("/spaces/{}/bases/{base}/tables/{table}", desk.space);
        if !records.is_empty() {
            let records: Vec<Value> = records.iter().map(|values| json!({"values": values})).collect();
            let made =
                desk.call("POST", &format!("{}/records/bulk", desk.path), &json!({"records": records}));
            assert_eq!(made.status, 201, "{made:?}");
        }
        desk
    }

    pub fn call(&self, method: &str, path: &str, body: &Value) -> harness::Answer {
        let request = self.server.request(method, path).cookie(&self.cookie);
        request.header("x-undb-space", &self.space).json(body.clone()).send()
    }

    /// All records as the server has them, by what a pointer finds in each.
    pub fn column(&self, field: &str) -> Vec<Value> {
        let path = format!("{}/records", self.path);
        let request = self.server.get(&path).cookie(&self.cookie).header("x-undb-space", &self.space);
        let records = request.send().at("/records");
        records.as_array().unwrap().iter().map(|record| record["values"][field].clone()).collect()
    }

    /// Waits until the server has these values.
    pub fn expect(&self, field: &str, values: &[Value]) {
        let began = Instant::now();
        while self.column(field) != values {
            let late = began.elapsed() > Duration::from_secs(10);
            assert!(!late, "{field}: {:?}, expected {values:?}", self.column(field));
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Opens the table, with the focus on its first cell.
    pub fn open(&self, query: &str) -> Browser {
        let browser = Browser::open(1280, 900);
        let host = format!("http://{}", self.server.address);
        browser.go(&format!("{host}/login"));
        browser.cookie(&self.cookie);
        browser.go(&format!("{host}{}{query}", self.page));
        browser.wait("return document.querySelector('undb-grid .body .row:not(.blank)') !== null");
        browser.script("document.querySelector('.cell[tabindex=\"0\"]').focus()");
        browser
    }
}

/// Whether a real browser is asked for.
pub fn asked_for() -> bool {
    let asked = std::env::var_os("UNDB_BROWSER").is_some();
    if !asked {
        println!("skipped: a real browser is driven with UNDB_BROWSER=1 only");
    }
    asked
}

/// Waits until a cell, by its row and column from 0, shows a text.
pub fn shows(browser: &Browser, row: usize, column: usize, text: &str) {
    browser.wait(&format!(
        "const cell = document.querySelector('[aria-rowindex=\"{}\"] [data-col=\"{column}\"]');
         return cell !== null && cell.textContent === {}",
        row + 2,
        json!(text)
    ));
}

pub fn counts(browser: &Browser, text: &str) {
    browser
        .wait(&format!("return document.querySelector('.toolbar .count').textContent === {}", json!(text)));
}

/// Presses a button by its text.
pub fn press_button(browser: &Browser, within: &str, text: &str) {
    let find = format!(
        "[...document.querySelectorAll({})].find((button) => button.textContent === {})",
        json!(format!("{within} button")),
        json!(text)
    );
    browser.wait(&format!("return {find} !== undefined"));
    browser.script(&format!("{find}.click()"));
}

/// No message in the console: no error of a script, nothing that the content security policy refused. That an answer was
/// 412 or 422 the browser says by itself.
pub fn is_quiet(browser: &Browser) {
    let expected = ["status of 412", "status of 422"];
    let lines = browser.log("browser").into_iter();
    let lines: Vec<String> = lines.filter(|line| !expected.iter().any(|text| line.contains(text))).collect();
    assert!(lines.is_empty(), "{lines:?}");
}

pub fn people() -> Value {
    json!([{"name": "Name", "type": "string"}, {"name": "Age", "type": "number"}, {"name": "Mail", "type": "email"}])
}

/// Pastes a text where the focus is.
pub fn paste(browser: &Browser, text: &str) {
    browser.script(&format!(
        "const held = new DataTransfer(); held.setData('text/plain', {});
         document.activeElement.dispatchEvent(new ClipboardEvent('paste', {{clipboardData: held, bubbles: true, cancelable: true}}))",
        json!(text)
    ));
}

/// What an asynchronous function of a page answers; `grid` is the grid and `folder` where scripts are.
pub fn within(browser: &Browser, body: &str) -> Value {
    browser.script_waiting(&format!(
        "const done = arguments[0]; const grid = document.querySelector('undb-grid');
         const folder = new URL('.', document.querySelector('[href*=\"rows.js\"]').href).pathname.slice(0, -1);
         (async () => {{ {body} }})().then(done, (error) => done(`${{error}} ${{error.stack}}`))"
    ))
}
