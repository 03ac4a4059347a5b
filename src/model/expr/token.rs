//! The text form's tokens, each with the bytes it spans.
//!
//! ```text
//! word   = letter-or-digit-or-"_" {letter-or-digit-or-"_"}   that does not begin with a digit and read as a number
//! braced = "{" {any character but "}" | "}}"} "}"
//! text   = '"' {any character but '"' and "\" | JSON's escapes} '"'
//! number = as in JSON
//! span   = ("+" | "-") digits ("h" | "d" | "w" | "mo" | "y")
//! symbol = "(" | ")" | "," | "=" | "!=" | "<" | "<=" | ">" | ">="
//! ```

use std::ops::Range;

use winnow::Parser;
use winnow::combinator::{alt, opt, preceded};
use winnow::error::{ErrMode, ParserError};
use winnow::stream::{LocatingSlice, Location};
use winnow::token::{any, literal, take_while};

use super::moment::{Unit, unit_named};
use crate::error::did_you_mean;
use crate::model::json::{Json, Shape};

/// What is wrong with the text, and where.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Syntax {
    pub span: Range<usize>,
    pub detail: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Lexeme<'s> {
    Word(&'s str),
    Braced(String),
    Text(String),
    Number(&'s str),
    Span(i64, Unit),
    Symbol(&'static str),
    End,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token<'s> {
    pub lexeme: Lexeme<'s>,
    pub span: Range<usize>,
}

type Input<'s> = LocatingSlice<&'s str>;
type Read<O> = Result<O, ErrMode<Syntax>>;

impl ParserError<Input<'_>> for Syntax {
    type Inner = Syntax;

    fn from_input(input: &Input<'_>) -> Syntax {
        let at = input.current_token_start();
        Syntax { span: at..at, detail: String::new() }
    }

    fn into_inner(self) -> Result<Syntax, Syntax> {
        Ok(self)
    }
}

/// All tokens of the text, and one for its end.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, Syntax> {
    let mut input = LocatingSlice::new(text);
    let mut tokens = Vec::new();
    loop {
        let spaces: Read<&str> = take_while(0.., char::is_whitespace).parse_next(&mut input);
        let read = spaces.and_then(|_| lexeme.with_span().parse_next(&mut input));
        let (lexeme, span) = read.map_err(|error| match error.into_inner() {
            Ok(syntax) => syntax,
            // Only a parser of partial input asks for more of it.
            Err(_) => Syntax { span: 0..0, detail: "The text can't be read.".into() },
        })?;
        let ended = lexeme == Lexeme::End;
        tokens.push(Token { lexeme, span });
        if ended {
            return Ok(tokens);
        }
    }
}

fn wrong<O>(span: Range<usize>, detail: impl Into<String>) -> Read<O> {
    Err(ErrMode::Cut(Syntax { span, detail: detail.into() }))
}

