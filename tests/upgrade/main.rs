//! The bytes of everything that is stored, written down: a change of one of them is a change of the database's format,
//! which takes a new format number, the old shape in `store/upgrade.rs`, and new rows here beside the old ones.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the helpers of tests may end them too"
)]

mod format_1;
mod golden;
#[path = "../harness/mod.rs"]
mod harness;
mod own;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use format_1::*;
use golden::{Golden, hex};
use undb::access::{Operator, SpaceManage};
use undb::clock::Time;
use undb::codec::key::Key;
use undb::codec::value::decode;
use undb::error::Faults;
use undb::id::{
    BaseId, ChoiceId, DoomId, FieldId, Id, RecordId, SessionId, SpaceId, TableId, TokenId, UserId,
};
use undb::kv::memory::Memory;
use undb::kv::sled::{Options, Sled};
use undb::kv::{Engine, Keyspace, Outcome, Way};
use undb::model::base::Base;
use undb::model::change::{Actor, ChangePage, Happened, RecordChange, Stamp};
use undb::model::field::{Definition, Field, Options as FieldOptions};
use undb::model::instance::Instance;
use undb::model::json::{Json, Pointer};
use undb::model::membership::Membership;
use undb::model::name::Name;
use undb::model::record::{Draft, Record};
use undb::model::scope::{Scope, Scopes};
use undb::model::session::{Agent, Session};
use undb::model::space::Space;
use undb::model::table::{Head, Table};
use undb::model::token::{Narrowing, SecretHash, Token};
use undb::model::usage::Usage;
use undb::model::user::{Email, User};
use undb::service::{Core, CoreOptions};
use undb::store;
use undb::store::kept::{Answer, Kept};
use undb::store::schema::{FORMAT, META, RECORD as RECORD_SPACE};

/// 2026-11-24T09:30:00.123Z.
const AT: Time = Time::from_millis(1_795_512_600_123);
const LATER: Time = Time::from_millis(1_795_512_660_000);

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn token(old: bool) -> Token {
    Token {
        id: TokenId::from_bytes([7; 16]),
        name: name("Website"),
        hint: "undb_aB3…x9Yz".into(),
        hash: SecretHash([8; 32]),
        old: old.then_some((SecretHash([9; 32]), LATER)),
        scopes: [Scope::RecordsWrite, Scope::SpaceManage].into_iter().collect(),
        narrowing: Narrowing {
            bases: Some(vec![BaseId::from_bytes([2; 16])]),
            tables: old.then(|| vec![TableId::from_bytes([3; 16])]),
        },
        created_at: AT,
        created_by: Actor::User(UserId::from_bytes([5; 16])),
        expires_at: old.then_some(LATER),
        revoked_at: None,
    }
}

fn field() -> Field {
    Field {
        id: FieldId::from_bytes([4; 16]),
        number: 300,
        name: name("isbn"),
        description: Some("of the book".into()),
        of_type: "string".into(),
        options: vec![1, 2],
        required: true,
        unique: Some(2),
        default: Some(b"none".to_vec()),
    }
}

#[test]
fn people_and_spaces() {
    let mut golden = Golden::default();
    golden.value("Instance", &Instance { created_at: AT, key: [1; 32], demo: true }, INSTANCE);
    let email = Email::parse("ann@example.com").unwrap();
    let id = UserId::from_bytes([5; 16]);
    golden.value(
        "User",
        &User { id, email, password: "$argon2id$x".into(), owner: true, created_at: AT },
        USER,
    );
    let session = Session {
        id: SessionId::from_bytes([6; 16]),
        user: id,
        created_at: AT,
        last_used_at: AT,
        expires_at: LATER,
    };
    golden.same("Session", &session, SESSION);
    golden.same("Agent", &Agent::read("curl/8.5.0").unwrap(), AGENT);
    golden.same("Membership", &Membership { since: AT }, MEMBERSHIP);
    let space = Space {
        id: SpaceId::from_bytes([1; 16]),
        name: name("Main"),
        description: None,
        created_at: AT,
        updated_at: LATER,
        created_by: Actor::Operator,
        bases: vec![BaseId::from_bytes([2; 16])],
    };
    golden.same("Space", &space, SPACE);
    golden.same("Token", &token(false), TOKEN);
    golden.same("Token, rotated", &token(true), TOKEN_ROTATED);
    golden.same("Usage", &Usage { requests: 300, errors: 1 }, USAGE);
    golden.same("Scopes", &Scopes::all(), SCOPES);
    golden.same("Time", &AT, TIME);
    golden.same("Time before 1970", &Time::from_millis(-1), TIME_BEFORE);
    let answer =
        Answer { status: 201, headers: vec![("etag".into(), "\"1\"".into())], bytes: b"{}".to_vec() };
    golden.same("Kept", &Kept { fingerprint: [3; 32], expires_at: LATER, answer }, KEPT);
    golden.check();
}

