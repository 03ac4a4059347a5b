//! Reading JSON so that no fault is lost: numbers by their literal, repeated members seen, every fault with a pointer.
//!
//! [`Json`] is a text whose syntax has been checked once as a whole. It is then taken apart level by level, and nothing
//! here recurses but [`canonical`], which has a limit of depth.

mod canonical;
mod members;
mod number;

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde_json::value::RawValue;

pub use self::canonical::canonical;
use self::members::MemberList;
pub use self::members::Members;
pub use self::number::{BadNumber, parse_number, write_integer, write_number, write_text};
use crate::error::{Code, Error, Faults, Shown};

/// Where in a body something stands; prints as a JSON Pointer (RFC 6901), in which what is too long for a name is cut.
#[derive(Clone, Copy, Debug)]
pub enum Pointer<'a> {
    Root,
    /// A parameter of the address that holds JSON, by its name.
    Parameter(&'a str),
    Member(&'a Pointer<'a>, &'a str),
    Item(&'a Pointer<'a>, usize),
}

impl<'a> Pointer<'a> {
    #[must_use]
    pub const fn member(&'a self, name: &'a str) -> Pointer<'a> {
        Pointer::Member(self, name)
    }

    #[must_use]
    pub const fn item(&'a self, index: usize) -> Pointer<'a> {
        Pointer::Item(self, index)
    }
}

impl fmt::Display for Pointer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pointer::Root => Ok(()),
            Pointer::Parameter(name) => f.write_str(name),
            Pointer::Member(parent, name) => {
                let (name, rest) = Shown(name).parts();
                write!(f, "{parent}/{}{rest}", name.replace('~', "~0").replace('/', "~1"))
            }
            Pointer::Item(parent, index) => write!(f, "{parent}/{index}"),
        }
    }
}

/// A JSON text of sound syntax.
#[derive(Clone, Copy, Debug)]
pub struct Json<'a>(&'a str);

/// What a JSON text is, by its first character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Null,
    Bool,
    Number,
    Text,
    Array,
    Object,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Shape::Null => "null",
            Shape::Bool => "a boolean",
            Shape::Number => "a number",
            Shape::Text => "a string",
            Shape::Array => "an array",
            Shape::Object => "an object",
        })
    }
}

/// A JSON text that shares the body it stands in, to be taken apart later.
#[derive(Clone, Debug)]
pub struct OwnedJson(bytes::Bytes);

impl OwnedJson {
    /// Keeps `part` of `body` without copying it.
    pub fn of(part: Json<'_>, body: &bytes::Bytes) -> OwnedJson {
        OwnedJson(body.slice_ref(part.0.as_bytes()))
    }

    /// The whole of a text that has been checked.
    pub fn read(text: String) -> Result<OwnedJson, Error> {
        Json::read(text.as_bytes())?;
        Ok(OwnedJson(bytes::Bytes::from(text)))
    }

    pub fn view(&self) -> Json<'_> {
        // It came from a `Json`, which is text; the check costs less than a type that could not be wrong would.
        Json(std::str::from_utf8(&self.0).unwrap_or("null").trim())
    }
}

impl<'a> Json<'a> {
    /// Checks the whole text, at whatever depth.
    pub fn read(bytes: &'a [u8]) -> Result<Json<'a>, Error> {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| Error::new(Code::InvalidJson, format!("The body is not UTF-8: {error}.")))?;
        let raw: &RawValue = serde_json::from_str(text).map_err(|error| {
            Error::new(Code::InvalidJson, format!("The body is not valid JSON: {error}."))
        })?;
        Ok(Json(raw.get()))
    }

    /// The text itself.
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    pub fn shape(self) -> Shape {
        match self.0.as_bytes().first() {
            Some(b'{') => Shape::Object,
            Some(b'[') => Shape::Array,
            Some(b'"') => Shape::Text,
            Some(b't' | b'f') => Shape::Bool,
            Some(b'n') => Shape::Null,
            _ => Shape::Number,
        }
    }

    pub fn is_null(self) -> bool {
        self.shape() == Shape::Null
    }

    fn wrong(self, wanted: &str, at: &Pointer<'_>, faults: &mut Faults) {
        faults.add(at, Code::WrongType, format!("Expected {wanted}, found {}.", self.shape()));
    }