fn lexeme<'s>(input: &mut Input<'s>) -> Read<Lexeme<'s>> {
    let from = input.current_token_start();
    match input.chars().next() {
        None => Ok(Lexeme::End),
        Some('"') => text(input).map(Lexeme::Text),
        Some('{') => braced(input).map(Lexeme::Braced),
        Some('+' | '-') => signed(input),
        Some(c) if is_word(c) => word(input),
        Some(c) => match symbol.parse_next(input) {
            Ok(symbol) => Ok(Lexeme::Symbol(symbol)),
            Err(_) => wrong(from..from + c.len_utf8(), stranger(input, c)),
        },
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn symbol(input: &mut Input<'_>) -> Read<&'static str> {
    alt((
        alt(("<=".value("<="), ">=".value(">="), "!=".value("!="), "<>".value("<>"), "==".value("=="))),
        alt(("(".value("("), ")".value(")"), ",".value(","))),
        alt(("=".value("="), "<".value("<"), ">".value(">"))),
    ))
    .verify(|symbol: &&str| *symbol != "<>" && *symbol != "==")
    .parse_next(input)
}

/// What to say about a character that begins no token.
fn stranger(rest: &str, c: char) -> String {
    let instead = match c {
        '\'' | '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{ab}' | '\u{bb}'
        | '\u{ff02}' => Some("\""),
        '\u{ff5b}' => Some("{"),
        // Of `<>`.
        '\u{2260}' | '<' => Some("!="),
        '\u{2264}' => Some("<="),
        '\u{2265}' => Some(">="),
        '\u{2212}' | '\u{2013}' | '\u{2014}' => Some("-"),
        '!' => Some("not` or `!="),
        '&' => Some("and"),
        '|' => Some("or"),
        // Of `==`.
        '=' | '\u{ff1d}' => Some("="),
        '\u{ff08}' => Some("("),
        '\u{ff09}' => Some(")"),
        _ => None,
    };
    let shown = match c {
        '=' | '<' => rest.chars().take(2).collect::<String>(),
        c if c.is_control() => c.escape_debug().to_string(),
        c => c.to_string(),
    };
    match instead {
        Some("\"") => format!("`{shown}` means nothing here: a text stands in `\"`."),
        Some(instead) => format!("`{shown}` means nothing here: write `{instead}`."),
        None if c == '}' => "There is a `}` without a `{` before it.".into(),
        None => format!(
            "The character `{shown}` means nothing here; a name with such characters stands in braces."
        ),
    }
}

/// A word, or a number if it is spelled like one.
fn word<'s>(input: &mut Input<'s>) -> Read<Lexeme<'s>> {
    let from = input.current_token_start();
    if input.starts_with(|c: char| c.is_ascii_digit()) {
        let whole = number_length(input);
        let rest: &'s str = **input;
        let (spelled, after) = rest.split_at_checked(whole).unwrap_or((rest, ""));
        if !after.starts_with(is_word) {
            literal(spelled).void().parse_next(input)?;
            return number(spelled, from);
        }
    }
    take_while(1.., is_word).map(Lexeme::Word).parse_next(input)
}

fn number(spelled: &str, from: usize) -> Read<Lexeme<'_>> {
    let is_json = Json::read(spelled.as_bytes()).is_ok_and(|json| json.shape() == Shape::Number);
    if is_json {
        return Ok(Lexeme::Number(spelled));
    }
    wrong(
        from..from + spelled.len(),
        "A number is spelled as in JSON: no zeros before it, and digits on both sides of the point.",
    )
}

/// How many bytes of the text look like a number: digits, a fraction, an exponent.
fn number_length(text: &str) -> usize {
    let digits =
        |at: usize| text.get(at..).map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    let byte = |at: usize| text.as_bytes().get(at).copied();
    let mut length = digits(0);
    if byte(length) == Some(b'.') {
        length += 1 + digits(length + 1);
    }
    if matches!(byte(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(byte(length + 1), Some(b'+' | b'-')));
        let exponent = digits(length + 1 + sign);
        if exponent > 0 {
            length += 1 + sign + exponent;
        }
    }
    length
}

