//! The inside of questions about many records, on 100,000 of them in memory: `cargo bench --bench query`.
//!
//! Reading a filter, what it says of all rows, building columns, bringing them up to date after one change, the first
//! thirty of a sort, and groups. No HTTP and no disk, so the figures say how far those are from what a request takes.

#![expect(clippy::unwrap_used, reason = "a benchmark that can't go on should say where")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};
use undb::access::{InTable, Inside, Operator, RecordsRead};
use undb::error::Faults;
use undb::id::{BaseId, RecordId, SpaceId, TableId};
use undb::kv::Read;
use undb::kv::memory::Memory;
use undb::model::expr::{Column, Context, read_sort, read_text};
use undb::model::field::{Definition, Keys};
use undb::model::json::OwnedJson;
use undb::model::name::Name;
use undb::model::table::OpenTable;
use undb::query::aggregate::{Aggregate, Figure, Function, GroupBy};
use undb::query::columns::{Built, Columns, Filter, Got, Held, Wanted};
use undb::query::find::Search;
use undb::query::stop::Stop;
use undb::service::base::{BaseInput, base_create};
use undb::service::field::FieldInput;
use undb::service::record::record_update;
use undb::service::record_bulk::record_create_bulk;
use undb::service::record_edit::{RecordInput, Sent};
use undb::service::space::{SpaceInput, space_create};
use undb::service::table::{TableInput, table_create};
use undb::service::{Core, CoreOptions};
use undb::store::table::head_get;

const RECORDS: usize = 100_000;
const FILTER: &str = r#"status = "active" and (age > 30 or city contains "an") and not note is empty"#;
const WORDS: [&str; 8] = ["ada", "ben", "cleo", "dan", "eve", "finn", "gus", "hana"];

struct World {
    core: Arc<Core>,
    space: SpaceId,
    base: BaseId,
    table: TableId,
    first: RecordId,
}

fn sent<T>(content: T) -> Sent<T> {
    Sent { content, faults: Faults::default() }
}

fn owned(json: &Value) -> OwnedJson {
    OwnedJson::read(json.to_string()).unwrap()
}

fn field(name: &str, of_type: &str, options: Option<&Value>) -> FieldInput {
    FieldInput {
        name: Some(Name::parse(name).unwrap()),
        of_type: Definition::named(of_type),
        description: None,
        required: false,
        unique: false,
        default: None,
        options: options.map(owned),
    }
}

fn word(n: usize) -> &'static str {
    WORDS.get(n % WORDS.len()).copied().unwrap_or_default()
}

fn values(n: usize) -> Value {
    let status = ["lead", "active", "paused"].get(n * 7 % 3).copied();
    let note = format!("{} {} {} ticket-{n:06}", word(n / 3), word(n / 7), word(n / 11));
    json!({"name": format!("{} {}", word(n), word(n / 8)), "age": n * 31 % 90, "status": status,
        "score": f64::from(u32::try_from(n * 7919 % 100_003).unwrap()) / 7.0, "city": word(n / 5), "note": note})
}

async fn world() -> World {
    let core = Core::open(Arc::new(Memory::new()), CoreOptions::default()).unwrap();
    let operator = Operator::assume();
    let name = |text: &str| Name::parse(text).unwrap();
    let input = SpaceInput { name: name("Space"), description: None };
    let space = space_create(&core, operator.nowhere(), input, None).await.unwrap().fresh().unwrap().id;
    let input = BaseInput { name: name("Base"), description: None };
    let base = base_create(&core, operator.space(space), input, None).await.unwrap().fresh().unwrap().id;
    let choices = json!({"choices": [{"name": "lead"}, {"name": "active"}, {"name": "paused"}]});
    let fields = vec![
        field("name", "string", None),
        field("age", "number", None),
        field("status", "select", Some(&choices)),
        field("score", "number", None),
        field("city", "string", None),
        field("note", "longText", None),
    ];
    let input = TableInput { name: Some(name("Table")), description: None, fields: Some(fields) };
    let made = table_create(&core, operator.base(space, base), sent(input), None).await.unwrap();
    let table = made.fresh().unwrap().table.id;
    let mut first = None;
    for start in (0..RECORDS).step_by(10_000) {
        let one = |n| RecordInput { id: None, values: Some(owned(&values(n))) };
        let inputs = (start..start + 10_000).map(one).collect();
        let access = operator.table(space, base, table);
        let made = record_create_bulk(&core, access, sent(inputs), Keys::Name, false, None).await.unwrap();
        first = first.or(made.fresh().unwrap().ids.first().copied());
    }
    World { core, space, base, table, first: first.unwrap() }
}

impl World {
    fn place(&self) -> InTable {
        *Operator::assume().table::<RecordsRead>(self.space, self.base, self.table).place()
    }

