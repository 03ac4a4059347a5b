//! Random calls on the records of a table against a model of it in a few lines: after each of them, the table holds what
//! the model holds, and a call that was refused has changed nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};
use undb::kv::memory::Memory;

use crate::ask::{Ask, with_body};
use crate::harness::{Answer, Setup, Shop};

type Values = Map<String, Value>;

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

/// A small world, so that values and ids meet often; one value in it is never taken.
fn values() -> impl Strategy<Value = Values> {
    let of = |values: Vec<Value>| proptest::option::of(proptest::sample::select(values));
    let name = of(vec![json!("a"), json!("b"), json!("a"), json!("c"), json!("d"), json!("")]);
    let code = of(vec![json!("0"), json!("1"), json!("2"), json!("3"), json!("4"), Value::Null]);
    let rank =
        of(vec![json!(0), json!(1), json!(1.5), json!(2), json!(3), json!(4), Value::Null, json!("three")]);
    let label = of(vec![json!("x"), json!("y"), json!(""), Value::Null]);
    (prop_oneof![3 => name.clone(), 2 => Just(Some(json!("n")))], code, rank, label).prop_map(
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
    let tag = || proptest::option::weighted(0.3, 1..4_u64);
    let dry = || proptest::bool::weighted(0.2);
    let some = 1..5_usize;
    prop_oneof![
        3 => item(0.3).prop_map(Call::Create),
        3 => (0..12_usize, values(), tag()).prop_map(|(id, values, tag)| Call::Update(id, values, tag)),
        1 => (0..12_usize, tag()).prop_map(|(id, tag)| Call::Delete(id, tag)),
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

#[derive(Clone, Debug, PartialEq)]
struct Row {
    version: u64,
    values: Values,
}

/// What the table should hold.
#[derive(Clone, Debug, Default)]
struct Model {
    rows: BTreeMap<String, Row>,
    sequence: u64,
}

/// What a value is kept as.
fn kept(value: &Value) -> Value {
    if value == "" { Value::Null } else { value.clone() }
}

/// Whether values fit, but for those that a new record lacks.
fn fit(values: &Values) -> bool {
    values.get("name").is_none_or(|name| name != "")
        && values.get("rank").is_none_or(|rank| !rank.is_string())
}

fn all_differ<T: Ord>(items: impl IntoIterator<Item = T>) -> bool {
    let mut seen = BTreeSet::new();
    items.into_iter().all(|item| seen.insert(item))
}

impl Model {
    fn make(&mut self, id: &str, values: &Values) {
        self.sequence += 1;
        let mut row: Values =
            json!({"name": null, "code": null, "rank": null, "label": "x"}).as_object().unwrap().clone();
        row.insert("count".into(), self.sequence.into());
        row.extend(values.iter().map(|(name, value)| (name.clone(), kept(value))));
        self.rows.insert(id.to_owned(), Row { version: 1, values: row });
    }

    fn change(&mut self, id: &str, values: &Values) {
        let row = self.rows.get_mut(id).unwrap();
        let before = row.values.clone();
        row.values.extend(values.iter().map(|(name, value)| (name.clone(), kept(value))));
        row.version += u64::from(row.values != before);
    }

    fn is_unique(&self) -> bool {
        ["code", "rank"].iter().all(|field| {
            let values = self.rows.values().map(|row| &row.values[*field]).filter(|value| !value.is_null());
            all_differ(values.map(ToString::to_string))
        })
    }

    /// The record that has a value.
    fn holder(&self, field: &str, value: &Value) -> Option<String> {
        let found = self.rows.iter().find(|(_, row)| row.values[field] == *value);
        found.map(|(id, _)| id.clone())
    }

    fn create(&mut self, items: &[(Option<String>, Values)]) -> Result<Vec<String>, u16> {
        if !items.iter().all(|(_, values)| fit(values) && values.contains_key("name")) {
            return Err(422);
        }
        let mut ids = Vec::new();
        for (n, (id, values)) in items.iter().enumerate() {
            let id = id.clone().unwrap_or_else(|| format!("~{n}"));
            if self.rows.contains_key(&id) {
                return Err(409);
            }
            self.make(&id, values);
            ids.push(id);
        }
        if self.is_unique() { Ok(ids) } else { Err(409) }
    }

    fn update(&mut self, items: &[(String, Values)], tag: Option<u64>) -> Result<(), u16> {
        let there = items.iter().all(|(id, _)| self.rows.contains_key(id));
        if let ([_], false) = (items, there) {
            return Err(404);
        }
        if !items.iter().all(|(_, values)| fit(values)) || !all_differ(items.iter().map(|(id, _)| id)) {
            return Err(422);
        }
        if !there {
            return Err(404);
        }
        if tag.is_some_and(|tag| items.iter().any(|(id, _)| self.rows[id].version != tag)) {
            return Err(412);
        }
        items.iter().for_each(|(id, values)| self.change(id, values));
        if self.is_unique() { Ok(()) } else { Err(409) }
    }

    fn delete(&mut self, ids: &[String], tag: Option<u64>) -> Result<(), u16> {
        if !all_differ(ids) {
            return Err(422);
        }
        for id in ids {
            let row = self.rows.remove(id).ok_or(404_u16)?;
            if tag.is_some_and(|tag| row.version != tag) {
                return Err(412);
            }
        }
        Ok(())
    }

    fn upsert(&mut self, on: &str, items: &[(Option<String>, Values)]) -> Result<Vec<String>, u16> {
        let known = |(id, values): &(Option<String>, Values)| match on {
            "id" => id.clone(),
            _ if id.is_some() => None,
            _ => values.get(on).map(kept).filter(|value| !value.is_null()).map(|value| value.to_string()),
        };
        let by: Option<Vec<String>> = items.iter().map(known).collect();
        if !items.iter().all(|(_, values)| fit(values)) || !by.is_some_and(all_differ) {
            return Err(422);
        }
        let found = items.iter().map(|(id, values)| match on {
            "id" => id.clone().filter(|id| self.rows.contains_key(id)),
            _ => self.holder(on, &values[on]),
        });
        let found: Vec<Option<String>> = found.collect();
        let mut ids = Vec::new();
        for (n, ((id, values), found)) in items.iter().zip(found).enumerate() {
            let is_new = found.is_none();
            if is_new && !values.contains_key("name") {
                return Err(422);
            }
            let id = found.or_else(|| id.clone()).unwrap_or_else(|| format!("~{n}"));
            if is_new {
                self.make(&id, values)
            } else {
                self.change(&id, values)
            }
            ids.push(id);
        }
        if self.is_unique() { Ok(ids) } else { Err(409) }
    }

    fn duplicate(&mut self, id: &str) -> Result<Vec<String>, u16> {
        let mut values = self.rows.get(id).ok_or(404_u16)?.values.clone();
        ["code", "rank", "count"].iter().for_each(|name| drop(values.shift_remove(*name)));
        self.make("~0", &values);
        Ok(vec!["~0".to_owned()])
    }
}

/// A table, its model, and the ids that were ever known in it.
struct Stage<'a> {
    shop: &'a Shop,
    table: String,
    model: Model,
    ids: Vec<String>,
}

impl Stage<'_> {
    fn id(&self, n: usize) -> String {
        self.ids[n % self.ids.len()].clone()
    }

    fn items(&self, items: &[Item]) -> Vec<(Option<String>, Values)> {
        items.iter().map(|item| (item.id.map(|n| self.id(n)), item.values.clone())).collect()
    }

    /// Makes a call, and says what it ought to do: to the model as it would be then, or a refusal.
    fn run(&self, call: &Call) -> (Answer, bool, Result<(Model, Vec<String>), u16>) {
        let mut model = self.model.clone();
        let records = |items: &[(Option<String>, Values)]| -> Vec<Value> {
            let item = |(id, values): &(Option<String>, Values)| match id {
                Some(id) => json!({"id": id, "values": values}),
                None => json!({"values": values}),
            };
            items.iter().map(item).collect()
        };
        let mut dry_run = false;
        let mut tagged = None;
        let (method, tail, body, wanted) = match call {
            Call::Create(item) => {
                let items = self.items(std::slice::from_ref(item));
                ("POST", "/records".to_owned(), records(&items)[0].clone(), model.create(&items))
            }
            Call::Update(n, values, tag) => {
                let id = self.id(*n);
                tagged = *tag;
                let wanted = model.update(&[(id.clone(), values.clone())], *tag).map(|()| Vec::new());
                ("PATCH", format!("/records/{id}"), json!({"values": values}), wanted)
            }
            Call::Delete(n, tag) => {
                let id = self.id(*n);
                tagged = *tag;
                let wanted = model.delete(std::slice::from_ref(&id), *tag).map(|()| Vec::new());
                ("DELETE", format!("/records/{id}"), Value::Null, wanted)
            }
            Call::Duplicate(n) => {
                let id = self.id(*n);
                ("POST", format!("/records/{id}/duplicate"), Value::Null, model.duplicate(&id))
            }
            Call::CreateBulk(items, dry) => {
                dry_run = *dry;
                let items = self.items(items);
                (
                    "POST",
                    "/records/bulk".to_owned(),
                    json!({"records": records(&items)}),
                    model.create(&items),
                )
            }
            Call::UpdateBulk(items, dry) => {
                dry_run = *dry;
                let items: Vec<_> = items.iter().map(|(n, values)| (self.id(*n), values.clone())).collect();
                let body: Vec<_> =
                    items.iter().map(|(id, values)| json!({"id": id, "values": values})).collect();
                // In a list, values are judged before the ids are looked for.
                let fits = items.iter().all(|(_, values)| fit(values));
                let wanted = if fits { model.update(&items, None).map(|()| Vec::new()) } else { Err(422) };
                ("PATCH", "/records".to_owned(), json!({"records": body}), wanted)
            }
            Call::DeleteBulk(ids, dry) => {
                dry_run = *dry;
                let ids: Vec<_> = ids.iter().map(|n| self.id(*n)).collect();
                (
                    "DELETE",
                    "/records".to_owned(),
                    json!({"ids": ids}),
                    model.delete(&ids, None).map(|()| Vec::new()),
                )
            }
            Call::Upsert(on, items, dry) => {
                dry_run = *dry;
                let items = self.items(items);
                let body = json!({"on": on, "records": records(&items)});
                ("PUT", "/records".to_owned(), body, model.upsert(on, &items))
            }
        };
        let query = if dry_run { "?dryRun=true" } else { "" };
        let path = format!("{}{tail}{query}", self.table);
        let mut request = self.shop.server.request(method, &path).token(&self.shop.token);
        if let Some(tag) = tagged {
            request = request.header("if-match", &format!("\"{tag}\""));
        }
        (with_body(request, body).send(), dry_run, wanted.map(|ids| (model, ids)))
    }

    fn check(&mut self, call: &Call) {
        let (answer, dry_run, wanted) = self.run(call);
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
            match id.starts_with('~') {
                true => {
                    let row = model.rows.remove(id).unwrap();
                    model.rows.insert(found.clone(), row);
                    self.ids.push(found);
                }
                false => assert_eq!(found, *id, "ids in the order sent"),
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
    let number = std::cell::Cell::new(0);
    let run = TestRunner::new(config).run(&proptest::collection::vec(call(), 1..30), |calls| {
        number.set(number.get() + 1);
        let table = shop.table(
            &format!("ledger {}", number.get()),
            json!([
                {"name": "name", "type": "string", "required": true},
                {"name": "code", "type": "string", "unique": true},
                {"name": "rank", "type": "number", "unique": true},
                {"name": "label", "type": "string", "default": "x"},
                {"name": "count", "type": "autoIncrement"}
            ]),
        );
        let ids = (1..5).map(|n| format!("rec01jd{n:0>22}")).collect();
        let mut stage = Stage { shop: &shop, table, model: Model::default(), ids };
        calls.iter().for_each(|call| stage.check(call));
        assert_eq!(shop.ask("DELETE", &stage.table, Value::Null).status, 204);
        Ok(())
    });
    run.unwrap();
}