/// A negative number, or a span of time.
fn signed<'s>(input: &mut Input<'s>) -> Read<Lexeme<'s>> {
    let from = input.current_token_start();
    let rest: &'s str = **input;
    let sign = any.parse_next(input)?;
    let length = 1 + number_length(rest.get(1..).unwrap_or_default());
    let (spelled, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
    if sign == '-' && length > 1 && !after.starts_with(is_word) {
        literal(spelled.get(1..).unwrap_or_default()).void().parse_next(input)?;
        return number(spelled, from);
    }
    let spaces = take_while(0.., char::is_whitespace);
    let run: &str = preceded(spaces, take_while(0.., is_word)).parse_next(input)?;
    let split = run.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, unit) = run.split_at_checked(split).unwrap_or((run, ""));
    let span = from..input.current_token_start();
    if digits.is_empty() {
        return wrong(
            from..from + 1,
            format!("After `{sign}` comes a number; a name with `{sign}` in it stands in braces."),
        );
    }
    let Some(unit) = unit_named(unit) else {
        let detail = match unit {
            "" if sign == '+' => "A number has no `+` before it, as in JSON.".to_owned(),
            "" => "A number follows its `-` without a space between.".to_owned(),
            _ => {
                let hint = did_you_mean(unit, ["h", "d", "w", "mo", "y"]);
                format!("There is no unit of time `{unit}`: units are `h`, `d`, `w`, `mo`, `y`.{hint}")
            }
        };
        return wrong(span, detail);
    };
    match digits.parse::<i64>() {
        Ok(many) if many <= 10_000_000 => Ok(Lexeme::Span(if sign == '-' { -many } else { many }, unit)),
        _ => wrong(span, "A span of time is at most 10,000,000 of its units."),
    }
}

/// A name in braces, `}` doubled.
fn braced(input: &mut Input<'_>) -> Read<String> {
    let from = input.current_token_start();
    any.void().parse_next(input)?;
    let mut name = String::new();
    loop {
        let part: &str = take_while(0.., |c| c != '}').parse_next(input)?;
        name.push_str(part);
        if input.is_empty() {
            return wrong(from..from + 1, "The `{` here has no `}` after it.");
        }
        any.void().parse_next(input)?;
        if opt("}").parse_next(input)?.is_none() {
            break;
        }
        name.push('}');
    }
    if name.trim().is_empty() {
        return wrong(from..input.current_token_start(), "There is no name between the braces.");
    }
    Ok(name)
}

/// A text in quotes, with JSON's escapes; any other character stands for itself.
fn text(input: &mut Input<'_>) -> Read<String> {
    let from = input.current_token_start();
    any.void().parse_next(input)?;
    let mut text = String::new();
    loop {
        let part: &str = take_while(0.., |c| c != '"' && c != '\\').parse_next(input)?;
        text.push_str(part);
        match opt(any).parse_next(input)? {
            None => return wrong(from..from + 1, "The text that begins here has no `\"` at its end."),
            Some('"') => return Ok(text),
            Some(_) => text.push(escape(input, from)?),
        }
    }
}

/// The character that an escape stands for; its backslash has been read.
fn escape(input: &mut Input<'_>, text_from: usize) -> Read<char> {
    let from = input.current_token_start() - 1;
    let Some(letter) = opt(any).parse_next(input)? else {
        return wrong(text_from..text_from + 1, "The text that begins here has no `\"` at its end.");
    };
    match letter {
        '"' | '\\' | '/' => return Ok(letter),
        'b' => return Ok('\u{8}'),
        'f' => return Ok('\u{c}'),
        'n' => return Ok('\n'),
        'r' => return Ok('\r'),
        't' => return Ok('\t'),
        'u' => {}
        _ => {
            let detail = format!(
                "There is no escape `\\{}`: a text has those of JSON, and a backslash is written `\\\\`.",
                letter.escape_debug()
            );
            return wrong(from..input.current_token_start(), detail);
        }
    }
    let first = hex(input);
    let unit = match first {
        // The first half of a pair; the second one has to follow.
        Some(high @ 0xd800..=0xdbff) => match opt("\\u").parse_next(input)?.and_then(|_| hex(input)) {
            Some(low @ 0xdc00..=0xdfff) => Some(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)),
            _ => None,
        },
        unit => unit,
    };
    match unit.and_then(char::from_u32) {
        Some(c) => Ok(c),
        None => wrong(from..input.current_token_start(), "The escape is no Unicode character."),
    }
}

/// Four hexadecimal digits.
fn hex(input: &mut Input<'_>) -> Option<u32> {
    let digits: Read<&str> = take_while(4..=4, |c: char| c.is_ascii_hexdigit()).parse_next(input);
    u32::from_str_radix(digits.ok()?, 16).ok()
}
