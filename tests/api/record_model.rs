//! Random calls on the records of a table against a model of it in a few lines: after each of them, the table holds what
//! the model holds, and a call that was refused has changed nothing.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use undb::kv::memory::Memory;

use crate::ask::{Ask, with_body};
use crate::harness::{Answer, Setup, Shop};
use crate::model::{Model, Row, Values, fields, fit};

/// A record of a call: an id by its place among those that were ever known, and values.
#[derive(Clone, Debug)]
struct Item {
    id: Option<usize>,
    values: Values,
}

#[derive(Clone, Debug)]
enum Call {
    Create(Item),
    /// With `If-Match` of this version, if there is one.
    Update(usize, Values, Option<u64>),
    Delete(usize, Option<u64>),
    Duplicate(usize),
    CreateBulk(Vec<Item>, bool),
    UpdateBulk(Vec<(usize, Values)>, bool),
    DeleteBulk(Vec<usize>, bool),
    Upsert(&'static str, Vec<Item>, bool),
}

/// A small world, so that values meet often; few of them are never taken.
fn values() -> impl Strategy<Value = Values> {
    let of = |many: Vec<Value>, few: Vec<Value>| {
        let value = prop_oneof![
            19 => proptest::sample::select(many),
            1 => proptest::sample::select(few),
        ];
        proptest::option::weighted(0.6, value)
    };
    let code = of((0..8).map(|n| json!(n.to_string())).collect(), vec![Value::Null]);
    let rank = of(
        (0..8).map(|n| json!(n)).chain([json!(0.5), json!(-1.5)]).collect(),
        vec![Value::Null, json!("three")],
    );
    let label = of(vec![json!("x"), json!("y")], vec![json!(""), Value::Null]);
    let name = of(vec![json!("a"), json!("b")], vec![json!("")]);
    (prop_oneof![1 => name, 3 => Just(Some(json!("n")))], code, rank, label).prop_map(
        |(name, code, rank, label)| {
            let named = [("name", name), ("code", code), ("rank", rank), ("label", label)];
            named.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
        },
    )
}

fn item(sent: f64) -> impl Strategy<Value = Item> {
    (proptest::option::weighted(sent, 0..12_usize), values()).prop_map(|(id, values)| Item { id, values })
}

fn call() -> impl Strategy<Value = Call> {
    let tag = || proptest::option::weighted(0.4, 1..3_u64);
    let dry = || proptest::bool::weighted(0.2);
    let some = 1..5_usize;
    prop_oneof![
        3 => item(0.3).prop_map(Call::Create),
        3 => (0..12_usize, values(), tag()).prop_map(|(id, values, tag)| Call::Update(id, values, tag)),
        2 => (0..12_usize, tag()).prop_map(|(id, tag)| Call::Delete(id, tag)),
        1 => (0..12_usize).prop_map(Call::Duplicate),
        2 => (proptest::collection::vec(item(0.2), some.clone()), dry())
            .prop_map(|(items, dry)| Call::CreateBulk(items, dry)),
        3 => (proptest::collection::vec((0..12_usize, values()), some.clone()), dry())
            .prop_map(|(items, dry)| Call::UpdateBulk(items, dry)),
        1 => (proptest::collection::vec(0..12_usize, some.clone()), dry())
            .prop_map(|(ids, dry)| Call::DeleteBulk(ids, dry)),
        2 => (proptest::sample::select(vec!["code", "rank"]), proptest::collection::vec(item(0.02), some.clone()), dry())
            .prop_map(|(on, items, dry)| Call::Upsert(on, items, dry)),
        2 => (proptest::collection::vec(item(0.98), some), dry())
            .prop_map(|(items, dry)| Call::Upsert("id", items, dry)),
    ]
}

impl Call {
    fn dry_run(&self) -> bool {
        match self {
            Call::CreateBulk(_, dry)
            | Call::UpdateBulk(_, dry)
            | Call::DeleteBulk(_, dry)
            | Call::Upsert(_, _, dry) => *dry,
            _ => false,
        }
    }
}

/// The model as it is after a call, and the ids that the call answers; or the status that refuses it.
type Wanted = Result<(Model, Vec<String>), u16>;

/// Records as a body has them.
fn written(items: &[(Option<String>, Values)]) -> Vec<Value> {
    let item = |(id, values): &(Option<String>, Values)| match id {
        Some(id) => json!({"id": id, "values": values}),
        None => json!({"values": values}),
    };
    items.iter().map(item).collect()
}

/// A table, its model, and the ids that were ever known in it.
struct Stage<'a> {
    shop: &'a Shop,
    table: String,
    model: Model,
    ids: Vec<String>,
    /// How often which status was answered.
    seen: &'a RefCell<BTreeMap<u16, usize>>,
}

