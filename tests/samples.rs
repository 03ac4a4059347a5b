//! The samples on the page of a table's API run as they stand. With `UNDB_BROWSER=1`, which `.ci/run` sets: they need curl,
//! Node.js and Python.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "the helpers of tests may end them too")]

mod harness;

use std::process::Command;

use harness::Shop;
use serde_json::json;

/// How a sample of each language is run.
const RUNNERS: [(&str, &[&str]); 3] = [
    ("curl", &["sh", "-e", "-c"]),
    ("js", &["node", "--input-type=module", "-e"]),
    ("python", &["python3", "-c"]),
];

/// The text of an element by its id.
fn text(page: &str, id: &str) -> String {
    let after = page.split(&format!("id=\"{id}\">")).nth(1).unwrap_or_else(|| panic!("{id}: {page}"));
    let text = after.split("</code>").next().unwrap();
    let signs = [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")];
    signs.iter().fold(text.to_owned(), |text, (sign, character)| text.replace(sign, character))
}

#[test]
fn samples_run_as_they_stand() {
    if std::env::var_os("UNDB_BROWSER").is_none() {
        println!("skipped: set UNDB_BROWSER=1, with curl, node and python3 at hand");
        return;
    }
    let shop = Shop::open();
    shop.record(json!({"title": "Emma", "isbn": "1"}));
    let path = format!("/spaces/{}/bases/{}/tables/{}/api", shop.space, shop.base, shop.table);
    let page = String::from_utf8(shop.server.get(&path).cookie(&shop.cookie).send().bytes).unwrap();
    for (language, runner) in RUNNERS {
        for (sample, wanted) in [
            ("list", "Emma"),
            ("filter", "Emma"),
            ("story", "version"),
            ("pages", "Emma"),
            ("several", "rec"),
            ("figures", "count"),
        ] {
            let text = text(&page, &format!("{sample}-{language}"));
            let (program, arguments) = runner.split_first().unwrap();
            let run =
                Command::new(program).args(arguments).arg(&text).env("UNDB_TOKEN", &shop.token).output();
            let run = run.unwrap();
            let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
            assert!(
                run.status.success() && out.contains(wanted),
                "{sample} {language}\n{text}\n{out}\n{err}"
            );
        }
    }
    let left = shop.server.get(&shop.path("/records")).token(&shop.token).send();
    assert_eq!(left.json().pointer("/total"), Some(&json!(1)), "what the story made is deleted by it");
}
