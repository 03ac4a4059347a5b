//! With scripts: from the first start to a token that Swagger UI has got, and to its end.

use serde_json::Value;

use crate::browser::Browser;
use crate::home::{Home, asked_for, picture};

/// A call that shows that a token works.
const LIST: &str = "/api/openapi/bases/CRM/tables/Contacts/records?limit=1";

#[test]
fn a_newcomer_makes_a_token_uses_it_in_swagger_ui_and_revokes_it() {
    if !asked_for() {
        return;
    }
    let home = Home::new(Browser::open(1280, 900));
    let browser = &home.browser;
    home.go("/");
    assert_eq!(home.path(), "/setup", "the first start begins there");
    home.set_up();
    let space = home.space("Workshop");
    table_made(&home);
    let secret = token_made(&home, &space);
    in_swagger_ui(&home, &secret);
    browser.window_close();

    browser.click(".saved [type=checkbox]");
    browser.click(".saved .primary");
    home.wait_for(&format!("{space}/settings/tokens"));
    nowhere(browser, &secret, "the list");
    browser.picture_of("#nav .nav-end", &picture("docs/api-token-where"));
    browser.picture_of(".scroll-x", &picture("docs/api-token-list"));
    browser.click("table.list a");
    home.wait_for(&format!("{space}/settings/tokens/tkn"));
    browser.click(".danger [type=checkbox]");
    browser.picture_of(".danger", &picture("docs/api-token-revoke"));
    browser.click(".danger .bad");
    home.wait_for(&format!("{space}/settings/tokens"));
    assert_eq!(browser.text(".note.good"), "The token is revoked.");
    assert_eq!(home.call(LIST, &secret).0, 401);
    for url in browser.quiet(&home.url("")) {
        assert!(!url.contains(&secret), "the secret is in {url}");
    }
}

/// A base and a table, by the forms that lead to each other.
fn table_made(home: &Home) {
    let browser = &home.browser;
    browser.type_into("#new-base [name=name]", "Shop");
    browser.click("#new-base button");
    browser.type_into("#new-table [name=name]", "Books");
    browser.type_into("#new-table [name=field]", "Title");
    browser.click("#new-table button");
    browser.wait(
        "return location.pathname.includes('/tables/') && document.querySelector('h1').innerText === 'Books'",
    );
}

/// A token by its form: the secret.
fn token_made(home: &Home, space: &str) -> String {
    let browser = &home.browser;
    home.go(&format!("{space}/settings"));
    browser.click(".tabs a[href$=tokens]");
    browser.click(".head a.primary");
    browser.type_into("[name=name]", "Website");
    browser.picture_of("main .narrow", &picture("docs/api-token-form"));
    browser.click(".stack > .primary");
    browser.wait("return document.querySelector('#secret') !== null");
    let secret =
        browser.script("return document.querySelector('#secret').value").as_str().unwrap().to_owned();
    assert!(secret.starts_with("undb_"), "{secret}");
    assert_eq!(home.call(LIST, &secret).0, 200);
    masked(browser, &secret, || browser.picture_of("main .narrow", &picture("docs/api-token-secret")));
    secret
}

/// Shows only the head of the secret while a picture is taken.
fn masked(browser: &Browser, secret: &str, take: impl FnOnce()) {
    let put = |from: &str, to: &str| {
        browser.script(&format!(
            "document.querySelector('#secret').value = '{to}';
             const line = document.querySelector('#curl');
             line.textContent = line.textContent.replace('{from}', '{to}').replace(/127\\.0\\.0\\.1:\\d+/, '127.0.0.1:3721');"
        ));
    };
    let address = browser.script("return document.querySelector('#curl').textContent");
    put(secret, &format!("{}…", secret.get(..9).unwrap()));
    take();
    browser.script(&format!("document.querySelector('#secret').value = '{secret}'; document.querySelector('#curl').textContent = {address}"));
}

/// Everything that a page remembers and tells others.
fn nowhere(browser: &Browser, secret: &str, what: &str) {
    let told = browser.script(
        "return JSON.stringify([location.href, document.referrer, history.state, {...sessionStorage}, document.cookie,
            window.name, performance.getEntries().map((entry) => entry.name), document.title])",
    );
    assert!(!told.as_str().unwrap().contains(secret), "{what}: {told}");
}

fn in_swagger_ui(home: &Home, secret: &str) {
    let browser = &home.browser;
    nowhere(browser, secret, "the page that shows it");
    browser.click("[data-swagger]");
    browser.window(2);
    browser
        .wait("return location.pathname === '/swagger-ui/' && document.querySelector('.opblock') !== null");
    nowhere(browser, secret, "Swagger UI");
    let keys = browser.script("return Object.entries(localStorage).filter(([, value]) => value.includes('undb_')).map(([key]) => key)");
    assert_eq!(keys, Value::from(vec!["authorized"]), "the secret is under one key");
    let held = browser.script("return localStorage.getItem('authorized')");
    let held: Value = serde_json::from_str(held.as_str().unwrap()).unwrap();
    assert_eq!(held["api_token"]["value"], secret);
    assert!(browser.is_there("button.authorize.locked"), "it arrived authorized");
    let block = "#operations-records-recordList";
    browser.click(&format!("{block} .opblock-summary-control"));
    browser.click(&format!("{block} .try-out__btn"));
    browser.click(&format!("{block} .execute"));
    let answer = format!("{block} .live-responses-table tr.response");
    assert!(browser.text(&format!("{answer} .response-col_status")).starts_with("200"));
    let body: Value = serde_json::from_str(&browser.text(&format!("{answer} .highlight-code pre"))).unwrap();
    assert_eq!(
        (&body["total"], &body["records"][0]["values"]["name"]),
        (&300.into(), &"Ada Lovelace".into())
    );
    nowhere(browser, secret, "Swagger UI, used");
}
