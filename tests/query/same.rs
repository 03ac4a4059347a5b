//! Lists: three answers to each question, which are the same.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value as Json, json};
use undb::service::record_list::record_list;

use crate::few_or_many;
use crate::fill;
use crate::plan::{Item, Name, Plan, Shape};
use crate::random::Asker;
use crate::reference::meant;
use crate::world::{Question, World, id_of, items, runtime};

/// Records of the first page that are compared as a whole.
const BODIES: usize = 20;

/// The id and version of a record, and some of the time all of it.
type Found = (String, u32, Option<Item>);

/// All pages of a question on one core, in pages of these sizes.
async fn walk(
    world: &World,
    on_columns: bool,
    question: &Question,
    limits: &[usize],
) -> (Vec<Found>, Vec<&'static str>) {
    let core = if on_columns { &world.columns } else { &world.stream };
    let (mut found, mut ways, mut cursor, mut total) = (Vec::new(), Vec::new(), None, None);
    for page in 0.. {
        let limit = limits[page % limits.len()];
        // The first page says how many there are; whether others do changes how they are found.
        let input = question.input(limit, cursor, page == 0 || page % 2 == 0);
        let got = record_list(core, world.reads(), input).await;
        let got = got.unwrap_or_else(|error| panic!("{question:?}: {error:?}"));
        assert!(
            got.records.len() == limit || got.next.is_none(),
            "{question:?}: a page that is not full is the last"
        );
        assert!(got.total.is_none() || total.is_none() || got.total == total, "{question:?}");
        total = total.or(got.total);
        ways.push(got.plan.as_ref().unwrap().way);
        // Bodies take longest to read, so not all of many are looked at.
        let bodies = if page == 0 { items(&got, BODIES).into_iter().map(Some).collect() } else { Vec::new() };
        let bodies = bodies.into_iter().chain(std::iter::repeat(None));
        found.extend(
            got.records
                .iter()
                .zip(bodies)
                .map(|(record, body)| (record.id.to_string(), record.version, body)),
        );
        cursor = got.next;
        if cursor.is_none() {
            assert_eq!(total, Some(found.len() as u64), "{question:?}");
            return (found, ways);
        }
    }
    unreachable!()
}

/// Asks a question three ways.
pub async fn same(
    world: &World,
    (shape, held): (&Shape, &[Item]),
    (plan, search, sort): (Option<&Plan>, Option<&str>, &[(Name, bool)]),
    limits: &[usize],
) {
    let keys = |(name, descending): &(Name, bool)| {
        format!("{}{}", if *descending { "-" } else { "" }, shape.spelled(*name))
    };
    let sorted: Vec<String> = sort.iter().map(keys).collect();
    let question = Question {
        filter: plan.map(|plan| plan.print(shape)),
        sort: (!sorted.is_empty()).then(|| sorted.join(",")),
        search: search.map(str::to_owned),
    };
    let wanted = meant(shape, held, plan, search, sort);
    let (columns, ways) = walk(world, true, &question, limits).await;
    assert!(!ways.contains(&"stream"), "{ways:?}");
    agree(&question, "columns", &columns, &wanted);
    let (streamed, ways) = walk(world, false, &question, limits).await;
    assert!(!ways.contains(&"columns") || held.is_empty(), "{ways:?}");
    agree(&question, "stream", &streamed, &wanted);
}

fn agree(question: &Question, way: &str, found: &[Found], wanted: &[&Item]) {
    let same = |(id, version, body): &Found, wanted: &Item| {
        *id == wanted.id
            && (f64::from(*version) - wanted.version).abs() < 0.5
            && body.as_ref().is_none_or(|body| body == wanted)
    };
    let first = found.iter().zip(wanted).position(|(found, wanted)| !same(found, wanted));
    let first = first.unwrap_or(found.len().min(wanted.len()));
    assert!(
        found.len() == wanted.len() && first == found.len(),
        "{question:?} by {way}: {} records, the reference has {}; at {first}: {:?}, the reference has {:?}",
        found.len(),
        wanted.len(),
        found.get(first),
        wanted.get(first)
    );
}

