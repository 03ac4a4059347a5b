//! Just enough of JSON Schema to compare values with the API document. A keyword that it does not know is a fault, so that
//! nothing is passed over in silence; and so is a member that the document does not have.

use serde_json::Value;
use undb::clock::Time;

/// What is wrong with a value, by a schema of the document.
pub fn faults(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut checking = Checking { document, faults: Vec::new() };
    checking.check(schema, value, "", true);
    checking.faults
}

/// What a `$ref` leads to.
pub fn resolved<'a>(document: &'a Value, reference: &str) -> Option<&'a Value> {
    document.pointer(reference.strip_prefix('#')?)
}

struct Checking<'a> {
    document: &'a Value,
    faults: Vec<String>,
}

impl Checking<'_> {
    fn fault(&mut self, at: &str, what: impl std::fmt::Display) {
        self.faults.push(format!("{at}: {what}"));
    }

    /// `closed`: whether members that the schema does not name are faults.
    fn check(&mut self, schema: &Value, value: &Value, at: &str, closed: bool) {
        let Some(keywords) = schema.as_object() else {
            return self.fault(at, format!("no schema: {schema}"));
        };
        for (keyword, wanted) in keywords {
            self.keyword(keyword, wanted, value, at, closed);
        }
        if let (true, Some(known), Some(members)) =
            (closed, schema["properties"].as_object(), value.as_object())
        {
            for name in members.keys().filter(|name| !known.contains_key(*name)) {
                self.fault(at, format!("the document has no member `{name}`"));
            }
        }
    }

    fn keyword(&mut self, keyword: &str, wanted: &Value, value: &Value, at: &str, closed: bool) {
        let holds = match keyword {
            "$ref" => match resolved(self.document, wanted.as_str().unwrap_or_default()) {
                Some(schema) => return self.check(&schema.clone(), value, at, closed),
                None => false,
            },
            "allOf" => {
                // Each part knows some of the members.
                let parts = wanted.as_array().cloned().unwrap_or_default();
                return parts.iter().for_each(|part| self.check(part, value, at, false));
            }
            "oneOf" => {
                let parts = wanted.as_array().into_iter().flatten();
                parts.filter(|part| self.fits(part, value, at, closed)).count() == 1
            }
            "anyOf" => wanted.as_array().into_iter().flatten().any(|part| self.fits(part, value, at, closed)),
            "not" => !self.fits(wanted, value, at, false),
            "additionalProperties" if wanted.is_object() => {
                return value.as_object().into_iter().flatten().for_each(|(name, member)| {
                    self.check(wanted, member, &format!("{at}/{name}"), true);
                });
            }
            "properties" => return self.members(wanted, value, at),
            "items" => {
                for (n, item) in value.as_array().into_iter().flatten().enumerate() {
                    self.check(wanted, item, &format!("{at}/{n}"), true);
                }
                return;
            }
            _ => plain(keyword, wanted, value),
        };
        if !holds {
            self.fault(at, format!("`{keyword}` {wanted} does not hold for {value}"));
        }
    }

    /// Whether a value is as a schema wants it.
    fn fits(&self, schema: &Value, value: &Value, at: &str, closed: bool) -> bool {
        let mut inner = Checking { document: self.document, faults: Vec::new() };
        inner.check(schema, value, at, closed);
        inner.faults.is_empty()
    }

    fn members(&mut self, wanted: &Value, value: &Value, at: &str) {
        for (name, schema) in wanted.as_object().into_iter().flatten() {
            if let Some(member) = value.get(name) {
                self.check(schema, member, &format!("{at}/{name}"), true);
            }
        }
    }
}

/// Keywords that look at the value alone; an unknown one does not hold.
fn plain(keyword: &str, wanted: &Value, value: &Value) -> bool {
    let number = |of: &Value| of.as_f64().unwrap_or(f64::NAN);
    let count = |of: &Value| of.as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let length = |text: &str| text.chars().count();
    match keyword {
        // Members that are not known are faults here in any case.
        "additionalProperties" => wanted == false,
        "description" | "title" | "default" | "example" | "examples" | "readOnly" | "$schema" | "$id" => true,
        "x-enum-varnames" | "x-extensible-enum" => wanted.is_array(),
        "pattern" => value.as_str().is_none_or(|text| {
            regex::Regex::new(wanted.as_str().unwrap_or("(")).is_ok_and(|pattern| pattern.is_match(text))
        }),
        "uniqueItems" => value.as_array().is_none_or(|items| {
            items.iter().enumerate().all(|(n, item)| !items.iter().take(n).any(|other| other == item))
        }),
        "type" => match wanted {
            Value::Array(types) => types.iter().any(|of| is_of(of, value)),
            one => is_of(one, value),
        },
        "enum" => wanted.as_array().is_some_and(|choices| choices.contains(value)),
        "required" => value.as_object().is_none_or(|members| {
            wanted
                .as_array()
                .into_iter()
                .flatten()
                .all(|name| members.contains_key(name.as_str().unwrap_or("")))
        }),
        "minLength" => value.as_str().is_none_or(|text| length(text) >= count(wanted)),
        "maxLength" => value.as_str().is_none_or(|text| length(text) <= count(wanted)),
        "minimum" => value.as_f64().is_none_or(|found| found >= number(wanted)),
        "maximum" => value.as_f64().is_none_or(|found| found <= number(wanted)),
        "minItems" => value.as_array().is_none_or(|items| items.len() >= count(wanted)),
        "maxItems" => value.as_array().is_none_or(|items| items.len() <= count(wanted)),
        "format" => match wanted.as_str() {
            Some("date-time") => {
                value.as_str().is_none_or(|text| text.is_empty() || Time::parse(text).is_some())
            }
            // The empty text is the empty value, wherever one is taken.
            Some("date") => {
                value.as_str().is_none_or(|text| text.is_empty() || Time::parse_date(text).is_some())
            }
            Some("int32" | "int64" | "double" | "email" | "iri" | "password") => true,
            _ => false,
        },
        _ => false,
    }
}

fn is_of(of: &Value, value: &Value) -> bool {
    match of.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        Some("number") => value.is_number(),
        Some("integer") => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        _ => false,
    }
}
