//! Types for Python 3.11 and later: a `TypedDict` for each object. They are made by calls, since members are called as in
//! JSON, and those are names of Python only at times.

use std::collections::HashMap;
use std::fmt::Write;

use super::shape::{Object, Type};
use super::words::{Taken, lines, quoted};

/// Capital words that are no names. All else that is used here is reached through `typing`.
const RESERVED: &[&str] = &["False", "None", "True"];

pub fn render(objects: &[Object]) -> String {
    let mut taken = Taken::new(RESERVED);
    let names: HashMap<&str, String> =
        objects.iter().map(|object| (object.name.as_str(), taken.give(&object.name))).collect();
    let mut out = String::from("# Made by `undb types`.\n\nimport typing\n");
    for object in objects {
        let name = names.get(object.name.as_str()).map_or("", String::as_str);
        out.push('\n');
        comment(&mut out, "", &object.about);
        let _ = writeln!(out, "{name} = typing.TypedDict(\n    \"{name}\",\n    {{");
        for member in &object.members {
            comment(&mut out, "        ", &member.about);
            let mut of = type_text(&member.of, &names);
            if member.nullable {
                of = format!("{of} | None");
            }
            if !member.required {
                of = format!("typing.NotRequired[{of}]");
            }
            let _ = writeln!(out, "        {}: {of},", quoted(&member.name));
        }
        out.push_str("    },\n)\n");
    }
    out
}

fn comment(out: &mut String, indent: &str, about: &str) {
    lines(about).for_each(|line| {
        let _ = writeln!(out, "{}", format!("{indent}# {line}").trim_end());
    });
}

fn type_text(of: &Type, names: &HashMap<&str, String>) -> String {
    match of {
        Type::Text => "str".into(),
        Type::Number => "float".into(),
        Type::Integer => "int".into(),
        Type::Flag => "bool".into(),
        Type::Any => "typing.Any".into(),
        Type::Null => "None".into(),
        Type::Choice(choices) => {
            let choices: Vec<_> = choices.iter().map(|choice| quoted(choice)).collect();
            format!("typing.Literal[{}]", choices.join(", "))
        }
        Type::List(item) => format!("list[{}]", type_text(item, names)),
        Type::Map(member) => format!("dict[str, {}]", type_text(member, names)),
        Type::Named(name) => names.get(name.as_str()).cloned().unwrap_or_else(|| "typing.Any".into()),
    }
}
