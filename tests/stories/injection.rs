//! What people write runs nowhere: the payloads of tests/pages/payloads.txt as names, descriptions and values, before a
//! real browser.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::home::{Home, asked_for};
use crate::process::Client;

struct Writer<'a> {
    client: Client,
    cookie: &'a str,
}

impl Writer<'_> {
    fn make(&self, path: &str, body: &Value) -> Value {
        let (status, made) = self.client.send("POST", path, &[("cookie", self.cookie)], Some(body)).unwrap();
        assert!([200, 201].contains(&status), "{path} {body}: {made}");
        made
    }
}

/// What is wrong with the page that is open.
const HARMS: &str = "return [window.pwned === undefined ? [] : ['a script has run'],
    [...document.querySelectorAll('*')].flatMap((one) => [...one.attributes]
        .filter((held) => held.name.startsWith('on') || held.name === 'style' && !one.closest('undb-grid')
            || /^\\s*(javascript|data|vbscript):/i.test(held.value) && ['href', 'src', 'action', 'formaction'].includes(held.name))
        .map((held) => `${one.localName} ${held.name}`)),
    [...document.querySelectorAll('script:not([src]), iframe, object, embed, base, form:not([action^=\"/\"]), img:not([src^=\"/\"])')]
        .map((one) => one.outerHTML.slice(0, 200))].flat()";

#[test]
fn nothing_that_people_write_runs() {
    if !asked_for() {
        return;
    }
    let home = Home::new(Browser::open(1280, 900));
    home.set_up();
    let space = home.space("<img src=x onerror=window.pwned=1>\"'><script>window.pwned=1</script>");
    let id = space.trim_start_matches("/spaces/").to_owned();
    let cookie = home.browser.session_cookie();
    let writer = Writer { client: Client::new(home.process.address), cookie: &cookie };
    let payloads: Vec<&str> =
        include_str!("../pages/payloads.txt").lines().filter(|line| !line.is_empty()).collect();
    let token = json!({"name": "all", "scopes": ["schema:write", "records:write"]});
    let secret =
        writer.make(&format!("/api/spaces/{id}/tokens"), &token)["secret"].as_str().unwrap().to_owned();
    let (base, table) = everything(&writer, &secret, &id, &payloads);
    let settings = format!("{space}/settings");
    let base = format!("{space}/bases/{base}");
    let table = format!("{base}/tables/{table}");
    let mut pages = vec![
        space.clone(),
        settings.clone(),
        format!("{settings}/tokens"),
        format!("{settings}/tokens/new"),
        base,
        format!("{table}/settings"),
        table,
        "/spaces?all=1".to_owned(),
        "/account".to_owned(),
    ];
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    pages.extend(payloads.iter().step_by(10).map(|text| format!("/{}", encoded(text))));
    pages.extend(payloads.iter().step_by(10).map(|text| format!("/login?next={}", encoded(text))));
    for page in pages {
        home.go(&page);
        // Long enough for what runs when something is loaded or shown.
        home.browser.wait("return document.readyState === 'complete'");
        home.browser.script_waiting("requestAnimationFrame(() => setTimeout(arguments[0], 50))");
        let harms = home.browser.script(HARMS);
        assert_eq!(harms, json!([]), "{page}");
    }
    let console = home.browser.log("browser");
    let said: Vec<_> = console.iter().filter(|line| !line.contains("404 (Not Found)")).collect();
    assert!(said.is_empty(), "no policy had to hold anything back: {said:?}");
}

/// A base with a table for every payload, and a record of all of them; the last base and table.
fn everything(writer: &Writer<'_>, secret: &str, space: &str, payloads: &[&str]) -> (String, String) {
    let call = |path: &str, body: &Value| {
        let (status, made) =
            writer.client.send("POST", path, &[("x-undb-api-token", secret)], Some(body)).unwrap();
        assert_eq!(status, 201, "{path} {body}: {made}");
        made["id"].as_str().or(made["data"]["id"].as_str()).unwrap_or_default().to_owned()
    };
    let (mut base, mut table) = (String::new(), String::new());
    for (n, text) in payloads.iter().enumerate() {
        // Some differ in what a name is not told by alone, as capitals.
        let text = format!("{text} {n}");
        base = call("/api/openapi/bases", &json!({"name": text, "description": text}));
        let choices = json!({"choices": [{"name": text}]});
        let fields = json!([
            {"name": text, "type": "string", "description": text},
            {"name": "long", "type": "longText"},
            {"name": "kind", "type": "select", "options": choices},
        ]);
        let path = format!("/api/openapi/bases/{base}/tables");
        table = call(&path, &json!({"name": text, "description": text, "fields": fields}));
        let token = json!({"name": text, "scopes": ["records:read"]});
        writer.make(&format!("/api/spaces/{space}/tokens"), &token);
    }
    let last = format!("{} {}", payloads.last().unwrap(), payloads.len() - 1);
    for text in payloads {
        let path = format!("/api/openapi/bases/{base}/tables/{table}/records");
        call(&path, &json!({"values": {last.as_str(): text, "long": text, "kind": last}}));
    }
    (base, table)
}
