//! What a filter, a search and a sort mean, by the words of the contract, over plain JSON.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value as Json;

use crate::plan::{Class, Item, Literal, Name, Plan, Shape, Test};

/// Bytes of a text by which it is sorted.
const SORTED_BYTES: usize = 1000;

pub fn value(item: &Item, name: Name) -> Cow<'_, Json> {
    match name {
        Name::Field(place) => Cow::Borrowed(&item.values[place]),
        Name::Id => Cow::Owned(item.id.clone().into()),
        Name::Version => Cow::Owned(item.version.into()),
        Name::CreatedAt => Cow::Owned(item.created.clone().into()),
        Name::UpdatedAt => Cow::Owned(item.updated.clone().into()),
    }
}

fn fits(operator: &str, order: Option<Ordering>) -> bool {
    match (operator, order) {
        ("!=", order) => order != Some(Ordering::Equal),
        (_, None) => false,
        ("=", Some(order)) => order.is_eq(),
        ("<", Some(order)) => order.is_lt(),
        ("<=", Some(order)) => order.is_le(),
        (">", Some(order)) => order.is_gt(),
        (_, Some(order)) => order.is_ge(),
    }
}

/// The day that a day or a time is in.
fn day(text: &str) -> &str {
    &text[..10]
}

/// How a value stands to a literal; `None` if it is empty. A literal that is a day is all of its times.
fn stands(value: &Json, class: Class, literal: &Literal) -> Option<Ordering> {
    match (class, value, literal) {
        (_, Json::Null, _) => None,
        (Class::Text | Class::Id | Class::Choice, Json::String(a), Literal::Text(b)) => {
            Some(a.as_str().cmp(b))
        }
        (Class::Number | Class::Whole, Json::Number(a), Literal::Number(b)) => {
            a.as_f64().unwrap().partial_cmp(b)
        }
        (Class::Check, Json::Bool(a), Literal::Bool(b)) => Some(a.cmp(b)),
        (Class::Time, Json::String(a), Literal::Day(_, b))
        | (Class::Day, Json::String(a), Literal::Day(_, b) | Literal::At(_, b)) => Some(day(a).cmp(day(b))),
        (Class::Time, Json::String(a), Literal::At(_, b)) => Some(a.as_str().cmp(b)),
        (Class::Json, found, literal) => {
            let same = match literal {
                Literal::Text(text) => found.as_str() == Some(text),
                Literal::Number(number) => found.as_f64() == Some(*number),
                Literal::Bool(value) => found.as_bool() == Some(*value),
                _ => false,
            };
            Some(if same { Ordering::Equal } else { Ordering::Less })
        }
        other => panic!("nothing says how these stand: {other:?}"),
    }
}

/// How two values of one class stand; a day as its beginning.
fn beside(class: Class, left: &Json, right: &Json) -> Option<Ordering> {
    match (left, right) {
        (Json::Null, _) | (_, Json::Null) => None,
        (Json::String(a), Json::String(b)) if matches!(class, Class::Day | Class::Time) => {
            let begin =
                |text: &str| if text.len() == 10 { format!("{text}T00:00:00.000Z") } else { text.into() };
            Some(begin(a).cmp(&begin(b)))
        }
        (Json::String(a), Json::String(b)) => Some(a.cmp(b)),
        (Json::Number(a), Json::Number(b)) => a.as_f64().unwrap().partial_cmp(&b.as_f64().unwrap()),
        (Json::Bool(a), Json::Bool(b)) => Some(a.cmp(b)),
        other => panic!("nothing says how these stand: {other:?}"),
    }
}

fn part(value: &Json, class: Class, how: &str, text: &str) -> bool {
    let found = match (class, value) {
        (_, Json::Null) => return false,
        (Class::Json, value) => value.to_string(),
        (_, value) => value.as_str().unwrap().to_owned(),
    };
    let (found, text) = (small(&found), small(text));
    match how {
        "contains" => found.contains(&text),
        "starts with" => found.starts_with(&text),
        _ => found.ends_with(&text),
    }
}

