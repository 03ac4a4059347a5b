//! The text form's grammar: tokens become a tree that knows no table yet.
//!
//! ```text
//! filter   = or
//! or       = and {"or" and}
//! and      = not {"and" not}
//! not      = {"not"} ("(" or ")" | test)
//! test     = operand [("=" | "!=" | "<" | "<=" | ">" | ">=") operand
//!                    | ["not"] "in" list
//!                    | "has" (operand | ("any" | "all") list)
//!                    | ("contains" | "starts" "with" | "ends" "with") operand
//!                    | "is" ["not"] "empty"
//!                    | "between" operand "and" operand]
//! list     = "(" operand {"," operand} ")"
//! operand  = name | text | number | "true" | "false" | moment
//! name     = word | braced
//! moment   = ("now" | "today" | "yesterday" | "tomorrow" | ("start" | "end") "of" period | span) {span}
//! period   = "day" | "week" | "month" | "quarter" | "year"
//! ```
//!
//! One token says which way to go, so nothing is read twice and the time is linear. Words of the language are known in
//! either case. `start`, `end`, `any`, `all`, `with`, `of`, `empty` and the periods are words only where one can stand, and
//! names elsewhere.

use winnow::Parser;
use winnow::combinator::{opt, preceded, repeat, separated};
use winnow::error::ErrMode;
use winnow::stream::{Stateful, TokenSlice};
use winnow::token::any;

use super::moment::{Base, Moment, Unit, period_named, periods, word_named};
use super::stream::{
    Bounds, Input, Read, advance, after_word, found, next, not_here, peek, span, symbol, word, wrong,
};
use super::syntax::{Node, Operand, Operator, Part, Tail, Term, TestNode};
use super::token::{Lexeme, Syntax, tokens};
use crate::error::did_you_mean;
use crate::limits::{FILTER_DEPTH_MAX, FILTER_ITEMS_MAX, FILTER_NODES_MAX};
use crate::model::period::Period;

/// Words that are no bare names.
pub(super) const RESERVED: [&str; 14] = [
    "and",
    "or",
    "not",
    "in",
    "has",
    "contains",
    "is",
    "between",
    "true",
    "false",
    "now",
    "today",
    "yesterday",
    "tomorrow",
];

/// Reads a whole text.
pub(super) fn parse(text: &str) -> Result<Node, Syntax> {
    let tokens = tokens(text)?;
    let mut input = Stateful { input: TokenSlice::new(&tokens), state: Bounds::default() };
    let read = whole(&mut input);
    read.map_err(|error| match error {
        ErrMode::Backtrack(syntax) | ErrMode::Cut(syntax) => syntax,
        ErrMode::Incomplete(_) => Syntax { span: 0..0, detail: "The text can't be read.".into() },
    })
}

fn whole(input: &mut Input<'_>) -> Read<Node> {
    if peek(input) == &Lexeme::End {
        return wrong(
            input,
            "There is no filter in the text; to take all records, leave it out or write `true`.",
        );
    }
    let node = or(input)?;
    match peek(input) {
        Lexeme::End => Ok(node),
        _ => wrong(input, after_test(input)),
    }
}

/// What to say when a whole test is followed by something that can't follow.
fn after_test(input: &Input<'_>) -> String {
    let hint = match peek(input) {
        Lexeme::Symbol(")") => " There is no `(` to it.".to_owned(),
        Lexeme::Symbol("=" | "!=" | "<" | "<=" | ">" | ">=") => {
            " A comparison has two sides; for more, join comparisons with `and`.".to_owned()
        }
        Lexeme::Word(word) => {
            let hint = did_you_mean(word, OPERATOR_WORDS);
            let before = input.input.previous_tokens().next().map(|token| &token.lexeme);
            match before {
                Some(Lexeme::Word(before)) if hint.is_empty() => {
                    format!(" A name with a space in it stands in braces: `{{{before} {word}}}`.")
                }
                _ => hint,
            }
        }
        _ => String::new(),
    };
    format!("Expected an operator, `and`, `or` or the end, found {}.{hint}", found(input))
}

const OPERATOR_WORDS: [&str; 11] = [
    "and",
    "or",
    "in",
    "not in",
    "has",
    "contains",
    "starts with",
    "ends with",
    "between",
    "is empty",
    "is not empty",
];

fn or(input: &mut Input<'_>) -> Read<Node> {
    let parts: Vec<Node> = separated(1.., and, word("or")).parse_next(input)?;
    Ok(joined(parts, Node::Any))
}

