//! What is done every day: typed, edited, found, copied, deleted, brought back.

use std::time::Instant;

use serde_json::{Value, json};

use crate::desk::*;

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
