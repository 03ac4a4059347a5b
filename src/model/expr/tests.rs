//! A table with a field of every type, and what filters say of one record of it.

mod faults;
mod hostile;
mod jsons;
mod moments;
mod properties;
mod sorts;
mod texts;

use std::collections::HashMap;

use super::*;
use crate::clock::Time;
use crate::error::Faults;
use crate::id::{BaseId, ChoiceId, FieldId, Id, RecordId, TableId};
use crate::model::field::{Definition, Field, Options};
use crate::model::json::{Json, Pointer};
use crate::model::name::Name;
use crate::model::table::Table;
use crate::model::value::Value;

/// A Wednesday in the third quarter of a leap year.
const NOW: &str = "2024-08-14T15:16:17.018Z";

const FIELDS: &[(&str, &str)] = &[
    ("name", "string"),
    ("First }name", "string"),
    ("notes", "longText"),
    ("mail", "email"),
    ("site", "url"),
    ("age", "number"),
    ("score", "number"),
    ("done", "checkbox"),
    ("archived", "checkbox"),
    ("day", "date"),
    ("start", "dateTime"),
    ("end", "dateTime"),
    ("status", "select"),
    ("tags", "select*"),
    ("data", "json"),
    ("no", "autoIncrement"),
    ("made", "createdAt"),
];

const CHOICES: &str = r#"{"choices":[{"name":"open"},{"name":"closed"},{"name":"on hold"}]"#;

fn table() -> OpenTable {
    let mut drawn = 0_u8;
    let fields = FIELDS.iter().zip(1_u8..).map(|((name, of_type), number)| {
        let options = match *of_type {
            "select" => format!("{CHOICES}}}"),
            "select*" => format!("{CHOICES},\"multiple\":true}}"),
            _ => "{}".to_owned(),
        };
        let of_type = of_type.trim_end_matches('*');
        drawn += 1;
        let ids = std::cell::Cell::new(drawn * 8);
        let draw = || {
            ids.set(ids.get() + 1);
            ChoiceId::from_bytes([ids.get(); 16])
        };
        let json = Some(Json::read(options.as_bytes()).unwrap());
        let input = Options { json, at: &Pointer::Root, held: None, draw: &draw };
        let made = (Definition::named(of_type).unwrap().create)(&input, &mut Faults::default()).unwrap();
        Field {
            id: FieldId::from_bytes([number; 16]),
            number: number.into(),
            name: Name::parse(name).unwrap(),
            description: None,
            of_type: of_type.to_owned(),
            options: made.stored(),
            required: false,
            unique: None,
            default: None,
        }
    });
    let now = Time::parse(NOW).unwrap();
    OpenTable::open(Table {
        id: TableId::from_bytes([1; 16]),
        base: BaseId::from_bytes([1; 16]),
        name: Name::parse("people").unwrap(),
        description: None,
        created_at: now,
        updated_at: now,
        next_number: 100,
        fields: fields.collect(),
    })
    .unwrap()
}

fn context(table: &OpenTable) -> Context<'_> {
    Context { table, now: Time::parse(NOW).unwrap() }
}

/// A record whose values were given as a JSON object.
struct Sample {
    id: RecordId,
    values: HashMap<u16, Value<'static>>,
}

impl Sample {
    fn new(table: &OpenTable, body: &str) -> Sample {
        let mut values = HashMap::new();
        let mut faults = Faults::default();
        let json = Json::read(body.as_bytes()).unwrap();
        for (name, value) in json.members(&Pointer::Root, &mut faults).unwrap() {
            let open = table.fields.iter().find(|open| open.field.name.as_str() == name).unwrap();
            let value = open.of_type.parse(value, &Pointer::Root, &mut faults);
            values.insert(open.field.number, value.unwrap_or_else(|| panic!("{name}: {faults:?}")));
        }
        Sample { id: RecordId::from_bytes([7; 16]), values }
    }
}

impl Row for Sample {
    fn id(&self) -> RecordId {
        self.id
    }

    fn value(&self, column: Column) -> Value<'_> {
        match column.slot {
            Slot::Id => Value::Empty,
            Slot::Version => Value::Int(3),
            Slot::Sequence => Value::Int(41),
            Slot::CreatedAt => Value::Time(Time::parse("2024-08-01T10:00:00Z").unwrap()),
            Slot::UpdatedAt => Value::Time(Time::parse("2024-08-14T12:00:00Z").unwrap()),
            Slot::Field(number) => self.values.get(&number).cloned().unwrap_or(Value::Empty),
        }
    }
}

const ANN: &str = r#"{"name":"Ann","First }name":"Ännchen","notes":"a\nb","mail":"Ann@example.com",
    "site":"https://example.com/a","age":31.5,"score":-2,"done":true,"day":"2024-08-14",
    "start":"2024-08-14T10:00:00Z","end":"2024-08-14T11:00:00.5Z","status":"open","tags":["open","on hold"],
    "data":{"a":[1,"Two"]}}"#;

fn shown(faults: Faults) -> Vec<String> {
    let faults = faults.check().unwrap_err().faults;
    faults
        .into_iter()
        .map(|fault| format!("{} {}: {}", fault.pointer, fault.code.name(), fault.detail))
        .collect()
}

/// Lower case by the words of the contract: each character for itself.
fn small(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}
