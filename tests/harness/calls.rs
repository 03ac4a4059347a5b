//! One row for each operation of the API document: where it happens, what it needs, and a request that is good. The
//! tests that call *every* operation go through these rows, and a new operation without a row fails them.

#![allow(dead_code, reason = "each test binary uses its own part of this")]

use serde_json::{Value, json};

use crate::harness::{ALL_SCOPES, Answer, Request, Server, book_fields};

/// What a caller needs, as the contract has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    Nothing,
    Anyone,
    Session,
    Scope(&'static str),
    /// One of these.
    OneOf(&'static [&'static str]),
}

/// Where an operation happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Nowhere,
    /// In the space that the path names.
    Space,
    /// In the space that the token has and a session names in a header.
    OwnSpace,
    Base,
    Table,
}

/// One operation.
pub struct Row {
    pub operation: &'static str,
    pub place: Place,
    pub needs: Needs,
    /// The status that a good call gets.
    pub good: u16,
    /// Appended to the path.
    pub query: &'static str,
    pub body: fn(&World) -> Option<Value>,
}

impl Row {
    /// Whether a good call, made twice, is refused the second time since a name is taken.
    pub fn body_makes(&self) -> bool {
        self.good == 201
    }
}

const fn row(
    operation: &'static str,
    place: Place,
    needs: Needs,
    good: u16,
    body: fn(&World) -> Option<Value>,
) -> Row {
    Row { operation, place, needs, good, query: "", body }
}

fn none(_: &World) -> Option<Value> {
    None
}

use Needs::{Anyone, Nothing, OneOf, Scope, Session};
use Place::{Base, Nowhere, OwnSpace, Space, Table};

const READ: Needs = Scope("records:read");
const WRITE: Needs = Scope("records:write");
const LOOK: Needs = Scope("schema:read");
const DESCRIBE: Needs = OneOf(&["records:read", "schema:read"]);
const SHAPE: Needs = Scope("schema:write");
const TOKENS: Needs = Scope("tokens:manage");
const MANAGE: Needs = Scope("space:manage");

/// Every operation.
pub const ROWS: &[Row] = &[
    row("recordList", Table, READ, 200, none),
    row("recordQuery", Table, READ, 200, |_| Some(json!({"filter": "title = \"Dune\"", "sort": ["-pages"]}))),
    row("recordAggregate", Table, READ, 200, |_| {
        Some(json!({"groupBy": ["genre"], "aggregates": [{"function": "count"}]}))
    }),
    row("recordGet", Table, READ, 200, none),
    row("recordCreate", Table, WRITE, 201, |_| Some(json!({"values": {"title": "Emma", "isbn": "new"}}))),
    row("recordCreateBulk", Table, WRITE, 201, |_| Some(json!({"records": [{"values": {"title": "Emma"}}]}))),
    row("recordUpdate", Table, WRITE, 200, |_| Some(json!({"values": {"pages": 2}}))),
    row("recordUpdateBulk", Table, WRITE, 200, |w| {
        Some(json!({"records": [{"id": w.record, "values": {"pages": 3}}]}))
    }),
    row("recordUpsert", Table, WRITE, 200, |_| {
        Some(json!({"on": "isbn", "records": [{"values": {"isbn": "up", "title": "Emma"}}]}))
    }),
    row("recordDelete", Table, WRITE, 204, none),
    row("recordDeleteBulk", Table, WRITE, 200, |w| Some(json!({"ids": [w.record]}))),
    row("recordDuplicate", Table, WRITE, 201, none),
    row("recordDuplicateBulk", Table, WRITE, 201, |_| Some(json!({"filter": "title = \"Dune\""}))),
    row("tableList", Base, LOOK, 200, none),
    row("tableCreate", Base, SHAPE, 201, |_| {
        Some(json!({"name": "fresh", "fields": [{"name": "a", "type": "string"}]}))
    }),
    row("tableGet", Table, LOOK, 200, none),
    row("tableUpdate", Table, SHAPE, 200, |_| Some(json!({"description": "changed"}))),
    row("tableDelete", Table, SHAPE, 204, none),
    row("fieldList", Table, LOOK, 200, none),
    row("fieldCreate", Table, SHAPE, 201, |_| Some(json!({"name": "fresh", "type": "number"}))),
    row("fieldGet", Table, LOOK, 200, none),
    row("fieldUpdate", Table, SHAPE, 200, |_| Some(json!({"description": "changed"}))),
    row("fieldDelete", Table, SHAPE, 204, none),
    row("baseList", OwnSpace, LOOK, 200, none),
    row("baseCreate", OwnSpace, SHAPE, 201, |_| Some(json!({"name": "fresh"}))),
    row("baseGet", Base, LOOK, 200, none),
    row("baseUpdate", Base, SHAPE, 200, |_| Some(json!({"description": "changed"}))),
    row("baseDelete", Base, SHAPE, 204, none),
    row("ownSpaceGet", OwnSpace, Anyone, 200, none),
    row("spaceList", Nowhere, Anyone, 200, none),
    row("spaceCreate", Nowhere, Session, 201, |_| Some(json!({"name": "fresh"}))),
    row("spaceGet", Space, Anyone, 200, none),
    row("spaceUpdate", Space, MANAGE, 200, |_| Some(json!({"description": "changed"}))),
    Row { query: "?confirm={name}", ..row("spaceDelete", Space, MANAGE, 204, none) },
    row("spaceDocumentGet", OwnSpace, Anyone, 200, none),
    row("tableDocumentGet", Table, DESCRIBE, 200, none),
    row("tableSchemaGet", Table, DESCRIBE, 200, none),
    row("ownTokenGet", OwnSpace, Anyone, 200, none),
    row("tokenList", Space, TOKENS, 200, none),
    row("tokenCreate", Space, TOKENS, 201, |_| Some(json!({"name": "fresh"}))),
    row("tokenGet", Space, TOKENS, 200, none),
    row("tokenUsageGet", Space, TOKENS, 200, none),
    row("tokenUpdate", Space, TOKENS, 200, |_| Some(json!({"name": "changed"}))),
    row("tokenRotate", Space, TOKENS, 200, |_| Some(json!({"graceSeconds": 60}))),
    row("tokenDelete", Space, TOKENS, 204, none),
    row("authSetup", Nowhere, Nothing, 409, |_| {
        Some(json!({"code": "ABCD-EFGH-JKLM", "email": "x@example.com", "password": "long-enough"}))
    }),
    row("authLogin", Nowhere, Nothing, 200, |_| {
        Some(json!({"email": crate::harness::EMAIL, "password": crate::harness::PASSWORD}))
    }),
    row("authLogout", Nowhere, Session, 204, none),
    row("authMe", Nowhere, Session, 200, none),
    row("passwordUpdate", Nowhere, Session, 204, |_| {
        Some(json!({"currentPassword": crate::harness::PASSWORD, "newPassword": crate::harness::PASSWORD}))
    }),
    row("sessionList", Nowhere, Session, 200, none),
    row("sessionDelete", Nowhere, Session, 204, none),
    row("healthGet", Nowhere, Nothing, 200, none),
    row("readyGet", Nowhere, Nothing, 200, none),
    row("metricsGet", Nowhere, Nothing, 200, none),
    row("documentJsonGet", Nowhere, Nothing, 200, none),
    row("documentYamlGet", Nowhere, Nothing, 200, none),
];