fn and(input: &mut Input<'_>) -> Read<Node> {
    let parts: Vec<Node> = separated(1.., not, word("and")).parse_next(input)?;
    Ok(joined(parts, Node::All))
}

fn joined(mut parts: Vec<Node>, join: fn(Vec<Node>) -> Node) -> Node {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            join(parts)
        }
    }
}

fn not(input: &mut Input<'_>) -> Read<Node> {
    let depth = input.state.depth;
    let mut negations = 0;
    while opt(word("not")).parse_next(input)?.is_some() {
        negations += 1;
        deeper(input)?;
    }
    let mut node = if opt(symbol("(")).parse_next(input)?.is_some() { group(input)? } else { test(input)? };
    for _ in 0..negations {
        node = Node::Not(Box::new(node));
    }
    input.state.depth = depth;
    Ok(node)
}

/// What stands in parentheses; the first one has been read.
fn group(input: &mut Input<'_>) -> Read<Node> {
    deeper(input)?;
    let node = or(input)?;
    if opt(symbol(")")).parse_next(input)?.is_none() {
        let detail = match peek(input) {
            Lexeme::End => "Expected `)`, `and` or `or`, found the end.".to_owned(),
            _ => after_test(input).replace("or the end", "or `)`"),
        };
        return wrong(input, detail);
    }
    Ok(node)
}

fn deeper(input: &mut Input<'_>) -> Read<()> {
    input.state.depth += 1;
    if input.state.depth > FILTER_DEPTH_MAX {
        return wrong(
            input,
            format!("Parentheses and `not` are nested to {FILTER_DEPTH_MAX} levels at most."),
        );
    }
    Ok(())
}

fn test(input: &mut Input<'_>) -> Read<Node> {
    input.state.nodes += 1;
    if input.state.nodes > FILTER_NODES_MAX {
        return wrong(input, format!("A filter has at most {FILTER_NODES_MAX} conditions."));
    }
    let left = operand(input, "a field, `not` or `(`")?;
    let mut at = span(input);
    let tail = tail(input)?;
    if matches!(tail, Tail::Alone) {
        at = left.span.clone();
    }
    Ok(Node::Test(Box::new(TestNode { left, tail, at })))
}

fn tail(input: &mut Input<'_>) -> Read<Tail> {
    if let Lexeme::Symbol(symbol) = peek(input) {
        let Some(operator) = operator(symbol) else { return Ok(Tail::Alone) };
        advance(input)?;
        return Ok(Tail::Compare(operator, operand(input, "a value or a field")?));
    }
    let Lexeme::Word(operator) = peek(input) else { return Ok(Tail::Alone) };
    match operator.to_ascii_lowercase().as_str() {
        "in" => preceded(any, list).map(|items| Tail::In { negated: false, items }).parse_next(input),
        "not" => {
            advance(input)?;
            if opt(word("in")).parse_next(input)?.is_none() {
                return wrong(input, not_what(input));
            }
            list.map(|items| Tail::In { negated: true, items }).parse_next(input)
        }
        "has" => preceded(any, has).parse_next(input),
        "contains" => preceded(any, part(Part::Contains)).parse_next(input),
        "starts" => preceded((any, after_word("starts", "with")), part(Part::StartsWith)).parse_next(input),
        "ends" => preceded((any, after_word("ends", "with")), part(Part::EndsWith)).parse_next(input),
        "is" => {
            advance(input)?;
            let negated = opt(word("not")).parse_next(input)?.is_some();
            if opt(word("empty")).parse_next(input)?.is_none() {
                let detail = format!(
                    "Expected `is empty` or `is not empty`, found {}. Values are compared with `=` and `!=`.",
                    found(input)
                );
                return wrong(input, detail);
            }
            Ok(Tail::Empty { negated })
        }
        "between" => {
            advance(input)?;
            let low = operand(input, "a value or a field")?;
            if opt(word("and")).parse_next(input)?.is_none() {
                let detail =
                    format!("Expected `and` and the upper end of `between`, found {}.", found(input));
                return wrong(input, detail);
            }
            Ok(Tail::Between(low, operand(input, "a value or a field")?))
        }
        _ => Ok(Tail::Alone),
    }
}

fn not_what(input: &Input<'_>) -> String {
    match peek(input) {
        Lexeme::Word(word) if ["contains", "has", "starts", "ends", "between"].contains(word) => {
            format!("`not` stands before the whole comparison: `not (name {word} …)`.")
        }
        _ => format!("Expected `in` after `not`, found {}.", found(input)),
    }
}

