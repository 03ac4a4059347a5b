//! `url`: an absolute web address, kept as sent.
//!
//! The library that reads addresses is as lenient as browsers are: it takes `http:example.com`, and `localhost:3000` for
//! the scheme `localhost`. What is kept here is read by other software too, so a scheme must be followed by `//`, but for
//! the few that are known to have none.

use super::{Definition, FieldType, Keys, text};
use crate::error::{Code, Faults};
use crate::limits::STRING_CHARS_MAX;
use crate::model::json::{Json, Pointer};
use crate::model::value::{Kind, Value};

pub const TYPE: Definition = Definition {
    name: "url",
    about: "An absolute address such as `https://example.com/a`, kept as sent; at most 10,000 characters. After the \
            scheme comes `//`, but for `mailto:`, `tel:`, `urn:` and the like.",
    open: |_| Ok(Box::new(Url)),
    create: |input, faults| input.none(faults).map(|()| Box::new(Url) as Box<dyn FieldType>),
    options_schema: || serde_json::json!({"type": "object", "additionalProperties": false}),
};

/// Schemes whose addresses have no `//`.
const WITHOUT_SLASHES: [&str; 14] = [
    "mailto", "tel", "sms", "urn", "geo", "magnet", "data", "news", "sip", "sips", "xmpp", "doi", "facetime",
    "bitcoin",
];

/// Schemes that make a click run what a stranger wrote.
const SCRIPTS: [&str; 2] = ["javascript", "vbscript"];

/// Schemes of the web, whose addresses have a host.
const WITH_HOST: [&str; 5] = ["http", "https", "ws", "wss", "ftp"];

struct Url;

/// A pattern of one of these words in any case. Patterns have no flags in JSON Schema.
fn any_case(words: &[&str]) -> String {
    let letter = |c: char| format!("[{}{c}]", c.to_ascii_uppercase());
    let words: Vec<String> = words.iter().map(|word| word.chars().map(letter).collect()).collect();
    format!("(?:{})", words.join("|"))
}

fn check(text: &str) -> Result<(), (Code, String)> {
    text::chars_at_most(text, STRING_CHARS_MAX)?;
    check_parts(text).map_err(|detail| (Code::InvalidValue, detail))
}

fn check_parts(text: &str) -> Result<(), String> {
    // The library drops these, or takes `\` for `/`, where other software does not.
    if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
        return Err("A URL may not contain spaces, control characters or `\\`; percent-encode them.".into());
    }
    let url = ::url::Url::parse(text).map_err(|error| match error {
        ::url::ParseError::RelativeUrlWithoutBase => {
            "A URL begins with a scheme, such as `https://`.".to_owned()
        }
        error => format!("The URL can't be read: {error}."),
    })?;
    let scheme = url.scheme();
    if SCRIPTS.contains(&scheme) {
        return Err(format!("A URL may not have the scheme `{scheme}`."));
    }
    let rest = text.split_once(':').map_or("", |(_, rest)| rest);
    let named =
        if WITHOUT_SLASHES.contains(&scheme) { rest } else { rest.strip_prefix("//").unwrap_or_default() };
    if named.is_empty() {
        return Err(format!(
            "After the scheme `{scheme}:` a URL needs `//` and an address; did you mean `https://`?"
        ));
    }
    Ok(())
}

impl FieldType for Url {
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

    fn schema(&self, _keys: Keys) -> serde_json::Value {
        let (bare, rest) = (any_case(&WITHOUT_SLASHES), r"[^\x00-\x20\x7f-\xa0\s\\]+");
        let pattern = format!("^(?:{bare}:{rest}|[A-Za-z][A-Za-z0-9+.-]*://{rest})$");
        // A user and a port are no host.
        let (scripts, web) = (any_case(&SCRIPTS), any_case(&WITH_HOST));
        let hostless = "(?:[^/?#]*@)?:[0-9]*(?:[/?#]|$)|[^/?#]*@(?:[/?#]|$)|[?#]|$";
        let wrong = format!("^(?:{scripts}:|{web}:/+(?:{hostless}))");
        serde_json::json!({
            "type": "string",
            // Every one of these is taken, and others with a `|` or `{` in them, as browsers take them.
            "format": "iri",
            "maxLength": STRING_CHARS_MAX,
            "pattern": pattern,
            "not": {"type": "string", "pattern": wrong},
            "description": "An absolute address that can be read: with a host that is a name or an IP address, and a port below 65536."
        })
    }

    fn example(&self) -> serde_json::Value {
        "https://example.com/".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_addresses_are_taken() {
        for right in [
            "https://example.com",
            "http://example.com/",
            "HTTPS://EXAMPLE.COM/A?b=c#d",
            "http://localhost:3000/x",
            "http://192.0.2.1",
            "http://[2001:db8::1]:8080/",
            "ftp://user@example.com/file",
            "https://u:p@example.com",
            "https://bücher.example/straße",
            "https://例子.广告/路径",
            "https://example.com/%20?q=a|b{c}",
            "mailto:ann@example.com",
            "tel:+491701234567",
            "urn:isbn:0451450523",
            "geo:48.2,16.3",
            "file:///etc/hosts",
            "ssh://git@example.com/repo",
            "postgres://localhost/db",
            "data:text/plain,hello",
        ] {
            assert_eq!(check(right), Ok(()), "{right}");
        }
    }

    #[test]
    fn what_is_no_absolute_address_is_refused() {
        for wrong in [
            "example.com",
            "www.example.com/a",
            "/a/b",
            "//example.com",
            "?a=b",
            "#a",
            "http:",
            "http://",
            "https:///",
            "http:example.com",
            "http:/example.com",
            "http:\\\\example.com",
            "localhost:3000",
            "example.com:80/a",
            "C:\\a",
            "c:/a",
            "https://exa mple.com",
            " https://example.com",
            "https://example.com ",
            "https://example.com/a\tb",
            "https://example.com/\u{7f}",
            "http://[::1",
            "http://a:99999/",
            "http://256.256.256.256",
            "http://%",
            "javascript:alert(1)",
            "JavaScript://x/%0aalert(1)",
            "vbscript:x",
            "mailto:",
            "://a",
            "1http://a.b",
            "ht tp://a",
            "https://good.example\\@bad.example",
            "foo://",
        ] {
            assert_eq!(check(wrong).map_err(|(code, _)| code), Err(Code::InvalidValue), "{wrong:?}");
        }
    }

    #[test]
    fn the_length_is_limited_in_characters() {
        let of_length = |chars: usize| format!("https://a.example/{}", "é".repeat(chars - 18));
        assert_eq!(check(&of_length(STRING_CHARS_MAX)), Ok(()));
        assert_eq!(check(&of_length(STRING_CHARS_MAX + 1)).map_err(|(code, _)| code), Err(Code::OutOfRange));
    }

    #[test]
    fn a_message_says_what_is_wrong() {
        assert_eq!(
            check_parts("example.com").unwrap_err(),
            "A URL begins with a scheme, such as `https://`."
        );
        assert!(check_parts("localhost:3000").unwrap_err().contains("https://"));
    }
}
