//! The tokens as the grammar reads them: one looked at, one taken, and what a fault says of the one that is there.

use std::ops::Range;

use winnow::Parser;
use winnow::combinator::opt;
use winnow::error::{ErrMode, ParserError};
use winnow::stream::{Stateful, Stream, TokenSlice};
use winnow::token::any;

use super::token::{Lexeme, Syntax, Token};

/// How much has been read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bounds {
    pub depth: usize,
    pub nodes: usize,
}

pub(super) type Input<'t> = Stateful<TokenSlice<'t, Token<'t>>, Bounds>;
/// `Backtrack` says that the token is not the one asked for, and nothing has been read; every fault is a `Cut`.
pub(super) type Read<O> = Result<O, ErrMode<Syntax>>;

impl<'t> ParserError<Input<'t>> for Syntax {
    type Inner = Syntax;

    fn from_input(input: &Input<'t>) -> Syntax {
        Syntax { span: span(input), detail: String::new() }
    }

    fn into_inner(self) -> Result<Syntax, Syntax> {
        Ok(self)
    }
}

pub(super) fn peek<'t>(input: &Input<'t>) -> &'t Lexeme<'t> {
    input.input.peek_token().map_or(&Lexeme::End, |token| &token.lexeme)
}

pub(super) fn span(input: &Input<'_>) -> Range<usize> {
    input.input.first().map_or(0..0, |token| token.span.clone())
}

pub(super) fn advance(input: &mut Input<'_>) -> Read<()> {
    any.void().parse_next(input)
}

pub(super) fn next<O>(input: &mut Input<'_>, output: O) -> Read<O> {
    advance(input).map(|()| output)
}

pub(super) fn not_here<O>(input: &Input<'_>) -> Read<O> {
    Err(ErrMode::Backtrack(Syntax::from_input(input)))
}

pub(super) fn wrong<O>(input: &Input<'_>, detail: impl Into<String>) -> Read<O> {
    Err(ErrMode::Cut(Syntax { span: span(input), detail: detail.into() }))
}

/// A parser of one word of the language, in either case.
pub(super) fn word<'t>(wanted: &'static str) -> impl FnMut(&mut Input<'t>) -> Read<()> {
    move |input| match peek(input) {
        Lexeme::Word(found) if found.eq_ignore_ascii_case(wanted) => advance(input),
        _ => not_here(input),
    }
}

/// A parser of the second of two words that belong together.
pub(super) fn after_word<'t>(
    first: &'static str,
    wanted: &'static str,
) -> impl FnMut(&mut Input<'t>) -> Read<()> {
    move |input| match opt(word(wanted)).parse_next(input)? {
        Some(()) => Ok(()),
        None => wrong(input, format!("Expected `{wanted}` after `{first}`, found {}.", found(input))),
    }
}

pub(super) fn symbol<'t>(wanted: &'static str) -> impl FnMut(&mut Input<'t>) -> Read<()> {
    move |input| match peek(input) {
        Lexeme::Symbol(found) if *found == wanted => advance(input),
        _ => not_here(input),
    }
}

pub(super) fn found(input: &Input<'_>) -> String {
    let shown = |text: &str| text.chars().take(40).collect::<String>();
    match peek(input) {
        Lexeme::Word(word) => format!("`{}`", shown(word)),
        Lexeme::Braced(name) => format!("the name `{{{}}}`", shown(name)),
        Lexeme::Text(_) => "a text".into(),
        Lexeme::Number(spelled) => format!("the number {}", shown(spelled)),
        Lexeme::Span(..) => "a span of time".into(),
        Lexeme::Symbol(symbol) => format!("`{symbol}`"),
        Lexeme::End => "the end".into(),
    }
}
