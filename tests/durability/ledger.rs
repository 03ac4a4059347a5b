//! What the writers were told, and what follows from it for a database that was killed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::Place;
use crate::process::Client;

/// A record of which a writer knows that it was made.
#[derive(Clone, Debug)]
pub struct Known {
    pub isbn: String,
    /// What `pages` may be: one value if the last change was answered, two if it was not.
    pub pages: Vec<i64>,
    /// Whether a deletion was sent and not answered.
    pub maybe_gone: bool,
}

/// What one writer was told. Each writes records of its own only.
#[derive(Default)]
pub struct Ledger {
    pub live: BTreeMap<String, Known>,
    pub gone: Vec<(String, String)>,
    /// The `shelf` of bulks that were not answered.
    pub bulks: Vec<String>,
    /// Keys, which are titles too, of idempotent creates: all of them, and those that were not answered.
    pub keyed: Vec<String>,
    pub unanswered: Vec<String>,
    pub acknowledged: usize,
}

impl Ledger {
    pub fn add(&mut self, other: Ledger) {
        self.live.extend(other.live);
        self.gone.extend(other.gone);
        self.bulks.extend(other.bulks);
        self.keyed.extend(other.keyed);
        self.unanswered.extend(other.unanswered);
        self.acknowledged += other.acknowledged;
    }

    /// Compares with what is there, and takes what was not known from it.
    pub fn check(&mut self, place: &Place, client: &Client) {
        self.repeat(place, client);
        let records = listed(place, client);
        for (id, known) in &self.live {
            match records.get(id) {
                None => assert!(known.maybe_gone, "a record that was acknowledged is lost: {id} {known:?}"),
                Some(record) => {
                    let pages = record["values"]["pages"].as_i64().unwrap();
                    assert!(known.pages.contains(&pages), "a change is lost: {pages} {known:?}");
                    assert_eq!(record["values"]["isbn"], json!(known.isbn));
                }
            }
        }
        for (id, _) in &self.gone {
            assert!(!records.contains_key(id), "a record that was deleted is there: {id}");
        }
        let shelves = counted(&records, "shelf");
        for bulk in &self.bulks {
            let there = shelves.get(bulk).copied().unwrap_or(0);
            assert!(there == 0 || there == crate::kills::BULK, "half a bulk is there: {there} of {bulk}");
        }
        let titles = counted(&records, "title");
        for key in &self.keyed {
            assert_eq!(titles.get(key), Some(&1), "an idempotent create of {key}");
        }
        self.indexes_agree(place, client, &records);
        self.settle(&records);
    }

    /// Sends again what was not answered, under the same keys.
    fn repeat(&mut self, place: &Place, client: &Client) {
        for key in self.unanswered.drain(..) {
            let headers = [("x-undb-api-token", place.token.as_str()), ("idempotency-key", key.as_str())];
            let path = format!("{}/records", place.table);
            let sent =
                client.send("POST", &path, &headers, Some(&json!({"values": {"title": key, "pages": 0}})));
            assert_eq!(sent.as_ref().map(|(status, _)| *status), Some(201), "{sent:?}");
        }
    }

    /// Each value in the unique index leads to its record, and no other value is taken.
    fn indexes_agree(&self, place: &Place, client: &Client, records: &BTreeMap<String, Value>) {
        let path = format!("{}/records?dryRun=true", place.table);
        let upsert = |isbns: &[&str]| {
            let rows: Vec<_> =
                isbns.iter().map(|isbn| json!({"values": {"isbn": isbn, "title": "x"}})).collect();
            place.must(client, "PUT", &path, Some(&json!({"on": "isbn", "records": rows})), 200)
        };
        let held: Vec<(&str, &str)> = records
            .iter()
            .filter_map(|(id, record)| Some((id.as_str(), record["values"]["isbn"].as_str()?)))
            .collect();
        for chunk in held.chunks(1000) {
            let isbns: Vec<_> = chunk.iter().map(|(_, isbn)| *isbn).collect();
            let answer = upsert(&isbns);
            assert_eq!(answer["createdCount"], 0, "a record is missing in the unique index");
            let ids: Vec<_> =
                answer["ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
            assert!(
                ids.iter().zip(chunk).all(|(id, (held, _))| id == held),
                "the unique index leads elsewhere"
            );
        }
        let taken: BTreeSet<&str> = held.iter().map(|(_, isbn)| *isbn).collect();
        let free: Vec<_> =
            self.gone.iter().map(|(_, isbn)| isbn.as_str()).filter(|i| !taken.contains(i)).collect();
        for chunk in free.chunks(1000) {
            assert_eq!(upsert(chunk)["createdCount"], json!(chunk.len()), "a deleted value is still taken");
        }
    }

    /// What turned out to be so is known from now on.
    fn settle(&mut self, records: &BTreeMap<String, Value>) {
        self.bulks.clear();
        self.live.retain(|id, known| match records.get(id) {
            Some(record) => {
                known.pages = vec![record["values"]["pages"].as_i64().unwrap()];
                known.maybe_gone = false;
                true
            }
            None => false,
        });
    }
}

fn counted(records: &BTreeMap<String, Value>, field: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for value in records.values().filter_map(|record| record["values"][field].as_str()) {
        *counts.entry(value.to_owned()).or_insert(0) += 1;
    }
    counts
}

/// All records by id; checks on the way that their counts agree.
fn listed(place: &Place, client: &Client) -> BTreeMap<String, Value> {
    let mut records = BTreeMap::new();
    let (mut cursor, mut total) = (String::new(), 0);
    loop {
        let path = format!("{}/records?limit=1000{cursor}", place.table);
        let page = place.must(client, "GET", &path, None, 200);
        total = page["total"].as_u64().unwrap().max(total);
        for record in page["records"].as_array().unwrap() {
            records.insert(record["id"].as_str().unwrap().to_owned(), record.clone());
        }
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(records.len() as u64, total, "the total is that of the list");
    let table = place.must(client, "GET", &place.table, None, 200);
    assert_eq!(table["recordCount"], json!(total), "and so is the table's count");
    records
}
