//! The grid of the console as a person uses it, mostly by the keyboard. A real Chromium opens it with `UNDB_BROWSER=1`;
//! what the page names is asked for in any case.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where something is not as it should be"
)]

#[path = "harness/browser.rs"]
mod browser;
#[path = "harness/mod.rs"]
mod harness;

use std::time::{Duration, Instant};

use browser::Browser;
use harness::Server;
use serde_json::{Value, json};

/// A table of a person's, and how they come to it.
struct Desk {
    server: Server,
    cookie: String,
    space: String,
    page: String,
    path: String,
}

impl Desk {
    fn with(fields: &Value, records: &[Value]) -> Desk {
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

    fn call(&self, method: &str, path: &str, body: &Value) -> harness::Answer {
        let request = self.server.request(method, path).cookie(&self.cookie);
        request.header("x-undb-space", &self.space).json(body.clone()).send()
    }

    /// All records as the server has them, by what a pointer finds in each.
    fn column(&self, field: &str) -> Vec<Value> {
        let path = format!("{}/records", self.path);
        let request = self.server.get(&path).cookie(&self.cookie).header("x-undb-space", &self.space);
        let records = request.send().at("/records");
        records.as_array().unwrap().iter().map(|record| record["values"][field].clone()).collect()
    }

    /// Waits until the server has these values.
    fn expect(&self, field: &str, values: &[Value]) {
        let began = Instant::now();
        while self.column(field) != values {
            let late = began.elapsed() > Duration::from_secs(10);
            assert!(!late, "{field}: {:?}, expected {values:?}", self.column(field));
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Opens the table, with the focus on its first cell.
    fn open(&self, query: &str) -> Browser {
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
fn asked_for() -> bool {
    let asked = std::env::var_os("UNDB_BROWSER").is_some();
    if !asked {
        println!("skipped: a real browser is driven with UNDB_BROWSER=1 only");
    }
    asked
}

/// Waits until a cell, by its row and column from 0, shows a text.
fn shows(browser: &Browser, row: usize, column: usize, text: &str) {
    browser.wait(&format!(
        "const cell = document.querySelector('[aria-rowindex=\"{}\"] [data-col=\"{column}\"]');
         return cell !== null && cell.textContent === {}",
        row + 2,
        json!(text)
    ));
}

fn counts(browser: &Browser, text: &str) {
    browser
        .wait(&format!("return document.querySelector('.toolbar .count').textContent === {}", json!(text)));
}

/// Presses a button by its text.
fn press_button(browser: &Browser, within: &str, text: &str) {
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
fn is_quiet(browser: &Browser) {
    let expected = ["status of 412", "status of 422"];
    let lines = browser.log("browser").into_iter();
    let lines: Vec<String> = lines.filter(|line| !expected.iter().any(|text| line.contains(text))).collect();
    assert!(lines.is_empty(), "{lines:?}");
}

fn people() -> Value {
    json!([{"name": "Name", "type": "string"}, {"name": "Age", "type": "number"}, {"name": "Mail", "type": "email"}])
}

#[test]
fn every_script_that_the_page_names_is_served() {
    let desk = Desk::with(&people(), &[]);
    let page = desk.server.get(&desk.page).cookie(&desk.cookie).send();
    let page = String::from_utf8(page.bytes).unwrap();
    let after = |attribute| page.split(attribute).skip(1).filter_map(|rest| rest.split('"').next());
    let named: Vec<&str> =
        after("href=\"").chain(after("src=\"")).filter(|name| name.starts_with("/assets/")).collect();
    assert!(named.len() > 20, "{named:?}");
    for name in named {
        assert_eq!(desk.server.get(name).send().status, 200, "{name}");
    }
}

#[test]
fn ten_records_are_typed_by_keyboard_alone() {
    if !asked_for() {
        return;
    }
    let desk = Desk::with(&people(), &[]);
    let browser = desk.open("");
    let began = Instant::now();
    for n in 0..10 {
        let (name, age, mail) = (format!("Person {n}"), (20 + n).to_string(), format!("p{n}@example.com"));
        browser.press(&[&name, "Tab", &age, "Tab", &mail, "Enter"]);
    }
    desk.expect("Age", &(20..30).map(Value::from).collect::<Vec<_>>());
    println!("ten records in {:?}", began.elapsed());
    counts(&browser, "10 records");
    // A value that does not fit is marked at its cell, and is there again when it is edited.
    browser.press(&["Control+Home", "Right", "x1", "Enter"]);
    browser.wait("return document.querySelectorAll('[aria-rowindex=\"2\"] [data-col=\"1\"][aria-invalid=\"true\"]').length === 1");
    shows(&browser, 0, 1, "20");
    browser.wait(
        "return document.querySelector('#cell-error:popover-open')?.textContent.includes('number') === true",
    );
    browser.press(&["Enter"]);
    browser.wait("return document.activeElement.value === 'x1'");
    browser.press(&["Control+a", "21.5", "Enter"]);
    shows(&browser, 0, 1, "21.5");
    is_quiet(&browser);
}

#[test]
fn values_of_every_type_are_edited() {
    if !asked_for() {
        return;
    }
    let choices = json!([{"name": "open", "color": "blue"}, {"name": "done", "color": "green"}]);
    let fields = json!([
        {"name": "text", "type": "string"}, {"name": "long", "type": "longText"}, {"name": "number", "type": "number"},
        {"name": "check", "type": "checkbox"}, {"name": "day", "type": "date"}, {"name": "time", "type": "dateTime"},
        {"name": "one", "type": "select", "options": {"choices": choices}},
        {"name": "many", "type": "select", "options": {"choices": choices, "multiple": true}},
        {"name": "mail", "type": "email"}, {"name": "web", "type": "url"}, {"name": "any", "type": "json"},
        {"name": "count", "type": "autoIncrement"}
    ]);
    let desk = Desk::with(&fields, &[json!({"text": "a", "time": "2026-01-31T09:30:00Z"})]);
    let browser = desk.open("");
    browser.press(&["Enter", "bc", "Enter", "Up", "Right"]);
    browser.press(&["one", "Shift+Enter", "two", "Enter", "Up", "Right", "-2.5", "Enter", "Up", "Right"]);
    browser.press(&["Space", "Right", "Enter", "02032026", "Enter", "Up", "Right"]);
    browser.press(&["Delete", "Right", "do", "Enter", "Up", "Right"]);
    browser.press(&["op", "Enter", "do", "Enter", "Enter", "Up", "Right"]);
    browser.press(&[
        "ann@example.com",
        "Enter",
        "Up",
        "Right",
        "https://example.com/a",
        "Enter",
        "Up",
        "Right",
    ]);
    browser.press(&["{\"a\": [1, 2]}", "Enter"]);
    desk.expect("any", &[json!({"a": [1, 2]})]);
    let one = |field: &str| desk.column(field).remove(0);
    assert_eq!((one("text"), one("long"), one("number")), (json!("abc"), json!("one\ntwo"), json!(-2.5)));
    assert_eq!((one("check"), one("day"), one("time")), (json!(true), json!("2026-02-03"), Value::Null));
    assert_eq!((one("one"), one("many")), (json!("done"), json!(["open", "done"])));
    assert_eq!((one("mail"), one("web")), (json!("ann@example.com"), json!("https://example.com/a")));
    is_quiet(&browser);
}

#[test]
fn records_are_found_copied_deleted_and_brought_back() {
    if !asked_for() {
        return;
    }
    let records: Vec<Value> = (0..300).map(|n| json!({"Name": format!("Row {n}"), "Age": n})).collect();
    let desk = Desk::with(&people(), &records);
    let browser = desk.open("?sort=-Age");
    shows(&browser, 0, 0, "Row 299");
    // The rows of the filter and its text say the same, and the address keeps it.
    press_button(&browser, ".toolbar", "Filter");
    browser.type_into(".filter-row input", "Row 29");
    counts(&browser, "11 of 300 records");
    browser.wait("return document.querySelector('.filter-text input').value === 'Name contains \"Row 29\"'");
    browser.wait("return new URLSearchParams(location.search).get('filter') === 'Name contains \"Row 29\"'");
    browser.script(
        "const input = document.querySelector('.filter-text input'); input.value = ''; input.focus()",
    );
    browser.press(&["Age < 3 or Agee = 7", "Enter"]);
    browser.wait("return document.querySelector('.filter-bar .fault').textContent.includes('Character 12')");
    browser.script(
        "const input = document.querySelector('.filter-text input'); input.value = ''; input.focus()",
    );
    browser.press(&["Age < 3 or Age = 7", "Enter"]);
    counts(&browser, "4 of 300 records");
    browser.reload();
    counts(&browser, "4 of 300 records");
    shows(&browser, 0, 0, "Row 7");
    // Two rows of two cells, pasted below the last row, make two records.
    browser.script("document.querySelector('.cell[tabindex=\"0\"]').focus()");
    browser.press(&["Control+Home", "Shift+Right", "Shift+Down", "Control+c", "Control+End", "Home", "Down"]);
    browser.press(&["Control+v"]);
    counts(&browser, "6 of 302 records");
    shows(&browser, 5, 0, "Row 2");
    // Into rows that are there they are written.
    browser.press(&["Up", "Up", "Home", "Control+v"]);
    // The list is in its order again: two have the age 7 now.
    shows(&browser, 1, 0, "Row 7");
    shows(&browser, 5, 0, "Row 1");
    counts(&browser, "6 of 302 records");
    // Two are deleted, and are back under their own ids.
    browser.press(&["Control+Home", "Shift+Space", "Down", "Shift+Space"]);
    press_button(&browser, ".pick-bar", "Delete");
    counts(&browser, "4 of 300 records");
    press_button(&browser, ".toast:last-child", "Undo");
    counts(&browser, "6 of 302 records");
    is_quiet(&browser);
}

#[test]
fn what_two_people_change_at_once_is_told_and_chosen() {
    if !asked_for() {
        return;
    }
    let desk = Desk::with(&people(), &[json!({"Name": "Ann", "Age": 1})]);
    let (first, second) = (desk.open(""), desk.open(""));
    let opened = "return document.activeElement.value === 'Ann'";
    second.press(&["Enter"]);
    second.wait(opened);
    first.press(&["Enter"]);
    first.wait(opened);
    first.press(&["Control+a", "First", "Enter"]);
    desk.expect("Name", &[json!("First")]);
    second.press(&["Control+a", "Second", "Enter"]);
    second.wait("return document.querySelector('dialog.conflict') !== null");
    let told = second.text("dialog.conflict");
    assert!(told.contains("First") && told.contains("Second"), "{told}");
    assert_eq!(desk.column("Name"), [json!("First")]);
    second.click("dialog.conflict button[value=mine]");
    desk.expect("Name", &[json!("Second")]);
    // Another field of the same record is no conflict: both changes stand.
    first.press(&["Control+Home", "Right", "5", "Enter"]);
    desk.expect("Age", &[json!(5)]);
    assert_eq!(desk.column("Name"), [json!("Second")]);
    is_quiet(&first);
    is_quiet(&second);
}

/// Pastes a text where the focus is.
fn paste(browser: &Browser, text: &str) {
    browser.script(&format!(
        "const held = new DataTransfer(); held.setData('text/plain', {});
         document.activeElement.dispatchEvent(new ClipboardEvent('paste', {{clipboardData: held, bubbles: true, cancelable: true}}))",
        json!(text)
    ));
}

/// What an asynchronous function of a page answers; `grid` is the grid and `folder` where scripts are.
fn within(browser: &Browser, body: &str) -> Value {
    browser.script_waiting(&format!(
        "const done = arguments[0]; const grid = document.querySelector('undb-grid');
         const folder = new URL('.', document.querySelector('[href*=\"rows.js\"]').href).pathname.slice(0, -1);
         (async () => {{ {body} }})().then(done, (error) => done(`${{error}} ${{error.stack}}`))"
    ))
}

#[test]
fn places_stay_right_while_others_delete() {
    if !asked_for() {
        return;
    }
    let desk = Desk::with(&people(), &[json!({"Name": "Ann"})]);
    let browser = desk.open("");
    assert_eq!(within(&browser, include_str!("harness/rows.js")), Value::Null);
    // Where nothing happens nothing is drawn and nothing is asked.
    let busy = "await new Promise((done) => setTimeout(done, 600));
        let frames = 0; const real = window.requestAnimationFrame;
        window.requestAnimationFrame = (run) => { frames += 1; return real(run); };
        await new Promise((done) => setTimeout(done, 800)); return frames";
    assert_eq!(within(&browser, busy), json!(0));
    is_quiet(&browser);
}

#[test]
fn each_pasted_row_goes_into_its_own_record() {
    if !asked_for() {
        return;
    }
    let desk = Desk::with(&people(), &[json!({"Name": "Ann"})]);
    let browser = desk.open("");
    // Row 2 is a draft that the server refuses, row 3 a record behind it.
    browser.press(&["Down", "Right", "Right", "x1", "Enter"]);
    browser.wait("return document.querySelector('[aria-rowindex=\"3\"] [aria-invalid]') !== null");
    browser.press(&["Left", "Left", "Zed", "Enter"]);
    desk.expect("Name", &[json!("Ann"), json!("Zed")]);
    browser.press(&["Control+Home"]);
    paste(&browser, "A\nB\nC");
    desk.expect("Name", &[json!("A"), json!("C")]);
    // One value makes a record in the empty last row.
    browser.press(&["Control+End", "Home", "Down"]);
    paste(&browser, "Last");
    desk.expect("Name", &[json!("A"), json!("C"), json!("Last")]);
}

#[test]
fn what_was_done_is_taken_back_and_done_again() {
    if !asked_for() {
        return;
    }
    let mut fields = json!([{"name": "Name", "type": "string"}, {"name": "Day", "type": "date"},
        {"name": "Tags", "type": "select", "options": {"multiple": true, "choices": [{"name": "a"}, {"name": "b"}]}}]);
    let more = (0..40).map(|n| json!({"name": format!("More {n}"), "type": "string"}));
    fields.as_array_mut().unwrap().extend(more);
    let desk = Desk::with(&fields, &[json!({"Name": "Ann", "Day": "2026-01-31"})]);
    let browser = desk.open("");
    // A date is typed as it is written everywhere, whatever order the browser's own language has.
    browser.press(&["Right", "2026-3-4", "Tab"]);
    desk.expect("Day", &[json!("2026-03-04")]);
    // Ticks are choices already when Escape closes their list.
    browser.press(&["Enter", "Down", "Enter", "Escape"]);
    desk.expect("Tags", &[json!(["a"])]);
    // A column that was not drawn yet is there for the keys that follow.
    browser.press(&["End", "far", "Enter"]);
    desk.expect("More 39", &[json!("far")]);
    browser.press(&["Home", "Bob", "Enter"]);
    desk.expect("Name", &[json!("Ann"), json!("Bob")]);
    let steps: [(&str, Value); 4] = [
        ("Name", json!(["Ann"])),
        ("More 39", json!([null])),
        ("Tags", json!([null])),
        ("Day", json!(["2026-01-31"])),
    ];
    for (field, values) in &steps {
        browser.press(&["Control+z"]);
        desk.expect(field, values.as_array().unwrap());
    }
    browser.press(&["Control+z"]);
    for (field, values) in [
        ("Day", json!(["2026-03-04"])),
        ("Tags", json!([["a"]])),
        ("More 39", json!(["far"])),
        ("Name", json!(["Ann", "Bob"])),
    ] {
        browser.press(&["Control+y"]);
        desk.expect(field, values.as_array().unwrap());
    }
    is_quiet(&browser);
}

#[test]
fn what_could_not_be_sent_is_sent_when_the_server_is_back() {
    if !asked_for() {
        return;
    }
    let desk = Desk::with(&people(), &[json!({"Name": "Ann"})]);
    let browser = desk.open("");
    let network = |offline: bool| {
        let conditions =
            json!({"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
        browser.cdp("Network.emulateNetworkConditions", &conditions);
    };
    browser.cdp("Network.enable", &json!({}));
    network(true);
    browser.press(&["Ben", "Enter", "Cleo", "Enter"]);
    browser.wait("return document.querySelector('.banner') !== null");
    network(false);
    press_button(&browser, ".banner", "Try again");
    desk.expect("Name", &[json!("Ben"), json!("Cleo")]);
    // The session is over: what was typed waits until there is another one.
    let cookies = browser.cdp("Network.getAllCookies", &json!({}));
    browser.cdp("Network.clearBrowserCookies", &json!({}));
    browser.press(&["Control+Home", "Dora", "Enter"]);
    browser.wait("return document.querySelector('.banner a[href^=\"/login\"]') !== null");
    browser.cdp("Network.setCookies", &json!({"cookies": cookies["cookies"]}));
    press_button(&browser, ".banner", "Try again");
    desk.expect("Name", &[json!("Dora"), json!("Cleo")]);
}

#[test]
fn nothing_is_erased_or_overwritten_unasked() {
    if !asked_for() {
        return;
    }
    let fields = json!([{"name": "Name", "type": "string"}, {"name": "Day", "type": "date"},
        {"name": "Age", "type": "number", "default": 7}]);
    let row = |n: usize| json!({"Name": format!("Row {n}"), "Day": "2026-01-31", "Age": n});
    let desk = Desk::with(&fields, &(0..3).map(row).collect::<Vec<_>>());
    let browser = desk.open("");
    // A date that is not complete.
    browser.press(&["Right", "Enter", "Delete", "Enter"]);
    browser.wait(
        "return document.querySelector('[aria-rowindex=\"2\"] [data-col=\"1\"][aria-invalid]') !== null",
    );
    desk.expect("Day", &vec![json!("2026-01-31"); 3]);
    // It is still marked when the list was loaded again, and its record is the same to whoever has it open.
    let same = "const one = grid.rows.at(0); await grid.reload(); return one === grid.rows.at(0)";
    assert_eq!(within(&browser, same), json!(true));
    assert!(browser.is_there("[aria-rowindex=\"2\"] [data-col=\"1\"][aria-invalid]"));
    browser.press(&["Up", "Escape"]);
    // What another has changed is not emptied with the rest.
    let theirs = json!({"filter": "Name = \"Row 1\"", "values": {"Age": 77}});
    assert_eq!(desk.call("PATCH", &format!("{}/records", desk.path), &theirs).status, 200);
    browser.press(&["Control+Home", "Right", "Right", "Shift+Down", "Delete"]);
    browser.wait("return document.querySelector('dialog.conflict')?.textContent.includes('77') === true");
    browser.click("dialog.conflict button[value=theirs]");
    desk.expect("Age", &[Value::Null, json!(77), json!(2)]);
    // A deleted record comes back as it was: what was empty is not filled with its default.
    browser.press(&["Control+Home", "Shift+Space"]);
    press_button(&browser, ".pick-bar", "Delete");
    counts(&browser, "2 records");
    press_button(&browser, ".toast:last-child", "Undo");
    counts(&browser, "3 records");
    desk.expect("Age", &[Value::Null, json!(77), json!(2)]);
    // A list that is on its way is not dropped because what is held is asked for again.
    let filtered =
        "grid.toolbar.filter = 'Name = \"Row 1\"'; const list = grid.reload(); grid.rows.refresh();
        await list; return grid.rows.total";
    assert_eq!(within(&browser, filtered), json!(1));
}
