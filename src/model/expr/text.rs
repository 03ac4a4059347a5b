//! The text form: what the grammar has read, fitted to a table.

use std::ops::Range;

use super::build::{
    Class, Literal, Point, Target, Wrong, all, among, any, between, choices, compare, has_part, not,
};
use super::parse::parse;
use super::syntax::{Node, Operand, Operator, Part, Tail, Term, TestNode};
use super::{Comparison, Context, Expr, Test};
use crate::error::{Code, Faults};
use crate::limits::FILTER_BYTES_MAX;

/// Reads the text form. `at` is where it came from: the name of a parameter, or a pointer into a body.
pub fn read_text(text: &str, at: &str, context: &Context<'_>) -> Result<Expr, Faults> {
    let mut checker = Checker { text, at, context, faults: Faults::default() };
    if text.len() > FILTER_BYTES_MAX {
        let detail = format!("A filter has at most {FILTER_BYTES_MAX} bytes, this one {}.", text.len());
        checker.faults.add(at, Code::InvalidFilter, detail);
        return Err(checker.faults);
    }
    match parse(text) {
        Ok(node) => match checker.node(&node) {
            Some(expr) if checker.faults.is_empty() => Ok(expr),
            _ => Err(checker.faults),
        },
        Err(syntax) => {
            checker.fault(&syntax.span, (Code::InvalidFilter, syntax.detail));
            Err(checker.faults)
        }
    }
}

struct Checker<'c> {
    text: &'c str,
    at: &'c str,
    context: &'c Context<'c>,
    faults: Faults,
}

