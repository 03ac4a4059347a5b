//! Several people at once, deeds taken back, a server that is away: nothing is lost and nothing is done unasked.

use serde_json::{Value, json};

use crate::desk::*;

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

#[test]
fn places_stay_right_while_others_delete() {
    if !asked_for() {
        return;
    }
    let desk = Desk::with(&people(), &[json!({"Name": "Ann"})]);
    let browser = desk.open("");
    assert_eq!(within(&browser, include_str!("../harness/rows.js")), Value::Null);
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
    // However fast the keys come, none of them is lost.
    browser.press(&["Control+z"; 4]);
    for (field, values) in &steps {
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
