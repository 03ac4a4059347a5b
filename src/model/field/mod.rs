//! Fields. A field type is one file of this folder and one line in [`TYPES`]; nothing else of the server knows it.
//!
//! A type says of which [`Kind`] its values are, reads and writes them as JSON, and keeps options that only its own file
//! reads. To add one: copy the file that is nearest, and add its `TYPE` to the list.

mod auto_increment;
mod checkbox;
mod date;
mod date_time;
mod email;
mod json_type;
mod long_text;
mod number;
mod select;
mod stamp;
mod string;
mod text;
mod time;
mod url;

#[cfg(test)]
mod tests;

pub use email::fault as email_fault;
pub use time::{CLOCK_PATTERN, DATE_PATTERN};

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::codec::value::Unreadable;
use crate::error::{Code, Faults, Shown};
use crate::id::{ChoiceId, FieldId};
use crate::model::json::{self, Json, Members, Pointer};
use crate::model::name::Name;
use crate::model::value::{Kind, Value};

/// Every field type, in the order in which they are shown.
pub const TYPES: &[Definition] = &[
    string::TYPE,
    long_text::TYPE,
    number::TYPE,
    checkbox::TYPE,
    date::TYPE,
    date_time::TYPE,
    select::TYPE,
    email::TYPE,
    url::TYPE,
    json_type::TYPE,
    auto_increment::TYPE,
    stamp::CREATED_AT,
    stamp::UPDATED_AT,
];

/// A field type with its options, as it comes out of the store.
pub type Opened = Result<Box<dyn FieldType>, Unreadable>;

/// How a field type enters the server.
pub struct Definition {
    /// The name on the wire and in the store.
    pub name: &'static str,
    /// One sentence for the documentation.
    pub about: &'static str,
    /// Opens a field of this type from its stored options.
    pub open: fn(stored: &[u8]) -> Opened,
    /// Makes a field of this type from the options in a body, or changes one. `None` if there was a fault.
    pub create: fn(input: &Options<'_>, faults: &mut Faults) -> Option<Box<dyn FieldType>>,
    /// The JSON Schema of its options, without `$ref`.
    pub options_schema: fn() -> serde_json::Value,
}

impl Definition {
    /// The type of this name.
    pub fn named(name: &str) -> Option<&'static Definition> {
        TYPES.iter().find(|definition| definition.name == name)
    }

    /// Reads the name of a type from a body.
    pub fn read(json: Json<'_>, at: &Pointer<'_>, faults: &mut Faults) -> Option<&'static Definition> {
        let name = json.text(at, faults)?;
        let found = Definition::named(&name);
        if found.is_none() {
            let names = TYPES.iter().map(|definition| definition.name);
            let hint = faults.hint(&name, names.clone());
            let all = names.collect::<Vec<_>>().join(", ");
            faults.add(
                at,
                Code::InvalidValue,
                format!("There is no field type `{}`.{hint} Types are: {all}.", Shown(&name)),
            );
        }
        found
    }
}

impl fmt::Debug for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// What [`Definition::create`] is given.
pub struct Options<'a> {
    /// The member `options` of the body, if it is there.
    pub json: Option<Json<'a>>,
    pub at: &'a Pointer<'a>,
    /// The field as it is, when it is being changed within its type.
    pub held: Option<&'a dyn FieldType>,
    /// Draws ids for new choices.
    pub draw: &'a dyn Fn() -> ChoiceId,
}

impl Options<'_> {
    /// For a type that has no options: any member is a fault.
    pub fn none(&self, faults: &mut Faults) -> Option<()> {
        let before = faults.count();
        if let Some(json) = self.json.filter(|json| !json.is_null())
            && let Some(members) = Members::read(json, self.at, faults)
        {
            members.finish(self.at, faults);
        }
        (faults.count() == before).then_some(())
    }
}

/// Whether fields and choices are called by name or by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Keys {
    #[default]
    Name,
    Id,
}

/// Where the values of a field come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// From the client.
    Client,
    /// The next number of the table, given when a record is made.
    Sequence,
    /// The record's own time of making or of its last change; not stored with the values.
    CreatedAt,
    UpdatedAt,
}

/// A field type with its options: all that the rest of the server asks of it.
pub trait FieldType: Send + Sync {
    /// The name of its [`Definition`].
    fn type_name(&self) -> &'static str;

    /// How its values are held. The same for all fields of the type.
    fn kind(&self) -> Kind;

    /// Where its values come from.
    fn source(&self) -> Source {
        Source::Client
    }

    /// Whether its values can be unique.
    fn can_be_unique(&self) -> bool {
        matches!(self.kind(), Kind::Int | Kind::Float | Kind::Text | Kind::Time)
            && self.source() == Source::Client
    }

    /// Whether it has no empty value, so that `required` says nothing.
    fn never_empty(&self) -> bool {
        self.source() != Source::Client
    }