#[test]
fn schema_and_changes() {
    let mut golden = Golden::default();
    let (base, table) = (BaseId::from_bytes([2; 16]), TableId::from_bytes([3; 16]));
    let row = Base {
        id: base,
        name: name("Shop"),
        description: Some("d".into()),
        created_at: AT,
        updated_at: LATER,
        tables: vec![table],
    };
    golden.same("Base", &row, BASE);
    golden.same("Field", &field(), FIELD);
    let row = Table {
        id: table,
        base,
        name: name("books"),
        description: None,
        created_at: AT,
        updated_at: AT,
        next_number: 301,
        fields: vec![Field { unique: None, default: None, description: None, ..field() }],
    };
    golden.same("Table", &row, TABLE);
    golden.same("Head", &Head { records: 70_000, change: 251, sequence: 3 }, HEAD);
    let changes = [Happened::Made, Happened::Changed, Happened::Deleted].map(|happened| RecordChange {
        record: RecordId::from_bytes([9; 16]),
        happened,
        version: 2,
        fields: vec![1, 300],
    });
    let stamp = Stamp { at: AT, by: Actor::Token(TokenId::from_bytes([7; 16])) };
    golden.same("ChangePage", &ChangePage { stamp, request: "r1".into(), records: changes.to_vec() }, CHANGE);
    golden.check();
}

