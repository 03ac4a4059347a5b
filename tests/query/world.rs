//! A table in a store in memory, open twice: once with room for columns, once without any.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use undb::access::{Access, BaseWrite, Operator, RecordsRead, RecordsWrite, TableWrite};
use undb::clock::{Clock, Time};
use undb::error::Faults;
use undb::id::{BaseId, Id, RecordId, SpaceId, TableId};
use undb::kv::Engine;
use undb::kv::memory::Memory;
use undb::model::field::{Definition, Keys};
use undb::model::json::OwnedJson;
use undb::model::name::Name;
use undb::model::record::Record;
use undb::model::table::OpenTable;
use undb::service::base::{BaseInput, base_create};
use undb::service::field::{FieldInput, FieldPatch, field_create, field_delete, field_update};
use undb::service::record::{record_create, record_delete, record_update};
use undb::service::record_bulk::{record_create_bulk, record_delete_bulk, record_update_bulk};
use undb::service::record_edit::{RecordInput, Sent};
use undb::service::record_list::{ListInput, RecordPage, SortInput, record_list};
use undb::service::search::FilterInput;
use undb::service::space::{SpaceInput, space_create};
use undb::service::table::{TableInput, table_create};
use undb::service::{Core, CoreOptions};

use crate::plan::{Field, Item, Shape};

/// What `now` is in all of these tests: a Saturday.
pub const NOW: &str = "2026-08-01T13:45:30.250Z";
/// When the first record is made.
const BEGIN: &str = "2026-08-01T13:45:10.250Z";

type Result<T> = undb::error::Result<T>;

pub struct World {
    pub columns: Arc<Core>,
    pub stream: Arc<Core>,
    pub space: SpaceId,
    pub base: BaseId,
    pub table: TableId,
}

