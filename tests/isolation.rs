//! Two spaces whose things have the same names, and a token in each: nothing that one of them sends sees, changes or can
//! tell the existence of what the other one has. What exists elsewhere and what never existed answer the same bytes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the helpers of tests may end them too"
)]

#[path = "harness/calls.rs"]
mod calls;
mod harness;

use std::collections::BTreeSet;
use std::sync::Arc;

use calls::{Needs, Operation, Place, Row, World, document, matched};
use harness::{Answer, Request, Server, Setup};
use serde_json::{Value, json};
use undb::clock::{Clock, Time};
use undb::id::{BaseId, ChoiceId, FieldId, Id, RecordId, SpaceId, TableId, TokenId};
use undb::kv::memory::Memory;

struct Stage {
    server: Arc<Server>,
    cookie: String,
    /// The space whose token calls, and the other one.
    ours: World,
    theirs: World,
    pairs: usize,
}

impl Stage {
    fn set() -> Stage {
        // Time stands still, so that it makes no difference between two answers.
        let clock = Clock::manual(Time::parse("2026-11-24T09:30:00Z").unwrap());
        let engine: Arc<dyn undb::kv::Engine> = Arc::new(Memory::new());
        let server = Arc::new(Server::with(Setup { engine: Some(engine), clock, ..Setup::default() }));
        let cookie = server.owner();
        let [ours, theirs] = ["", ""].map(|mark| World::make(&server, &cookie, mark));
        Stage { server, cookie, ours, theirs, pairs: 0 }
    }

    /// Sends the same request with an id that is theirs and with one that never was: all but the id is the same.
    fn same(
        &mut self,
        what: &str,
        theirs: &str,
        never: &str,
        request: impl for<'s> Fn(&'s Server, &str) -> Request<'s>,
    ) -> Answer {
        self.pairs += 1;
        let server = self.server.clone();
        let sent = |id: &str| request(&server, id).token(&self.ours.secret).send();
        let (found, missing) = (sent(theirs), sent(never));
        assert_eq!(told(&found, theirs), told(&missing, never), "{what}");
        found
    }
}

/// An answer without what every answer has of its own, and without the id that was asked for.
fn told(answer: &Answer, id: &str) -> (u16, BTreeSet<(String, String)>, String) {
    let headers =
        answer.headers.iter().filter(|(name, _)| !["x-request-id", "date"].contains(&name.as_str()));
    let clean = |text: &str| match answer.header("x-request-id") {
        Some(request) => text.replace(request, "REQUEST").replace(id, "ID"),
        None => text.replace(id, "ID"),
    };
    let headers = headers.map(|(name, value)| (name.clone(), clean(value))).collect();
    (answer.status, headers, clean(&String::from_utf8_lossy(&answer.bytes)))
}

/// An id of the same kind that the server never drew.
fn never(of: &str) -> String {
    let random: [u8; 16] = rand_bytes(of);
    match &of[..3] {
        "spc" => SpaceId::from_bytes(random).to_string(),
        "bas" => BaseId::from_bytes(random).to_string(),
        "tbl" => TableId::from_bytes(random).to_string(),
        "fld" => FieldId::from_bytes(random).to_string(),
        "opt" => ChoiceId::from_bytes(random).to_string(),
        "rec" => RecordId::from_bytes(random).to_string(),
        _ => TokenId::from_bytes(random).to_string(),
    }
}

/// Bytes that depend on a text and on nothing else.
fn rand_bytes(of: &str) -> [u8; 16] {
    let mut bytes = [0_u8; 16];
    for (n, byte) in of.bytes().enumerate() {
        bytes[n % 16] = bytes[n % 16].wrapping_mul(31).wrapping_add(byte);
    }
    bytes
}

/// All that is in a world, as its own token and the signed-in person see it.
fn contents(stage: &Stage, world: &World) -> String {
    let mut all = String::new();
    let mut add = |path: &str| {
        let answer = stage.server.get(path).cookie(&stage.cookie).header("x-undb-space", &world.space).send();
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        all.extend([path, "\n", &String::from_utf8_lossy(&answer.bytes), "\n"]);
    };
    add(&format!("/api/spaces/{}", world.space));
    add(&format!("/api/spaces/{}/tokens", world.space));
    add("/api/openapi/bases");
    for base in [&world.base, &world.other_base] {
        add(&format!("/api/openapi/bases/{base}/tables"));
    }
    for table in [&world.table, &world.sibling] {
        add(&format!("/api/openapi/bases/{}/tables/{table}/records", world.base));
    }
    all
}

fn ids_of(world: &World) -> [&String; 8] {
    let World { space, base, table, sibling, other_base, field, record, token, .. } = world;
    [space, base, table, sibling, other_base, field, record, token]
}