/// A select stores its choices as its options, and in a value their ids.
#[test]
fn choices() {
    let mut golden = Golden::default();
    let drawn = std::cell::Cell::new(0);
    let draw = || {
        drawn.set(drawn.get() + 1);
        ChoiceId::from_bytes([drawn.get(); 16])
    };
    let mut faults = Faults::default();
    let body = br#"{"multiple": true, "choices": [{"name": "new", "color": "red"}, {"name": "old"}]}"#;
    let input =
        FieldOptions { json: Some(Json::read(body).unwrap()), at: &Pointer::Root, held: None, draw: &draw };
    let select = (Definition::named("select").unwrap().create)(&input, &mut faults).unwrap();
    golden.bytes("options of a select", &select.stored(), CHOICES);
    let chosen =
        select.parse(Json::read(br#"["old", "new"]"#).unwrap(), &Pointer::Root, &mut faults).unwrap();
    golden.bytes("value of a select", &chosen.to_bytes(), CHOSEN);
    assert!(faults.is_empty());
    golden.check();
}

/// As `TOKEN_HASH` holds it.
type HashRow = (SpaceId, TokenId, Option<Time>);

/// Rows whose types are the store's own.
#[test]
fn rows_of_the_store() {
    let mut golden = Golden::default();
    let engine: Arc<dyn Engine> = Arc::new(Memory::new());
    let place = *Operator::assume().space::<SpaceManage>(SpaceId::from_bytes([1; 16])).place();
    let body = move |txn: &mut dyn undb::kv::Write| {
        let prefix = place.key(RECORD_SPACE, |key| key.id(TableId::from_bytes([3; 16])));
        store::sweep::doom(txn, DoomId::from_bytes([4; 16]), [prefix]).unwrap();
        store::token::token_put(txn, place, &token(true), None).unwrap();
        Outcome::Keep
    };
    engine.write(b"", Box::new(body)).wait().unwrap();
    let get = |of, key: &[u8]| engine.get(&[(of, key)]).unwrap().remove(0).unwrap();
    golden.bytes("Doomed", &get(store::schema::DOOMED, &[4; 16]), format_1::DOOMED);
    for (hash, until) in [([8; 32], None), ([9; 32], Some(LATER))] {
        let row: HashRow = decode(&get(store::schema::TOKEN_HASH, &hash)).unwrap();
        assert_eq!(row, (SpaceId::from_bytes([1; 16]), TokenId::from_bytes([7; 16]), until));
    }
    golden.check();
}

#[test]
fn records() {
    let mut golden = Golden::default();
    let made = Stamp { at: AT, by: Actor::Token(TokenId::from_bytes([7; 16])) };
    let mut draft = Draft {
        id: RecordId::from_bytes([9; 16]),
        version: 1,
        sequence: 200,
        created: made,
        updated: made,
        fields: BTreeMap::from([
            (1, b"Dune".to_vec()),
            (2, 412.0_f64.to_be_bytes().to_vec()),
            (300, vec![1]),
        ]),
    };
    golden.bytes("Record", &draft.encode(), RECORD);
    draft.version = 2;
    draft.updated = Stamp { at: LATER, by: Actor::Operator };
    golden.bytes("Record, changed", &draft.encode(), RECORD_CHANGED);
    golden.check();
    let record = Record::decode(draft.id, draft.encode().into()).unwrap();
    assert_eq!(record.to_draft(), draft);
}

#[test]
fn keys() {
    let mut golden = Golden::default();
    let id = RecordId::from_bytes([9; 16]);
    for (what, key, expected) in [
        ("id", Key::new().id(id), "09090909090909090909090909090909"),
        ("u8", Key::new().u8(7), "07"),
        ("u16", Key::new().u16(300), "012c"),
        ("u64", Key::new().u64(251), "00000000000000fb"),
        ("i64", Key::new().i64(-1), "7fffffffffffffff"),
        ("i64 of a time", Key::new().i64(AT.millis()), KEY_TIME),
        ("f64", Key::new().f64(412.0), "c079c00000000000"),
        ("f64 below zero", Key::new().f64(-1.5), "4007ffffffffffff"),
        ("text", Key::new().text("a\0b"), "6100ff620000"),
        ("last", Key::new().last(b"ann"), "00616e6e"),
        ("last of a long one", Key::new().last(&[b'x'; 65]), KEY_LONG),
        ("name", name("Été").end_key(Key::new()), "00c3a974c3a9"),
    ] {
        golden.bytes(what, key.as_bytes(), expected);
    }
    golden.check();
}

/// Every field type stores its values and options as it always did: a table of all types and one record, through the
/// server, as the engine holds them.
#[test]
fn values_of_every_type() {
    let engine: Arc<dyn Engine> = Arc::new(Memory::new());
    let clock = undb::clock::Clock::manual(AT);
    let setup = harness::Setup { engine: Some(engine.clone()), clock, ..harness::Setup::default() };
    let shop = harness::Shop::with(setup);
    let fields = ["string", "longText", "number", "checkbox", "date", "dateTime", "email", "url", "json"];
    let fields = fields.map(|of| serde_json::json!({"name": of, "type": of}));
    let table = shop.server.post(&format!("/api/openapi/bases/{}/tables", shop.base)).token(&shop.token);
    let table = table.json(serde_json::json!({"name": "all", "fields": fields})).send();
    assert_eq!(table.status, 201, "{table:?}");
    let values = serde_json::json!({
        "string": "é", "longText": "a\nb", "number": -1.5, "checkbox": true, "date": "2026-11-24",
        "dateTime": "2026-11-24T09:30:00.123Z", "email": "Ann@example.com", "url": "https://example.com/a",
        "json": {"b": [1, null], "a": "x"}
    });
    let path = format!("/api/openapi/bases/{}/tables/{}/records", shop.base, table.text("/id"));
    let made = shop.server.post(&path).token(&shop.token).json(serde_json::json!({"values": values})).send();
    assert_eq!(made.status, 201, "{made:?}");
    let mut found = Vec::new();
    let read = engine.read().unwrap();
    let (of, end) = (RECORD_SPACE, [0xff_u8; 64]);
    read.scan(of, &[][..]..&end[..], Way::Up, &mut |key, bytes| {
        let id = RecordId::from_bytes(key[key.len() - 16..].try_into().unwrap());
        let record = Record::decode(id, bytes.to_vec().into()).unwrap();
        found = record.fields().map(|(number, bytes)| format!("{number} {}", hex(bytes))).collect();
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(found, VALUES, "stored values have changed, and with them the format of the database");
}

/// A database of a later release is refused, and nothing in its directory changes.
#[test]
fn a_newer_format_is_refused_and_left_untouched() {
    let directory = tempfile::TempDir::new().unwrap();
    let data = directory.path().join("data").join("sled");
    std::fs::create_dir_all(data.parent().unwrap()).unwrap();
    let open = || Arc::new(Sled::open(&data, Options::default()).unwrap());
    drop(Core::open(open(), CoreOptions::default()).unwrap());
    let newer = (FORMAT + 1).to_be_bytes();
    let receipt = open().write(
        b"",
        Box::new(move |txn| {
            txn.put(META, b"format", &newer);
            Outcome::Keep
        }),
    );
    receipt.wait().unwrap();
    let before = contents(&data);
    let refused = Core::open(open(), CoreOptions::default()).err().unwrap();
    assert!(
        refused.detail.contains("format 2") && refused.detail.contains("left untouched"),
        "{}",
        refused.detail
    );
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_undb"));
    let program =
        program.current_dir(directory.path()).args(["--data-dir", "data", "--listen", "127.0.0.1:0"]);
    let output = program.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && told.contains("format 2"), "{told}");
    assert!(before == contents(&data), "the database has changed");
}

/// Everything in a database. Sled keeps books of its own in its files, which change whenever it is opened.
fn contents(data: &std::path::Path) -> BTreeMap<(u8, Vec<u8>), Vec<u8>> {
    let engine = Sled::open(data, Options::default()).unwrap();
    let read = engine.read().unwrap();
    let mut found = BTreeMap::new();
    for of in 0..u8::MAX {
        let end = [0xff; 64];
        read.scan(Keyspace(of), &[][..]..&end[..], Way::Up, &mut |key, bytes| {
            found.insert((of, key.to_vec()), bytes.to_vec());
            ControlFlow::Continue(())
        })
        .unwrap();
    }
    assert!(found.len() >= 3, "format, instance and mark");
    found
}