/// Choices are told by name; a literal may have their id.
fn named<'l>(shape: &Shape, name: Name, literal: &'l Literal) -> Cow<'l, Literal> {
    let (Name::Field(place), Literal::Text(text)) = (name, literal) else { return Cow::Borrowed(literal) };
    let choice = shape.fields[place].choices.iter().find(|(_, id)| id == text);
    choice.map_or(Cow::Borrowed(literal), |(name, _)| Cow::Owned(Literal::Text(name.clone())))
}

impl Plan {
    pub fn holds(&self, shape: &Shape, item: &Item) -> bool {
        match self {
            Plan::And(parts) => parts.iter().all(|part| part.holds(shape, item)),
            Plan::Or(parts) => parts.iter().any(|part| part.holds(shape, item)),
            Plan::Not(part) => !part.holds(shape, item),
            Plan::Known(value) => *value,
            Plan::Test(name, test) => test.holds(shape, item, *name),
        }
    }
}

impl Test {
    fn holds(&self, shape: &Shape, item: &Item, name: Name) -> bool {
        let (class, found) = (shape.class(name), value(item, name));
        let to = |literal: &Literal| stands(&found, class, &named(shape, name, literal));
        let has = |literal: &Literal| match named(shape, name, literal).as_ref() {
            Literal::Text(text) => found.as_array().is_some_and(|all| all.iter().any(|one| one == text)),
            _ => false,
        };
        match self {
            Test::Compare(operator, literal, _) => fits(operator, to(literal)),
            Test::Other(operator, other) => fits(operator, beside(class, &found, &value(item, *other))),
            Test::In(wanted, items) => items.iter().any(|item| fits("=", to(item))) == *wanted,
            Test::Between(low, high) => fits(">=", to(low)) && fits("<=", to(high)),
            Test::Part(how, text) => part(&found, class, how, text),
            Test::Empty(wanted) => found.is_null() == *wanted,
            Test::Alone => *found == Json::Bool(true),
            Test::HasAny(_, items) => items.iter().any(has),
            Test::HasAll(items) => items.iter().all(has),
        }
    }
}

/// Whether each word stands in some text of the record.
pub fn searched(shape: &Shape, item: &Item, text: &str) -> bool {
    let text = small(text);
    text.split_whitespace().all(|word| {
        let texts = shape.names().into_iter().filter(|name| shape.class(*name) == Class::Text);
        texts.into_iter().any(|name| part(&value(item, name), Class::Text, "contains", word))
    })
}

/// The part of a text by which it is sorted.
pub fn cut(text: &str) -> &str {
    let mut end = text.len().min(SORTED_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn place(shape: &Shape, name: Name, choice: &Json) -> usize {
    let Name::Field(field) = name else { panic!("only a field has choices") };
    let choices = &shape.fields[field].choices;
    choices.iter().position(|(name, _)| choice == name).unwrap()
}

/// How two values stand in a list that is sorted by a name, ascending but for what is empty.
pub fn order(shape: &Shape, name: Name, descending: bool, left: &Json, right: &Json) -> Ordering {
    match (left.is_null(), right.is_null()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let order = match shape.class(name) {
        Class::Text => cut(left.as_str().unwrap()).cmp(cut(right.as_str().unwrap())),
        Class::Choice => place(shape, name, left).cmp(&place(shape, name, right)),
        Class::Choices => {
            let places = |value: &Json| -> Vec<usize> {
                value.as_array().unwrap().iter().map(|one| place(shape, name, one)).collect()
            };
            places(left).cmp(&places(right))
        }
        class => beside(class, left, right).unwrap(),
    };
    if descending { order.reverse() } else { order }
}

/// The records that are meant, in the order that is asked for.
pub fn meant<'i>(
    shape: &Shape,
    items: &'i [Item],
    plan: Option<&Plan>,
    search: Option<&str>,
    sort: &[(Name, bool)],
) -> Vec<&'i Item> {
    let holds = |item: &&Item| {
        plan.is_none_or(|plan| plan.holds(shape, item))
            && search.is_none_or(|text| searched(shape, item, text))
    };
    let mut found: Vec<&Item> = items.iter().filter(holds).collect();
    found.sort_by(|a, b| {
        let mut all = Ordering::Equal;
        for (name, descending) in sort {
            all = all.then_with(|| order(shape, *name, *descending, &value(a, *name), &value(b, *name)));
        }
        all.then_with(|| a.id.cmp(&b.id))
    });
    found
}

/// Lower case: each character for itself.
fn small(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}