/// A side of a comparison, once it is known what it is.
enum Side<'c> {
    Column(Target<'c>),
    Literal(&'c Operand),
}

impl<'c> Checker<'c> {
    /// Adds a fault with its position. What has no code of its own is a fault of the filter.
    fn fault(&mut self, span: &Range<usize>, (code, detail): Wrong) {
        let code = match code {
            Code::UnknownField | Code::UnknownChoice => code,
            _ => Code::InvalidFilter,
        };
        self.faults.add(self.at, code, format!("{}: {detail}", place(self.text, span)));
    }

    fn filter_fault<T>(&mut self, span: &Range<usize>, detail: impl Into<String>) -> Option<T> {
        self.fault(span, (Code::InvalidFilter, detail.into()));
        None
    }

    fn node(&mut self, node: &'c Node) -> Option<Expr> {
        match node {
            Node::All(parts) => self.nodes(parts).map(Expr::All),
            Node::Any(parts) => self.nodes(parts).map(Expr::Any),
            Node::Not(part) => self.node(part).map(not),
            Node::Test(test) => self.test(test),
        }
    }

    /// All parts are read, so that the faults of all are told.
    fn nodes(&mut self, parts: &'c [Node]) -> Option<Vec<Expr>> {
        let read: Vec<Option<Expr>> = parts.iter().map(|part| self.node(part)).collect();
        read.into_iter().collect()
    }

    fn test(&mut self, test: &'c TestNode) -> Option<Expr> {
        if matches!(test.tail, Tail::Alone) {
            return self.alone(&test.left);
        }
        if let Tail::Compare(operator, right) = &test.tail {
            let (left, right) = (self.side(&test.left), self.side(right));
            return self.comparison(left?, *operator, right?, &test.at);
        }
        let Term::Name(name) = &test.left.term else {
            return self.filter_fault(&test.left.span, "Expected a field on the left of this operator.");
        };
        let target = self.target(name, &test.left.span)?;
        match &test.tail {
            Tail::Alone | Tail::Compare(..) => None,
            Tail::In { negated, items } => {
                if target.class == Class::Choices {
                    return self.many(&target, &test.at);
                }
                let found = among(target.column, self.points(&target, items)?);
                Some(if *negated { not(found) } else { found })
            }
            Tail::Has(item) => self.has(&target, std::slice::from_ref(item), &test.at, Test::HasAny),
            Tail::HasAny(items) => self.has(&target, items, &test.at, Test::HasAny),
            Tail::HasAll(items) => self.has(&target, items, &test.at, Test::HasAll),
            Tail::Part(part, operand) => self.part(&target, *part, operand, &test.at),
            Tail::Empty { negated } => self.empty(&target, *negated, &test.at),
            Tail::Between(low, high) => self.between(target, low, high, &test.at),
        }
    }

    /// `true`, `false`, or the name of a checkbox.
    fn alone(&mut self, operand: &'c Operand) -> Option<Expr> {
        let name = match &operand.term {
            Term::Bool(true) => return Some(Expr::TRUE),
            Term::Bool(false) => return Some(Expr::FALSE),
            Term::Name(name) => name,
            _ => {
                let detail = "A value alone is no condition: compare a field with it, as in `name = \"x\"`.";
                return self.filter_fault(&operand.span, detail);
            }
        };
        let target = self.target(name, &operand.span)?;
        if target.class == Class::Bool {
            return Some(Expr::Test(target.column, Test::Bool(true)));
        }
        let detail = format!(
            "Expected an operator after `{}` of type {}; operators are {}.",
            target.name,
            target.kind(),
            operators(target.class)
        );
        let end = operand.span.end;
        self.filter_fault(&(operand.span.start..end), detail)
    }

    fn target(&mut self, name: &str, span: &Range<usize>) -> Option<Target<'c>> {
        let found = Target::named(self.context.table, name, self.faults.count());
        found.map_err(|(code, detail)| self.fault(span, (code, detail + name_hint(name)))).ok()
    }

    fn side(&mut self, operand: &'c Operand) -> Option<Side<'c>> {
        match &operand.term {
            Term::Name(name) => self.target(name, &operand.span).map(Side::Column),
            _ => Some(Side::Literal(operand)),
        }
    }

    fn comparison(
        &mut self,
        left: Side<'c>,
        operator: Operator,
        right: Side<'c>,
        at: &Range<usize>,
    ) -> Option<Expr> {
        let (target, operator, literal) = match (left, right) {
            (Side::Column(left), Side::Column(right)) => return self.columns(&left, operator, &right, at),
            (Side::Column(target), Side::Literal(literal)) => (target, operator, literal),
            (Side::Literal(literal), Side::Column(target)) => (target, operator.turned(), literal),
            (Side::Literal(_), Side::Literal(_)) => {
                return self.filter_fault(at, "A comparison needs a field on one side at least.");
            }
        };
        self.check_order(&target, operator, at)?;
        let point = self.point(&target, literal)?;
        Some(compare(target.column, operator, point))
    }

    /// Whether the operator fits the column; a fault if not.
    fn check_order(&mut self, target: &Target<'_>, operator: Operator, at: &Range<usize>) -> Option<()> {
        let equality = matches!(operator, Operator::Equal | Operator::NotEqual);
        match target.class {
            Class::Choices => self.many(target, at),
            Class::Choice | Class::Json | Class::Bool if !equality => self.misfit(target, at),
            _ => Some(()),
        }
    }

    fn misfit<T>(&mut self, target: &Target<'_>, at: &Range<usize>) -> Option<T> {
        let operator = self.text.get(at.clone()).unwrap_or_default();
        let (name, kind, fit) = (target.name, target.kind(), operators(target.class));
        self.filter_fault(at, format!("`{operator}` does not fit `{name}` of type {kind}: use {fit}."))
    }

    fn many<T>(&mut self, target: &Target<'_>, at: &Range<usize>) -> Option<T> {
        let name = target.name;
        self.filter_fault(
            at,
            format!(
                "`{name}` holds several choices: use `has \"a\"`, `has any (…)`, `has all (…)` or `is empty`."
            ),
        )
    }

    /// Two columns, which have to be of one kind.
    fn columns(
        &mut self,
        left: &Target<'_>,
        operator: Operator,
        right: &Target<'_>,
        at: &Range<usize>,
    ) -> Option<Expr> {
        let comparable = matches!(
            left.class,
            Class::Bool | Class::Int | Class::Float | Class::Text | Class::Day | Class::Time
        );
        if !comparable || left.column.kind != right.column.kind {
            let detail = format!(
                "`{}` of type {} can't be compared with `{}` of type {}.",
                left.name,
                left.kind(),
                right.name,
                right.kind()
            );
            return self.filter_fault(at, detail);
        }
        if left.class == Class::Bool {
            self.check_order(left, operator, at)?;
            return Some(same_checks(left, right, operator));
        }
        let (l, r) = (left.column, right.column);
        Some(match operator {
            Operator::Equal => Expr::Compare(l, Comparison::Equal, r),
            Operator::NotEqual => not(Expr::Compare(l, Comparison::Equal, r)),
            Operator::Less => Expr::Compare(l, Comparison::Less, r),
            Operator::LessOrEqual => Expr::Compare(l, Comparison::LessOrEqual, r),
            Operator::Greater => Expr::Compare(r, Comparison::Less, l),
            Operator::GreaterOrEqual => Expr::Compare(r, Comparison::LessOrEqual, l),
        })
    }

    fn between(
        &mut self,
        target: Target<'c>,
        low: &'c Operand,
        high: &'c Operand,
        at: &Range<usize>,
    ) -> Option<Expr> {
        self.check_order(&target, Operator::Less, at)?;
        let (low, high) = (self.side(low), self.side(high));
        match (low?, high?) {
            (Side::Literal(low), Side::Literal(high)) => {
                let (low, high) = (self.point(&target, low), self.point(&target, high));
                Some(between(target.column, low?, high?))
            }
            (low, high) => {
                let low = self.comparison(Side::Column(target), Operator::GreaterOrEqual, low, at);
                let high = self.comparison(Side::Column(target), Operator::LessOrEqual, high, at);
                Some(all(vec![low?, high?]))
            }
        }
    }

    fn has(
        &mut self,
        target: &Target<'_>,
        items: &'c [Operand],
        at: &Range<usize>,
        test: fn(Vec<u16>) -> Test,
    ) -> Option<Expr> {
        if target.class != Class::Choices {
            return self.misfit(target, at);
        }
        let points = self.points(target, items)?;
        Some(Expr::Test(target.column, test(choices(points))))
    }

    fn part(
        &mut self,
        target: &Target<'_>,
        part: Part,
        operand: &Operand,
        at: &Range<usize>,
    ) -> Option<Expr> {
        if !(target.class == Class::Text || target.class == Class::Json && part == Part::Contains) {
            return self.misfit(target, at);
        }
        match &operand.term {
            Term::Text(text) => Some(has_part(target.column, part, text)),
            _ => self.filter_fault(&operand.span, "Expected a text in `\"` after this operator."),
        }
    }

    fn empty(&mut self, target: &Target<'_>, negated: bool, at: &Range<usize>) -> Option<Expr> {
        if target.class == Class::Bool {
            let name = target.name;
            return self.filter_fault(
                at,
                format!("`{name}` is a checkbox, which is never empty: write `{name}` or `not {name}`."),
            );
        }
        let empty = Expr::Test(target.column, Test::Empty);
        Some(if negated { not(empty) } else { empty })
    }

    /// All literals are read, so that the faults of all are told.
    fn points(&mut self, target: &Target<'_>, items: &'c [Operand]) -> Option<Vec<Point>> {
        let points: Vec<Option<Point>> = items.iter().map(|item| self.point(target, item)).collect();
        points.into_iter().collect()
    }

    fn point(&mut self, target: &Target<'_>, operand: &Operand) -> Option<Point> {
        let literal = match &operand.term {
            Term::Text(text) => Literal::Text(text),
            Term::Number(spelled) => Literal::Number(spelled),
            Term::Bool(value) => Literal::Bool(*value),
            Term::Moment(moment) => match moment.resolve(self.context.now) {
                Some(instant) => Literal::Moment(instant),
                None => {
                    return self.filter_fault(&operand.span, "The moment is outside of the years 1 to 9999.");
                }
            },
            Term::Name(name) => {
                let detail =
                    format!("Expected a value here, found the name `{name}`; a text stands in `\"`.");
                return self.filter_fault(&operand.span, detail);
            }
        };
        target.point(literal).map_err(|wrong| self.fault(&operand.span, wrong)).ok()
    }
}

/// Two checkboxes: one that nobody has checked is held as the empty value, which nothing equals.
fn same_checks(left: &Target<'_>, right: &Target<'_>, operator: Operator) -> Expr {
    let checked = |target: &Target<'_>| Expr::Test(target.column, Test::Bool(true));
    let both = all(vec![checked(left), checked(right)]);
    let neither = not(any(vec![checked(left), checked(right)]));
    let same = any(vec![both, neither]);
    if operator == Operator::NotEqual { not(same) } else { same }
}

impl Operator {
    /// The operator with its sides changed.
    fn turned(self) -> Operator {
        match self {
            Operator::Equal | Operator::NotEqual => self,
            Operator::Less => Operator::Greater,
            Operator::LessOrEqual => Operator::GreaterOrEqual,
            Operator::Greater => Operator::Less,
            Operator::GreaterOrEqual => Operator::LessOrEqual,
        }
    }
}

/// The operators that fit, for a message.
fn operators(class: Class) -> &'static str {
    match class {
        Class::Id => "`=`, `!=`, `<`, `<=`, `>`, `>=`, `in (…)` or `between`",
        Class::Bool => "`=`, `!=`, or the name alone",
        Class::Int | Class::Float | Class::Day | Class::Time => {
            "`=`, `!=`, `<`, `<=`, `>`, `>=`, `in (…)`, `between` or `is empty`"
        }
        Class::Text => {
            "`=`, `!=`, `<`, `<=`, `>`, `>=`, `in (…)`, `between`, `contains`, `starts with`, `ends with` or `is empty`"
        }
        Class::Choice => "`=`, `!=`, `in (…)` or `is empty`",
        Class::Choices => "`has \"a\"`, `has any (…)`, `has all (…)` or `is empty`",
        Class::Json => "`=`, `!=`, `in (…)`, `contains` or `is empty`",
    }
}

/// What a name may have been meant for that is none.
fn name_hint(name: &str) -> &'static str {
    let unit = name.trim_start_matches(|c: char| c.is_ascii_digit());
    if name.eq_ignore_ascii_case("null") {
        " There is no `null`: write `is empty`."
    } else if unit.len() < name.len() && super::moment::unit_named(unit).is_some() {
        " A span of time has a sign, as in `-7d`."
    } else {
        ""
    }
}

/// Where a span begins, counted in characters from 1, and what stands there.
fn place(text: &str, span: &Range<usize>) -> String {
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
    let rest = text.get(span.start..).unwrap_or_default();
    let first_line = rest.lines().next().unwrap_or_default();
    let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let mut excerpt: String = first_line.chars().take(24).map(shown).collect();
    if first_line.chars().nth(24).is_some() {
        excerpt.push('…');
    }
    let at = if text.contains('\n') {
        format!("Line {line}, character {column}")
    } else {
        format!("Character {column}")
    };
    if excerpt.is_empty() { at } else { format!("{at}, at `{excerpt}`") }
}
