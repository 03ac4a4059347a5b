//! JSON with gaps. What the document says of every table alike is taken from the static document once, rendered once, and
//! then only its gaps are filled: a hundred tables are a copy of bytes and not a tree of a million nodes.
//!
//! In the tree that a stencil is made of, a gap is written into a string: `⟦name⟧` within a text, and `⟦=name⟧` as the
//! whole of one for any JSON. Nothing that people write ever stands in such a tree, so no name of a table can be a gap.

use serde_json::Value;

/// Begins and ends a gap.
const MARKS: (char, char) = ('⟦', '⟧');

/// A part of a stencil.
#[derive(Debug)]
enum Part {
    Fixed(String),
    Gap(String),
}

/// JSON text with gaps.
#[derive(Debug)]
pub struct Stencil(Vec<Part>);

/// A gap within a text.
pub fn gap(name: &str) -> String {
    format!("{}{name}{}", MARKS.0, MARKS.1)
}

/// A gap that any JSON fills.
pub fn json_gap(name: &str) -> Value {
    gap(&format!("={name}")).into()
}

impl Stencil {
    pub fn of(value: &Value) -> Stencil {
        let text = value.to_string();
        let mut parts = Vec::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once(MARKS.0) {
            let Some((name, after)) = after.split_once(MARKS.1) else { break };
            match name.strip_prefix('=') {
                // Any JSON takes the place of the string, quotes and all.
                Some(name) => {
                    parts.push(Part::Fixed(before.strip_suffix('"').unwrap_or(before).to_owned()));
                    parts.push(Part::Gap(name.to_owned()));
                    rest = after.strip_prefix('"').unwrap_or(after);
                }
                None => {
                    parts.push(Part::Fixed(before.to_owned()));
                    parts.push(Part::Gap(name.to_owned()));
                    rest = after;
                }
            }
        }
        parts.push(Part::Fixed(rest.to_owned()));
        Stencil(parts)
    }

    /// Appends the text with its gaps filled.
    pub fn fill<'f>(&self, out: &mut String, filling: impl Fn(&str) -> &'f str) {
        for part in &self.0 {
            out.push_str(match part {
                Part::Fixed(text) => text,
                Part::Gap(name) => filling(name),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn gaps_are_filled() {
        let tree = json!({"a": format!("x{}y", gap("n")), "b": [json_gap("v"), 1], gap("n"): "z"});
        let mut out = String::new();
        Stencil::of(&tree).fill(&mut out, |name| if name == "n" { "N" } else { "{\"c\":[]}" });
        let filled: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(filled, json!({"a": "xNy", "b": [{"c": []}, 1], "N": "z"}));
    }
}
