//! Without scripts: the same way, up to a program that uses the token and to its end.

use crate::browser::Browser;
use crate::home::{EMAIL, Home, PASSWORD, asked_for};

#[test]
fn everything_but_the_grid_works_without_scripts() {
    if !asked_for() {
        return;
    }
    let home = Home::new(Browser::with(1280, 900, false));
    let browser = &home.browser;
    home.set_up();
    let space = home.space("Workshop");
    assert!(!browser.is_there("time[title]"), "no script of a page has run");
    browser.type_into("#new-base [name=name]", "Shop");
    browser.click("#new-base button");
    browser.type_into("#new-table [name=name]", "Books");
    browser.click("#new-table button");
    browser.wait("return location.pathname.includes('/tables/')");
    assert!(browser.text("main").contains("The grid needs JavaScript"), "{}", browser.text("main"));

    browser.click("#nav a[href$='settings/tokens']");
    browser.click(".head a.primary");
    browser.type_into("[name=name]", "Website");
    browser.click("[value=custom]");
    browser.click("[name=scopes][value='records:read']");
    browser.click("[value=some]");
    browser.click("[name=bases]");
    browser.click("[name=expiry][value='30']");
    browser.click(".stack > .primary");
    browser.wait("return document.querySelector('#secret') !== null");
    let secret =
        browser.script("return document.querySelector('#secret').value").as_str().unwrap().to_owned();
    for css in ["[data-swagger]", "[data-copy=secret]"] {
        let seen = browser.script(&format!("return document.querySelector('{css}').checkVisibility()"));
        assert_eq!(seen, false, "{css} would do nothing");
    }
    let line = browser.text("#curl");
    let address = line.split('\'').nth(1).unwrap().strip_prefix(&home.url("")).unwrap();
    let (status, listed) = home.call(address, &secret);
    assert_eq!((status, &listed["total"]), (200, &300.into()), "{line}");

    browser.click(".saved [type=checkbox]");
    browser.click(".saved .primary");
    home.wait_for(&format!("{space}/settings/tokens"));
    browser.click("table.list a");
    browser.click(".danger [type=checkbox]");
    browser.click(".danger .bad");
    home.wait_for(&format!("{space}/settings/tokens"));
    assert_eq!(browser.text(".note.good"), "The token is revoked.");
    assert_eq!(home.call(address, &secret).0, 401);

    browser.click("[popovertarget=account]");
    browser.click("#account form[action='/logout'] button");
    home.wait_for("/login");
    browser.type_into("[name=email]", EMAIL);
    browser.type_into("[name=password]", PASSWORD);
    browser.click(".stack .primary");
    home.wait_for(&space);
    assert!(!browser.quiet(&home.url("")).is_empty());
}