    /// The characters of a string. A fault if it is none, or if an escape in it is half a surrogate pair.
    pub fn text(self, at: &Pointer<'_>, faults: &mut Faults) -> Option<Cow<'a, str>> {
        if self.shape() != Shape::Text {
            self.wrong("a string", at, faults);
            return None;
        }
        let inside = self.0.get(1..self.0.len() - 1)?;
        if !inside.contains('\\') {
            return Some(Cow::Borrowed(inside));
        }
        let text = serde_json::from_str(self.0).ok();
        if text.is_none() {
            faults.add(at, Code::InvalidValue, "The string has an escape that is no Unicode character.");
        }
        text.map(Cow::Owned)
    }

    pub fn boolean(self, at: &Pointer<'_>, faults: &mut Faults) -> Option<bool> {
        match self.0 {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                self.wrong("a boolean", at, faults);
                None
            }
        }
    }

    /// A finite number, exactly as sent; see [`parse_number`].
    pub fn number(self, at: &Pointer<'_>, faults: &mut Faults) -> Option<f64> {
        if self.shape() != Shape::Number {
            self.wrong("a number", at, faults);
            return None;
        }
        match parse_number(self.0) {
            Ok(number) => Some(number),
            Err(bad) => {
                let (code, detail) = bad.complaint(self.0);
                faults.add(at, code, detail);
                None
            }
        }
    }

    /// A whole number within `range`. So is one that is written `5.0` or `5e0` (JSON Schema 2020-12 takes them for integers,
    /// and some languages write every number so).
    pub fn integer(
        self,
        range: std::ops::RangeInclusive<i64>,
        at: &Pointer<'_>,
        faults: &mut Faults,
    ) -> Option<i64> {
        if self.shape() != Shape::Number {
            self.wrong("a whole number", at, faults);
            return None;
        }
        let found = self.0.parse().ok().or_else(|| whole(self.0)).filter(|n| range.contains(n));
        if found.is_none() {
            let detail = format!("Expected a whole number from {} to {}.", range.start(), range.end());
            faults.add(at, Code::OutOfRange, detail);
        }
        found
    }

    /// The items of an array.
    pub fn items(self, at: &Pointer<'_>, faults: &mut Faults) -> Option<Vec<Json<'a>>> {
        if self.shape() != Shape::Array {
            self.wrong("an array", at, faults);
            return None;
        }
        let items: Vec<&RawValue> = serde_json::from_str(self.0).ok()?;
        Some(items.into_iter().map(|item| Json(item.get())).collect())
    }

    /// The members of an object in their order; a fault for each that is repeated.
    pub fn members(self, at: &Pointer<'_>, faults: &mut Faults) -> Option<Vec<(Cow<'a, str>, Json<'a>)>> {
        if self.shape() != Shape::Object {
            self.wrong("an object", at, faults);
            return None;
        }
        let Ok(MemberList(members)) = serde_json::from_str::<MemberList<'a>>(self.0) else {
            let detail = "The name of a member has an escape that is no Unicode character.";
            faults.add(at, Code::InvalidValue, detail);
            return None;
        };
        let mut seen = HashSet::with_capacity(members.len());
        for (name, _) in &members {
            if !seen.insert(name.as_ref()) {
                faults.add(
                    at.member(name),
                    Code::RepeatedMember,
                    format!("The member `{}` is there twice.", Shown(name)),
                );
            }
        }
        Some(members)
    }
}

/// The whole number that a literal with a fraction or an exponent means. Beyond fifteen digits it could be rounded to one.
fn whole(text: &str) -> Option<i64> {
    const DIGITS_MAX: usize = 15;
    const MOST: f64 = 1e15;
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
    let number = parse_number(text).ok().filter(|_| digits <= DIGITS_MAX)?;
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and within the bound")]
    (number.fract() == 0.0 && number.abs() <= MOST).then_some(number as i64)
}

#[cfg(test)]
#[expect(
    clippy::float_cmp,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "exactness is what is tested"
)]
mod tests {
    use super::*;
    use crate::limits::JSON_DEPTH_MAX;
    use proptest::prelude::*;

