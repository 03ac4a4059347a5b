//! By the keyboard alone: every control is reached with Tab, shows that it has the focus, and does what it is for.

use serde_json::Value;

use crate::browser::Browser;
use crate::home::{EMAIL, Home, PASSWORD, asked_for};

const TAB: &str = "\u{E004}";
const ENTER: &str = "\u{E007}";
const SPACE: &str = " ";
const ESCAPE: &str = "\u{E00C}";

/// Whether the element with the focus is seen to have it.
const SEEN: &str = "const element = document.activeElement, style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1
        && box.bottom > 0 && box.top < innerHeight && element.checkVisibility({visibilityProperty: true})";

/// Goes on with Tab to a control; every one on the way shows its focus.
fn tab_to(browser: &Browser, css: &str) {
    for _ in 0..120 {
        let on = format!("return document.activeElement.matches({})", Value::from(css));
        if browser.script(&on) == true {
            return seen(browser);
        }
        browser.press(&[TAB]);
        seen(browser);
    }
    panic!("{css} is not reached by Tab");
}

fn seen(browser: &Browser) {
    if browser.script("return document.activeElement === document.body") == true {
        return;
    }
    let shown = browser.script(SEEN);
    let which = browser.script("return document.activeElement.outerHTML.slice(0, 200)");
    assert_eq!(shown, true, "the focus is not seen on {which}");
}

fn write(browser: &Browser, css: &str, text: &str) {
    tab_to(browser, css);
    browser.press(&[text]);
}

#[test]
fn a_newcomer_needs_no_mouse() {
    if !asked_for() {
        return;
    }
    let home = Home::new(Browser::open(1280, 900));
    let browser = &home.browser;
    home.go(&format!("/setup?code={}", home.process.setup_code()));
    write(browser, "[name=email]", EMAIL);
    write(browser, "[name=password]", PASSWORD);
    browser.press(&[ENTER]);
    home.wait_for("/spaces/new");
    write(browser, "[name=name]", "Workshop");
    tab_to(browser, "[name=samples]");
    assert_eq!(browser.script("return document.activeElement.checked"), true);
    tab_to(browser, ".stack .primary");
    browser.press(&[ENTER]);
    home.wait_for("/spaces/spc");
    let space = home.path();
    skips(browser);
    tab_to(browser, "#nav a[href$='settings/tokens']");
    browser.press(&[ENTER]);
    home.wait_for(&format!("{space}/settings/tokens"));
    tab_to(browser, ".head a.primary");
    browser.press(&[ENTER]);
    home.wait_for(&format!("{space}/settings/tokens/new"));
    write(browser, "[name=name]", "Website");
    tab_to(browser, ".stack > .primary");
    browser.press(&[SPACE]);
    browser.wait("return document.querySelector('#secret') !== null");
    let secret =
        browser.script("return document.querySelector('#secret').value").as_str().unwrap().to_owned();
    tab_to(browser, "#secret");
    tab_to(browser, "[data-copy=curl]");
    tab_to(browser, "[data-swagger]");
    assert_eq!(home.call("/api/openapi/token", &secret).0, 200);
    tab_to(browser, ".saved [type=checkbox]");
    browser.press(&[SPACE]);
    tab_to(browser, ".saved .primary");
    browser.press(&[ENTER]);
    browser.wait("return document.querySelector('table.list') !== null");
    tab_to(browser, "table.list a");
    browser.press(&[ENTER]);
    home.wait_for(&format!("{space}/settings/tokens/tkn"));
    tab_to(browser, ".danger [type=checkbox]");
    browser.press(&[SPACE]);
    tab_to(browser, ".danger .bad");
    browser.press(&[ENTER]);
    browser.wait("return document.querySelector('.note.good') !== null");
    assert_eq!(home.call("/api/openapi/token", &secret).0, 401);
    menus(&home);
    browser.quiet(&home.url(""));
}

/// The first Tab offers the way past the bar.
fn skips(browser: &Browser) {
    browser.press(&[TAB]);
    assert_eq!(browser.script("return document.activeElement.matches('.skip')"), true);
    seen(browser);
    browser.press(&[ENTER]);
    browser.wait("return document.activeElement.id === 'main'");
    browser.reload();
}

fn menus(home: &Home) {
    let browser = &home.browser;
    tab_to(browser, "[popovertarget=spaces]");
    browser.press(&[ENTER]);
    browser.wait("return document.querySelector('#spaces').matches(':popover-open')");
    browser.press(&[ESCAPE]);
    browser.wait("return !document.querySelector('#spaces').matches(':popover-open')");
    tab_to(browser, "[popovertarget=account]");
    browser.press(&[SPACE]);
    browser.wait("return document.querySelector('#account').matches(':popover-open')");
    browser.press(&[TAB]);
    assert_eq!(browser.script("return document.activeElement.getAttribute('href')"), "/account");
    seen(browser);
    browser.press(&[ENTER]);
    home.wait_for("/account");
}

/// Controls that Tab has to come to. Of radio buttons that belong together, it comes to the one that is chosen.
const CONTROLS: &str = "return [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex=\"0\"]')]
    .filter((one) => one.checkVisibility({visibilityProperty: true}) && one.tabIndex >= 0 && !one.disabled
        && one.type !== 'hidden' && (one.type !== 'radio' || one.checked))
    .map((one, n) => { one.dataset.control = n; return one.outerHTML.slice(0, 120) })";

#[test]
fn every_control_is_reached_by_tab() {
    if !asked_for() {
        return;
    }
    let home = Home::new(Browser::open(1280, 900));
    let browser = &home.browser;
    home.set_up();
    let space = home.space("Workshop");
    for path in [
        "/spaces?all=1",
        "/spaces/new",
        "/account",
        &space,
        &format!("{space}/settings"),
        &format!("{space}/settings/tokens"),
        &format!("{space}/settings/tokens/new"),
    ] {
        home.go(path);
        let controls = browser.script(CONTROLS);
        let controls = controls.as_array().unwrap();
        let mut reached = vec![false; controls.len()];
        for _ in 0..controls.len() * 2 + 10 {
            browser.press(&[TAB]);
            seen(browser);
            let which = browser.script("return document.activeElement.dataset.control ?? null");
            if let Some(n) = which.as_str().and_then(|n| n.parse::<usize>().ok()) {
                reached[n] = true;
            }
        }
        let missed: Vec<_> = controls.iter().zip(&reached).filter(|(_, reached)| !**reached).collect();
        assert!(missed.is_empty() && controls.len() > 4, "{path}: {missed:?}");
    }
}
