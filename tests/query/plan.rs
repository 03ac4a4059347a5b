//! Tables, records and filters in plain values: what the reference knows.

use serde_json::Value as Json;

/// A record as the wire has it; `values` in the order of the fields.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub id: String,
    pub version: f64,
    pub created: String,
    pub updated: String,
    pub values: Vec<Json>,
}

#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub of_type: String,
    pub many: bool,
    /// Names and ids.
    pub choices: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
pub struct Shape {
    pub fields: Vec<Field>,
}

/// Something that a filter or a sort can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    Field(usize),
    Id,
    Version,
    CreatedAt,
    UpdatedAt,
}

/// How values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Text,
    Number,
    Whole,
    Check,
    Day,
    Time,
    Choice,
    Choices,
    Json,
    Id,
}

/// A literal on the right or left of a comparison: what is written, and what it stands for.
#[derive(Clone, Debug)]
pub enum Literal {
    Text(String),
    Number(f64),
    Bool(bool),
    /// A day, spelled in some way.
    Day(String, String),
    /// A time in UTC with milliseconds, spelled in some way.
    At(String, String),
}

#[derive(Clone, Debug)]
pub enum Test {
    /// `name op literal`, or turned around.
    Compare(&'static str, Literal, bool),
    Other(&'static str, Name),
    In(bool, Vec<Literal>),
    Between(Literal, Literal),
    Part(&'static str, String),
    Empty(bool),
    Alone,
    HasAny(&'static str, Vec<Literal>),
    HasAll(Vec<Literal>),
}

#[derive(Clone, Debug)]
pub enum Plan {
    And(Vec<Plan>),
    Or(Vec<Plan>),
    Not(Box<Plan>),
    Known(bool),
    Test(Name, Test),
}

impl Shape {
    pub fn class(&self, name: Name) -> Class {
        let Name::Field(place) = name else {
            return match name {
                Name::Id => Class::Id,
                Name::Version => Class::Whole,
                _ => Class::Time,
            };
        };
        let field = &self.fields[place];
        match field.of_type.as_str() {
            "string" | "longText" | "email" | "url" => Class::Text,
            "number" => Class::Number,
            "autoIncrement" => Class::Whole,
            "checkbox" => Class::Check,
            "date" => Class::Day,
            "dateTime" | "createdAt" | "updatedAt" => Class::Time,
            "select" if field.many => Class::Choices,
            "select" => Class::Choice,
            "json" => Class::Json,
            other => panic!("a type `{other}` is new: say how its values are compared"),
        }
    }

    pub fn names(&self) -> Vec<Name> {
        let own = [Name::Id, Name::Version, Name::CreatedAt, Name::UpdatedAt];
        (0..self.fields.len()).map(Name::Field).chain(own).collect()
    }

    /// What two names share if they say the same.
    pub fn column(&self, name: Name) -> Name {
        match name {
            Name::Field(place) if self.fields[place].of_type == "createdAt" => Name::CreatedAt,
            Name::Field(place) if self.fields[place].of_type == "updatedAt" => Name::UpdatedAt,
            // All fields of this type show the same number.
            Name::Field(place) if self.fields[place].of_type == "autoIncrement" => {
                let first = self.fields.iter().position(|field| field.of_type == "autoIncrement");
                Name::Field(first.unwrap_or(place))
            }
            other => other,
        }
    }

    /// The name as it stands in a body.
    pub fn plain(&self, name: Name) -> String {
        match name {
            Name::Field(place) => self.fields[place].name.clone(),
            Name::Id => "id".into(),
            Name::Version => "version".into(),
            Name::CreatedAt => "createdAt".into(),
            Name::UpdatedAt => "updatedAt".into(),
        }
    }

    /// The name as it stands in a filter or a sort.
    pub fn spelled(&self, name: Name) -> String {
        let plain = self.plain(name);
        let bare = plain.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if bare { plain } else { format!("{{{}}}", plain.replace('}', "}}")) }
    }
}

impl Literal {
    pub fn print(&self) -> String {
        match self {
            Literal::Text(text) => serde_json::to_string(text).unwrap(),
            Literal::Number(number) => serde_json::to_string(number).unwrap(),
            Literal::Bool(value) => value.to_string(),
            Literal::Day(spelled, _) | Literal::At(spelled, _) => spelled.clone(),
        }
    }
}

fn list(items: &[Literal]) -> String {
    let items: Vec<_> = items.iter().map(Literal::print).collect();
    format!("({})", items.join(", "))
}

fn turned(operator: &str) -> &str {
    match operator {
        "<" => ">",
        "<=" => ">=",
        ">" => "<",
        ">=" => "<=",
        same => same,
    }
}

impl Plan {
    pub fn print(&self, shape: &Shape) -> String {
        let all = |parts: &[Plan], word: &str| {
            let parts: Vec<_> = parts.iter().map(|part| format!("({})", part.print(shape))).collect();
            parts.join(word)
        };
        match self {
            Plan::And(parts) => all(parts, " and "),
            Plan::Or(parts) => all(parts, " or "),
            Plan::Not(part) => format!("not ({})", part.print(shape)),
            Plan::Known(value) => value.to_string(),
            Plan::Test(name, test) => {
                let name = shape.spelled(*name);
                match test {
                    Test::Compare(operator, literal, false) => {
                        format!("{name} {operator} {}", literal.print())
                    }
                    Test::Compare(operator, literal, true) => {
                        format!("{} {} {name}", literal.print(), turned(operator))
                    }
                    Test::Other(operator, other) => format!("{name} {operator} {}", shape.spelled(*other)),
                    Test::In(true, items) => format!("{name} in {}", list(items)),
                    Test::In(false, items) => format!("{name} not in {}", list(items)),
                    Test::Between(low, high) => {
                        format!("{name} between {} and {}", low.print(), high.print())
                    }
                    Test::Part(how, text) => format!("{name} {how} {}", serde_json::to_string(text).unwrap()),
                    Test::Empty(true) => format!("{name} is empty"),
                    Test::Empty(false) => format!("{name} is not empty"),
                    Test::Alone => name,
                    Test::HasAny("has", items) => format!("{name} has {}", items[0].print()),
                    Test::HasAny(_, items) => format!("{name} has any {}", list(items)),
                    Test::HasAll(items) => format!("{name} has all {}", list(items)),
                }
            }
        }
    }
}