    fn open_table(&self) -> Arc<OpenTable> {
        let catalog =
            self.core.known.catalogs.now(self.core.engine.as_ref(), self.place().in_space()).unwrap();
        catalog.table(self.place()).unwrap().clone()
    }

    fn built(&self, columns: &[Column]) -> Columns {
        let read = self.core.engine.read().unwrap();
        let number = head_get(read.as_ref(), self.place()).unwrap().change;
        match Columns::build(read.as_ref(), self.place(), number, columns, usize::MAX).unwrap() {
            Built::Done(columns) => columns,
            Built::TooLarge => unreachable!("there is no budget"),
        }
    }

    fn wanted<'a>(&self, read: &dyn Read, columns: &'a [Column]) -> Wanted<'a> {
        let head = head_get(read, self.place()).unwrap();
        Wanted { place: self.place(), number: head.change, records: head.records, columns, along: &[] }
    }
}

fn all(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = runtime.block_on(world());
    let table = world.open_table();
    let context = Context { table: &table, now: world.core.clock.now() };
    criterion.bench_function("read a filter", |bench| {
        bench.iter(|| read_text(black_box(FILTER), "filter", &context).unwrap());
    });
    let columns: Vec<Column> = table.fields.iter().map(Column::of).collect();
    let built = world.built(&columns);
    for (name, text) in [
        ("choice and number", r#"status = "active" and age > 30"#),
        ("selective number", "score < 1"),
        ("text contains", r#"note contains "ticket-0777""#),
        ("all of them", FILTER),
    ] {
        let expr = read_text(text, "filter", &context).unwrap();
        let filter = Filter::new(&expr, &built).unwrap();
        let count = || built.chunks().iter().map(|chunk| filter.rows(chunk).count()).sum::<usize>();
        criterion.bench_function(&format!("filter 100,000 rows: {name}"), |bench| bench.iter(count));
    }
    questions(criterion, &world, &table, &built);
    keeping(criterion, &world, &columns, &runtime);
}

/// The first records of a sort, and groups.
fn questions(criterion: &mut Criterion, world: &World, table: &OpenTable, built: &Columns) {
    let (stop, _gives_up) = Stop::after(std::time::Duration::from_hours(1));
    let filter = undb::model::expr::Expr::TRUE;
    let read = world.core.engine.read().unwrap();
    for (name, sort) in [("a number", "-score"), ("a text and a number", "city,-score")] {
        let sort = read_sort(sort, table).unwrap();
        let search = Search {
            place: world.place(),
            filter: &filter,
            sort: &sort,
            after: None,
            limit: 30,
            total: true,
            stop: &stop,
        };
        criterion.bench_function(&format!("first 30 of 100,000 by {name}"), |bench| {
            bench.iter(|| search.in_columns(read.as_ref(), built).unwrap());
        });
    }
    let search = Search {
        place: world.place(),
        filter: &filter,
        sort: &[],
        after: None,
        limit: 1,
        total: false,
        stop: &stop,
    };
    let key = read_sort("status", table).unwrap().remove(0);
    let score = read_sort("score", table).unwrap().remove(0).column;
    let groups = [GroupBy { key, unit: None }];
    let figures = [
        Figure { function: Function::Count, column: None },
        Figure { function: Function::Avg, column: Some(score) },
    ];
    let aggregate = Aggregate { search, groups: &groups, figures: &figures };
    criterion.bench_function("count and average of 100,000 by a select", |bench| {
        bench.iter(|| aggregate.in_columns(built).unwrap());
    });
}

/// Building columns, and bringing them up to date.
fn keeping(criterion: &mut Criterion, world: &World, columns: &[Column], runtime: &tokio::runtime::Runtime) {
    criterion.bench_function("build six columns of 100,000 rows", |bench| {
        bench.iter(|| world.built(columns));
    });
    let held = Held::new(usize::MAX);
    let mut score = 0.0;
    let mut change = || {
        score += 1.0;
        let access = Operator::assume().table(world.space, world.base, world.table);
        let values = sent(owned(&json!({"score": score})));
        let work = record_update(&world.core, access, world.first, values, Keys::Name, Ok(None));
        runtime.block_on(work).unwrap();
    };
    criterion.bench_function("change one record", |bench| bench.iter(&mut change));
    criterion.bench_function("change one record and bring six columns up to date", |bench| {
        bench.iter(|| {
            change();
            let read = world.core.engine.read().unwrap();
            let got = held.at(read.as_ref(), world.wanted(read.as_ref(), columns)).unwrap();
            assert!(matches!(got, Got::Columns(_)), "nobody else changes it");
        });
    });
}

criterion_group!(benches, all);
criterion_main!(benches);
