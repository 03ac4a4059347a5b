//! Changes of all kinds between questions: what is held is brought up to date from the log, or built anew, and answers as
//! if it had just been built.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Value as Json, json};
use undb::id::{Id, RecordId};
use undb::model::field::Definition;
use undb::service::field::FieldPatch;

use crate::same::{filled, questions};
use crate::world::{World, id_of, owned, runtime};
use crate::{few_or_many, figures, fill};

/// A table that is changed, with its fields as they are now.
struct Changing {
    world: World,
    fields: Json,
    ids: Vec<RecordId>,
    gone: Vec<RecordId>,
    made: usize,
    rng: StdRng,
}

impl Changing {
    fn values(&mut self) -> Json {
        self.made += 1;
        fill::values(&self.fields, self.made, 0.3, &mut self.rng)
    }

    fn some(&mut self) -> Option<RecordId> {
        self.ids.choose(&mut self.rng).copied()
    }

    fn several(&mut self, most: usize) -> Vec<RecordId> {
        let many = self.rng.random_range(1..=most);
        self.ids.sample(&mut self.rng, many).copied().collect()
    }

    /// An id between two others.
    fn between(&mut self) -> RecordId {
        let near = self.some().map_or(1 << 100, |id| u128::from_be_bytes(id.to_bytes()));
        id_of(near.wrapping_add(self.rng.random_range(1..1 << 20)))
    }

    fn field(&mut self) -> Json {
        let all = self.fields.as_array().unwrap();
        all.choose(&mut self.rng).unwrap().clone()
    }

    /// A patch of one field or of a few.
    fn patch(&mut self) -> Json {
        let all = self.values();
        let mut some: Vec<_> = all.as_object().unwrap().clone().into_iter().collect();
        let keep = self.rng.random_range(1..=some.len().min(3));
        while some.len() > keep {
            some.remove(self.rng.random_range(0..some.len()));
        }
        Json::Object(some.into_iter().collect())
    }

    /// One change; what it was.
    async fn change(&mut self) -> &'static str {
        match self.rng.random_range(0..14) {
            0..2 => {
                let values = self.values();
                self.ids.push(self.world.create(None, &values).await.unwrap());
                "create"
            }
            2..4 => {
                let (id, values) = (self.between(), self.values());
                self.ids.push(self.world.create(Some(id), &values).await.unwrap());
                "create between others"
            }
            4..6 => {
                let (Some(id), values) = (self.some(), self.patch()) else { return "nothing" };
                self.world.update(id, &values).await.unwrap();
                "patch"
            }
            6 => {
                let Some(id) = self.some() else { return "nothing" };
                self.world.delete(id).await.unwrap();
                self.ids.retain(|other| *other != id);
                self.gone.push(id);
                "delete"
            }
            7 => {
                // Made again under an id that was another record's, with another number and other times.
                let (Some(id), values) = (self.gone.pop(), self.values()) else {
                    return "nothing";
                };
                self.ids.push(self.world.create(Some(id), &values).await.unwrap());
                "create again"
            }
            8 => self.bulk().await,
            9 => {
                let ids = self.several(40);
                let mut changes = Vec::new();
                for id in ids {
                    changes.push((id, self.patch()));
                }
                if !changes.is_empty() {
                    self.world.update_many(&changes).await.unwrap();
                }
                "bulk patch"
            }
            10 => {
                let ids = self.several(40);
                if !ids.is_empty() {
                    self.world.delete_many(&ids).await.unwrap();
                }
                self.ids.retain(|id| !ids.contains(id));
                self.gone.extend(ids.into_iter().take(3));
                "bulk delete"
            }
            _ => self.reshape().await,
        }
    }

    /// More than a chunk has room for, all in one place or anywhere.
    async fn bulk(&mut self) -> &'static str {
        let many = *[1, 20, 300, 1300].choose(&mut self.rng).unwrap();
        let close = self.rng.random_bool(0.5);
        let begin = u128::from_be_bytes(self.between().to_bytes());
        let mut records = Vec::new();
        for n in 0..many {
            let own = if close { Some(id_of(begin + (n << 24))) } else { None };
            records.push((own, self.values()));
        }
        self.ids.extend(self.world.create_many(&records).await.unwrap());
        "bulk create"
    }

    /// A change of the table's fields.
    async fn reshape(&mut self) -> &'static str {
        let field = self.field();
        let name = field["name"].as_str().unwrap().to_owned();
        let place = self.fields.as_array().unwrap().iter().position(|other| *other == field).unwrap();
        match (field["type"].as_str().unwrap(), self.rng.random_range(0..4)) {
            ("select", 0..3) => {
                // In another order, with a new one among them.
                let mut options = field["options"].clone();
                let choices = options["choices"].as_array_mut().unwrap();
                choices.rotate_left(1);
                if choices.len() < 12 {
                    self.made += 1;
                    choices.insert(1, json!({"name": format!("choice {}", self.made)}));
                }
                let patch = FieldPatch { options: Some(owned(&options)), ..FieldPatch::default() };
                self.world.change_field(&name, patch).await.unwrap();
                self.fields[place]["options"] = options;
                "choices"
            }
            // Values of unique fields are made by their first type.
            ("string" | "longText" | "number" | "date" | "dateTime" | "checkbox", 0..2)
                if field["unique"] != true =>
            {
                let to = *["longText", "string", "number", "date", "dateTime"].choose(&mut self.rng).unwrap();
                let patch = FieldPatch { of_type: Definition::named(to), ..FieldPatch::default() };
                // Values may not convert, and then nothing changes.
                if self.world.change_field(&name, patch).await.is_ok() {
                    self.fields[place]["type"] = json!(to);
                }
                "type"
            }
            (_, 2) if place > 0 && self.fields.as_array().unwrap().len() > 8 => {
                self.world.drop_field(&name).await.unwrap();
                self.fields.as_array_mut().unwrap().remove(place);
                "drop a field"
            }
            _ => {
                let mut field = self.pooled();
                field["name"] = json!(format!("more {}", self.made));
                self.made += 1;
                self.world.add_field(&field).await.unwrap();
                self.fields.as_array_mut().unwrap().push(field);
                "add a field"
            }
        }
    }

    fn pooled(&mut self) -> Json {
        let plain: Vec<Json> = fill::pool().into_iter().filter(|field| field["unique"] != true).collect();
        plain.choose(&mut self.rng).unwrap().clone()
    }
}