    fn faults_of(text: &str, read: impl FnOnce(Json<'_>, &mut Faults)) -> Vec<(String, Code)> {
        let mut faults = Faults::default();
        read(Json::read(text.as_bytes()).unwrap(), &mut faults);
        match faults.check() {
            Ok(()) => Vec::new(),
            Err(error) => error.faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect(),
        }
    }

    proptest! {
        #[test]
        fn finite_numbers_come_back(number in any::<f64>().prop_filter("finite", |n| n.is_finite())) {
            let mut out = Vec::new();
            write_number(number, &mut out);
            prop_assert_eq!(parse_number(std::str::from_utf8(&out).unwrap()).unwrap(), number + 0.0);
        }

        #[test]
        fn integers_are_exact_or_refused(number: i128) {
            match parse_number(&number.to_string()) {
                Ok(held) => prop_assert_eq!(held as i128, number),
                Err(bad) => {
                    prop_assert_eq!(bad, BadNumber::NotExact);
                    prop_assert_ne!(number as f64 as i128, number);
                }
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC*") {
            if let Ok(json) = Json::read(text.as_bytes()) {
                let _ = canonical(json, &Pointer::Root, &mut Faults::default());
            }
        }
    }

    #[test]
    fn integers_may_be_written_with_a_fraction() {
        for (text, read) in [
            ("522", Some(522)),
            ("522.0", Some(522)),
            ("5.22e2", Some(522)),
            ("-0.0", Some(0)),
            ("5220e-1", Some(522)),
            ("522.5", None),
            ("521.99999999999999999999", None),
            ("1e999", None),
            ("1001.0", None),
        ] {
            let mut found = None;
            let faults = faults_of(text, |json, faults| {
                found = json.integer(-1..=1000, &Pointer::Root, faults);
            });
            assert_eq!((found, faults.len()), (read, usize::from(read.is_none())), "{text}");
        }
    }

    #[test]
    fn whole_numbers_have_no_fraction() {
        for (number, text) in [
            (3.0, "3"),
            (-0.0, "0"),
            (1.5, "1.5"),
            (-7.0, "-7"),
            (9_007_199_254_740_994.0, "9007199254740994"),
            (-9_999_999_999_999_998.0, "-9999999999999998"),
            (1e16, "1e+16"),
            (1e300, "1e+300"),
        ] {
            let mut out = Vec::new();
            write_number(number, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
        assert_eq!(parse_number("9007199254740993"), Err(BadNumber::NotExact));
        assert_eq!(parse_number("9007199254740992"), Ok(9_007_199_254_740_992.0));
        assert_eq!(parse_number("1e999"), Err(BadNumber::NotFinite));
        assert_eq!(parse_number("9007199254740993.0"), Ok(9_007_199_254_740_992.0));
    }

    #[test]
    fn repeated_and_unknown_members_are_named() {
        let found = faults_of(r#"{"name":1,"name":2,"nmae":3}"#, |json, faults| {
            let mut members = Members::read(json, &Pointer::Root, faults).unwrap();
            assert!(members.take("name").is_some());
            members.require("fields", &Pointer::Root, faults);
            members.finish(&Pointer::Root, faults);
        });
        assert_eq!(
            found,
            [
                ("/name".into(), Code::RepeatedMember),
                ("/fields".into(), Code::Required),
                ("/nmae".into(), Code::UnknownMember)
            ]
        );
    }

    #[test]
    fn depth_is_limited_only_where_it_matters() {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(
            faults_of(&deep, |json, faults| assert!(canonical(json, &Pointer::Root, faults).is_none())).len(),
            1
        );
        let fine = format!("{}{}", "[".repeat(JSON_DEPTH_MAX), "]".repeat(JSON_DEPTH_MAX));
        assert!(
            faults_of(&fine, |json, faults| assert!(canonical(json, &Pointer::Root, faults).is_some()))
                .is_empty()
        );
    }

    #[test]
    fn pointers_are_escaped() {
        assert_eq!(Pointer::Root.member("a/b~c").item(3).to_string(), "/a~1b~0c/3");
    }

    #[test]
    fn half_a_surrogate_pair_is_a_fault() {
        assert_eq!(
            faults_of(r#""\ud800""#, |json, faults| assert!(json.text(&Pointer::Root, faults).is_none())),
            [(String::new(), Code::InvalidValue)]
        );
    }
}