fn request<'s>(server: &'s Server, method: &str, path: &str, body: Option<Value>) -> Request<'s> {
    let request = server.request(method, path);
    match body {
        Some(body) => request.json(body),
        None => request,
    }
}

#[test]
fn what_is_elsewhere_and_what_never_was_are_the_same() {
    let mut stage = Stage::set();
    for _ in 0..2 {
        // What has been used once is known, and its last use with it.
        for world in [&stage.ours, &stage.theirs] {
            assert_eq!(stage.server.get("/api/openapi/token").token(&world.secret).send().status, 200);
        }
        let before = contents(&stage, &stage.theirs);
        ids_in_paths(&mut stage);
        ids_in_our_paths(&mut stage);
        ids_in_bodies(&mut stage);
        names_are_ours(&mut stage);
        cursors(&mut stage);
        idempotency_keys(&mut stage);
        assert_eq!(contents(&stage, &stage.theirs), before, "nothing of theirs has changed");
        let seen = contents(&stage, &stage.ours);
        assert!(ids_of(&stage.theirs).iter().all(|id| !seen.contains(id.as_str())), "{seen}");
        std::mem::swap(&mut stage.ours, &mut stage.theirs);
    }
    println!("{} pairs of answers compared", stage.pairs);
    assert!(stage.pairs > 150);
}

/// Every operation, with each id of its path replaced by one of theirs in turn, and with all of them.
fn ids_in_paths(stage: &mut Stage) {
    let operations = matched(&document(&stage.server));
    for (operation, row) in &operations {
        let (ours, theirs) = (stage.ours.clone(), stage.theirs.clone());
        let body = (row.body)(&ours);
        for (part, id) in [
            ("{space}", &theirs.space),
            ("{base}", &theirs.base),
            ("{table}", &theirs.table),
            ("{field}", &theirs.field),
            ("{record}", &theirs.record),
            ("{token}", &theirs.token),
        ] {
            if !operation.path.contains(part) {
                continue;
            }
            let path = ours_in(operation, row, &ours, part);
            let answer = stage.same(&format!("{} {part}", operation.id), id, &never(id), |server, id| {
                request(server, &operation.method, &path.replace(part, id), body.clone())
            });
            assert_eq!(answer.status, 404, "{} {part}: {answer:?}", operation.id);
        }
        whole_paths(stage, operation, row);
    }
}

/// The path with our ids, but for one part.
fn ours_in(operation: &Operation, row: &Row, ours: &World, but: &str) -> String {
    let kept = operation.path.replace(but, "\u{1}");
    let other = Operation { path: kept, ..operation.clone() };
    ours.path(&other, row, false).replace('\u{1}', but)
}

/// A path of which all ids are theirs, or the header names their space.
fn whole_paths(stage: &mut Stage, operation: &Operation, row: &Row) {
    let (theirs, body) = (stage.theirs.clone(), (row.body)(&stage.theirs));
    if matches!(row.place, Place::Base | Place::Table) {
        let path = theirs.path(operation, row, false);
        let answer = stage.same(&operation.id, &theirs.base, &never(&theirs.base), |server, id| {
            request(server, &operation.method, &path.replace(&theirs.base, id), body.clone())
        });
        assert_eq!(answer.code(), "base_not_found", "{answer:?}");
    }
    if !matches!(row.place, Place::Nowhere | Place::Space) && row.needs != Needs::Nothing {
        let path = stage.ours.path(operation, row, false);
        let answer = stage.same(&operation.id, &theirs.space, &never(&theirs.space), |server, id| {
            request(server, &operation.method, &path, body.clone()).header("x-undb-space", id)
        });
        assert_eq!(answer.code(), "space_not_found", "{answer:?}");
    }
}

/// Their records, fields and tokens below things of ours.
fn ids_in_our_paths(stage: &mut Stage) {
    let (ours, theirs) = (stage.ours.clone(), stage.theirs.clone());
    let table = format!("/api/openapi/bases/{}/tables/{}", ours.base, ours.table);
    for (method, path, id, body) in [
        ("GET", format!("{table}/records/ID"), &theirs.record, None),
        ("GET", format!("{table}/records/ID?keys=id"), &theirs.record, None),
        ("PATCH", format!("{table}/records/ID"), &theirs.record, Some(json!({"values": {"pages": 9}}))),
        ("DELETE", format!("{table}/records/ID"), &theirs.record, None),
        ("POST", format!("{table}/records/ID/duplicate"), &theirs.record, None),
        ("GET", format!("{table}/records?fields=ID"), &theirs.field, None),
        ("GET", format!("{table}/fields/ID"), &theirs.field, None),
        ("PATCH", format!("{table}/fields/ID"), &theirs.field, Some(json!({"name": "mine"}))),
        ("DELETE", format!("{table}/fields/ID"), &theirs.field, None),
        ("GET", format!("/api/openapi/bases/{}/tables/ID", ours.base), &theirs.table, None),
        ("GET", format!("/api/spaces/{}/tokens/ID/usage", ours.space), &theirs.token, None),
        ("DELETE", format!("/api/spaces/{}/tokens/ID", ours.space), &theirs.token, None),
        ("POST", format!("/api/spaces/{}/tokens/ID/rotate", ours.space), &theirs.token, None),
    ] {
        let answer = stage.same(&path, id, &never(id), |server, id| {
            request(server, method, &path.replace("ID", id), body.clone())
        });
        assert!((400..500).contains(&answer.status), "{answer:?}");
    }
}

