//! `email`: an e-mail address, kept as sent.
//!
//! What is taken is the part of RFC 5322 that people's addresses are written in, with the letters of RFC 6531:
//!
//! ```text
//! address = local "@" domain           no comments, no quoted names, no spaces
//! local   = atom *("." atom)           atom: letters, digits, !#$%&'*+-/=?^_`{|}~ and what is not ASCII
//! domain  = label *("." label)         label: letters and digits of any script, hyphens inside
//! ```

use unicode_normalization::char::is_combining_mark;

use super::{Definition, FieldType, Keys, text};
use crate::error::{Code, Faults};
use crate::limits::{EMAIL_BYTES_MAX, EMAIL_LABEL_CHARS_MAX, EMAIL_LOCAL_BYTES_MAX};
use crate::model::json::{Json, Pointer};
use crate::model::value::{Kind, Value};

pub const TYPE: Definition = Definition {
    name: "email",
    about: "An e-mail address such as `ann@example.com`, kept as sent; at most 254 bytes.",
    open: |_| Ok(Box::new(Email)),
    create: |input, faults| input.none(faults).map(|()| Box::new(Email) as Box<dyn FieldType>),
    options_schema: || serde_json::json!({"type": "object", "additionalProperties": false}),
};

struct Email;

/// What keeps a text from being an address; `None` if it is one.
pub fn fault(text: &str) -> Option<String> {
    check(text).err().map(|(_, detail)| detail)
}

fn check(text: &str) -> Result<(), (Code, String)> {
    text::bytes_at_most(text, EMAIL_BYTES_MAX)?;
    check_parts(text).map_err(|detail| (Code::InvalidValue, detail))
}

fn check_parts(text: &str) -> Result<(), String> {
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("An e-mail address may not contain spaces or control characters.".into());
    }
    let Some((local, domain)) = text.split_once('@') else {
        return Err("An e-mail address needs an `@`.".into());
    };
    if domain.contains('@') {
        return Err("An e-mail address has one `@` only.".into());
    }
    check_local(local)?;
    domain.split('.').try_for_each(check_label)
}

fn check_local(local: &str) -> Result<(), String> {
    if local.is_empty() {
        return Err("There is nothing before the `@`.".into());
    }
    if local.len() > EMAIL_LOCAL_BYTES_MAX {
        return Err(format!("There are more than {EMAIL_LOCAL_BYTES_MAX} bytes before the `@`."));
    }
    if local.split('.').any(str::is_empty) {
        return Err("Before the `@`, dots may stand only between other characters.".into());
    }
    match local.chars().find(|c| !(*c == '.' || is_atom(*c))) {
        Some(found) => Err(format!("`{}` may not stand before the `@`.", found.escape_debug())),
        None => Ok(()),
    }
}

fn check_label(label: &str) -> Result<(), String> {
    if label.is_empty() {
        return Err("A part of the domain is empty.".into());
    }
    if label.chars().count() > EMAIL_LABEL_CHARS_MAX {
        return Err(format!("A part of the domain has more than {EMAIL_LABEL_CHARS_MAX} characters."));
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err("A part of the domain may not begin or end with `-`.".into());
    }
    match label.chars().find(|c| !(*c == '-' || c.is_alphanumeric() || is_combining_mark(*c))) {
        Some(found) => Err(format!("`{}` may not stand in the domain.", found.escape_debug())),
        None => Ok(()),
    }
}

fn is_atom(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || !(c.is_ascii() || is_unseen(c))
}

