//! What a table of records is, in a few lines, to hold the server against.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

pub type Values = Map<String, Value>;

/// The fields that such a table has.
pub fn fields() -> Value {
    json!([
        {"name": "name", "type": "string", "required": true},
        {"name": "code", "type": "string", "unique": true},
        {"name": "rank", "type": "number", "unique": true},
        {"name": "label", "type": "string", "default": "x"},
        {"name": "count", "type": "autoIncrement"}
    ])
}

#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub version: u64,
    pub values: Values,
}

/// What the table should hold.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub rows: BTreeMap<String, Row>,
    sequence: u64,
}

/// What a value is kept as.
fn kept(value: &Value) -> Value {
    if value == "" { Value::Null } else { value.clone() }
}

/// Whether values fit, but for those that a new record lacks.
pub fn fit(values: &Values) -> bool {
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

    pub fn create(&mut self, items: &[(Option<String>, Values)]) -> Result<Vec<String>, u16> {
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

    pub fn update(&mut self, items: &[(String, Values)], tag: Option<u64>) -> Result<(), u16> {
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

    pub fn delete(&mut self, ids: &[String], tag: Option<u64>) -> Result<(), u16> {
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

    pub fn upsert(&mut self, on: &str, items: &[(Option<String>, Values)]) -> Result<Vec<String>, u16> {
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
                self.make(&id, values);
            } else {
                self.change(&id, values);
            }
            ids.push(id);
        }
        if self.is_unique() { Ok(ids) } else { Err(409) }
    }

    pub fn duplicate(&mut self, id: &str) -> Result<Vec<String>, u16> {
        let mut values = self.rows.get(id).ok_or(404_u16)?.values.clone();
        ["code", "rank", "count"].iter().for_each(|name| drop(values.shift_remove(*name)));
        self.make("~0", &values);
        Ok(vec!["~0".to_owned()])
    }
}
