//! Good requests of every operation, made a little or very wrong: whatever comes of it, it is no 5xx, every refusal is a
//! problem of a documented code, and a refused request has changed nothing.

use std::cell::RefCell;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use undb::error::Code;
use undb::id::{Id, SpaceId};
use undb::kv::memory::Memory;
use undb::store::schema::{MEMBER, OF_SPACE, SESSION, SPACE, TOKEN_USAGE, TOKEN_USED, USER};

use crate::calls::{Needs, Operation, Row, World, document, matched};
use crate::engine::rows;
use crate::harness::{Answer, Server, Setup};

/// How a request is made wrong; the numbers pick the place.
#[derive(Clone, Debug)]
enum Mutation {
    /// Another value at a place of the body.
    Replace(usize, Value),
    /// A member or item is gone.
    Remove(usize),
    /// A member of this name and value is added to an object.
    Add(usize, String, Value),
    /// A byte of the body is another one.
    Byte(usize, u8),
    /// The body ends early.
    Cut(usize),
    /// A part of the path is something else.
    Path(usize, String),
    /// A parameter.
    Query(String, String),
    Header(&'static str, String),
}

fn value() -> impl Strategy<Value = Value> {
    let odd = [
        json!(null),
        json!(""),
        json!([]),
        json!({}),
        json!(-1),
        json!(1e300),
        json!(true),
        json!("\u{0}"),
        json!("x".repeat(300)),
        json!("rec01jd0000000000000000000001"),
        json!("id"),
        json!("select"),
        json!("number"),
        json!({"choices": [{"name": "a"}]}),
        json!({"values": {}}),
        json!([[[[[[]]]]]]),
        json!("2026-11-24T09:30:00Z"),
    ];
    let leaf = prop_oneof![
        4 => proptest::sample::select(odd.to_vec()),
        1 => any::<i64>().prop_map(Value::from),
        1 => "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec(("[a-z]{1,6}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let names = proptest::sample::select(
        [
            "name", "values", "id", "type", "options", "required", "unique", "default", "records", "ids",
            "on", "position", "title", "isbn", "x/~", "",
        ]
        .to_vec(),
    );
    let headers = proptest::sample::select(
        [
            "if-match",
            "if-none-match",
            "idempotency-key",
            "content-type",
            "content-encoding",
            "x-undb-space",
            "accept-encoding",
        ]
        .to_vec(),
    );
    let params = proptest::sample::select(
        ["limit", "cursor", "keys", "dryRun", "fields", "sort", "total", "confirm", "x", ""].to_vec(),
    );
    let text = prop_oneof![
        "[ -~]{0,10}",
        Just("*".to_owned()),
        Just("true".to_owned()),
        Just("\"1\"".to_owned()),
        Just("id".to_owned())
    ];
    prop_oneof![
        6 => (any::<usize>(), value()).prop_map(|(at, value)| Mutation::Replace(at, value)),
        2 => any::<usize>().prop_map(Mutation::Remove),
        3 => (any::<usize>(), names, value()).prop_map(|(at, name, value)| Mutation::Add(at, name.into(), value)),
        2 => (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Mutation::Byte(at, byte)),
        1 => any::<usize>().prop_map(Mutation::Cut),
        2 => (any::<usize>(), "[a-z0-9%F.]{0,8}").prop_map(|(at, text)| Mutation::Path(at, text)),
        2 => (params, text.clone()).prop_map(|(name, value)| Mutation::Query(name.into(), value)),
        2 => (headers, text).prop_map(|(name, value)| Mutation::Header(name, value)),
    ]
}

/// The places of a body, as pointers; the root is the first.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, item)| places(item, &format!("{at}/{n}"), found));
        }
        Value::Object(members) => members.iter().for_each(|(name, member)| {
            let name = name.replace('~', "~0").replace('/', "~1");
            places(member, &format!("{at}/{name}"), found);
        }),
        _ => {}
    }
}

/// A request on its way to becoming wrong.
struct Draft {
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(&'static str, String)>,
    body: Option<Value>,
    bytes: Option<Vec<u8>>,
}

impl Draft {
    fn apply(&mut self, mutation: &Mutation) {
        let mut found = Vec::new();
        if let Some(body) = &self.body {
            places(body, "", &mut found);
        }
        let place = |at: usize| found[at % found.len()].clone();
        let written = self.body.as_ref().map(|body| body.to_string().into_bytes());
        match mutation {
            Mutation::Replace(at, value) if self.body.is_some() => {
                *self.body.as_mut().unwrap().pointer_mut(&place(*at)).unwrap() = value.clone();
            }
            Mutation::Remove(at) if self.body.is_some() => {
                let place = place(*at);
                let Some((parent, name)) = place.rsplit_once('/') else { return };
                match self.body.as_mut().unwrap().pointer_mut(parent).unwrap() {
                    Value::Object(members) => drop(members.shift_remove(name)),
                    Value::Array(items) => drop(items.pop()),
                    _ => {}
                }
            }
            Mutation::Add(at, name, value) if self.body.is_some() => {
                if let Value::Object(members) = self.body.as_mut().unwrap().pointer_mut(&place(*at)).unwrap()
                {
                    members.insert(name.clone(), value.clone());
                }
            }
            Mutation::Byte(at, byte) => {
                self.bytes = self.bytes.take().or(written).map(|mut bytes| {
                    let length = bytes.len().max(1);
                    bytes.get_mut(at % length).into_iter().for_each(|place| *place = *byte);
                    bytes
                });
            }
            Mutation::Cut(at) => {
                self.bytes = self.bytes.take().or(written).map(|mut bytes| {
                    bytes.truncate(at % (bytes.len() + 1));
                    bytes
                });
            }
            Mutation::Path(at, text) => {
                let mut parts: Vec<&str> = self.path.split('/').collect();
                let place = 1 + at % (parts.len() - 1);
                parts[place] = text;
                self.path = parts.join("/");
            }
            Mutation::Query(name, value) => self.query.push((name.clone(), value.clone())),
            Mutation::Header(name, value) => self.headers.push((*name, value.clone())),
            _ => {}
        }
    }
}

struct Sandbox {
    server: Server,
    cookie: String,
    world: RefCell<World>,
    count: RefCell<usize>,
}

impl Sandbox {
    /// The old world makes room for another one.
    fn renew(&self) {
        *self.count.borrow_mut() += 1;
        let old = self.world.borrow().clone();
        let path = format!("/api/spaces/{}", old.space);
        let name =
            self.server.get(&path).cookie(&self.cookie).send().json()["name"].as_str().map(str::to_owned);
        if let Some(name) = name {
            let confirm = crate::calls::escaped(&name);
            let gone = self.server.delete(&format!("{path}?confirm={confirm}")).cookie(&self.cookie).send();
            assert_eq!(gone.status, 204, "{gone:?}");
        }
        let mark = format!("_{}", self.count.borrow());
        *self.world.borrow_mut() = World::make(&self.server, &self.cookie, &mark);
    }