fn opened(engine: &Arc<Memory>, memory_budget: usize) -> Arc<Core> {
    let options = CoreOptions {
        clock: Clock::manual(Time::parse(BEGIN).unwrap()),
        seed: Some(7),
        memory_budget,
        ..CoreOptions::default()
    };
    Core::open(engine.clone() as Arc<dyn Engine>, options).unwrap()
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn sent<T>(content: T) -> Sent<T> {
    Sent { content, faults: Faults::default() }
}

pub fn owned(json: &Json) -> OwnedJson {
    OwnedJson::read(json.to_string()).unwrap()
}

pub fn field_input(field: &Json) -> FieldInput {
    FieldInput {
        name: Some(Name::parse(field["name"].as_str().unwrap()).unwrap()),
        of_type: Definition::named(field["type"].as_str().unwrap()),
        description: None,
        required: false,
        unique: field["unique"] == true,
        default: None,
        options: field.get("options").map(owned),
    }
}

impl World {
    pub async fn open(fields: &Json) -> World {
        World::with_budget(fields, 1 << 30).await
    }

    pub async fn with_budget(fields: &Json, budget: usize) -> World {
        let engine = Arc::new(Memory::new());
        let (columns, stream) = (opened(&engine, budget), opened(&engine, 0));
        let operator = Operator::assume();
        let input = SpaceInput { name: Name::parse("Main").unwrap(), description: None };
        let made = space_create(&columns, operator.nowhere(), input, None).await.unwrap();
        let space = made.fresh().unwrap().id;
        let input = BaseInput { name: Name::parse("Base").unwrap(), description: None };
        let made = base_create(&columns, operator.space(space), input, None).await.unwrap();
        let base = made.fresh().unwrap().id;
        let table = made_table(&columns, operator.base(space, base), "t0", fields).await;
        World { columns, stream, space, base, table }
    }

    /// The same cores with another table.
    pub async fn another(&self, name: &str, fields: &Json) -> World {
        let access = Operator::assume().base(self.space, self.base);
        let table = made_table(&self.columns, access, name, fields).await;
        World { columns: self.columns.clone(), stream: self.stream.clone(), table, ..*self }
    }

    pub fn reads(&self) -> Access<RecordsRead> {
        Operator::assume().table(self.space, self.base, self.table)
    }

    fn writes(&self) -> Access<RecordsWrite> {
        Operator::assume().table(self.space, self.base, self.table)
    }

    fn shapes(&self) -> Access<TableWrite> {
        Operator::assume().table(self.space, self.base, self.table)
    }

    /// Lets time go by for both, or takes it back.
    pub fn wait(&self, ms: i64) {
        self.columns.clock.advance_millis(ms);
        self.stream.clock.advance_millis(ms);
    }

    /// Makes it [`NOW`] for questions; the time to go back by.
    pub fn settle(&self) -> i64 {
        let left = Time::parse(NOW).unwrap().millis() - self.columns.clock.now().millis();
        self.wait(left);
        left
    }

    pub async fn create(&self, id: Option<RecordId>, values: &Json) -> Result<RecordId> {
        let input = RecordInput { id, values: Some(owned(values)) };
        let made = record_create(&self.columns, self.writes(), sent(input), Keys::Name, None).await?;
        Ok(made.fresh()?.record.id)
    }

    pub async fn create_many(&self, records: &[(Option<RecordId>, Json)]) -> Result<Vec<RecordId>> {
        let input =
            |(id, values): &(Option<RecordId>, Json)| RecordInput { id: *id, values: Some(owned(values)) };
        let inputs = records.iter().map(input).collect();
        let made = record_create_bulk(&self.columns, self.writes(), sent(inputs), Keys::Name, false, None);
        Ok(made.await?.fresh()?.ids)
    }

    pub async fn update(&self, id: RecordId, values: &Json) -> Result<()> {
        let (access, values) = (self.writes(), sent(owned(values)));
        record_update(&self.columns, access, id, values, Keys::Name, Ok(None)).await.map(drop)
    }

    pub async fn update_many(&self, records: &[(RecordId, Json)]) -> Result<()> {
        let input =
            |(id, values): &(RecordId, Json)| RecordInput { id: Some(*id), values: Some(owned(values)) };
        let inputs = records.iter().map(input).collect();
        record_update_bulk(&self.columns, self.writes(), sent(inputs), Keys::Name, false).await.map(drop)
    }

    pub async fn delete(&self, id: RecordId) -> Result<()> {
        record_delete(&self.columns, self.writes(), id, Ok(None)).await
    }

    pub async fn delete_many(&self, ids: &[RecordId]) -> Result<()> {
        let ids = sent(ids.iter().copied().map(Some).collect());
        record_delete_bulk(&self.columns, self.writes(), ids, false).await.map(drop)
    }

    pub async fn add_field(&self, field: &Json) -> Result<()> {
        field_create(&self.columns, self.shapes(), sent(field_input(field)), false, None).await.map(drop)
    }

    pub async fn change_field(&self, name: &str, patch: FieldPatch) -> Result<()> {
        let meant = name.to_owned();
        field_update(&self.columns, self.shapes(), meant, sent(patch), false).await.map(drop)
    }

    pub async fn drop_field(&self, name: &str) -> Result<()> {
        field_delete(&self.columns, self.shapes(), name.to_owned()).await
    }

    /// What the table is like and all that is in it, read in pages of the store.
    pub async fn shape(&self) -> (Shape, Vec<Item>) {
        let (mut items, mut cursor) = (Vec::new(), None);
        loop {
            let input = ListInput { cursor, explain: true, ..ListInput::first(1000) };
            let page = record_list(&self.stream, self.reads(), input).await.unwrap();
            assert_eq!(page.plan.as_ref().unwrap().way, "range");
            items.extend(page.records.iter().map(|record| item(&page.table, record)));
            cursor = page.next;
            if cursor.is_none() {
                assert_eq!(page.total, Some(items.len() as u64));
                return (shape(&page.table), items);
            }
        }
    }
}

async fn made_table(core: &Arc<Core>, access: Access<BaseWrite>, name: &str, fields: &Json) -> TableId {
    let fields = fields.as_array().unwrap().iter().map(field_input).collect();
    let name = Some(Name::parse(name).unwrap());
    let input = TableInput { name, description: None, fields: Some(fields) };
    table_create(core, access, sent(input), None).await.unwrap().fresh().unwrap().table.id
}

/// What is asked of a list.
#[derive(Clone, Debug, Default)]
pub struct Question {
    pub filter: Option<String>,
    pub sort: Option<String>,
    pub search: Option<String>,
}

impl Question {
    pub fn input(&self, limit: usize, cursor: Option<String>, total: bool) -> ListInput {
        ListInput {
            filter: self.filter.clone().map(FilterInput::Text),
            sort: self.sort.clone().map(SortInput::Text),
            search: self.search.clone(),
            limit,
            cursor,
            total,
            explain: true,
            ..ListInput::first(limit)
        }
    }
}

fn rendered(table: &OpenTable, record: &Record, place: usize) -> Json {
    let open = &table.fields[place];
    let mut out = Vec::new();
    open.of_type.render(&record.value(open), Keys::Name, &mut out);
    serde_json::from_slice(&out).unwrap()
}

/// A record as the wire has it.
pub fn item(table: &OpenTable, record: &Record) -> Item {
    Item {
        id: record.id.to_string(),
        version: f64::from(record.version),
        created: record.created.at.to_string(),
        updated: record.updated.at.to_string(),
        values: (0..table.fields.len()).map(|place| rendered(table, record, place)).collect(),
    }
}

/// A page of records as the wire has them.
pub fn items(page: &RecordPage, most: usize) -> Vec<Item> {
    page.records.iter().take(most).map(|record| item(&page.table, record)).collect()
}

fn shape(table: &OpenTable) -> Shape {
    let field = |open: &undb::model::field::OpenField| {
        let options = open.of_type.options(Keys::Name);
        let choice = |choice: &Json| {
            let text = |member: &str| choice[member].as_str().unwrap().to_owned();
            (text("name"), text("id"))
        };
        let choices = options["choices"].as_array().map(|all| all.iter().map(choice).collect());
        Field {
            name: open.field.name.as_str().to_owned(),
            of_type: open.of_type.type_name().to_owned(),
            many: options.get("multiple") == Some(&json!(true)),
            choices: choices.unwrap_or_default(),
        }
    };
    Shape { fields: table.fields.iter().map(field).collect() }
}

/// The id whose number is this, which sorts by it.
pub fn id_of(number: u128) -> RecordId {
    RecordId::from_bytes(number.to_be_bytes())
}