/// An operation of the document.
#[derive(Clone, Debug)]
pub struct Operation {
    pub id: String,
    pub method: String,
    pub path: String,
    pub document: Value,
}

impl Operation {
    pub fn writes(&self) -> bool {
        self.method != "GET"
    }

    pub fn has_body(&self) -> bool {
        self.document.get("requestBody").is_some()
    }
}

/// All operations of the document.
pub fn operations(document: &Value) -> Vec<Operation> {
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            let (method, path) = (method.to_uppercase(), path.clone());
            found.push(Operation { id, method, path, document: operation.clone() });
        }
    }
    found
}

/// The operations of `document` with their rows; fails if one is missing on either side.
pub fn matched(document: &Value) -> Vec<(Operation, &'static Row)> {
    let operations = operations(document);
    for row in ROWS {
        let there = operations.iter().any(|operation| operation.id == row.operation);
        assert!(
            there,
            "ROWS has `{}`, and the document has no such operation: remove the row",
            row.operation
        );
    }
    let row_of = |operation: &Operation| {
        ROWS.iter().find(|row| row.operation == operation.id).unwrap_or_else(|| {
            panic!(
                "`{}` ({} {}) has no row: add one to ROWS in tests/harness/calls.rs that says where it happens, which \
                 scope it needs, what a good call answers and what its body is",
                operation.id, operation.method, operation.path
            )
        })
    };
    operations.iter().map(|operation| (operation.clone(), row_of(operation))).collect()
}

/// Things in a space, one of each kind, by id; `names` holds what paths call them instead.
#[derive(Clone, Debug)]
pub struct World {
    pub space: String,
    pub base: String,
    pub table: String,
    /// A second table of the base, and another base with a table.
    pub sibling: String,
    pub other_base: String,
    pub field: String,
    pub record: String,
    /// The id of a token that is there to be managed.
    pub token: String,
    /// The id of a session that is there to be ended.
    pub session: String,
    /// A token of every scope.
    pub secret: String,
    pub names: Names,
}

#[derive(Clone, Debug)]
pub struct Names {
    pub space: String,
    pub base: String,
    pub table: String,
    pub field: String,
}

