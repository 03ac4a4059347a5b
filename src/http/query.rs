//! Query parameters: each is known, given once and not empty, or the answer says which is not.

use percent_encoding::percent_decode_str;
use url::form_urlencoded;

use crate::error::{Code, Faults, Shown};

/// A parameter, for the document.
#[derive(Clone, Copy, Debug)]
pub struct ParamDoc {
    pub name: &'static str,
    pub about: &'static str,
    pub of: ParamType,
}

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamType {
    Text,
    Flag {
        default: bool,
    },
    Integer {
        min: usize,
        max: usize,
        default: usize,
    },
    OneOf(&'static [&'static str]),
    /// One of these, and something else if it is left out.
    Choice(&'static [&'static str]),
}

/// The parameters of one kind of call.
pub trait Query: Sized + 'static {
    const PARAMS: &'static [ParamDoc];

    /// Reads them; faults are gathered, and the value is used only if there are none.
    fn read(params: &mut Params) -> Self;

    /// Takes the faults along to where more is known, so that those that only the schema or the list can tell are named in
    /// the same answer. Parameters that stand for themselves give them back.
    fn defer(&mut self, faults: Faults) -> Faults {
        faults
    }

    /// Whether the call is a dry run.
    fn is_dry_run(&self) -> bool {
        false
    }
}

/// A call without parameters.
#[derive(Clone, Copy, Debug)]
pub struct NoQuery;

impl Query for NoQuery {
    const PARAMS: &'static [ParamDoc] = &[];

    fn read(_: &mut Params) -> NoQuery {
        NoQuery
    }
}

/// The parameters of a request, taken by name; what is left over at the end is unknown.
#[derive(Debug)]
pub struct Params {
    left: Vec<(String, String)>,
    known: &'static [ParamDoc],
    pub faults: Faults,
}

impl Params {
    pub fn parse(query: &str, known: &'static [ParamDoc]) -> Params {
        let left = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let mut faults = Faults::default();
        for part in query.split('&') {
            if percent_decode_str(part).decode_utf8().is_err() {
                let name = part.split('=').next().unwrap_or_default();
                let detail = "The parameter is not UTF-8 once it is decoded.";
                faults.add(name, Code::InvalidParameter, detail);
            }
        }
        Params { left, known, faults }
    }

    /// The parameter's text; a fault if it is empty or given twice.
    pub fn text(&mut self, name: &'static str) -> Option<String> {
        let place = self.left.iter().position(|(found, _)| found == name)?;
        let (_, value) = self.left.swap_remove(place);
        let before = self.left.len();
        self.left.retain(|(found, _)| found != name);
        if self.left.len() < before {
            self.faults.add(name, Code::RepeatedParameter, format!("The parameter `{name}` is given twice."));
            return None;
        }
        if value.is_empty() {
            self.faults.add(
                name,
                Code::InvalidParameter,
                format!("The parameter `{name}` is empty; leave it out."),
            );
            return None;
        }
        Some(value)
    }

    pub fn flag(&mut self, name: &'static str, default: bool) -> bool {
        match self.text(name).as_deref() {
            None => default,
            Some("true") => true,
            Some("false") => false,
            Some(_) => {
                self.wrong(name, "`true` or `false`");
                default
            }
        }
    }

    pub fn integer(&mut self, name: &'static str, min: usize, max: usize, default: usize) -> usize {
        let Some(text) = self.text(name) else { return default };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse().ok().filter(|n| digits && (min..=max).contains(n)) {
            Some(number) => number,
            None => {
                self.wrong(name, &format!("a whole number from {min} to {max}"));
                default
            }
        }
    }

    /// Adds that a parameter is not what is taken.
    pub fn wrong(&mut self, name: &'static str, wanted: &str) {
        self.faults.add(name, Code::InvalidParameter, format!("The parameter `{name}` takes {wanted}."));
    }

    /// All faults, with one for each parameter that nobody took.
    pub fn finish(mut self) -> Faults {
        for (name, _) in &self.left {
            let hint = self.faults.hint(name, self.known.iter().map(|param| param.name));
            let detail = format!("The parameter `{}` is not known here.{hint}", Shown(name));
            self.faults.add(Shown(name), Code::UnknownParameter, detail);
        }
        self.faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    const KNOWN: &[ParamDoc] = &[ParamDoc { name: "limit", about: "", of: ParamType::Text }];

    fn faults_of(query: &str) -> Vec<(String, Code)> {
        let mut params = Params::parse(query, KNOWN);
        params.integer("limit", 1, 1000, 100);
        let listed = match params.finish().check() {
            Ok(()) => Vec::new(),
            Err(Error { faults, .. }) => faults,
        };
        listed.into_iter().map(|fault| (fault.pointer, fault.code)).collect()
    }

    #[test]
    fn nothing_is_silently_ignored() {
        assert!(faults_of("").is_empty());
        assert!(faults_of("limit=1000").is_empty());
        for wrong in ["limit=0", "limit=1001", "limit=+5", "limit=x", "limit=", "limit=1.0"] {
            assert_eq!(faults_of(wrong), [("limit".into(), Code::InvalidParameter)], "{wrong}");
        }
        assert_eq!(faults_of("limit=1&limit=1"), [("limit".into(), Code::RepeatedParameter)]);
        assert_eq!(faults_of("limti=1"), [("limti".into(), Code::UnknownParameter)]);
    }
}