/// Their ids in bodies.
fn ids_in_bodies(stage: &mut Stage) {
    let (ours, theirs) = (stage.ours.clone(), stage.theirs.clone());
    let table = format!("/api/openapi/bases/{}/tables/{}", ours.base, ours.table);
    let tokens = format!("/api/spaces/{}/tokens", ours.space);
    let choice = their_choice(stage);
    let refused: Vec<(&str, String, &String, Value)> = vec![
        (
            "PATCH",
            format!("{table}/records"),
            &theirs.record,
            json!({"records": [{"id": "ID", "values": {"pages": 9}}]}),
        ),
        ("DELETE", format!("{table}/records"), &theirs.record, json!({"ids": ["ID"]})),
        (
            "DELETE",
            format!("{table}/records?dryRun=true"),
            &theirs.record,
            json!({"ids": [ours.record, "ID"]}),
        ),
        ("POST", format!("{table}/records?keys=id"), &theirs.field, json!({"values": {"ID": "2026-01-01"}})),
        (
            "PUT",
            format!("{table}/records?keys=id"),
            &theirs.field,
            json!({"on": "ID", "records": [{"values": {}}]}),
        ),
        ("POST", format!("{table}/records"), &choice, json!({"values": {"title": "t", "genre": "ID"}})),
        ("POST", format!("{table}/records?keys=id"), &choice, json!({"values": {"ID": "ID"}})),
        ("POST", tokens.clone(), &theirs.base, json!({"name": "t", "bases": ["ID"]})),
        ("POST", tokens.clone(), &theirs.table, json!({"name": "t", "tables": ["ID"]})),
        ("PATCH", format!("{tokens}/{}", ours.token), &theirs.base, json!({"bases": ["ID"]})),
        ("PATCH", format!("{tokens}/{}", ours.token), &theirs.table, json!({"tables": ["ID"]})),
    ];
    for (method, path, id, body) in refused {
        let answer = stage.same(&path, id, &never(id), |server, id| {
            request(server, method, &path, Some(replaced(&body, id)))
        });
        assert!([404, 422].contains(&answer.status), "{path}: {answer:?}");
    }
    // An id that is in use elsewhere is free here; a dry run says so without making anything.
    for (method, path, body) in [
        (
            "POST",
            format!("{table}/records/bulk?dryRun=true"),
            json!({"records": [{"id": "ID", "values": {"title": "t"}}]}),
        ),
        (
            "PUT",
            format!("{table}/records?dryRun=true"),
            json!({"on": "id", "records": [{"id": "ID", "values": {"title": "t"}}]}),
        ),
    ] {
        let answer = stage.same(&path, &theirs.record, &never(&theirs.record), |server, id| {
            request(server, method, &path, Some(replaced(&body, id)))
        });
        assert_eq!((answer.status, answer.at("/createdCount")), (200, json!(1)), "{answer:?}");
    }
}

fn replaced(body: &Value, id: &str) -> Value {
    serde_json::from_str(&body.to_string().replace("ID", id)).unwrap()
}

fn their_choice(stage: &Stage) -> String {
    let path = format!("/api/openapi/bases/{}/tables/{}/fields/genre", stage.theirs.base, stage.theirs.table);
    let field = stage.server.get(&path).token(&stage.theirs.secret).send();
    field.text("/options/choices/0/id")
}