impl World {
    /// Makes one in a new space of the signed-in person's. `mark` stands in every name.
    pub fn make(server: &Server, cookie: &str, mark: &str) -> World {
        let names = Names {
            space: format!("Main{mark}"),
            base: format!("Shop{mark}"),
            table: format!("books{mark}"),
            field: format!("pages{mark}"),
        };
        let space = server.space(cookie, &names.space);
        let (_, secret) = server.token(cookie, &space, json!({"name": "all", "scopes": ALL_SCOPES}));
        let (token, _) = server.token(cookie, &space, json!({"name": "managed", "scopes": ALL_SCOPES}));
        let post = |path: &str, body: Value| {
            let answer = server.post(path).token(&secret).json(body).send();
            assert_eq!(answer.status, 201, "{answer:?}");
            answer
        };
        let base = post("/api/openapi/bases", json!({"name": names.base})).text("/id");
        let other_base = post("/api/openapi/bases", json!({"name": "elsewhere"})).text("/id");
        let tables = format!("/api/openapi/bases/{base}/tables");
        let table = post(&tables, json!({"name": names.table, "fields": fields(mark)}));
        let sibling = json!({"name": "sibling", "fields": [{"name": "a", "type": "string"}]});
        let sibling = post(&tables, sibling).text("/id");
        let named = |field: &&Value| field["name"].as_str().unwrap().starts_with("published");
        let field = table.at("/fields").as_array().unwrap().iter().find(named).unwrap()["id"].clone();
        let table = table.text("/id");
        let record = json!({"values": {"title": "Dune", "isbn": "1"}});
        let record = post(&format!("{tables}/{table}/records"), record).text("/data/id");
        let field = field.as_str().unwrap().to_owned();
        let names = Names { field: format!("published{mark}"), ..names };
        let session = session(server, cookie);
        World { space, base, table, sibling, other_base, field, record, token, session, secret, names }
    }

    /// The path of an operation, with ids or names in it.
    pub fn path(&self, operation: &Operation, row: &Row, by_name: bool) -> String {
        let pick = |id: &str, name: &str| if by_name { escaped(name) } else { id.to_owned() };
        let path = operation
            .path
            .replace("{space}", &pick(&self.space, &self.names.space))
            .replace("{base}", &pick(&self.base, &self.names.base))
            .replace("{table}", &pick(&self.table, &self.names.table))
            .replace("{field}", &pick(&self.field, &self.names.field))
            .replace("{record}", &self.record)
            .replace("{token}", &self.token)
            .replace("{session}", &self.session);
        path + &row.query.replace("{name}", &escaped(&self.names.space))
    }

    /// A good request for an operation, without credentials.
    pub fn request<'a>(
        &self,
        server: &'a Server,
        operation: &Operation,
        row: &Row,
        by_name: bool,
    ) -> Request<'a> {
        let request = server.request(&operation.method, &self.path(operation, row, by_name));
        match (row.body)(self) {
            Some(body) => request.json(body),
            None => request,
        }
    }

    /// The same with the header that a session names the space in, by its id; a token may send it too.
    pub fn in_path_of_session<'a>(
        &self,
        server: &'a Server,
        operation: &Operation,
        row: &Row,
        by_name: bool,
    ) -> Request<'a> {
        let request = self.request(server, operation, row, by_name);
        match row.place {
            Place::Nowhere | Place::Space => request,
            Place::OwnSpace | Place::Base | Place::Table => request.header("x-undb-space", &self.space),
        }
    }

    /// Whether an answer speaks of something of this world's.
    pub fn shows_in(&self, answer: &Answer) -> bool {
        let text = String::from_utf8_lossy(&answer.bytes);
        let ids =
            [&self.space, &self.base, &self.table, &self.field, &self.record, &self.token, &self.sibling];
        ids.into_iter().chain([&self.other_base]).any(|id| text.contains(id.as_str()))
    }
}

/// Makes a session of the signed-in person's, without the work that signing in is: its id.
fn session(server: &Server, cookie: &str) -> String {
    let user = server.get("/api/auth/me").cookie(cookie).send().text("/id");
    let now = server.core.clock.now();
    let session = undb::model::session::Session {
        id: server.core.ids.draw(now),
        user: undb::id::Id::parse(&user).unwrap(),
        created_at: now,
        last_used_at: now,
        expires_at: now.plus_seconds(undb::limits::SESSION_SECONDS),
    };
    let hash = undb::access::PlainSession::generate().hash();
    let id = session.id.to_string();
    let receipt = server.core.engine.write(
        b"",
        Box::new(move |txn| {
            undb::store::session::session_create(txn, &hash, &session, None).unwrap();
            undb::kv::Outcome::Keep
        }),
    );
    receipt.wait().unwrap();
    id
}

fn fields(mark: &str) -> Value {
    let mut fields = book_fields();
    for field in fields.as_array_mut().unwrap() {
        // Two of them keep their names, for bodies; the others carry the mark.
        if field["name"] == "published" {
            field["name"] = format!("published{mark}").into();
        }
    }
    fields
}

/// A name as it stands in a path.
pub fn escaped(name: &str) -> String {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    name.bytes().map(|b| if safe(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// The document that a server serves.
pub fn document(server: &Server) -> Value {
    server.get("/api/openapi.json").send().json()
}