/// Fills a table; some records have ids of their own, before, between and behind those that are drawn.
pub async fn filled(world: &World, fields: &Json, count: usize, empty: f64, rng: &mut StdRng) {
    let mut n = 0;
    while n < count {
        let step = rng.random_range(1..=600).min(count - n);
        let records = (n..n + step).map(|n| {
            let own = rng.random_bool(0.05).then(|| id_of(rng.random::<u128>() >> rng.random_range(0..4)));
            (own, fill::values(fields, n, empty, rng))
        });
        let records: Vec<_> = records.collect();
        world.wait(1);
        world.create_many(&records).await.unwrap();
        n += step;
    }
}

/// The values that were sent are those that are there.
fn kept(fields: &Json, sent: &Json, item: &Item) {
    for (field, value) in fields.as_array().unwrap().iter().zip(&item.values) {
        if fill::is_sent(field) {
            let sent = &sent[field["name"].as_str().unwrap()];
            let same = sent == value || sent.is_number() && sent.as_f64() == value.as_f64();
            assert!(same, "{field}: {sent} became {value}");
        }
    }
}

/// Questions about one table.
pub async fn questions(world: &World, count: usize, rng: &mut StdRng) {
    let (shape, held) = world.shape().await;
    let left = world.settle();
    for _ in 0..count {
        let mut asker = Asker { shape: &shape, items: &held, rng };
        let depth = asker.rng.random_range(0..4);
        let plan = if asker.rng.random_bool(0.9) { Some(asker.filter(depth)) } else { None };
        let (search, sort) = (asker.search(), asker.sort());
        // Few pages of many records, and all sizes of few.
        let least = (held.len() / 4).clamp(1, 900);
        let limits: Vec<usize> =
            (0..rng.random_range(1..4)).map(|_| rng.random_range(least..=1000.min(3 * least + 5))).collect();
        same(world, (&shape, &held), (plan.as_ref(), search.as_deref(), &sort), &limits).await;
    }
    world.wait(-left);
}

/// How many records a table has: mostly few, sometimes some chunks.
pub fn size(rng: &mut StdRng) -> usize {
    match rng.random_range(0..10) {
        0 => 0,
        1..4 => rng.random_range(1..30),
        4..8 => rng.random_range(30..300),
        8 => rng.random_range(1020..1030),
        _ => rng.random_range(1500..3000),
    }
}

fn case(seed: u64, count: usize) {
    let mut rng = StdRng::seed_from_u64(seed);
    runtime().block_on(async move {
        let fields = fill::fields(&mut rng);
        let world = World::open(&fields).await;
        let (count_of_records, empty) = (size(&mut rng), [0.05, 0.3, 0.9][rng.random_range(0..3)]);
        filled(&world, &fields, count_of_records, empty, &mut rng).await;
        questions(&world, count, &mut rng).await;
    });
}

#[test]
fn columns_streaming_and_the_reference_answer_the_same() {
    let (tables, each) = (few_or_many(40, 1000), 50);
    let run = |from: usize| {
        for seed in (from..tables).step_by(2) {
            let seed = seed as u64;
            let done = std::panic::catch_unwind(|| case(seed, each));
            done.unwrap_or_else(|panic| {
                eprintln!("the table of seed {seed}");
                std::panic::resume_unwind(panic)
            });
        }
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| run(1));
        run(0);
        other.join().unwrap();
    });
    println!("{} questions, each answered three ways", tables * each);
}

#[test]
fn what_is_sent_is_what_is_asked_about() {
    let mut rng = StdRng::seed_from_u64(1);
    runtime().block_on(async move {
        let fields = Json::Array(fill::pool());
        let world = World::open(&fields).await;
        let sent: Vec<_> = (0..500).map(|n| (None, fill::values(&fields, n, 0.2, &mut rng))).collect();
        world.create_many(&sent).await.unwrap();
        let (_, held) = world.shape().await;
        assert_eq!(held.len(), sent.len());
        sent.iter().zip(&held).for_each(|((_, sent), item)| kept(&fields, sent, item));
        assert_eq!(held[7].values[15], json!(8), "the eighth of the sequence");
    });
}