impl Stage<'_> {
    /// Mostly the id of a record that is there.
    fn id(&self, n: usize) -> String {
        match self.model.rows.keys().nth(n) {
            Some(id) if n < 9 => id.clone(),
            _ => self.ids[n % self.ids.len()].clone(),
        }
    }

    fn items(&self, items: &[Item]) -> Vec<(Option<String>, Values)> {
        items.iter().map(|item| (item.id.map(|n| self.id(n)), item.values.clone())).collect()
    }

    /// Makes a call, and says what it ought to do.
    fn run(&self, call: &Call) -> (Answer, Wanted) {
        let mut model = self.model.clone();
        let (method, tail, body, ids) = self.planned(call, &mut model);
        let query = if call.dry_run() { "?dryRun=true" } else { "" };
        let path = format!("{}{tail}{query}", self.table);
        let mut request = self.shop.server.request(method, &path).token(&self.shop.token);
        if let Call::Update(n, _, Some(version)) | Call::Delete(n, Some(version)) = call {
            // Whatever the schema was: it does not count here.
            let row = self.model.rows.get(&self.id(*n));
            let sequence = row.map_or(1, |row| row.values["count"].as_u64().unwrap());
            request = request.header("if-match", &format!("\"{sequence}-{version}-{}\"", "0".repeat(16)));
        }
        (with_body(request, body).send(), ids.map(|ids| (model, ids)))
    }

    /// Method, tail of the path and body of a call, and the ids that it names in its answer, or the status that refuses it.
    fn planned(
        &self,
        call: &Call,
        model: &mut Model,
    ) -> (&'static str, String, Value, Result<Vec<String>, u16>) {
        let none = |()| Vec::new();
        let all = || "/records".to_owned();
        match call {
            Call::Create(item) => {
                let items = self.items(std::slice::from_ref(item));
                ("POST", all(), written(&items)[0].clone(), model.create(&items))
            }
            Call::Update(n, values, tag) => {
                let id = self.id(*n);
                let wanted = model.update(&[(id.clone(), values.clone())], *tag).map(none);
                ("PATCH", format!("/records/{id}"), json!({"values": values}), wanted)
            }
            Call::Delete(n, tag) => {
                let id = self.id(*n);
                let wanted = model.delete(std::slice::from_ref(&id), *tag).map(none);
                ("DELETE", format!("/records/{id}"), Value::Null, wanted)
            }
            Call::Duplicate(n) => {
                let id = self.id(*n);
                ("POST", format!("/records/{id}/duplicate"), Value::Null, model.duplicate(&id))
            }
            Call::CreateBulk(items, _) => {
                let items = self.items(items);
                let body = json!({"records": written(&items)});
                ("POST", all() + "/bulk", body, model.create(&items))
            }
            Call::UpdateBulk(items, _) => {
                let items: Vec<_> = items.iter().map(|(n, values)| (self.id(*n), values.clone())).collect();
                let body: Vec<_> =
                    items.iter().map(|(id, values)| json!({"id": id, "values": values})).collect();
                // In a list, values are judged before the ids are looked for.
                let fits = items.iter().all(|(_, values)| fit(values));
                let wanted = if fits { model.update(&items, None).map(none) } else { Err(422) };
                ("PATCH", all(), json!({"records": body}), wanted)
            }
            Call::DeleteBulk(ids, _) => {
                let ids: Vec<_> = ids.iter().map(|n| self.id(*n)).collect();
                ("DELETE", all(), json!({"ids": ids}), model.delete(&ids, None).map(none))
            }
            Call::Upsert(on, items, _) => {
                let items = self.items(items);
                let body = json!({"on": on, "records": written(&items)});
                ("PUT", all(), body, model.upsert(on, &items))
            }
        }
    }

    fn check(&mut self, call: &Call) {
        let (answer, wanted) = self.run(call);
        let dry_run = call.dry_run();
        *self.seen.borrow_mut().entry(answer.status).or_default() += 1;
        match wanted {
            Err(status) => {
                assert_eq!(answer.status, status, "{call:?}: {answer:?}");
                assert!(!answer.code().is_empty());
            }
            Ok((model, ids)) => {
                assert!(answer.status < 300, "{call:?}: {answer:?}");
                self.counted(&answer, &model, dry_run);
                if !dry_run {
                    self.adopt(&answer, model, &ids);
                }
            }
        }
        let listed = self.shop.got(&format!("{}/records?limit=1000", self.table));
        assert_eq!(listed.at("/total"), self.model.rows.len(), "{call:?}");
        let records = listed.at("/records");
        let found = records.as_array().unwrap().iter().map(|record| {
            let (id, version) = (record["id"].as_str().unwrap(), record["version"].as_u64().unwrap());
            (id.to_owned(), Row { version, values: record["values"].as_object().unwrap().clone() })
        });
        let found: Vec<_> = found.collect();
        assert!(found.is_sorted_by(|a, b| a.0 < b.0), "in the order of ids");
        assert_eq!(found.into_iter().collect::<BTreeMap<_, _>>(), self.model.rows, "{call:?}");
    }

    /// The counts of an answer that has some.
    fn counted(&self, answer: &Answer, after: &Model, dry_run: bool) {
        let body = if answer.bytes.is_empty() { Value::Null } else { answer.json() };
        let before = &self.model.rows;
        let made = after.rows.keys().filter(|id| !before.contains_key(*id)).count();
        let gone = before.keys().filter(|id| !after.rows.contains_key(*id)).count();
        let changed =
            before.iter().filter(|(id, row)| after.rows.get(*id).is_some_and(|now| now != *row)).count();
        for (name, count) in [("createdCount", made), ("modifiedCount", changed), ("deletedCount", gone)] {
            assert!(body.get(name).is_none_or(|found| *found == count), "{name} {count}: {body}");
        }
        if dry_run {
            assert_eq!((answer.status, &body["dryRun"]), (200, &json!(true)), "{body}");
            assert_eq!(body["changes"].as_array().unwrap().len(), made + changed + gone, "{body}");
        }
    }

    /// Goes on with another model, in which records that the server drew an id for get it.
    fn adopt(&mut self, answer: &Answer, mut model: Model, ids: &[String]) {
        for (n, id) in ids.iter().enumerate() {
            let listed = answer.json().pointer(&format!("/ids/{n}")).cloned();
            let found = listed.unwrap_or_else(|| answer.at("/data/id")).as_str().unwrap().to_owned();
            if id.starts_with('~') {
                let row = model.rows.remove(id).unwrap();
                model.rows.insert(found.clone(), row);
                self.ids.push(found);
            } else {
                assert_eq!(found, *id, "ids in the order sent");
            }
        }
        self.model = model;
    }
}

#[test]
fn a_table_is_what_its_calls_made_of_it() {
    let long = std::env::var("UNDB_LONG").is_ok_and(|long| long == "1");
    let shop = Shop::with(Setup { engine: Some(Arc::new(Memory::new())), ..Setup::default() });
    let config =
        Config { cases: if long { 1000 } else { 30 }, failure_persistence: None, ..Config::default() };
    let number = Cell::new(0);
    let seen = RefCell::default();
    let run = TestRunner::new(config).run(&proptest::collection::vec(call(), 1..30), |calls| {
        number.set(number.get() + 1);
        let table = shop.table(&format!("ledger {}", number.get()), fields());
        let ids = (1..5).map(|n| format!("rec01jd{n:0>22}")).collect();
        let mut stage = Stage { shop: &shop, table, model: Model::default(), ids, seen: &seen };
        calls.iter().for_each(|call| stage.check(call));
        assert_eq!(shop.ask("DELETE", &stage.table, Value::Null).status, 204);
        Ok(())
    });
    run.unwrap();
    println!("{:?}", seen.borrow());
    for status in [200, 201, 204, 404, 409, 412, 422] {
        assert!(seen.borrow().contains_key(&status), "{status} was never answered: {:?}", seen.borrow());
    }
}
