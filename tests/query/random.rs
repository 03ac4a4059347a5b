//! Random filters, searches and sorts that fit a table.

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use serde_json::Value as Json;
use undb::limits::FILTER_BYTES_MAX;

use crate::fill;
use crate::plan::{Class, Item, Literal, Name, Plan, Shape, Test};
use crate::reference::value;

const ALL: [&str; 6] = ["=", "!=", "<", "<=", ">", ">="];
const PARTS: [&str; 3] = ["contains", "starts with", "ends with"];

/// What questions are made of.
pub struct Asker<'a> {
    pub shape: &'a Shape,
    pub items: &'a [Item],
    pub rng: &'a mut StdRng,
}

impl Asker<'_> {
    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of.choose(self.rng).unwrap().clone()
    }

    /// The value that some record has.
    fn held(&mut self, name: Name) -> Option<Json> {
        let item = self.items.choose(self.rng)?;
        let held = value(item, name).into_owned();
        (!held.is_null()).then_some(held)
    }

    fn literal(&mut self, name: Name) -> Literal {
        let class = self.shape.class(name);
        let held = if self.rng.random_bool(0.6) { self.held(name) } else { None };
        match class {
            Class::Text => {
                let held = held.and_then(|held| held.as_str().map(str::to_owned));
                Literal::Text(
                    held.filter(|text| text.len() < 1500 && (text.len() < 100 || self.rng.random_bool(0.1)))
                        .unwrap_or_else(|| fill::text(self.rng)),
                )
            }
            Class::Number | Class::Whole => {
                let held = held.and_then(|held| held.as_f64());
                Literal::Number(held.unwrap_or_else(|| fill::number(self.rng)))
            }
            Class::Check => Literal::Bool(self.rng.random_bool(0.5)),
            Class::Day | Class::Time => self.moment(held.and_then(|held| held.as_str().map(str::to_owned))),
            Class::Choice | Class::Choices => {
                let Name::Field(place) = name else { panic!("only a field has choices") };
                let choices = self.shape.fields[place].choices.clone();
                let (name, id) = self.one(&choices);
                Literal::Text(if self.rng.random_bool(0.3) { id } else { name })
            }
            Class::Json => {
                let all = ["a", "A", "Äb", "none"].map(|text| Literal::Text(text.into()));
                let more =
                    [Literal::Number(1.0), Literal::Number(1.5), Literal::Bool(true), Literal::Number(1e21)];
                let all: Vec<Literal> = all.into_iter().chain(more).collect();
                self.one(&all)
            }
            Class::Id => {
                let held = held.or_else(|| self.held(name));
                let none = crate::world::id_of(1 << 120).to_string();
                Literal::Text(held.and_then(|held| held.as_str().map(str::to_owned)).unwrap_or(none))
            }
        }
    }

    /// A day or a time, spelled in one of the ways there are.
    fn moment(&mut self, held: Option<String>) -> Literal {
        let quoted = |text: &str| format!("\"{text}\"");
        let known = [
            ("today", "2026-08-01"),
            ("yesterday", "2026-07-31"),
            ("TOMORROW", "2026-08-02"),
            ("start of week", "2026-07-27"),
            ("start of month -1mo", "2026-07-01"),
            ("end of month", "2026-08-31"),
            ("end of month +1mo", "2026-09-30"),
            ("start of quarter", "2026-07-01"),
            ("end of year", "2026-12-31"),
            ("-7d", "2026-07-25"),
            ("+2w", "2026-08-15"),
            ("today -1y +1d", "2025-08-02"),
        ];
        match self.rng.random_range(0..8) {
            0 => {
                let (spelled, day) = self.one(&known);
                Literal::Day(spelled.into(), day.into())
            }
            1 => Literal::At("now".into(), "2026-08-01T13:45:30.250Z".into()),
            2 => Literal::At("now -36h".into(), "2026-07-31T01:45:30.250Z".into()),
            3 => Literal::At("\"2026-08-01T15:45:30.25+02:00\"".into(), "2026-08-01T13:45:30.250Z".into()),
            4..6 => {
                let day = held.map_or_else(|| fill::day(self.rng), |held| held[..10].to_owned());
                Literal::Day(quoted(&day), day)
            }
            _ => {
                let time = held.filter(|held| held.len() > 10).unwrap_or_else(|| fill::time(self.rng));
                Literal::At(quoted(&time), time)
            }
        }
    }

    fn literals(&mut self, name: Name) -> Vec<Literal> {
        let many = if self.rng.random_bool(0.1) { 120 } else { self.rng.random_range(1..5) };
        (0..many).map(|_| self.literal(name)).collect()
    }

    /// Some of a text that is there, in whatever case.
    fn part(&mut self, name: Name) -> String {
        let held = self.held(name).map(|held| held.as_str().map_or_else(|| held.to_string(), str::to_owned));
        let text = held.filter(|text| text.len() < 200).unwrap_or_else(|| fill::text(self.rng));
        let chars: Vec<char> = text.chars().collect();
        let from = self.rng.random_range(0..=chars.len().min(3));
        let to = self.rng.random_range(from..=chars.len());
        let part: String = chars[from..to].iter().collect();
        match self.rng.random_range(0..12) {
            0 => part.to_uppercase(),
            1 => part.to_lowercase(),
            2 => "\u{0}".to_owned(),
            3 => format!("{part}\u{0}"),
            4 => String::new(),
            _ => part,
        }
    }

    fn other(&mut self, name: Name, class: Class) -> Option<Name> {
        let alike = |other: Class| match class {
            Class::Day | Class::Time => matches!(other, Class::Day | Class::Time),
            class => other == class,
        };
        let names: Vec<Name> = self
            .shape
            .names()
            .into_iter()
            .filter(|other| *other != name && alike(self.shape.class(*other)))
            .collect();
        names.choose(self.rng).copied()
    }

    fn test(&mut self) -> Plan {
        let names = self.shape.names();
        let name = self.one(&names);
        let class = self.shape.class(name);
        let pick = self.rng.random_range(0..10);
        let ordered = matches!(class, Class::Text | Class::Number | Class::Whole | Class::Day | Class::Time);
        let test = match (class, pick) {
            (Class::Check, 0..4) => Test::Alone,
            (Class::Check, 4..7) => match self.other(name, class) {
                Some(other) => Test::Other(self.one(&ALL[..2]), other),
                None => Test::Alone,
            },
            (Class::Choices, 0..5) => {
                let items = self.literals(name);
                let how = if items.len() == 1 { "has" } else { "has any" };
                Test::HasAny(how, items)
            }
            (Class::Choices, 5..8) => Test::HasAll(self.literals(name)),
            (Class::Choices, _) => Test::Empty(self.rng.random_bool(0.5)),
            (Class::Id, 0) => Test::Between(self.literal(name), self.literal(name)),
            (_, 0) if class != Class::Check && class != Class::Id => Test::Empty(self.rng.random_bool(0.5)),
            (Class::Text, 1..4) => Test::Part(self.one(&PARTS), self.part(name)),
            (Class::Json, 1..6) => Test::Part("contains", self.part(name)),
            (_, 4) if ordered => match self.other(name, class) {
                Some(other) => Test::Other(self.one(&ALL), other),
                None => Test::Empty(true),
            },
            (_, 5) if ordered => Test::Between(self.literal(name), self.literal(name)),
            (Class::Check, _) => Test::Compare(self.one(&ALL[..2]), self.literal(name), false),
            (_, 6) => Test::In(self.rng.random_bool(0.6), self.literals(name)),
            (Class::Choice | Class::Json, _) => {
                Test::Compare(self.one(&ALL[..2]), self.literal(name), self.rng.random_bool(0.2))
            }
            _ => Test::Compare(self.one(&ALL), self.literal(name), self.rng.random_bool(0.2)),
        };
        Plan::Test(name, test)
    }

    /// A filter at most so deep.
    fn plan(&mut self, depth: usize) -> Plan {
        let pick = self.rng.random_range(0..10);
        let parts = |asker: &mut Self| -> Vec<Plan> {
            let many = asker.rng.random_range(2..4);
            (0..many).map(|_| asker.plan(depth - 1)).collect()
        };
        match pick {
            _ if depth == 0 => self.test(),
            0..2 => Plan::And(parts(self)),
            2..4 => Plan::Or(parts(self)),
            4 => Plan::Not(Box::new(self.plan(depth - 1))),
            5 if self.rng.random_bool(0.2) => Plan::Known(self.rng.random_bool(0.5)),
            _ => self.test(),
        }
    }

    /// A filter that is no longer than one may be.
    pub fn filter(&mut self, depth: usize) -> Plan {
        loop {
            let plan = self.plan(depth);
            if plan.print(self.shape).len() <= FILTER_BYTES_MAX {
                return plan;
            }
        }
    }

    pub fn search(&mut self) -> Option<String> {
        if self.rng.random_bool(0.8) {
            return None;
        }
        let many = self.rng.random_range(1..3);
        let words: Vec<String> = (0..many)
            .map(|_| {
                let text = fill::text(self.rng);
                let chars: Vec<char> = text.chars().collect();
                chars[..self.rng.random_range(1..=chars.len())].iter().collect()
            })
            .collect();
        Some(words.join(" ")).filter(|text: &String| !text.trim().is_empty())
    }

    /// At most three keys, none twice, nothing after `id`.
    pub fn sort(&mut self) -> Vec<(Name, bool)> {
        let names = self.shape.names();
        let mut keys: Vec<(Name, bool)> = Vec::new();
        for _ in 0..self.rng.random_range(0..4) {
            let name = self.one(&names);
            let column = |name: Name| self.shape.column(name);
            let is_new = keys.iter().all(|(held, _)| column(*held) != column(name));
            if is_new && self.shape.class(name) != Class::Json {
                keys.push((name, self.rng.random_bool(0.5)));
            }
            if name == Name::Id {
                break;
            }
        }
        keys
    }
}
