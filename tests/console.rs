//! What a person sees in a browser. The pages are asked for here in any case; a real Chromium opens them with
//! `UNDB_BROWSER=1`, which `.ci/run` sets.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where something is not as it should be"
)]

#[path = "harness/browser.rs"]
mod browser;
#[path = "harness/calls.rs"]
mod calls;
#[path = "harness/mod.rs"]
mod harness;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use browser::Browser;
use calls::{Needs, Operation, matched};
use harness::Server;
use serde_json::Value;
use tempfile::TempDir;

#[test]
fn every_file_that_swagger_ui_names_is_served() {
    let server = Server::start();
    let page = server.get("/swagger-ui/").send();
    assert!(page.header("content-type").unwrap().starts_with("text/html"), "{page:?}");
    let page = String::from_utf8(page.bytes).unwrap();
    assert!(!page.contains("<script>"), "no script stands in the page");
    let after = |attribute| page.split(attribute).skip(1).filter_map(|rest| rest.split('"').next());
    let names: Vec<&str> = after("href=\"").chain(after("src=\"")).collect();
    assert!(names.len() >= 7 && names.contains(&"./swagger-initializer.js"), "{names:?}");
    for name in names {
        let name = name.trim_start_matches("./");
        let answer = server.get(&format!("/swagger-ui/{name}")).send();
        assert_eq!(answer.status, 200, "{name}");
        let expected = match name.rsplit('.').next() {
            Some("css") => "text/css",
            Some("js") => "text/javascript",
            _ => "image/png",
        };
        assert!(answer.header("content-type").unwrap().starts_with(expected), "{name}: {:?}", answer.headers);
        assert!(answer.header("content-security-policy").unwrap().contains("default-src 'self'"), "{name}");
    }
    let start = String::from_utf8(server.get("/swagger-ui/swagger-initializer.js").send().bytes).unwrap();
    assert!(start.contains("/api/openapi.json") && !start.contains("://"), "{start}");
    assert_eq!(server.get("/api/openapi.json").send().header("content-type"), Some("application/json"));
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

/// Whether a real browser is asked for.
fn asked_for() -> bool {
    let asked = std::env::var_os("UNDB_BROWSER").is_some();
    if !asked {
        println!("skipped: a real browser is driven with UNDB_BROWSER=1 only");
    }
    asked
}

#[test]
fn a_newcomer_authorizes_and_tries_the_api_out() {
    if !asked_for() {
        return;
    }
    let demo = Demo::start();
    let browser = Browser::open(1280, 1000);
    browser.go(&format!("{}/swagger-ui/", demo.address));
    authorize(&browser, &demo.token);
    picture(&browser, "authorize");
    browser.click(".btn-done");
    picture(&browser, "authorized");
    let listed = try_out(&browser, "records", "recordList");
    assert_eq!(listed.0, 200);
    assert_eq!(listed.1["total"], 300);
    assert_eq!(listed.1["records"][0]["values"]["name"], "Ada Lovelace");
    picture_for_readers(&browser, &demo.token);
    let made = try_out(&browser, "records", "recordCreate");
    assert_eq!(made.0, 201, "{made:?}");
    show_answer(&browser, "records", "recordCreate");
    picture(&browser, "record-create");
    browser.reload();
    // Authorized once is authorized after a reload.
    assert_eq!(try_out(&browser, "tokens", "ownTokenGet").0, 200);
    let mine = try_out(&browser, "records", "recordList");
    assert_eq!((mine.0, &mine.1["total"]), (200, &Value::from(301)));
    nothing_left_the_machine(&browser, &demo.address);
}

/// Everything that a token may call, with the examples that Swagger UI fills in. A new operation is tried too.
#[test]
fn every_operation_can_be_tried_out() {
    if !asked_for() {
        return;
    }
    let document = serde_json::from_str(&undb::http::openapi::document_json()).unwrap();
    let mut rows = matched(&document);
    rows.retain(|(_, row)| !matches!(row.needs, Needs::Session | Needs::Nothing));
    // What makes and changes comes first, and then what deletes: the smaller things before those that hold them.
    let held = ["recordDelete", "fieldDelete", "tableDelete", "baseDelete", "tokenDelete"];
    let last = ["recordDeleteBulk", "spaceDelete"];
    let turn = |operation: &Operation| held.iter().position(|id| *id == operation.id).map_or(0, |n| n + 1);
    rows.sort_by_key(|(operation, _)| (last.contains(&operation.id.as_str()), turn(operation)));
    let (first, second) = rows.split_at(rows.len() - last.len());
    let browser = Browser::open(1280, 1000);
    for rows in [first, second] {
        let demo = Demo::start();
        browser.go(&format!("{}/swagger-ui/", demo.address));
        authorize(&browser, &demo.token);
        browser.click(".btn-done");
        let mut token_id = String::new();
        for (operation, row) in rows {
            let id = operation.id.as_str();
            // What no example can know: which token, and whether a whole space is meant.
            let by_hand = match id {
                "spaceDelete" => Some(("confirm", "Demo")),
                _ => operation.path.contains("{token}").then_some(("token", token_id.as_str())),
            };
            let tag = operation.document["tags"][0].as_str().unwrap();
            let answer = try_out_with(&browser, tag, id, by_hand);
            // Folded up again, since a page with everything open is slow.
            browser.click(&format!("{} .opblock-summary-control", block(tag, id)));
            assert_eq!(answer.0, row.good, "{id}: {answer:?}");
            if id == "tokenCreate" {
                answer.1["token"]["id"].as_str().unwrap().clone_into(&mut token_id);
            }
        }
        nothing_left_the_machine(&browser, &demo.address);
    }
    println!("{} operations tried out", rows.len());
}

/// The selector shows what the token shows; a table's document is tried out like the API's.
#[test]
fn the_selector_follows_the_token() {
    if !asked_for() {
        return;
    }
    let demo = Demo::start();
    let (browser, page) = (Browser::open(1280, 1000), format!("{}/swagger-ui/", demo.address));
    browser.go(&page);
    assert_eq!(documents(&browser), ["undb API"]);
    authorize(&browser, &demo.token);
    browser.click(".btn-done");
    browser.wait("return document.querySelectorAll('#undb-document optgroup option').length >= 3");
    let shown = documents(&browser);
    assert!(shown[1] == "This space: Demo" && shown.contains(&"Contacts".to_owned()), "{shown:?}");
    choose(&browser, "Contacts");
    let listed = try_out_with(&browser, "Contacts", "contactsList", Some(("filter", "status = \"active\"")));
    assert_eq!(listed.0, 200, "{listed:?}");
    let statuses = listed.1["records"].as_array().unwrap().iter().map(|record| &record["values"]["status"]);
    assert!(statuses.clone().count() > 0 && statuses.clone().all(|status| status == "active"), "{listed:?}");
    let made = try_out(&browser, "Contacts", "contactsCreate");
    assert_eq!(made.0, 201, "{made:?}");
    picture(&browser, "typed-create");
    browser.script("scrollTo(0, 0)");
    picture(&browser, "typed");
    narrowed(&browser, &demo, &page);
    nothing_left_the_machine_but(&browser, &demo.address, &["401"]);
}

/// A token of one table, which another page of this origin has kept, and a bad one.
fn narrowed(browser: &Browser, demo: &Demo, page: &str) {
    let ask = |path: &str| {
        let url = format!("{}/api/openapi/{path}", demo.address);
        let mut answer = ureq::get(url).header("x-undb-api-token", &demo.token).call().unwrap();
        answer.body_mut().read_json::<Value>().unwrap()
    };
    let (space, table) = (ask("space"), ask("bases/CRM/tables/Companies"));
    let mut answer =
        ureq::post(format!("{}/api/spaces/{}/tokens", demo.address, space["id"].as_str().unwrap()))
            .header("x-undb-api-token", &demo.token)
            .send_json(serde_json::json!({"name": "narrow", "tables": [table["id"]]}))
            .unwrap();
    let secret = answer.body_mut().read_json::<Value>().unwrap()["secret"].as_str().unwrap().to_owned();
    let keep = |secret: &str| {
        browser.script(&format!(
            "localStorage.setItem('authorized', JSON.stringify({{api_token: {{value: '{secret}'}}}}))"
        ));
    };
    keep(&secret);
    // A link to one operation of one table.
    let id = table["id"].as_str().unwrap();
    browser.go(&format!("{page}?table={id}#/Companies/companiesList"));
    browser.wait(&format!("return document.body.dataset.document === '{id}'"));
    assert_eq!(documents(browser), ["undb API", "This space: Demo", "Companies"]);
    browser.wait("return document.querySelector('#operations-Companies-companiesList.is-open') !== null");
    assert_eq!(try_out(browser, "Companies", "companiesList").0, 200);
    keep(&format!("undb_{}", "0".repeat(38)));
    browser.reload();
    browser.wait("return document.querySelector('#undb-status.failed') !== null");
    let told = browser.text("#undb-status");
    assert_eq!(told, "This token is not valid.");
    assert_eq!(documents(browser), ["undb API"]);
    browser.wait("return document.body.dataset.document === 'static'");
    assert_eq!(browser.script("return document.querySelector('#undb-document').value"), "");
    picture(browser, "typed-refused");
}

/// What the selector offers.
fn documents(browser: &Browser) -> Vec<String> {
    browser.wait("return document.body.dataset.document !== undefined");
    let texts = browser
        .script("return [...document.querySelectorAll('#undb-document option')].map((of) => of.textContent)");
    texts.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// Chooses a document, and waits until it is there.
fn choose(browser: &Browser, name: &str) {
    browser.script(&format!(
        "const select = document.querySelector('#undb-document');
         select.value = [...select.options].find((of) => of.textContent === '{name}').value;
         select.dispatchEvent(new Event('change'));"
    ));
    browser.wait("return document.body.dataset.document === document.querySelector('#undb-document').value");
}

/// Pastes the token into the dialog, which stays open.
fn authorize(browser: &Browser, token: &str) {
    browser.click("button.authorize");
    browser.type_into(".auth-container input[type=text]", token);
    browser.click(".auth-container button.authorize");
    browser.wait("return document.querySelector('.auth-container h6') !== null && document.body.innerText.includes('Logout')");
}

/// The block of an operation.
fn block(tag: &str, operation: &str) -> String {
    format!("#operations-{tag}-{operation}")
}

/// Presses *Try it out* and *Execute*, with everything as it is filled in: the status and the body of the answer.
fn try_out(browser: &Browser, tag: &str, operation: &str) -> (u16, Value) {
    try_out_with(browser, tag, operation, None)
}

/// The same, with one parameter filled in by hand.
fn try_out_with(
    browser: &Browser,
    tag: &str,
    operation: &str,
    by_hand: Option<(&str, &str)>,
) -> (u16, Value) {
    let block = block(tag, operation);
    // The last one is open after a reload.
    if !browser.is_there(&format!("{block}.is-open")) {
        browser.click(&format!("{block} .opblock-summary-control"));
    }
    browser.click(&format!("{block} .try-out__btn"));
    if let Some((name, value)) = by_hand {
        browser.type_into(&format!("{block} tr[data-param-name={name}] input"), value);
    }
    browser.click(&format!("{block} .execute"));
    let answer = format!("{block} .live-responses-table tr.response");
    let status = browser.text(&format!("{answer} .response-col_status"));
    let status = status.split_whitespace().next().unwrap().parse().unwrap();
    if status == 204 {
        return (status, Value::Null);
    }
    let body = browser.text(&format!("{answer} .highlight-code pre"));
    (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
}

/// Scrolls to where the answer can be read.
fn show_answer(browser: &Browser, tag: &str, operation: &str) {
    let css = format!("{} .responses-wrapper", block(tag, operation));
    browser.script(&format!("document.querySelector('{css}').scrollIntoView({{block: 'start'}})"));
}

fn path_of_picture(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf);
    let path = folder.join("screenshots").join(format!("{name}.png"));
    println!("picture: {}", path.display());
    path
}

fn picture(browser: &Browser, name: &str) {
    browser.picture(&path_of_picture(name));
}

/// The picture in README, `docs/swagger-ui.png`: the list of records with its answer, and only the head of the token.
fn picture_for_readers(browser: &Browser, token: &str) {
    let block = block("records", "recordList");
    let head = token.get(..9).unwrap();
    browser.script(&format!(
        "const texts = document.createTreeWalker(document.querySelector('{block} .curl'), NodeFilter.SHOW_TEXT);
         while (texts.nextNode()) texts.currentNode.data = texts.currentNode.data.replace('{token}', '{head}…');"
    ));
    let (top, bottom) = (block.clone(), format!("{block} .live-responses-table .highlight-code"));
    browser.picture_from_to(&top, &bottom, &path_of_picture("swagger-ui"));
}

/// No message in the console, and no request to another host.
fn nothing_left_the_machine(browser: &Browser, address: &str) {
    nothing_left_the_machine_but(browser, address, &[]);
}

/// The same, but for messages that hold one of these words.
fn nothing_left_the_machine_but(browser: &Browser, address: &str, words: &[&str]) {
    let asked = browser.quiet_but(address, words).len();
    assert!(asked >= 10, "the log holds the requests: {asked}");
    println!("{asked} requests, all to this server; no message in the console");
}
