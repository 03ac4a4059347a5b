//! Types for TypeScript: an interface for each object, with members called as in JSON.

use std::fmt::Write;

use super::shape::{Object, Type};
use super::words::{lines, quoted};

pub fn render(objects: &[Object]) -> String {
    let mut out = String::from("// Made by `undb types`.\n");
    for object in objects {
        out.push('\n');
        comment(&mut out, "", &object.about);
        let _ = writeln!(out, "export interface {} {{", object.name);
        for member in &object.members {
            comment(&mut out, "  ", &member.about);
            let (mark, null) =
                (if member.required { "" } else { "?" }, if member.nullable { " | null" } else { "" });
            let _ = writeln!(out, "  {}{mark}: {}{null};", quoted(&member.name), type_text(&member.of));
        }
        out.push_str("}\n");
    }
    out
}

fn comment(out: &mut String, indent: &str, about: &str) {
    if about.is_empty() {
        return;
    }
    let _ = writeln!(out, "{indent}/**");
    lines(about).for_each(|line| {
        let _ = writeln!(out, "{indent} * {line}");
    });
    let _ = writeln!(out, "{indent} */");
}

fn type_text(of: &Type) -> String {
    match of {
        Type::Text => "string".into(),
        Type::Number | Type::Integer => "number".into(),
        Type::Flag => "boolean".into(),
        Type::Any => "unknown".into(),
        Type::Null => "null".into(),
        Type::Choice(choices) => choices.iter().map(|choice| quoted(choice)).collect::<Vec<_>>().join(" | "),
        Type::List(item) => format!("({})[]", type_text(item)),
        Type::Map(member) => format!("{{ [name: string]: {} }}", type_text(member)),
        Type::Named(name) => name.clone(),
    }
}
