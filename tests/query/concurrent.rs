//! Writers and readers at the same time: who asks sees all that was acknowledged before, and pages neither skip nor repeat
//! what does not change.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value as Json, json};
use undb::id::RecordId;
use undb::service::record_list::record_list;

use crate::few_or_many;
use crate::plan::Item;
use crate::world::{Question, World, items};

const WRITERS: usize = 2;
const READERS: usize = 2;

/// What every writer has had acknowledged.
#[derive(Default)]
struct Acknowledged {
    created: AtomicUsize,
    /// Records that are gone again, from the first one on.
    deleted: AtomicUsize,
    /// How often the writer's own counter was raised.
    raised: AtomicUsize,
}

struct Shared {
    world: World,
    done: [Acknowledged; WRITERS],
    stop: AtomicBool,
}

fn fields() -> Json {
    json!([
        {"name": "kind", "type": "string"}, {"name": "writer", "type": "number"}, {"name": "n", "type": "number"},
        {"name": "score", "type": "number"}, {"name": "name", "type": "string"}
    ])
}

async fn write(shared: Arc<Shared>, writer: usize) {
    let mut rng = StdRng::seed_from_u64(writer as u64);
    let (world, done) = (&shared.world, &shared.done[writer]);
    let counter = world.create(None, &json!({"kind": "counter", "writer": writer, "n": 0})).await.unwrap();
    let mut made: Vec<RecordId> = Vec::new();
    let mut removed = 0;
    while !shared.stop.load(Ordering::SeqCst) {
        match rng.random_range(0..4) {
            0..2 => {
                let values = json!({
                    "kind": "made", "writer": writer, "n": made.len(), "score": rng.random_range(0..50), "name": "new"
                });
                made.push(world.create(None, &values).await.unwrap());
                done.created.store(made.len(), Ordering::SeqCst);
            }
            2 if removed < made.len() => {
                world.delete(made[removed]).await.unwrap();
                removed += 1;
                done.deleted.store(removed, Ordering::SeqCst);
            }
            _ => {
                let raised = done.raised.load(Ordering::SeqCst) + 1;
                let values = json!({"n": raised, "score": rng.random_range(0..50)});
                world.update(counter, &values).await.unwrap();
                done.raised.store(raised, Ordering::SeqCst);
            }
        }
        tokio::task::yield_now().await;
    }
}

async fn ask(shared: &Shared, on_columns: bool, filter: &str, sort: &str) -> (Vec<Item>, u64) {
    let core = if on_columns { &shared.world.columns } else { &shared.world.stream };
    let question = Question { filter: Some(filter.into()), sort: Some(sort.into()), search: None };
    let page = record_list(core, shared.world.reads(), question.input(1000, None, true)).await.unwrap();
    (items(&page, usize::MAX), page.total.unwrap())
}

/// All that was acknowledged before the question is in its answer.
async fn read_writes(shared: Arc<Shared>, times: usize) {
    for time in 0..times {
        let writer = time % WRITERS;
        let done = &shared.done[writer];
        let numbers = |at: fn(&Acknowledged) -> &AtomicUsize| at(done).load(Ordering::SeqCst);
        let (created, deleted) = (numbers(|done| &done.created), numbers(|done| &done.deleted));
        let raised = numbers(|done| &done.raised);
        let filter = format!("kind = \"made\" and writer = {writer}");
        let (found, total) = ask(&shared, time % 3 > 0, &filter, "-n").await;
        let last = found.first().map_or(0, |item| item.values[2].as_u64().unwrap() + 1);
        let deleted_then = numbers(|done| &done.deleted);
        assert!(
            // The deletion of the last one may be done and not yet counted.
            last >= created as u64 || created <= deleted_then + 1,
            "{created} were made, the last found is {last}"
        );
        let gone = last.max(created as u64) - total;
        assert!(
            gone >= deleted as u64 && gone <= deleted_then as u64 + 1,
            "{deleted} to {deleted_then}: {gone} are gone"
        );
        let (found, _) =
            ask(&shared, time % 3 > 0, &format!("kind = \"counter\" and writer = {writer}"), "n").await;
        if raised > 0 {
            assert!(found[0].values[2].as_u64().unwrap() >= raised as u64, "{raised}: {found:?}");
        }
    }
}

/// Pages of a list that changes all the time hold what does not change, each once and in order.
async fn walk(shared: Arc<Shared>, sort: &'static str, filter: Option<&str>, times: usize) {
    let question = Question { filter: filter.map(str::to_owned), sort: Some(sort.into()), search: None };
    let still = Question { filter: Some("kind = \"still\"".into()), ..question.clone() };
    let all = |question: Question, limit: usize, on_columns: bool| {
        let shared = shared.clone();
        async move {
            let core = if on_columns { &shared.world.columns } else { &shared.world.stream };
            let (mut ids, mut cursor) = (Vec::new(), None);
            loop {
                let input = question.input(limit, cursor, false);
                let page = record_list(core, shared.world.reads(), input).await.unwrap();
                ids.extend(
                    items(&page, usize::MAX)
                        .into_iter()
                        .filter(|item| item.values[0] == "still")
                        .map(|item| item.id),
                );
                cursor = page.next;
                if cursor.is_none() {
                    return ids;
                }
            }
        }
    };
    let wanted = all(still, 1000, false).await;
    assert_eq!(wanted.len(), 1500);
    for time in 0..times {
        assert_eq!(all(question.clone(), 130 + 17 * time, time % 3 > 0).await, wanted, "{question:?}");
    }
}

#[test]
fn readers_see_what_was_written_and_pages_hold_what_does_not_change() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    let times = few_or_many(40, 300);
    runtime.block_on(async move {
        let world = World::open(&fields()).await;
        let mut rng = StdRng::seed_from_u64(9);
        let still = (0..1500).map(|n| {
            let score = if rng.random_bool(0.1) { Json::Null } else { json!(rng.random_range(0..40)) };
            (None, json!({"kind": "still", "writer": -1, "n": n, "score": score, "name": format!("n{}", n % 90)}))
        });
        world.create_many(&still.collect::<Vec<_>>()).await.unwrap();
        let shared = Arc::new(Shared { world, done: Default::default(), stop: AtomicBool::new(false) });
        let writers: Vec<_> = (0..WRITERS).map(|n| tokio::spawn(write(shared.clone(), n))).collect();
        let mut readers: Vec<_> = (0..READERS).map(|_| tokio::spawn(read_writes(shared.clone(), times))).collect();
        readers.push(tokio::spawn(walk(shared.clone(), "score,-name", None, times / 8)));
        readers.push(tokio::spawn(walk(shared.clone(), "-name", Some("not (kind = \"none\")"), times / 8)));
        readers.push(tokio::spawn(walk(shared.clone(), "-id", None, times / 8)));
        for reader in readers {
            reader.await.unwrap();
        }
        shared.stop.store(true, Ordering::SeqCst);
        for writer in writers {
            writer.await.unwrap();
        }
        let count = |at: fn(&Acknowledged) -> &AtomicUsize| {
            shared.done.iter().map(|done| at(done).load(Ordering::SeqCst)).sum::<usize>()
        };
        println!(
            "beside {} questions: {} created, {} deleted, {} changed",
            times * READERS * 2,
            count(|done| &done.created),
            count(|done| &done.deleted),
            count(|done| &done.raised)
        );
    });
}
