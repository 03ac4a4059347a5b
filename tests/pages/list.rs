//! Every page of the console with what stands for the parts of its address, and what its forms send.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use undb::http::console_pages;

use crate::harness::{ALL_SCOPES, PASSWORD, Server};
use crate::visitor::{Fields, Visitor};

/// Pages that anyone may open.
pub const OPEN: [&str; 5] = ["/", "/setup", "/login", "/preferences", "/assets/{version}/{file}"];

/// Pages by method and pattern.
pub fn pages(method: &str) -> Vec<String> {
    let pages = console_pages().into_iter().filter(|page| page.method.as_str() == method);
    let found: Vec<String> = pages.map(|page| page.path).collect();
    assert!(found.len() > 10, "{found:?}");
    found
}

/// Those that only somebody may open who is signed in.
pub fn closed_pages(method: &str) -> Vec<String> {
    pages(method).into_iter().filter(|path| !OPEN.contains(&path.as_str())).collect()
}

/// A space with one of everything.
pub struct World {
    pub parts: BTreeMap<&'static str, String>,
    pub secret: String,
}

impl World {
    pub fn of(server: &Server, cookie: &str) -> World {
        World::named(server, cookie, "Main")
    }

    pub fn named(server: &Server, cookie: &str, name: &str) -> World {
        let space = server.space(cookie, name);
        let (token, secret) = server.token(cookie, &space, json!({"name": "all", "scopes": ALL_SCOPES}));
        let make = |path: &str, body: Value| {
            let made = server.post(path).token(&secret).json(body).send();
            assert_eq!(made.status, 201, "{made:?}");
            made.text("/id")
        };
        let base = make("/api/openapi/bases", json!({"name": "Shop"}));
        let fields = json!([{"name": "title", "type": "string"}]);
        let tables = format!("/api/openapi/bases/{base}/tables");
        let table = make(&tables, json!({"name": "books", "fields": fields}));
        let sessions = server.get("/api/auth/sessions").cookie(cookie).send();
        let session = sessions.text("/sessions/0/id");
        let parts =
            [("space", space), ("base", base), ("table", table), ("token", token), ("session", session)];
        World { parts: parts.into(), secret }
    }

    /// An address from its pattern.
    pub fn at(&self, pattern: &str) -> String {
        let mut path = pattern.to_owned();
        for (name, value) in &self.parts {
            path = path.replace(&format!("{{{name}}}"), value);
        }
        assert!(!path.contains('{'), "nothing stands for a part of {pattern}");
        path
    }

    /// Everything that a form could have changed.
    pub fn state(&self, visitor: &Visitor<'_>) -> Value {
        let get = |path: &str| {
            let answer = visitor.server.get(path).cookie(&visitor.cookie()).send();
            assert_eq!(answer.status, 200, "{path}: {answer:?}");
            let mut found = answer.json();
            forget(&mut found, "lastUsedAt");
            found
        };
        let space = &self.parts["space"];
        let tables = visitor.server.get(&self.at("/api/openapi/bases/{base}/tables")).token(&self.secret);
        let bases = visitor.server.get("/api/openapi/bases").token(&self.secret);
        json!([
            get("/api/spaces"),
            get(&format!("/api/spaces/{space}/tokens")),
            get("/api/auth/me"),
            get("/api/auth/sessions"),
            bases.send().json(),
            tables.send().json(),
        ])
    }
}

fn forget(value: &mut Value, name: &str) {
    match value {
        Value::Object(members) => {
            members.retain(|known, _| known != name);
            members.values_mut().for_each(|inner| forget(inner, name));
        }
        Value::Array(items) => items.iter_mut().for_each(|inner| forget(inner, name)),
        _ => {}
    }
}

/// What a form of each page sends when it is to do something, in an order in which all of them can.
pub fn posts() -> Vec<(&'static str, Fields)> {
    let row = |path, fields: &[(&str, &str)]| {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        (path, fields.collect())
    };
    let token = [("name", "made"), ("preset", "read"), ("reach", "all"), ("expiry", "30")];
    let password =
        [("currentPassword", PASSWORD), ("newPassword", "another-horse"), ("repeated", "another-horse")];
    vec![
        row("/preferences", &[("language", "zh"), ("theme", "dark"), ("next", "/")]),
        row("/spaces", &[("name", "New")]),
        row("/spaces/{space}/settings", &[("name", "Renamed"), ("description", "Changed")]),
        row("/spaces/{space}/settings/tokens", &token),
        row("/spaces/{space}/settings/tokens/{token}", &token),
        row("/spaces/{space}/settings/tokens/{token}/rotate", &[("grace", "0")]),
        row("/spaces/{space}/bases", &[("name", "More")]),
        row("/spaces/{space}/bases/{base}", &[("name", "Renamed"), ("position", "1")]),
        row("/spaces/{space}/bases/{base}/tables", &[("name", "more")]),
        row("/spaces/{space}/bases/{base}/tables/{table}/settings", &[("name", "renamed")]),
        row("/spaces/{space}/settings/tokens/{token}/revoke", &[]),
        row("/spaces/{space}/bases/{base}/tables/{table}/delete", &[("confirm", "renamed")]),
        row("/spaces/{space}/bases/{base}/delete", &[("confirm", "Renamed")]),
        row("/spaces/{space}/delete", &[("confirm", "Renamed")]),
        row("/account/sessions/{session}/end", &[]),
        row("/account/password", &password),
        row("/logout", &[]),
    ]
}
