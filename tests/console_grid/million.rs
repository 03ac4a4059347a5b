//! A table of a million records: how soon it is open, and for how long rows stay blank while it is scrolled. Printed, since
//! machines differ: `UNDB_BROWSER=1 UNDB_LONG=1 cargo test --release --test console_grid a_million -- --nocapture`.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::desk::{Desk, asked_for, is_quiet};

const RECORDS: usize = 1_000_000;
const BULK: usize = 5_000;

/// Notes when the page that was clicked for shows its first record, and when the frame with it has been drawn.
const OPENED: &str = "
    const look = () => {
        if (!document.querySelector('undb-grid .body .row:not(.blank)')) return requestAnimationFrame(look);
        requestAnimationFrame(() => setTimeout(() => { window.openedAt = Date.now(); }));
    };
    requestAnimationFrame(look);";

/// Scrolls by so many pixels a frame for four seconds, and answers the longest time in milliseconds that a row within sight
/// was blank, how many were blank at all, and the longest frame.
const SCROLLED: &str = "
    const box = document.querySelector('.scroller');
    const blank = new Map(); let longest = 0, seen = 0, frame = 0, last = performance.now();
    const end = last + 4000;
    await new Promise((done) => {
        const step = () => {
            const now = performance.now();
            frame = Math.max(frame, now - last); last = now;
            const { top, bottom } = box.getBoundingClientRect();
            const now_blank = new Set();
            for (const row of document.querySelectorAll('undb-grid .body .row.blank')) {
                const at = row.getBoundingClientRect();
                if (at.bottom > top && at.top < bottom) now_blank.add(row.getAttribute('aria-rowindex'));
            }
            for (const row of now_blank) if (!blank.has(row)) { blank.set(row, now); seen += 1; }
            for (const [row, since] of blank) {
                longest = Math.max(longest, now - since);
                if (!now_blank.has(row)) blank.delete(row);
            }
            if (now > end) return done();
            box.scrollTop += STEP;
            requestAnimationFrame(step);
        };
        requestAnimationFrame(step);
    });
    return { longest: Math.round(longest), blank: seen, frame: Math.round(frame) };";

/// Goes to a place by the scroll bar, and answers after how many milliseconds no row within sight is blank.
const JUMPED: &str = "
    const box = document.querySelector('.scroller');
    const began = performance.now();
    box.scrollTop = box.scrollHeight * PART;
    await new Promise((done) => {
        const look = () => {
            const first = document.querySelector('undb-grid .body .row:not(.blank)');
            const { top, bottom } = box.getBoundingClientRect();
            const rows = [...document.querySelectorAll('undb-grid .body .row')].filter((row) => {
                const at = row.getBoundingClientRect();
                return at.bottom > top + 40 && at.top < bottom;
            });
            const whole = first && rows.length > 10 && rows.every((row) => !row.classList.contains('blank'));
            if (whole) done(); else requestAnimationFrame(look);
        };
        setTimeout(() => requestAnimationFrame(look), 30);
    });
    return Math.round(performance.now() - began);";

fn filled() -> Desk {
    let fields = json!([
        {"name": "Name", "type": "string"}, {"name": "Age", "type": "number"}, {"name": "Mail", "type": "email"},
        {"name": "Since", "type": "date"}, {"name": "Active", "type": "checkbox"},
    ]);
    let desk = Desk::with(&fields, &[]);
    for start in (0..RECORDS).step_by(BULK) {
        let records: Vec<Value> = (start..start + BULK)
            .map(|n| {
                json!({"values": {
                    "Name": format!("Person {n}"), "Age": n % 90, "Mail": format!("p{n}@example.com"),
                    "Since": format!("20{:02}-{:02}-{:02}", n % 27, n % 12 + 1, n % 28 + 1), "Active": n % 3 == 0,
                }})
            })
            .collect();
        let made = desk.call("POST", &format!("{}/records/bulk", desk.path), &json!({"records": records}));
        assert_eq!(made.status, 201, "{made:?}");
    }
    desk
}

/// Clicks on the table in the sidebar of its neighbour's page.
fn opened(browser: &Browser, path: &str) -> f64 {
    let link = format!("document.querySelector('nav a[href=\"{path}\"]')");
    browser.wait(&format!("return {link} !== null"));
    let clicked = browser.script(&format!("const now = Date.now(); {link}.click(); return now"));
    browser.wait("return window.openedAt !== undefined");
    browser.script("return window.openedAt").as_f64().unwrap() - clicked.as_f64().unwrap()
}

#[test]
fn a_million_records_open_and_scroll() {
    if !asked_for() || std::env::var_os("UNDB_LONG").is_none() {
        println!("skipped: a million records are made with UNDB_LONG=1 only");
        return;
    }
    let desk = filled();
    let browser = desk.open("");
    browser.cdp("Page.addScriptToEvaluateOnNewDocument", &json!({"source": OPENED}));
    let settings = format!("/spaces/{}/settings", desk.space);
    let mut opening: Vec<f64> = (0..9)
        .map(|_| {
            browser.script(&format!("location.href = '{settings}'"));
            opened(&browser, &desk.page)
        })
        .collect();
    opening.sort_by(f64::total_cmp);
    println!(
        "from the click to the first records: median {} ms, all {opening:?}",
        opening[opening.len() / 2]
    );
    let run = |body: &str| {
        browser.script_waiting(&format!(
            "const done = arguments[0]; (async () => {{ {body} }})().then(done, (error) => done(`${{error}}`))"
        ))
    };
    for step in [30, 120, 600] {
        let found = run(&SCROLLED.replace("STEP", &step.to_string()));
        println!("{step} pixels a frame: {found}");
        assert!(found["longest"].is_number(), "{found}");
    }
    for part in ["0.5", "0.93", "0.11", "0.72"] {
        let found = run(&JUMPED.replace("PART", part));
        println!("a jump to {part} of the way: {found} ms");
        assert!(found.is_number(), "{found}");
    }
    is_quiet(&browser);
}