fn story(seed: u64, records: usize, changes: usize, each: usize) {
    let mut rng = StdRng::seed_from_u64(seed);
    runtime().block_on(async move {
        let fields = fill::fields(&mut rng);
        let world = World::open(&fields).await;
        filled(&world, &fields, records, 0.3, &mut rng).await;
        let held = world.shape().await.1;
        let ids = held.iter().map(|item| RecordId::parse(&item.id).unwrap()).collect();
        let mut changing = Changing { world, fields, ids, gone: Vec::new(), made: 100_000, rng };
        for n in 0..changes {
            changing.world.wait(1);
            let begun = format!("seed {seed}, step {n}, in a change");
            let begun = Told(&begun);
            let mut done = Vec::new();
            for _ in 0..changing.rng.random_range(1..4) {
                done.push(changing.change().await);
            }
            drop(begun);
            let mut rng = StdRng::seed_from_u64(seed * 1000 + n as u64);
            let told = format!("seed {seed}, step {n}: {done:?}");
            let told = Told(&told);
            questions(&changing.world, each, &mut rng).await;
            figures::questions(&changing.world, each, &mut rng).await;
            drop(told);
        }
    });
}

/// Tells where a test was when it failed.
struct Told<'a>(&'a str);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.0);
        }
    }
}

#[test]
fn after_each_change_columns_answer_as_streaming_does() {
    let (stories, changes, each) = (few_or_many(6, 120), 12, 3);
    let run = |from: usize| {
        for n in (from..stories).step_by(2) {
            story(500 + n as u64, [40, 900, 1100, 2100][n % 4], changes, each);
        }
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| run(1));
        run(0);
        other.join().unwrap();
    });
    println!("{} questions, between changes, each answered three ways", stories * changes * each * 2);
}

/// Longer than the log of a table is kept, or than it is worth to follow.
#[test]
fn more_changes_than_are_followed_build_columns_anew() {
    let mut rng = StdRng::seed_from_u64(77);
    let (rounds, size) = (few_or_many(1, 14), 8000);
    runtime().block_on(async move {
        let fields = json!([{"name": "name", "type": "string"}, {"name": "age", "type": "number"}]);
        let world = World::open(&fields).await;
        for round in 0..rounds {
            let held = world.shape().await.1;
            questions(&world, 5, &mut rng).await;
            let ids: Vec<_> = held.iter().map(|item| RecordId::parse(&item.id).unwrap()).collect();
            if round % 3 == 2 {
                for ids in ids.chunks(10_000) {
                    world.delete_many(ids).await.unwrap();
                }
            }
            let records: Vec<_> =
                (0..size).map(|n| (None, fill::values(&fields, n, 0.3, &mut rng))).collect();
            world.create_many(&records).await.unwrap();
            questions(&world, 10, &mut rng).await;
            figures::questions(&world, 5, &mut rng).await;
        }
    });
}