    fn stored(&self) -> Vec<Vec<(Vec<u8>, Vec<u8>)>> {
        let engine = self.server.core.engine.as_ref();
        let space = SpaceId::parse(&self.world.borrow().space).unwrap().to_bytes();
        let inside = OF_SPACE.into_iter().filter(|of| ![TOKEN_USED, TOKEN_USAGE].contains(of)).chain([SPACE]);
        let inside = inside.map(|of| rows(engine, of, &space));
        inside.chain([USER, SESSION, MEMBER].map(|of| rows(engine, of, &[]))).collect()
    }

    fn send(&self, operation: &Operation, row: &Row, mutations: &[Mutation]) -> (Answer, String) {
        let world = self.world.borrow();
        let path = world.path(operation, row, false);
        let (path, query) = path.split_once('?').map_or((path.as_str(), ""), |(path, query)| (path, query));
        let query = query.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut draft = Draft {
            path: path.to_owned(),
            query: query.into_iter().collect(),
            headers: Vec::new(),
            body: (row.body)(&world),
            bytes: None,
        };
        mutations.iter().for_each(|mutation| draft.apply(mutation));
        let query: Vec<_> = draft
            .query
            .iter()
            .map(|(name, value)| format!("{name}={}", crate::calls::escaped(value)))
            .collect();
        let sign = if query.is_empty() { "" } else { "?" };
        let url = format!("{}{sign}{}", draft.path, query.join("&"));
        let mut request = self.server.request(&operation.method, &url);
        request = if row.needs == Needs::Session {
            request.cookie(&self.cookie)
        } else {
            request.token(&world.secret)
        };
        let typed = draft.headers.iter().any(|(name, _)| *name == "content-type");
        for (name, value) in &draft.headers {
            request = request.header(name, value.trim());
        }
        let bytes = draft.bytes.or(draft.body.map(|body| body.to_string().into_bytes()));
        let shown = format!(
            "{} {url} {:?} {:?}",
            operation.method,
            draft.headers,
            bytes.as_ref().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        );
        request = match bytes {
            Some(bytes) if typed => request.body_of(bytes),
            Some(bytes) => request.raw("application/json", bytes),
            None => request,
        };
        (request.send(), shown)
    }
}

#[test]
fn a_wrong_request_is_refused_and_changes_nothing() {
    let long = std::env::var("UNDB_LONG").is_ok_and(|long| long == "1");
    let server = Server::with(Setup { engine: Some(Arc::new(Memory::new())), ..Setup::default() });
    let cookie = server.owner();
    let document = document(&server);
    // Signing out would end the session that the test lives on.
    let operations: Vec<_> =
        matched(&document).into_iter().filter(|(operation, _)| operation.id != "authLogout").collect();
    let world = RefCell::new(World::make(&server, &cookie, ""));
    let sandbox = Sandbox { server, cookie, world, count: RefCell::default() };
    let seen = RefCell::new(std::collections::BTreeMap::<String, usize>::new());
    let config =
        Config { cases: if long { 20_000 } else { 600 }, failure_persistence: None, ..Config::default() };
    let strategy = (0..operations.len(), proptest::collection::vec(mutation(), 1..4));
    let run = TestRunner::new(config).run(&strategy, |(which, mutations)| {
        let (operation, row) = &operations[which];
        let before = sandbox.stored();
        let (answer, shown) = sandbox.send(operation, row, &mutations);
        prop_assert!(answer.status < 500, "{shown}: {answer:?}");
        if answer.status >= 400 {
            let code = answer.code();
            prop_assert!(Code::ALL.iter().any(|known| known.name() == code), "{shown}: {answer:?}");
            *seen.borrow_mut().entry(code).or_default() += 1;
            prop_assert!(sandbox.stored() == before, "{shown}: refused, and yet something has changed");
        } else if operation.writes() {
            *seen.borrow_mut().entry("fine".into()).or_default() += 1;
            sandbox.renew();
        }
        Ok(())
    });
    run.unwrap();
    println!("{:?}", seen.borrow());
    assert!(seen.borrow().len() > 8, "many kinds of refusal: {:?}", seen.borrow());
}
