//! Types for Rust with serde and serde_json: a struct for each object, an enum for the choices of a field.

use std::collections::HashMap;
use std::fmt::Write;

use super::shape::{Member, Object, Type};
use super::words::{Taken, lines, pascal, snake};

/// Words that are no names of fields, raw or not, in any edition.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static",
    "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual",
    "where", "while", "yield",
];

/// Types that are used here, and `Self`.
const TYPES: &[&str] =
    &["BTreeMap", "Deserialize", "None", "Option", "Self", "Serialize", "Some", "String", "Value", "Vec"];

const DERIVED: &str = "Clone, Debug, PartialEq, Serialize, Deserialize";

struct Printer<'o> {
    /// What the table is called: enums are named after it and their field.
    table: &'o str,
    names: HashMap<&'o str, String>,
    taken: Taken,
    /// Enums by what they were made of: the same choices of the same field are one type.
    enums: HashMap<(String, Vec<String>), String>,
    out: String,
}

pub fn render(objects: &[Object]) -> String {
    let mut taken = Taken::new(TYPES);
    let names = objects.iter().map(|object| (object.name.as_str(), taken.give(&object.name))).collect();
    let out = String::from(
        "// Made by `undb types`.\n\nuse std::collections::BTreeMap;\n\nuse serde::{Deserialize, Serialize};\nuse serde_json::Value;\n",
    );
    let table =
        objects.iter().map(|object| object.name.as_str()).min_by_key(|name| name.len()).unwrap_or_default();
    let mut printer = Printer { table, names, taken, enums: HashMap::new(), out };
    objects.iter().for_each(|object| printer.object(object));
    // What is imported and not used would warn.
    for (name, import) in
        [("BTreeMap<", "use std::collections::BTreeMap;\n\n"), ("Value>", "use serde_json::Value;\n")]
    {
        let uses = printer.out.contains(name) || name == "Value>" && printer.out.contains(": Value,");
        if !uses {
            printer.out = printer.out.replacen(import, "", 1);
        }
    }
    printer.out
}

impl Printer<'_> {
    fn object(&mut self, object: &Object) {
        let name = self.names.get(object.name.as_str()).cloned().unwrap_or_default();
        let mut fields = Taken::new(KEYWORDS);
        let mut body = String::new();
        for member in &object.members {
            let of = self.member_type(member);
            let field = fields.give(&snake(&member.name));
            comment(&mut body, "    ", &member.about);
            if field != member.name {
                let _ = writeln!(body, "    #[serde(rename = {:?})]", member.name);
            }
            if !member.required {
                body.push_str("    #[serde(default, skip_serializing_if = \"Option::is_none\")]\n");
            }
            if !member.required && member.nullable {
                // What is left out and what is emptied are two things.
                body.push_str("    #[serde(deserialize_with = \"there\")]\n");
            }
            let _ = writeln!(body, "    pub {field}: {of},");
        }
        let default = if object.members.iter().any(|member| member.required) { "" } else { "Default, " };
        self.out.push('\n');
        comment(&mut self.out, "", &object.about);
        let _ = write!(self.out, "#[derive({default}{DERIVED})]\npub struct {name} {{\n{body}}}\n");
        self.there();
    }

    /// The function that tells `null` from nothing, once, if it is called.
    fn there(&mut self) {
        const HEAD: &str = "fn there<";
        if self.out.contains("\"there\"") && !self.out.contains(HEAD) {
            self.out.push_str(
                "\nfn there<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {\n    T::deserialize(from).map(Some)\n}\n",
            );
        }
    }

    fn member_type(&mut self, member: &Member) -> String {
        let mut of = self.type_text(member, &member.of);
        if member.nullable {
            of = format!("Option<{of}>");
        }
        if !member.required {
            of = format!("Option<{of}>");
        }
        of
    }

    fn type_text(&mut self, member: &Member, of: &Type) -> String {
        match of {
            Type::Text => "String".into(),
            Type::Number => "f64".into(),
            Type::Integer => "i64".into(),
            Type::Flag => "bool".into(),
            Type::Any => "Value".into(),
            Type::Null => "()".into(),
            Type::Choice(choices) => self.choices(member, choices),
            Type::List(item) => format!("Vec<{}>", self.type_text(member, item)),
            Type::Map(inner) => format!("BTreeMap<String, {}>", self.type_text(member, inner)),
            Type::Named(name) => self.names.get(name.as_str()).cloned().unwrap_or_else(|| "Value".into()),
        }
    }

    fn choices(&mut self, member: &Member, choices: &[String]) -> String {
        let key = (member.name.clone(), choices.to_vec());
        if let Some(name) = self.enums.get(&key) {
            return name.clone();
        }
        let name = self.taken.give(&format!("{}{}", self.table, pascal(&member.name, "Field")));
        let mut variants = Taken::new(&["Self"]);
        let _ = write!(self.out, "\n#[derive(Copy, Eq, {DERIVED})]\npub enum {name} {{\n");
        for choice in choices {
            let variant = variants.give(&pascal(choice, "Choice"));
            if variant != *choice {
                let _ = writeln!(self.out, "    #[serde(rename = {choice:?})]");
            }
            let _ = writeln!(self.out, "    {variant},");
        }
        self.out.push_str("}\n");
        self.enums.insert(key, name.clone());
        name
    }
}

fn comment(out: &mut String, indent: &str, about: &str) {
    lines(about).for_each(|line| {
        let _ = writeln!(out, "{}", format!("{indent}/// {line}").trim_end());
    });
}
