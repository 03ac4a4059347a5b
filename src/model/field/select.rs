//! `select`: one of a list of choices, or several of them.
//!
//! A value holds the choices' numbers, which are never reused within the field: renaming a choice, giving it another
//! colour or moving it touches no record.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Definition, FieldType, Keys, Options};
use crate::codec::value::{Unreadable, decode, encode};
use crate::error::{Code, Faults, did_you_mean};
use crate::id::{ChoiceId, Id};
use crate::limits::CHOICES_MAX;
use crate::model::json::{self, Json, Members, Pointer, Shape};
use crate::model::name::Name;
use crate::model::value::{Kind, Value};

pub const TYPE: Definition = Definition {
    name: "select",
    about: "One of a list of choices, or with `multiple` several of them, each once and in the order sent.",
    open,
    create,
    options_schema,
};

/// Colours that a choice may have; one without gets the next in turn.
const COLORS: [&str; 12] =
    ["gray", "red", "orange", "amber", "green", "teal", "cyan", "blue", "indigo", "purple", "pink", "rose"];

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Choice {
    id: ChoiceId,
    number: u16,
    name: Name,
    color: String,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Select {
    multiple: bool,
    next_number: u16,
    choices: Vec<Choice>,
}

fn open(stored: &[u8]) -> Result<Box<dyn FieldType>, Unreadable> {
    Ok(Box::new(decode::<Select>(stored)?))
}

fn options_schema() -> serde_json::Value {
    serde_json::json!({
        "type": "object",
        "required": ["choices"],
        "additionalProperties": false,
        "properties": {
            "multiple": {"type": "boolean", "default": false},
            "choices": {"type": "array", "maxItems": CHOICES_MAX, "items": {
                "type": "object",
                "required": ["name"],
                "additionalProperties": false,
                "properties": {
                    "id": {"type": "string", "description": "Keeps a choice of the field when its name changes."},
                    "name": {"type": "string"},
                    "color": {"type": "string", "enum": COLORS}
                }
            }}
        }
    })
}

fn create(input: &Options<'_>, faults: &mut Faults) -> Option<Box<dyn FieldType>> {
    let held = match input.held {
        Some(held) => decode::<Select>(&held.stored()).ok()?,
        None => Select::default(),
    };
    let before = faults.count();
    let Some(json) = input.json.filter(|json| !json.is_null()) else {
        if input.held.is_none() {
            faults.add(input.at.member("choices"), Code::Required, "A select field needs its choices.");
        }
        return (faults.count() == before).then(|| Box::new(held) as Box<dyn FieldType>);
    };
    let mut members = Members::read(json, input.at, faults)?;
    let mut made = held.clone();
    if let Some(json) = members.take("multiple")
        && let Some(multiple) = json.boolean(&input.at.member("multiple"), faults)
    {
        made.multiple = multiple;
    }
    let at = input.at.member("choices");
    match members.take("choices") {
        Some(json) => made.read_choices(json, &held, &at, input.draw, faults),
        None if input.held.is_none() => {
            faults.add(at, Code::Required, "A select field needs its choices.");
        }
        None => {}
    }
    members.finish(input.at, faults);
    (faults.count() == before).then(|| Box::new(made) as Box<dyn FieldType>)
}

impl Select {
    /// Replaces the choices by those of a body: one with the id or else the name of a held choice stays that choice.
    fn read_choices(
        &mut self,
        json: Json<'_>,
        held: &Select,
        at: &Pointer<'_>,
        draw: &dyn Fn() -> ChoiceId,
        faults: &mut Faults,
    ) {
        let Some(items) = json.items(at, faults) else { return };
        if items.len() > CHOICES_MAX {
            faults.add(at, Code::TooMany, format!("A select field has at most {CHOICES_MAX} choices."));
            return;
        }
        self.choices.clear();
        for (n, item) in items.into_iter().enumerate() {
            let at = at.item(n);
            let Some(choice) = self.read_choice(item, held, n, &at, draw, faults) else { continue };
            let folded = choice.name.folded();
            if self.choices.iter().any(|other| other.name.folded() == folded || other.id == choice.id) {
                faults.add(
                    at.member("name"),
                    Code::NameTaken,
                    format!("The choice `{}` is there twice.", choice.name),
                );
            } else {
                self.choices.push(choice);
            }
        }
    }

    fn read_choice(
        &mut self,
        json: Json<'_>,
        held: &Select,
        place: usize,
        at: &Pointer<'_>,
        draw: &dyn Fn() -> ChoiceId,
        faults: &mut Faults,
    ) -> Option<Choice> {
        let mut members = Members::read(json, at, faults)?;
        let id = members.take("id").map(|json| read_held_id(json, held, &at.member("id"), faults));
        let name =
            members.require("name", at, faults).and_then(|json| Name::read(json, &at.member("name"), faults));
        let color = members.take("color").map(|json| read_color(json, &at.member("color"), faults));
        members.finish(at, faults);
        let (name, color) = (name?, color.map_or(Some(None), |color| color.map(Some))?);
        let kept = match id {
            Some(found) => Some(found?),
            None => held.choices.iter().find(|choice| choice.name == name),
        };
        if let Some(kept) = kept {
            let color = color.unwrap_or_else(|| kept.color.clone());
            return Some(Choice { id: kept.id, number: kept.number, name, color });
        }
        let Some(next) = self.next_number.checked_add(1) else {
            faults.add(at, Code::TooMany, "The field has had as many choices as are possible.");
            return None;
        };
        let number = std::mem::replace(&mut self.next_number, next);
        let color = color.or_else(|| COLORS.get(place % COLORS.len()).map(|color| (*color).to_owned()))?;
        Some(Choice { id: draw(), number, name, color })
    }

    fn numbered(&self, number: u16) -> Option<&Choice> {
        self.choices.iter().find(|choice| choice.number == number)
    }

    /// The choice that a name or id means.
    fn meant(&self, text: &str) -> Option<&Choice> {
        let id = ChoiceId::parse(text);
        self.choices.iter().find(|choice| choice.name.as_str() == text || id == Some(choice.id))
    }

    fn parse_choice(&self, json: Json<'_>, at: &Pointer<'_>, faults: &mut Faults) -> Option<u16> {
        let text = json.text(at, faults)?;
        let found = self.meant(&text).map(|choice| choice.number);
        if found.is_none() {
            let hint = faults.hint(&text, self.choices.iter().map(|choice| choice.name.as_str()));
            let shown: String = text.chars().take(80).collect();
            faults.add(at, Code::UnknownChoice, format!("There is no choice `{shown}`.{hint}"));
        }
        found
    }

    fn render_choice(&self, number: u16, keys: Keys, out: &mut Vec<u8>) {
        match self.numbered(number) {
            Some(choice) if keys == Keys::Id => json::write_text(&choice.id.to_string(), out),
            Some(choice) => json::write_text(choice.name.as_str(), out),
            None => out.extend_from_slice(b"null"),
        }
    }

    fn names(&self, numbers: &[u16]) -> Vec<&str> {
        numbers.iter().filter_map(|n| self.numbered(*n)).map(|choice| choice.name.as_str()).collect()
    }
}

fn read_held_id<'h>(
    json: Json<'_>,
    held: &'h Select,
    at: &Pointer<'_>,
    faults: &mut Faults,
) -> Option<&'h Choice> {
    let text = json.text(at, faults)?;
    let id = ChoiceId::parse(&text);
    let found = held.choices.iter().find(|choice| Some(choice.id) == id);
    if found.is_none() {
        faults.add(at, Code::UnknownChoice, "The field has no choice of this id; leave it out to make one.");
    }
    found
}

