//! Whether a newer surface breaks clients of an older one. docs/versioning.md says the same to people.

use std::collections::BTreeSet;

use crate::surface::Surface;

/// What would break, one line each.
pub fn breaks(old: &Surface, new: &Surface) -> Vec<String> {
    let mut found = Vec::new();
    for (at, was) in old {
        match new.get(at) {
            None => found.push(format!("{at}: gone (it was {was})")),
            Some(is) if is != was => {
                found.extend(change(at, was, is).map(|why| format!("{at}: {why}: {was} -> {is}")));
            }
            Some(_) => {}
        }
    }
    let added = new.iter().filter(|(at, _)| !old.contains_key(*at));
    found.extend(added.filter_map(|(at, is)| addition(old, at, is).map(|why| format!("{at}: {why}"))));
    found
}

/// What is new breaks those who do not know it only where it has to be sent, or takes the place of a success.
fn addition(old: &Surface, at: &str, is: &str) -> Option<&'static str> {
    let mut words = at.split(' ');
    let (kind, place) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let operation_known = old.contains_key(&format!("operation {place}"));
    match kind {
        "parameter" | "body" if operation_known && is.starts_with("required") => Some("has to be sent"),
        "answer" if operation_known => {
            let status = words.next().unwrap_or_default();
            (!status.starts_with(['4', '5'])).then_some("is a success that clients do not know")
        }
        "sent" if is.starts_with("required") => {
            // A member, of something that was sent before. Items and wildcards are of a type that was open.
            let parent = place.rsplit_once('.').map(|(parent, _)| format!("sent {parent}"))?;
            old.contains_key(&parent).then_some("has to be sent")
        }
        _ => None,
    }
}

fn change(at: &str, was: &str, is: &str) -> Option<&'static str> {
    match at.split(' ').next().unwrap_or_default() {
        "credentials" => {
            let (was, is) = (set(was), set(is));
            // No way at all means that anyone may call.
            let kept = is.is_empty() || !was.is_empty() && was.is_subset(&is);
            (!kept).then_some("other credentials are needed")
        }
        "parameter" | "body" | "sent" => narrowed(&Facts::of(was), &Facts::of(is)),
        "answered" | "content" | "header" => widened(&Facts::of(was), &Facts::of(is)),
        _ => Some("another one"),
    }
}

/// What a line says of a value.
struct Facts<'l> {
    required: bool,
    types: BTreeSet<&'l str>,
    /// `None` if any value of the type will do.
    choices: Option<BTreeSet<&'l str>>,
    bounds: Vec<(&'l str, &'l str)>,
}

fn set(text: &str) -> BTreeSet<&str> {
    text.split(" | ").filter(|part| !part.is_empty()).collect()
}

impl Facts<'_> {
    fn of(line: &str) -> Facts<'_> {
        let required = line.starts_with("required ");
        let line = line.strip_prefix("required ").or_else(|| line.strip_prefix("optional ")).unwrap_or(line);
        let end = [" enum(", " exclusive", " max", " min", " pattern=", " uniqueItems="]
            .iter()
            .filter_map(|mark| line.find(mark))
            .min()
            .unwrap_or(line.len());
        let (types, rest) = line.split_at(end);
        let (choices, rest) = match rest.strip_prefix(" enum(").and_then(|rest| rest.rsplit_once(')')) {
            Some((choices, rest)) => (Some(set(choices)), rest),
            None => (None, rest),
        };
        let bounds = rest.split(' ').filter_map(|bound| bound.split_once('=')).collect();
        Facts { required, types: set(types), choices, bounds }
    }
}

/// Whether what could be sent can't be sent any more.
fn narrowed(was: &Facts<'_>, is: &Facts<'_>) -> Option<&'static str> {
    if is.required && !was.required {
        return Some("has to be sent");
    }
    // What takes anything takes what it took before.
    if !is.types.contains("any") && !was.types.is_subset(&is.types) {
        return Some("another type");
    }
    let fewer = match (&was.choices, &is.choices) {
        (Some(was), Some(is)) => !was.is_subset(is),
        (None, Some(_)) => true,
        (_, None) => false,
    };
    if fewer {
        return Some("fewer choices");
    }
    is.bounds.iter().any(|bound| tighter(&was.bounds, *bound)).then_some("a tighter bound")
}

/// Whether a bound lets less through than before.
fn tighter(was: &[(&str, &str)], (name, is): (&str, &str)) -> bool {
    let Some((_, was)) = was.iter().find(|(known, _)| *known == name) else { return true };
    let (Ok(before), Ok(after)) = (was.parse::<f64>(), is.parse::<f64>()) else { return *was != is };
    if name.to_lowercase().contains("max") { after < before } else { after > before }
}

/// Whether something can be answered that clients do not look for. New choices may come at any time.
fn widened(was: &Facts<'_>, is: &Facts<'_>) -> Option<&'static str> {
    if was.required && !is.required {
        return Some("may be missing");
    }
    let typed = was.types.contains("any") || is.types.is_subset(&was.types);
    (!typed).then_some("another type")
}
