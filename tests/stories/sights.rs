//! Every page as it looks: a picture of each, light and dark, wide and narrow, in English and Chinese; and what axe-core
//! (Deque Systems' rules for accessibility) finds in it, which is nothing.

use serde_json::Value;

use crate::browser::Browser;
use crate::home::{Home, asked_for, picture};

/// A page, and what is done on it before it is looked at.
type Sight<'a> = (&'a str, String, fn(&Browser));

fn as_it_is(_: &Browser) {}

fn refused(browser: &Browser) {
    // As of a browser that checks nothing itself.
    browser.script("document.querySelectorAll('form').forEach((form) => form.noValidate = true)");
    browser.click("main form:not(.preferences) button:not([data-copy])");
    browser.wait("return document.querySelector('[role=alert]') !== null");
}

fn secret(browser: &Browser) {
    browser.type_into("[name=name]", "Website");
    browser.click(".stack > .primary");
    browser.wait("return document.querySelector('#secret') !== null");
}

fn all_open(browser: &Browser) {
    browser.click("[value=custom]");
    browser.click("[value=some]");
    browser.click("[name=expiry][value=none]");
}

fn mistyped(browser: &Browser) {
    browser.type_into(".danger [name=confirm]", "something else");
    browser.click(".danger .bad");
    browser.wait("return document.querySelector('[role=alert]') !== null");
}

fn account_menu(browser: &Browser) {
    browser.click("[popovertarget=account]");
}

fn spaces_menu(browser: &Browser) {
    browser.click("[popovertarget=spaces]");
}

/// The list of tables, which is behind a button where there is no room for it.
fn navigation(browser: &Browser) {
    if browser.script("return document.querySelector('.nav-toggle').checkVisibility()") == true {
        browser.click(".nav-toggle");
    }
}

/// Waits until the grid shows its records.
fn grid(browser: &Browser) {
    browser.wait("return document.querySelector('undb-grid').innerText.includes('Ada Lovelace')");
    // It is paler while it waits for more.
    browser.wait("return getComputedStyle(document.querySelector('undb-grid .scroller')).opacity === '1'");
}

/// Axe's own findings as one line each.
fn findings(browser: &Browser, axe: &str) -> Vec<String> {
    browser.script(axe);
    let found = browser.script_waiting(
        "const done = arguments[0];
         axe.run(document).then((result) => done(result.passes.length < 10 ? ['axe has looked at next to nothing'] : result.violations.flatMap((rule) =>
             rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 200)} ${node.failureSummary}`))), (error) => done([String(error)]))",
    );
    found.as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()).collect()
}

struct Looking<'a> {
    home: &'a Home,
    axe: Option<String>,
    found: Vec<String>,
    seen: usize,
}

impl Looking<'_> {
    /// Looks at a page in both themes and at both widths, and takes a picture of it in the other language too.
    fn look(&mut self, (name, path, act): &Sight<'_>) {
        let browser = &self.home.browser;
        for (theme, language, width) in [
            ("light", "en", 1280),
            ("dark", "en", 1280),
            ("light", "en", 390),
            ("dark", "en", 390),
            ("light", "zh", 1280),
            ("dark", "zh", 390),
        ] {
            browser.resize(width, 800);
            browser.cookie(&format!("{}={}", "undb_theme", theme));
            browser.cookie(&format!("{}={}", "undb_language", language));
            self.home.go(path);
            act(browser);
            let what = format!("{name}-{theme}-{language}-{width}");
            browser.picture_whole(&picture(&format!("console/{what}")));
            let wide = browser
                .script("return document.documentElement.scrollWidth > document.documentElement.clientWidth");
            if wide == true {
                self.found.push(format!("{what}: the page is wider than the window"));
            }
            if let Some(axe) = &self.axe {
                self.found.extend(findings(browser, axe).into_iter().map(|found| format!("{what}: {found}")));
            }
            self.seen += 1;
        }
    }
}

#[test]
fn every_page_looks_right_and_nobody_is_shut_out() {
    if !asked_for() {
        return;
    }
    let home = Home::new(Browser::open(1280, 800));
    let axe = std::env::var_os("UNDB_AXE").map(|path| std::fs::read_to_string(path).unwrap());
    if axe.is_none() {
        println!("skipped: axe-core is asked with the path of its file in UNDB_AXE only");
    }
    let mut looking = Looking { home: &home, axe, found: Vec::new(), seen: 0 };
    home.go("/setup");
    if let Some(axe) = &looking.axe {
        // So that no findings mean something.
        home.browser.script("document.querySelector('h1').style.color = '#e8e8e8'");
        let found = findings(&home.browser, axe);
        assert!(found.iter().any(|line| line.starts_with("color-contrast")), "{found:?}");
    }
    looking.look(&("setup", "/setup".into(), as_it_is));
    looking.look(&("setup-refused", "/setup?code=AAAA".into(), refused));
    home.set_up();
    looking.look(&("space-first", "/spaces/new".into(), as_it_is));
    let space = home.space("Workshop");
    looking.look(&("tokens-empty", format!("{space}/settings/tokens"), as_it_is));
    for sight in inside(&home, &space) {
        looking.look(&sight);
    }
    home.go("/account");
    home.browser.script("document.querySelector('#account form[action=\"/logout\"]').requestSubmit()");
    home.wait_for("/login");
    looking.look(&("login", "/login".into(), as_it_is));
    looking.look(&("login-refused", "/login".into(), refused));
    println!(
        "{} sights, {} findings; pictures: {}",
        looking.seen,
        looking.found.len(),
        picture("console/…").display()
    );
    assert!(looking.found.is_empty(), "{:#?}", looking.found);
}

/// Pages for those who are signed in.
fn inside<'a>(home: &Home, space: &str) -> Vec<Sight<'a>> {
    let browser = &home.browser;
    home.go(&format!("{space}/settings/tokens/new"));
    secret(browser);
    home.go(&format!("{space}/settings/tokens"));
    let link = |css: &str| {
        let href = browser
            .script(&format!("return document.querySelector({}).getAttribute('href')", Value::from(css)));
        href.as_str().unwrap().to_owned()
    };
    let (token, base, table) = (link("table.list a"), link("#nav h2 a"), link("#nav li a[href*='/tables/']"));
    home.space("Another one");
    vec![
        ("spaces", "/spaces".into(), as_it_is),
        ("space", space.into(), as_it_is),
        ("space-navigation", space.into(), navigation),
        ("space-menu", space.into(), spaces_menu),
        ("account-menu", space.into(), account_menu),
        ("space-new", "/spaces/new".into(), refused),
        ("space-settings", format!("{space}/settings"), as_it_is),
        ("space-kept", format!("{space}/settings"), mistyped),
        ("tokens", format!("{space}/settings/tokens"), as_it_is),
        ("token-new", format!("{space}/settings/tokens/new"), as_it_is),
        ("token-new-open", format!("{space}/settings/tokens/new"), all_open),
        ("token-refused", format!("{space}/settings/tokens/new"), refused),
        ("token-secret", format!("{space}/settings/tokens/new"), secret),
        ("token", token, as_it_is),
        ("base", base.clone(), as_it_is),
        ("base-refused", base, refused),
        ("table", table.clone(), grid),
        ("table-api", format!("{table}/api"), as_it_is),
        ("table-settings", format!("{table}/settings"), as_it_is),
        ("account", "/account".into(), as_it_is),
        ("account-refused", "/account".into(), refused),
        ("missing", "/nothing".into(), as_it_is),
    ]
}