fn read_color(json: Json<'_>, at: &Pointer<'_>, faults: &mut Faults) -> Option<String> {
    let color = json.text(at, faults)?;
    if !COLORS.contains(&color.as_ref()) {
        faults.add(at, Code::InvalidValue, format!("Colours are: {}.", COLORS.join(", ")));
        return None;
    }
    Some(color.into_owned())
}

impl FieldType for Select {
    fn type_name(&self) -> &'static str {
        TYPE.name
    }

    fn kind(&self) -> Kind {
        Kind::Choices
    }

    fn stored(&self) -> Vec<u8> {
        encode(self).unwrap_or_default()
    }

    fn options(&self, _keys: Keys) -> serde_json::Value {
        let choices: Vec<_> = self
            .choices
            .iter()
            .map(|choice| serde_json::json!({"id": choice.id.to_string(), "name": choice.name.as_str(), "color": choice.color}))
            .collect();
        serde_json::json!({"multiple": self.multiple, "choices": choices})
    }

    fn parse(&self, json: Json<'_>, at: &Pointer<'_>, faults: &mut Faults) -> Option<Value<'static>> {
        if !self.multiple {
            if json.shape() == Shape::Text && json.as_str() == "\"\"" {
                return Some(Value::Empty);
            }
            return self
                .parse_choice(json, at, faults)
                .map(|number| Value::Choices(Cow::Owned(vec![number])));
        }
        let items = json.items(at, faults)?;
        let mut numbers = Vec::with_capacity(items.len());
        let before = faults.count();
        for (n, item) in items.into_iter().enumerate() {
            let Some(number) = self.parse_choice(item, &at.item(n), faults) else { continue };
            if numbers.contains(&number) {
                faults.add(at.item(n), Code::InvalidValue, "The choice is there twice.");
            }
            numbers.push(number);
        }
        if faults.count() > before {
            return None;
        }
        Some(if numbers.is_empty() { Value::Empty } else { Value::Choices(Cow::Owned(numbers)) })
    }

    fn render(&self, value: &Value<'_>, keys: Keys, out: &mut Vec<u8>) {
        match value {
            Value::Choices(numbers) if self.multiple => {
                out.push(b'[');
                for (n, number) in numbers.iter().enumerate() {
                    if n > 0 {
                        out.push(b',');
                    }
                    self.render_choice(*number, keys, out);
                }
                out.push(b']');
            }
            Value::Choices(numbers) => match numbers.first() {
                Some(number) => self.render_choice(*number, keys, out),
                None => out.extend_from_slice(b"null"),
            },
            _ => out.extend_from_slice(b"null"),
        }
    }

    fn display(&self, value: &Value<'_>, keys: Keys) -> Option<String> {
        match value {
            Value::Choices(numbers) if keys == Keys::Id || self.multiple => {
                Some(self.names(numbers).join(", "))
            }
            _ => None,
        }
    }

    fn to_text(&self, value: &Value<'_>) -> String {
        match value {
            Value::Choices(numbers) => self.names(numbers).join(", "),
            _ => String::new(),
        }
    }

    fn from_text(&self, text: &str) -> Option<Value<'static>> {
        if text.is_empty() {
            return Some(Value::Empty);
        }
        // A name may hold a comma itself, so the whole text is tried first.
        if let Some(choice) = self.meant(text) {
            return Some(Value::Choices(Cow::Owned(vec![choice.number])));
        }
        if !self.multiple {
            return None;
        }
        let mut numbers = Vec::new();
        for part in text.split(',') {
            let number = self.meant(part.trim())?.number;
            if !numbers.contains(&number) {
                numbers.push(number);
            }
        }
        Some(Value::Choices(Cow::Owned(numbers)))
    }

    /// Between two states of a select field choices are followed by number, whatever they are called.
    fn convert(&self, value: &Value<'_>, from: &dyn FieldType) -> Option<Value<'static>> {
        let Value::Choices(numbers) = value else { return self.from_text(&from.to_text(value)) };
        let fits = self.multiple || numbers.len() == 1;
        let all_known = numbers.iter().all(|number| self.numbered(*number).is_some());
        (fits && all_known).then(|| value.clone().into_owned())
    }

    fn holds_all_of(&self, from: &dyn FieldType) -> bool {
        let Ok(held) = decode::<Select>(&from.stored()) else { return false };
        from.type_name() == TYPE.name
            && (self.multiple || !held.multiple)
            && held.choices.iter().all(|choice| self.numbered(choice.number).is_some())
    }

    fn is_many(&self) -> bool {
        self.multiple
    }

    fn choice_order(&self) -> Vec<u16> {
        self.choices.iter().map(|choice| choice.number).collect()
    }

    fn choice_meant(&self, text: &str) -> Result<u16, String> {
        self.meant(text).map(|choice| choice.number).ok_or_else(|| {
            let hint = did_you_mean(text, self.choices.iter().map(|choice| choice.name.as_str()));
            let shown: String = text.chars().take(80).collect();
            format!("There is no choice `{shown}`.{hint}")
        })
    }

    fn schema(&self, keys: Keys) -> serde_json::Value {
        let names: Vec<_> = self
            .choices
            .iter()
            .map(|choice| if keys == Keys::Id { choice.id.to_string() } else { choice.name.to_string() })
            .collect();
        // An empty `enum` is not allowed everywhere; of no choices there is no value, or the empty list only.
        let mut schema = if names.is_empty() {
            serde_json::json!({"not": {}})
        } else {
            serde_json::json!({"type": "string", "enum": names})
        };
        if self.multiple {
            let most = names.len();
            schema =
                serde_json::json!({"type": "array", "items": schema, "uniqueItems": true, "maxItems": most});
        }
        if let Some(members) = schema.as_object_mut().filter(|_| !names.is_empty()) {
            let about = "The id of a choice is taken as well as its name, and answered as its name; `\"\"` is taken for the empty value.";
            members.insert("description".into(), about.into());
        }
        schema
    }

    fn example(&self) -> serde_json::Value {
        let first = self.choices.first().map(|choice| choice.name.as_str());
        if self.multiple { first.map(|name| vec![name]).into() } else { first.into() }
    }
}