/// Marks that nobody sees, and that come with text pasted from elsewhere; two addresses that differ by one look alike.
const fn is_unseen(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

impl FieldType for Email {
    fn type_name(&self) -> &'static str {
        TYPE.name
    }

    fn kind(&self) -> Kind {
        Kind::Text
    }

    fn parse(&self, json: Json<'_>, at: &Pointer<'_>, faults: &mut Faults) -> Option<Value<'static>> {
        text::parse(json, at, faults, check)
    }

    fn render(&self, value: &Value<'_>, _keys: Keys, out: &mut Vec<u8>) {
        text::render(value, out);
    }

    fn to_text(&self, value: &Value<'_>) -> String {
        text::to_text(value)
    }

    fn from_text(&self, text: &str) -> Option<Value<'static>> {
        text::accept(text, check).ok()
    }

    /// Of ASCII, the pattern takes what [`check`] takes; what else there is it takes as a whole, since classes of characters
    /// are not written alike everywhere.
    fn schema(&self, _keys: Keys) -> serde_json::Value {
        let name = r#"[^\x00-\x20"(),.:;<>@\[\\\]\x7f-\xa0\s]"#;
        let ends = r"[^\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\xa0\s]";
        let inside = r"[^\x00-\x2c\x2e\x2f\x3a-\x40\x5b-\x60\x7b-\xa0\s]";
        let (more, label) = (EMAIL_LOCAL_BYTES_MAX - 1, EMAIL_LABEL_CHARS_MAX - 2);
        let label = format!("{ends}(?:{inside}{{0,{label}}}{ends})?");
        let pattern = format!(r"^(?:{name}(?:\.?{name}){{0,{more}}}@{label}(?:\.{label})*)$");
        let about = format!(
            "At most {EMAIL_BYTES_MAX} bytes in UTF-8, {EMAIL_LOCAL_BYTES_MAX} of them before the `@`, and in the domain no other \
             signs than letters, digits and hyphens of any script."
        );
        serde_json::json!({
            "type": "string",
            "format": "email",
            "maxLength": EMAIL_BYTES_MAX,
            "pattern": pattern,
            "description": about
        })
    }

    fn example(&self) -> serde_json::Value {
        "someone@example.com".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_people_have_are_taken() {
        let longest =
            format!("{}@{}.{}.{}.com", "l".repeat(64), "d".repeat(63), "d".repeat(63), "d".repeat(57));
        assert_eq!(longest.len(), EMAIL_BYTES_MAX);
        for right in [
            "ann@example.com",
            "a@b",
            "root@localhost",
            "ann.b.c@example.co.uk",
            "ann+tag@example.com",
            "Ann@Example.COM",
            "o'neil@example.ie",
            "!#$%&'*+-/=?^_`{|}~@example.com",
            "1@2.3",
            "a@xn--bcher-kva.example",
            "josé@bücher.example",
            "用户@例子.广告",
            "अजय@डाटा.भारत",
            "x@a-b.c-d.com",
            "_@example.com",
            "user@192.0.2.1",
            &longest,
        ] {
            assert_eq!(check(right), Ok(()), "{right}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let local = format!("{}@b.co", "l".repeat(65));
        let label = format!("a@{}.co", "d".repeat(64));
        for wrong in [
            "ann",
            "@",
            "@b.co",
            "a@",
            "a@@b.co",
            "a@b@c.co",
            "a b@c.co",
            " a@b.co",
            "a@b.co ",
            "a@b.co\n",
            ".a@b.co",
            "a.@b.co",
            "a..b@c.co",
            "a@.co",
            "a@b..co",
            "a@b.co.",
            "a@-b.co",
            "a@b-.co",
            "a@b_c.co",
            "a@[192.0.2.1]",
            "\"a b\"@c.co",
            "\"a\"@c.co",
            "Ann <a@b.co>",
            "a,b@c.co",
            "mailto:a@b.co",
            "a(x)@b.co",
            "a@b.co\u{7f}",
            "a\u{200b}@b.co",
            "a@b\u{200b}.co",
            "a\u{a0}b@c.co",
            &local,
            &label,
        ] {
            assert_eq!(check(wrong).map_err(|(code, _)| code), Err(Code::InvalidValue), "{wrong:?}");
        }
        let long = format!("a@{}co", "d.".repeat(126));
        assert_eq!(check(&long).map_err(|(code, _)| code), Err(Code::OutOfRange));
    }

    #[test]
    fn a_message_says_what_is_wrong() {
        assert_eq!(fault("a@b_c.co").unwrap(), "`_` may not stand in the domain.");
        assert_eq!(fault("a,b@c.co").unwrap(), "`,` may not stand before the `@`.");
        assert_eq!(fault("").unwrap(), "An e-mail address needs an `@`.");
        assert_eq!(fault("ann@example.com"), None);
    }
}
