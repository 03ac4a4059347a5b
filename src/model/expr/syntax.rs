//! The tree of the text form: what is written, before anybody asks whether the table has it.

use std::ops::Range;

use super::moment::Moment;

#[derive(Clone, Debug)]
pub(super) enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Test(Box<TestNode>),
}

/// One test, as it is written.
#[derive(Clone, Debug)]
pub(super) struct TestNode {
    pub left: Operand,
    pub tail: Tail,
    /// Where the operator stands; of a name alone, that.
    pub at: Range<usize>,
}

#[derive(Clone, Debug)]
pub(super) enum Tail {
    /// A name or `true` or `false` alone.
    Alone,
    Compare(Operator, Operand),
    In {
        negated: bool,
        items: Vec<Operand>,
    },
    Has(Operand),
    HasAny(Vec<Operand>),
    HasAll(Vec<Operand>),
    Part(Part, Operand),
    Empty {
        negated: bool,
    },
    Between(Operand, Operand),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Contains,
    StartsWith,
    EndsWith,
}

#[derive(Clone, Debug)]
pub(super) struct Operand {
    pub term: Term,
    pub span: Range<usize>,
}

#[derive(Clone, Debug)]
pub(super) enum Term {
    Name(String),
    Text(String),
    Number(String),
    Bool(bool),
    Moment(Moment),
}