fn part<'t>(part: Part) -> impl FnMut(&mut Input<'t>) -> Read<Tail> {
    move |input| Ok(Tail::Part(part, operand(input, "a text in `\"`")?))
}

fn has(input: &mut Input<'_>) -> Read<Tail> {
    if opt(word("any")).parse_next(input)?.is_some() {
        return list.map(Tail::HasAny).parse_next(input);
    }
    if opt(word("all")).parse_next(input)?.is_some() {
        return list.map(Tail::HasAll).parse_next(input);
    }
    Ok(Tail::Has(operand(input, "a choice in `\"`, `any (…)` or `all (…)`")?))
}

fn list(input: &mut Input<'_>) -> Read<Vec<Operand>> {
    if opt(symbol("(")).parse_next(input)?.is_none() {
        return wrong(input, format!("Expected a list such as `(\"a\", \"b\")`, found {}.", found(input)));
    }
    let mut items = Vec::new();
    loop {
        if items.len() == FILTER_ITEMS_MAX {
            return wrong(input, format!("A list has at most {FILTER_ITEMS_MAX} items."));
        }
        items.push(operand(input, "a value")?);
        if opt(symbol(",")).parse_next(input)?.is_none() {
            break;
        }
    }
    match opt(symbol(")")).parse_next(input)? {
        Some(()) => Ok(items),
        None => wrong(input, format!("Expected `,` or `)` in the list, found {}.", found(input))),
    }
}

fn operand(input: &mut Input<'_>, wanted: &str) -> Read<Operand> {
    let from = span(input);
    let term = match peek(input).clone() {
        Lexeme::Braced(name) => next(input, Term::Name(name))?,
        Lexeme::Text(text) => next(input, Term::Text(text))?,
        Lexeme::Number(spelled) => next(input, Term::Number(spelled.to_owned()))?,
        Lexeme::Span(..) => moment(input, None)?,
        Lexeme::Word(word) => named(input, word, wanted)?,
        Lexeme::Symbol(_) | Lexeme::End => {
            return wrong(input, format!("Expected {wanted}, found {}.", found(input)));
        }
    };
    let end = input.input.previous_tokens().next().map_or(from.end, |token| token.span.end);
    Ok(Operand { term, span: from.start..end })
}

/// What a word stands for.
fn named(input: &mut Input<'_>, word: &str, wanted: &str) -> Read<Term> {
    let boundary = match word.to_ascii_lowercase().as_str() {
        "true" => return next(input, Term::Bool(true)),
        "false" => return next(input, Term::Bool(false)),
        "start" => Some(Base::Start as fn(Period) -> Base),
        "end" => Some(Base::End as fn(Period) -> Base),
        _ => None,
    };
    if let Some(base) = word_named(word) {
        advance(input)?;
        return moment(input, Some(base));
    }
    if RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(word)) {
        let detail = format!(
            "Expected {wanted}, found the word `{word}`; a field that is called so stands in braces: `{{{word}}}`."
        );
        return wrong(input, detail);
    }
    advance(input)?;
    match boundary {
        Some(base) if opt(self::word("of")).parse_next(input)?.is_some() => {
            let Lexeme::Word(found) = *peek(input) else { return wrong(input, no_period(input)) };
            let Some(period) = period_named(found) else { return wrong(input, no_period(input)) };
            advance(input)?;
            moment(input, Some(base(period)))
        }
        _ => Ok(Term::Name(word.to_owned())),
    }
}

fn no_period(input: &Input<'_>) -> String {
    let all = periods().collect::<Vec<_>>().join("`, `");
    let hint = match peek(input) {
        Lexeme::Word(word) => did_you_mean(word, periods()),
        _ => String::new(),
    };
    format!("Expected one of `{all}`, found {}.{hint}", found(input))
}

/// The spans after a moment's base.
fn moment(input: &mut Input<'_>, base: Option<Base>) -> Read<Term> {
    let spans: Vec<(i64, Unit)> = repeat(0.., time_span).parse_next(input)?;
    Ok(Term::Moment(Moment { base, spans }))
}

fn time_span(input: &mut Input<'_>) -> Read<(i64, Unit)> {
    let Lexeme::Span(many, unit) = *peek(input) else { return not_here(input) };
    next(input, (many, unit))
}

fn operator(symbol: &str) -> Option<Operator> {
    Some(match symbol {
        "=" => Operator::Equal,
        "!=" => Operator::NotEqual,
        "<" => Operator::Less,
        "<=" => Operator::LessOrEqual,
        ">" => Operator::Greater,
        ">=" => Operator::GreaterOrEqual,
        _ => return None,
    })
}
