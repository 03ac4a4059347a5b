//! Aggregates: three answers to each question, which are the same.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Value as Json, json};
use undb::model::field::Keys;
use undb::model::period::Period;
use undb::model::value::Value;
use undb::query::aggregate::{Function, Outcome};
use undb::service::record_aggregate::{AggregateInput, FigureInput, GroupInput, GroupPage, record_aggregate};
use undb::service::search::FilterInput;

use crate::few_or_many;
use crate::fill;
use crate::plan::{Class, Item, Name, Plan, Shape};
use crate::random::Asker;
use crate::reference::{meant, order, value};
use crate::same::{filled, size};
use crate::world::{World, runtime};

/// What is asked: names with their units, and functions with their names.
#[derive(Clone, Debug)]
pub struct Asked {
    pub plan: Option<Plan>,
    pub groups: Vec<(Name, Option<&'static str>)>,
    pub figures: Vec<(&'static str, Option<Name>)>,
}

/// A group and its figures.
type Group = (Vec<Json>, Vec<Json>);

/// The first day of the period that a day is in.
fn start(unit: &str, text: &str) -> String {
    let (year, month) = (&text[..4], text[5..7].parse::<u32>().unwrap());
    match unit {
        "day" => text[..10].to_owned(),
        "month" => format!("{year}-{month:02}-01"),
        "quarter" => format!("{year}-{:02}-01", (month - 1) / 3 * 3 + 1),
        "year" => format!("{year}-01-01"),
        _ => monday(text),
    }
}

/// Counts days from the first one of the calendar, which was a Monday.
fn monday(text: &str) -> String {
    let is_leap =
        |year: u32| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let lengths =
        |year: u32| [31, if is_leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let part = |range: std::ops::Range<usize>| text[range].parse::<u32>().unwrap();
    let (mut year, mut month, mut day) = (part(0..4), part(5..7), part(8..10));
    let before: u32 = (1..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
    let in_year: u32 = lengths(year).iter().take(month as usize - 1).sum();
    for _ in 0..(before + in_year + day - 1) % 7 {
        (year, month, day) = match (month, day) {
            (1, 1) => (year - 1, 12, 31),
            (_, 1) => (year, month - 1, lengths(year)[month as usize - 2]),
            _ => (year, month, day - 1),
        };
    }
    format!("{year:04}-{month:02}-{day:02}")
}

fn key(shape: &Shape, item: &Item, (name, unit): (Name, Option<&str>)) -> Json {
    match (value(item, name).into_owned(), unit) {
        (Json::String(text), Some(unit)) => {
            let end = if shape.class(name) == Class::Day { "" } else { "T00:00:00.000Z" };
            Json::String(start(unit, &text) + end)
        }
        (value, _) => value,
    }
}

fn figure(function: &str, name: Option<Name>, items: &[&Item]) -> Json {
    let all: Vec<Json> = items
        .iter()
        .filter_map(|item| name.map(|name| value(item, name).into_owned()))
        .filter(|value| !value.is_null())
        .collect();
    let mut numbers: Vec<f64> = all.iter().filter_map(Json::as_f64).collect();
    numbers.sort_by(f64::total_cmp);
    let texts = || all.iter().filter_map(Json::as_str);
    #[expect(clippy::cast_precision_loss, reason = "there are few")]
    let count = |n: usize| n as f64;
    let (sum, many) = (numbers.iter().sum::<f64>(), numbers.len());
    match function {
        "count" => json!(items.len()),
        "countEmpty" => json!(items.len() - all.len()),
        "countFilled" => json!(all.len()),
        "countDistinct" => json!(all.iter().map(Json::to_string).collect::<BTreeSet<_>>().len()),
        "percentFilled" if items.is_empty() => Json::Null,
        "percentFilled" => json!(count(all.len()) / count(items.len()) * 100.0),
        "sum" => json!(sum),
        "checked" => json!(all.iter().filter(|value| **value == true).count()),
        "earliest" => json!(texts().min()),
        "latest" => json!(texts().max()),
        _ if many == 0 => Json::Null,
        "avg" => json!(sum / count(many)),
        "min" => json!(numbers[0]),
        "max" => json!(numbers[many - 1]),
        "median" => json!(f64::midpoint(numbers[(many - 1) / 2], numbers[many / 2])),
        other => panic!("a function `{other}` is new: say what it is"),
    }
}

fn reference(shape: &Shape, held: &[Item], asked: &Asked) -> Vec<Group> {
    let mut groups: Vec<(Vec<Json>, Vec<&Item>)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    if asked.groups.is_empty() {
        groups.push((Vec::new(), Vec::new()));
        places.insert(String::from("[]"), 0);
    }
    for item in meant(shape, held, asked.plan.as_ref(), None, &[]) {
        let keys: Vec<Json> = asked.groups.iter().map(|group| key(shape, item, *group)).collect();
        let place = *places.entry(json!(keys).to_string()).or_insert_with(|| {
            groups.push((keys, Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push(item);
    }
    groups.sort_by(|(left, _), (right, _)| {
        let mut all = Ordering::Equal;
        for ((name, _), (left, right)) in asked.groups.iter().zip(left.iter().zip(right)) {
            all = all.then_with(|| order(shape, *name, false, left, right));
        }
        // Texts that are alike in all that they are sorted by.
        let texts = |values: &[Json]| {
            values.iter().map(|value| value.as_str().map(str::to_owned)).collect::<Vec<_>>()
        };
        all.then_with(|| texts(left).cmp(&texts(right)))
    });
    let figures = |items: &[&Item]| {
        asked.figures.iter().map(|(function, name)| figure(function, *name, items)).collect()
    };
    groups.into_iter().map(|(keys, items)| (keys, figures(&items))).collect()
}

fn named<T: Copy>(all: &[(&str, T)], name: &str) -> T {
    all.iter().find(|(known, _)| *known == name).unwrap().1
}

fn input(shape: &Shape, asked: &Asked, limit: usize, cursor: Option<String>) -> AggregateInput {
    let group = |(name, unit): &(Name, Option<&str>)| GroupInput {
        field: shape.plain(*name),
        unit: unit.map(|unit| named(&Period::ALL, unit)),
    };
    let figure = |(n, (function, name)): (usize, &(&str, Option<Name>))| FigureInput {
        field: name.map(|name| shape.plain(name)),
        function: named(&Function::ALL, function),
        name: format!("figure {n}"),
    };
    AggregateInput {
        filter: asked.plan.as_ref().map(|plan| FilterInput::Text(plan.print(shape))),
        groups: asked.groups.iter().map(group).collect(),
        figures: asked.figures.iter().enumerate().map(figure).collect(),
        limit,
        cursor,
        binding: b"as it was sent".to_vec(),
        explain: true,
    }
}

fn groups(page: &GroupPage) -> Vec<Group> {
    let rendered = |place: Option<usize>, value: &Value<'_>| -> Json {
        let mut out = Vec::new();
        match (place, value) {
            (Some(place), value) => page.table.fields[place].of_type.render(value, Keys::Name, &mut out),
            (None, Value::Int(n)) => return json!(n),
            (None, Value::Time(time)) => return json!(time.to_string()),
            (None, _) => return Json::Null,
        }
        serde_json::from_slice(&out).unwrap()
    };
    let outcome = |outcome: &Outcome, place: Option<usize>| match outcome {
        Outcome::Nothing => Json::Null,
        Outcome::Count(count) => json!(count),
        Outcome::Number(number) => json!(number),
        Outcome::Time(time) => rendered(place, &Value::Time(*time)),
    };
    let group = |group: &undb::query::aggregate::Group| {
        let values =
            page.group_fields.iter().zip(&group.values).map(|((_, place), value)| rendered(*place, value));
        let outcomes =
            page.figure_fields.iter().zip(&group.outcomes).map(|((_, place), out)| outcome(out, *place));
        (values.collect(), outcomes.collect())
    };
    page.groups.iter().map(group).collect()
}

async fn walk(world: &World, on_columns: bool, shape: &Shape, asked: &Asked, limits: &[usize]) -> Vec<Group> {
    let core = if on_columns { &world.columns } else { &world.stream };
    let (mut found, mut cursor) = (Vec::new(), None);
    for page in 0.. {
        let limit = limits[page % limits.len()];
        let got = record_aggregate(core, world.reads(), input(shape, asked, limit, cursor)).await;
        let got = got.unwrap_or_else(|error| panic!("{asked:?}: {error:?}"));
        let way = got.plan.as_ref().unwrap().way;
        // Those of an empty table take no memory.
        let wrong = if on_columns { "stream" } else { "columns" };
        assert!(way != wrong || (!on_columns && got.plan.as_ref().unwrap().records == 0), "{asked:?}: {way}");
        assert!(
            got.groups.len() == limit || got.next.is_none(),
            "{asked:?}: a page that is not full is the last"
        );
        found.extend(groups(&got));
        cursor = got.next;
        if cursor.is_none() {
            break;
        }
    }
    found
}

/// Sums and averages may be rounded in another way, in proportion to what was added.
fn alike(found: &Json, wanted: &Json, scale: f64) -> bool {
    match (found.as_f64(), wanted.as_f64()) {
        (Some(found), Some(wanted)) => (found - wanted).abs() <= 1e-9 * wanted.abs().max(scale),
        _ => found == wanted,
    }
}

/// Asks a question three ways.
pub async fn same(world: &World, (shape, held): (&Shape, &[Item]), asked: &Asked, limits: &[usize]) {
    let wanted = reference(shape, held, asked);
    let size = |name: Name| {
        held.iter().filter_map(|item| value(item, name).as_f64()).fold(0.0, |sum, n| sum + n.abs())
    };
    let scales: Vec<f64> = asked
        .figures
        .iter()
        .map(
            |(function, name)| {
                if ["sum", "avg"].contains(function) { name.map_or(0.0, size) * 1e-3 } else { 0.0 }
            },
        )
        .collect();
    for on_columns in [true, false] {
        let found = walk(world, on_columns, shape, asked, limits).await;
        let context = || {
            format!(
                "figures {} columns={on_columns}: {asked:?}",
                asked.plan.as_ref().map_or(String::new(), |plan| plan.print(shape))
            )
        };
        let keys = |groups: &[Group]| groups.iter().map(|(keys, _)| keys.clone()).collect::<Vec<_>>();
        let both = keys(&found).into_iter().zip(keys(&wanted));
        for (n, (found, wanted)) in both.enumerate() {
            let same = found.iter().zip(&wanted).all(|(found, wanted)| alike(found, wanted, 0.0));
            assert!(same, "{}: group {n} is {found:?}, in the reference {wanted:?}", context());
        }
        assert_eq!(found.len(), wanted.len(), "{}", context());
        for ((keys, found), (_, wanted)) in found.iter().zip(&wanted) {
            let mut all = found.iter().zip(wanted).zip(&scales);
            assert!(
                all.all(|((found, wanted), scale)| alike(found, wanted, *scale)),
                "{}: {keys:?} has {found:?}, in the reference {wanted:?}",
                context()
            );
        }
    }
}

fn functions(class: Class) -> Vec<&'static str> {
    let mut all = vec!["count", "countEmpty", "countFilled", "countDistinct", "percentFilled"];
    match class {
        Class::Number | Class::Whole => all.extend(["sum", "avg", "min", "max", "median"]),
        Class::Day | Class::Time => all.extend(["earliest", "latest"]),
        Class::Check => all.push("checked"),
        _ => {}
    }
    all
}

pub fn asked(asker: &mut Asker<'_>) -> Asked {
    let plan = if asker.rng.random_bool(0.7) { Some(asker.filter(2)) } else { None };
    let shape = asker.shape;
    let fit = |json: bool| -> Vec<Name> {
        let names = shape.names().into_iter();
        names.filter(|name| *name != Name::Id && (json || shape.class(*name) != Class::Json)).collect()
    };
    let (mut groups, mut figures): (Vec<(Name, _)>, Vec<_>) = (Vec::new(), Vec::new());
    for _ in 0..asker.rng.random_range(0..4) {
        let name = *fit(false).choose(asker.rng).unwrap();
        let times = matches!(shape.class(name), Class::Day | Class::Time);
        let units = ["day", "week", "month", "quarter", "year"];
        let unit = (times && asker.rng.random_bool(0.8)).then(|| *units.choose(asker.rng).unwrap());
        if groups.iter().all(|(held, _)| shape.column(*held) != shape.column(name)) {
            groups.push((name, unit));
        }
    }
    for _ in 0..asker.rng.random_range(1..6) {
        let name = *fit(true).choose(asker.rng).unwrap();
        let function = *functions(shape.class(name)).choose(asker.rng).unwrap();
        figures.push((function, Some(name).filter(|_| function != "count" || asker.rng.random_bool(0.5))));
    }
    Asked { plan, groups, figures }
}

/// Questions about one table.
pub async fn questions(world: &World, count: usize, rng: &mut StdRng) {
    let (shape, held) = world.shape().await;
    let left = world.settle();
    for _ in 0..count {
        let asked = asked(&mut Asker { shape: &shape, items: &held, rng });
        let least = (held.len() / 4).clamp(1, 900);
        let limits: Vec<usize> = (0..3).map(|_| rng.random_range(least..=1000.min(3 * least + 5))).collect();
        same(world, (&shape, &held), &asked, &limits).await;
    }
    world.wait(-left);
}

#[test]
fn figures_are_the_same_over_columns_by_streaming_and_by_the_reference() {
    let (tables, each) = (few_or_many(24, 500), 25);
    for seed in 0..tables {
        let mut rng = StdRng::seed_from_u64(1_000_000 + seed as u64);
        runtime().block_on(async move {
            let fields = fill::fields(&mut rng);
            let world = World::open(&fields).await;
            let (count, empty) = (size(&mut rng), [0.05, 0.3, 0.9][rng.random_range(0..3)]);
            filled(&world, &fields, count, empty, &mut rng).await;
            questions(&world, each, &mut rng).await;
        });
    }
    println!("{} questions for figures, each answered three ways", tables * each);
}
