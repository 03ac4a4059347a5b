//! What a typed document says of a table's records: objects with members, without anything of a language.

use serde_json::{Map, Value};

const SCHEMAS: &str = "#/components/schemas/";

/// An object that is answered or sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    pub name: String,
    pub about: String,
    pub members: Vec<Member>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// As JSON has it.
    pub name: String,
    pub about: String,
    pub required: bool,
    pub of: Type,
    pub nullable: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    Text,
    Number,
    Integer,
    Flag,
    /// Any JSON.
    Any,
    /// Nothing but `null`.
    Null,
    Choice(Vec<String>),
    List(Box<Type>),
    /// An object with members of any name.
    Map(Box<Type>),
    /// Another object.
    Named(String),
}

/// The objects of a table's document, each after those that it names: its records, what makes one, what changes one. Those
/// that the token may not use are not there.
pub fn shapes(document: &Value) -> Vec<Object> {
    let Some(schemas) = document.pointer("/components/schemas").and_then(Value::as_object) else {
        return Vec::new();
    };
    // Everything of a table is called after it: `Contacts`, `ContactsValues`, `ContactsCreate`.
    let named = schemas.keys().filter(|name| schemas.contains_key(&format!("{name}Values")));
    let Some(table) = named.min_by_key(|name| name.len()) else { return Vec::new() };
    let mut found = Vec::new();
    for part in ["", "Create", "Update"] {
        object(schemas, &format!("{table}{part}"), &mut found);
    }
    found
}

fn object(schemas: &Map<String, Value>, name: &str, found: &mut Vec<Object>) {
    let Some(schema) = schemas.get(name).filter(|_| found.iter().all(|object| object.name != name)) else {
        return;
    };
    let required: Vec<&str> = texts(schema.get("required")).collect();
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let members: Vec<Member> = properties
        .map(|(member, of)| Member {
            name: member.clone(),
            about: about(of),
            required: required.contains(&member.as_str()),
            of: type_of(of),
            nullable: is_nullable(of),
        })
        .collect();
    for member in &members {
        if let Type::Named(other) = &member.of {
            object(schemas, other, found);
        }
    }
    found.push(Object { name: name.to_owned(), about: about(schema), members });
}

fn texts(value: Option<&Value>) -> impl Iterator<Item = &str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn about(schema: &Value) -> String {
    schema.get("description").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The types that a schema names.
fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(one)) => vec![one.as_str()],
        several => texts(several).collect(),
    }
}

/// The schema beside `null`, where that is written as a choice of two.
fn beside_null(schema: &Value) -> Option<&Value> {
    let choices = schema.get("anyOf")?.as_array()?;
    let is_null = |choice: &Value| choice.get("type").and_then(Value::as_str) == Some("null");
    let mut others = choices.iter().filter(|choice| !is_null(choice));
    others.next().filter(|_| choices.len() == 2 && others.next().is_none())
}

fn is_nullable(schema: &Value) -> bool {
    if beside_null(schema).is_some() {
        return true;
    }
    let types = types(schema);
    types.len() > 1 && types.contains(&"null")
}

fn type_of(schema: &Value) -> Type {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|at| at.strip_prefix(SCHEMAS)) {
        return Type::Named(name.to_owned());
    }
    if let Some(other) = beside_null(schema) {
        return type_of(other);
    }
    if schema.get("enum").is_some() {
        return Type::Choice(texts(schema.get("enum")).map(str::to_owned).collect());
    }
    let types = types(schema);
    let inner = |keyword: &str| Box::new(schema.get(keyword).map_or(Type::Any, type_of));
    match types.iter().find(|of| **of != "null") {
        Some(&"string") => Type::Text,
        Some(&"number") => Type::Number,
        Some(&"integer") => Type::Integer,
        Some(&"boolean") => Type::Flag,
        Some(&"array") => Type::List(inner("items")),
        Some(&"object") => Type::Map(inner("additionalProperties")),
        None if types.contains(&"null") => Type::Null,
        _ => Type::Any,
    }
}
