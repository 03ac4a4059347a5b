//! What holds for every field type.

mod conversions;
mod fixed_points;
mod inputs;

use std::cell::Cell;

use super::*;
use crate::clock::Time;
use crate::id::Id;

/// Opens a field by the name of its type; `select*` is one of several choices.
fn field(name: &str) -> Box<dyn FieldType> {
    let options = match name {
        "select" => r#"{"choices":[{"name":"red"},{"name":"green"},{"name":"3"},{"name":"a, b"}]}"#,
        "select*" => {
            r#"{"multiple":true,"choices":[{"name":"red"},{"name":"green"},{"name":"3"},{"name":"a, b"}]}"#
        }
        _ => "{}",
    };
    create(name.trim_end_matches('*'), Some(options)).unwrap()
}

fn create(name: &str, options: Option<&str>) -> Result<Box<dyn FieldType>, Vec<Code>> {
    let drawn = Cell::new(0_u8);
    let draw = || {
        drawn.set(drawn.get() + 1);
        ChoiceId::from_bytes([drawn.get(); 16])
    };
    let json = options.map(|text| Json::read(text.as_bytes()).unwrap());
    let input = Options { json, at: &Pointer::Root, held: None, draw: &draw };
    let mut faults = Faults::default();
    let made = (Definition::named(name).unwrap().create)(&input, &mut faults);
    match faults.check() {
        Ok(()) => Ok(made.unwrap()),
        Err(error) => {
            assert!(made.is_none(), "a fault goes with no field");
            Err(error.faults.into_iter().map(|fault| fault.code).collect())
        }
    }
}

/// Parses as the callers do: `null` is the empty value.
fn parse(of: &dyn FieldType, json: &str) -> Result<Value<'static>, Code> {
    let json = Json::read(json.as_bytes()).unwrap();
    if json.is_null() {
        return Ok(Value::Empty);
    }
    let mut faults = Faults::default();
    let value = of.parse(json, &Pointer::Root, &mut faults);
    match faults.check() {
        Ok(()) => Ok(value.unwrap()),
        Err(error) => {
            assert_eq!(value, None, "a fault goes with no value");
            assert!(error.faults.iter().all(|fault| !fault.detail.is_empty()));
            Err(error.faults[0].code)
        }
    }
}

fn render(of: &dyn FieldType, value: &Value<'_>) -> String {
    let mut out = Vec::new();
    of.render(value, Keys::Name, &mut out);
    String::from_utf8(out).unwrap()
}

/// What a body is answered as.
fn answered(of: &dyn FieldType, json: &str) -> Result<String, Code> {
    let value = parse(of, json)?;
    let bytes = value.to_bytes();
    let read = if bytes.is_empty() {
        Value::Empty
    } else {
        Value::read(of.kind(), &bytes).expect("bytes read back")
    };
    assert_eq!(read, value);
    Ok(render(of, &value))
}

fn names() -> impl Iterator<Item = &'static str> {
    TYPES.iter().map(|definition| definition.name).chain(["select*"])
}

#[test]
fn names_are_unique() {
    let mut names: Vec<_> = TYPES.iter().map(|definition| definition.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), TYPES.len());
}

#[test]
fn a_type_says_what_its_definition_says() {
    for definition in TYPES {
        let of = field(definition.name);
        assert_eq!(of.type_name(), definition.name);
        assert!(definition.about.ends_with('.'), "{}", definition.name);
        assert_eq!((definition.options_schema)()["type"], "object");
        assert!(of.holds_all_of(of.as_ref()), "{}", definition.name);
    }
}

#[test]
fn a_field_opens_again_from_what_is_stored() {
    for name in names() {
        let made = field(name);
        let opened = (Definition::named(made.type_name()).unwrap().open)(&made.stored()).unwrap();
        assert_eq!(opened.type_name(), made.type_name());
        assert_eq!(opened.stored(), made.stored());
        for keys in [Keys::Name, Keys::Id] {
            assert_eq!(opened.options(keys), made.options(keys));
            assert_eq!(opened.schema(keys), made.schema(keys));
        }
    }
}

#[test]
fn options_that_are_not_known_are_faults() {
    for definition in TYPES.iter().filter(|definition| definition.name != "select") {
        for fine in [None, Some("null"), Some("{}")] {
            assert!(create(definition.name, fine).is_ok(), "{}", definition.name);
        }
        assert_eq!(create(definition.name, Some(r#"{"min":1}"#)).err(), Some(vec![Code::UnknownMember]));
        assert_eq!(create(definition.name, Some("[]")).err(), Some(vec![Code::WrongType]));
    }
    assert_eq!(create("select", None).err(), Some(vec![Code::Required]));
}

#[test]
fn a_close_type_is_suggested() {
    let mut faults = Faults::default();
    assert!(Definition::read(Json::read(b"\"datetime\"").unwrap(), &Pointer::Root, &mut faults).is_none());
    let error = faults.check().unwrap_err();
    assert!(error.detail.contains("Did you mean `dateTime`?"), "{}", error.detail);
}

#[test]
fn what_a_computed_type_says_of_itself_agrees() {
    for name in names() {
        let of = field(name);
        let computed = of.source() != Source::Client;
        assert_eq!(of.schema(Keys::Name).get("readOnly").is_some(), computed, "{name}");
        assert_eq!(of.never_empty(), computed || name == "checkbox", "{name}");
        if computed {
            assert!(!of.can_be_unique(), "{name}");
            assert_eq!(of.from_text("1"), None, "{name}");
        }
    }
}

#[test]
fn a_value_of_another_kind_is_null() {
    let of_each_kind = [
        (Kind::Bool, Value::Bool(true)),
        (Kind::Int, Value::Int(1)),
        (Kind::Float, Value::Float(1.0)),
        (Kind::Text, Value::Text("a".into())),
        (Kind::Time, Value::Time(Time::from_millis(0))),
        (Kind::Choices, Value::Choices(vec![0].into())),
        (Kind::Json, Value::Json("{}".into())),
    ];
    for name in names() {
        let of = field(name);
        for (kind, value) in &of_each_kind {
            assert_eq!(render(of.as_ref(), value) == "null", of.kind() != *kind, "{name} {kind:?}");
            assert_eq!(of.to_text(value).is_empty(), of.kind() != *kind, "{name} {kind:?}");
        }
    }
}

#[test]
fn what_is_held_by_another_type_already_needs_no_rewriting() {
    let held = |to: &str, from: &str| field(to).holds_all_of(field(from).as_ref());
    for from in ["string", "email", "url"] {
        assert!(held("longText", from) && held("string", from));
    }
    assert!(held("dateTime", "date"));
    for (to, from) in [
        ("string", "longText"),
        ("email", "string"),
        ("url", "string"),
        ("date", "dateTime"),
        ("dateTime", "createdAt"),
        ("createdAt", "updatedAt"),
        ("number", "autoIncrement"),
        ("json", "string"),
        ("select", "select*"),
    ] {
        assert!(!held(to, from), "{to} {from}");
    }
}