    /// Its options as stored; only its own file reads them.
    fn stored(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Its options as JSON.
    fn options(&self, _keys: Keys) -> serde_json::Value {
        serde_json::json!({})
    }

    /// Reads a value from a body, never `null`: the caller has taken that for the empty value. `None` if there was a
    /// fault. Not called for computed fields.
    fn parse(&self, json: Json<'_>, at: &Pointer<'_>, faults: &mut Faults) -> Option<Value<'static>>;

    /// Appends a value as JSON; the empty one as `null` unless the type has none.
    fn render(&self, value: &Value<'_>, keys: Keys, out: &mut Vec<u8>);

    /// What a person reads, where it differs from the text of the JSON value.
    fn display(&self, _value: &Value<'_>, _keys: Keys) -> Option<String> {
        None
    }

    /// A value as text: what another type reads when the field's type is changed.
    fn to_text(&self, value: &Value<'_>) -> String;

    /// The value that a text spells, if it spells one.
    #[expect(clippy::wrong_self_convention, reason = "the field says how the text is read")]
    fn from_text(&self, text: &str) -> Option<Value<'static>>;

    /// What a value of another field becomes here, never the empty one. `None` if it can't be converted.
    fn convert(&self, value: &Value<'_>, from: &dyn FieldType) -> Option<Value<'static>> {
        self.from_text(&from.to_text(value))
    }

    /// Whether every value of `from` is one of this field already, byte for byte, so that a change rewrites nothing.
    fn holds_all_of(&self, from: &dyn FieldType) -> bool {
        self.type_name() == from.type_name()
    }

    /// Whether its times stand for whole days, so that a filter compares days.
    fn is_day(&self) -> bool {
        false
    }

    /// Whether one value can be several choices.
    fn is_many(&self) -> bool {
        false
    }

    /// The numbers of its choices in the order in which they sort.
    fn choice_order(&self) -> Vec<u16> {
        Vec::new()
    }

    /// The number of the choice that a name or an id means, or what to say about there being none.
    fn choice_meant(&self, _text: &str) -> Result<u16, String> {
        Err("The field has no choices.".into())
    }

    /// The JSON Schema of a value that a record can have, without `null` and without `$ref`. What the server takes for the
    /// empty value besides `null` is left to whoever says whether the field may be empty.
    fn schema(&self, keys: Keys) -> serde_json::Value;

    /// A value as a document shows one, made from the options; `null` if there is none.
    fn example(&self) -> serde_json::Value;
}

/// A field of a table, as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    pub id: FieldId,
    /// Under which its values are stored in records: small, never reused within the table, and bound to one kind of
    /// value for ever; a change to another kind takes a new one.
    pub number: u16,
    pub name: Name,
    pub description: Option<String>,
    /// The name of its type.
    pub of_type: String,
    /// Read by the type only.
    pub options: Vec<u8>,
    pub required: bool,
    /// The number of its unique index, if its values are unique: a new one each time that it becomes so.
    pub unique: Option<u16>,
    /// The bytes of the value that a record gets when it is made without one.
    pub default: Option<Vec<u8>>,
}

/// A field and its type, opened once and then used for every value.
pub struct OpenField {
    pub field: Field,
    pub of_type: Box<dyn FieldType>,
    /// Its name and its id as the key of a JSON member, with the colon.
    name_key: Vec<u8>,
    id_key: Vec<u8>,
}

impl OpenField {
    pub fn open(field: Field) -> Result<OpenField, Unreadable> {
        let unknown = || Unreadable::Bytes(format!("there is no field type {}", field.of_type));
        let definition = Definition::named(&field.of_type).ok_or_else(unknown)?;
        let of_type = (definition.open)(&field.options)?;
        let key = |text: &str| {
            let mut key = Vec::new();
            json::write_text(text, &mut key);
            key.push(b':');
            key
        };
        let (name_key, id_key) = (key(field.name.as_str()), key(&field.id.to_string()));
        Ok(OpenField { field, of_type, name_key, id_key })
    }

    /// The key under which its value stands in JSON, with the colon.
    pub fn json_key(&self, keys: Keys) -> &[u8] {
        match keys {
            Keys::Name => &self.name_key,
            Keys::Id => &self.id_key,
        }
    }

    /// Its name or its id, as a body calls it.
    pub fn key_text(&self, keys: Keys) -> String {
        match keys {
            Keys::Name => self.field.name.to_string(),
            Keys::Id => self.field.id.to_string(),
        }
    }

    /// Reads stored bytes of this field's kind. Bytes that do not fit are the empty value: they can only come from a
    /// damaged disk, and then the rest of the record is worth more than an error.
    pub fn value<'a>(&self, bytes: &'a [u8]) -> Value<'a> {
        Value::read(self.of_type.kind(), bytes).unwrap_or(Value::Empty)
    }

    /// The default as a value; empty if there is none.
    pub fn default_value(&self) -> Value<'_> {
        self.field.default.as_deref().map_or(Value::Empty, |bytes| self.value(bytes))
    }
}

impl fmt::Debug for OpenField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.field.fmt(f)
    }
}