/// A name means what is ours, though theirs is called the same.
fn names_are_ours(stage: &mut Stage) {
    let (server, ours, theirs) = (&stage.server, &stage.ours, &stage.theirs);
    let names = &ours.names;
    let table = format!("/api/openapi/bases/{}/tables/{}", names.base, names.table);
    for (path, pointer, id) in [
        (format!("/api/spaces/{}", names.space), "/id", &ours.space),
        (format!("/api/openapi/bases/{}", names.base), "/id", &ours.base),
        (table.clone(), "/id", &ours.table),
        (format!("{table}/fields/{}", names.field), "/id", &ours.field),
        (format!("{table}/records"), "/records/0/id", &ours.record),
        ("/api/openapi/space".into(), "/id", &ours.space),
        ("/api/spaces".into(), "/spaces/0/id", &ours.space),
    ] {
        let answer = server.get(&path).token(&ours.secret).send();
        assert_eq!((answer.status, &answer.text(pointer)), (200, id), "{path}");
        assert!(!theirs.shows_in(&answer), "{answer:?}");
    }
    // A unique value that they have is free here.
    let made = server.post(&format!("{table}/records")).token(&theirs.secret);
    let made = made.json(json!({"values": {"title": "theirs alone", "isbn": "77"}})).send();
    assert_eq!(made.status, 201);
    let found = server.put(&format!("{table}/records?dryRun=true")).token(&ours.secret);
    let found =
        found.json(json!({"on": "isbn", "records": [{"values": {"isbn": "77", "title": "t"}}]})).send();
    assert_eq!(found.at("/createdCount"), 1, "{found:?}");
    let id = made.text("/data/id");
    assert_eq!(server.delete(&format!("{table}/records/{id}")).token(&theirs.secret).send().status, 204);
}

/// Their cursors are refused here as ones that nobody gave out.
fn cursors(stage: &mut Stage) {
    let server = stage.server.clone();
    let of = |world: &World| {
        let base = format!("/api/openapi/bases/{}", world.base);
        [
            ("/api/openapi/bases".to_owned(), "bases"),
            (format!("{base}/tables"), "tables"),
            (format!("{base}/tables/{}/fields", world.table), "fields"),
            (format!("{base}/tables/{}/records", world.table), "records"),
            (format!("/api/spaces/{}/tokens", world.space), "tokens"),
        ]
    };
    for world in [&stage.ours, &stage.theirs] {
        let path = format!("/api/openapi/bases/{}/tables/{}/records", world.base, world.table);
        let made =
            server.post(&path).token(&world.secret).json(json!({"values": {"title": "second"}})).send();
        assert_eq!(made.status, 201);
    }
    let lists: Vec<_> = of(&stage.ours).into_iter().zip(of(&stage.theirs)).collect();
    for ((path, _), (their_path, plural)) in lists {
        let page = server.get(&format!("{their_path}?limit=1")).token(&stage.theirs.secret).send();
        assert_eq!(page.status, 200, "{page:?}");
        assert!(page.at(&format!("/{plural}")).is_array());
        let cursor = page.text("/nextCursor");
        let (last, other) = cursor.split_at(cursor.len() - 1);
        let altered = format!("{last}{}", if other == "A" { "Q" } else { "A" });
        let answer = stage.same(&path, &cursor, &altered, |server, cursor| {
            request(server, "GET", &format!("{path}?limit=1&cursor={cursor}"), None)
        });
        assert_eq!(answer.code(), "invalid_cursor", "{answer:?}");
    }
    for world in [&stage.ours, &stage.theirs] {
        let path = format!("/api/openapi/bases/{}/tables/{}/records", world.base, world.table);
        let last = server.get(&format!("{path}?sort=-id")).token(&world.secret).send().text("/records/0/id");
        assert_eq!(server.delete(&format!("{path}/{last}")).token(&world.secret).send().status, 204);
    }
}

/// A key that they have used is a fresh one here, also with the same request.
fn idempotency_keys(stage: &mut Stage) {
    let server = stage.server.clone();
    let path =
        format!("/api/openapi/bases/{}/tables/{}/records", stage.ours.names.base, stage.ours.names.table);
    let send = |world: &World, key: &str, title: &str| {
        let request = server.post(&path).token(&world.secret).header("idempotency-key", key);
        request.json(json!({"values": {"title": title}})).send()
    };
    let remove = |world: &World, answer: &Answer| {
        let path = format!("{path}/{}", answer.text("/data/id"));
        assert_eq!(server.delete(&path).token(&world.secret).send().status, 204);
    };
    let key = format!("key-{}", stage.pairs);
    let first = send(&stage.theirs, &key, "theirs");
    let other = format!("{key}-2");
    remove(&stage.theirs, &send(&stage.theirs, &other, "theirs"));
    for (title, key) in [("theirs", &key), ("ours", &other)] {
        let mine = send(&stage.ours, key, title);
        assert_eq!((mine.status, mine.header("idempotency-replayed")), (201, None), "{mine:?}");
        assert_ne!(mine.text("/data/id"), first.text("/data/id"));
        remove(&stage.ours, &mine);
    }
    let again = send(&stage.theirs, &key, "theirs");
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.bytes, first.bytes);
    remove(&stage.theirs, &first);
}
