//! Random expressions, written as text in two ways and judged by a second evaluator that knows plain values only.

use proptest::prelude::*;

use super::*;

/// A record in plain values.
#[derive(Clone, Debug)]
struct Plain {
    name: Option<&'static str>,
    age: Option<f64>,
    score: Option<f64>,
    done: bool,
    /// Days and milliseconds since 1970.
    day: Option<i64>,
    start: Option<i64>,
    status: Option<usize>,
    tags: Vec<usize>,
}

#[derive(Clone, Debug)]
enum Plan {
    And(Vec<Plan>),
    Or(Vec<Plan>),
    Not(Box<Plan>),
    Name(&'static str, &'static str),
    NameIn(Vec<&'static str>),
    Part(&'static str, &'static str),
    Age(&'static str, f64),
    /// With the literal on the left.
    AgeRight(&'static str, f64),
    AgeBetween(f64, f64),
    No(&'static str, f64),
    Ages(&'static str),
    Day(&'static str, i64),
    StartDay(&'static str, i64),
    StartTime(&'static str, i64),
    Status(&'static str, usize),
    StatusIn(Vec<usize>),
    TagsAny(Vec<usize>),
    TagsAll(Vec<usize>),
    Done,
    DoneIs(bool),
    Empty(&'static str),
    Known(bool),
}

const DAY: i64 = 86_400_000;
/// Which the sample's sequence gives.
const NUMBER: f64 = 41.0;
const NAMES: [&str; 7] = ["Ann", "ann", "ÄNN b", "a\"b\\c", "x\ty}", "日本", "not (a)"];
const STATES: [&str; 3] = ["open", "closed", "on hold"];
const OPERATORS: [&str; 6] = ["=", "!=", "<", "<=", ">", ">="];

fn fits<T: PartialOrd + Copy>(operator: &str, left: Option<T>, right: T) -> bool {
    let Some(left) = left else { return operator == "!=" };
    match operator {
        "=" => left == right,
        "!=" => left != right,
        "<" => left < right,
        "<=" => left <= right,
        ">" => left > right,
        _ => left >= right,
    }
}

impl Plan {
    fn holds(&self, of: &Plain) -> bool {
        let lowered = || of.name.map(small);
        match self {
            Plan::And(parts) => parts.iter().all(|part| part.holds(of)),
            Plan::Or(parts) => parts.iter().any(|part| part.holds(of)),
            Plan::Not(part) => !part.holds(of),
            Plan::Name(operator, text) => fits(operator, of.name, text),
            Plan::NameIn(texts) => of.name.is_some_and(|name| texts.contains(&name)),
            Plan::Part("contains", text) => lowered().is_some_and(|name| name.contains(&small(text))),
            Plan::Part("starts with", text) => lowered().is_some_and(|name| name.starts_with(&small(text))),
            Plan::Part(_, text) => lowered().is_some_and(|name| name.ends_with(&small(text))),
            Plan::Age(operator, number) => fits(operator, of.age, *number),
            Plan::AgeRight(operator, number) => match of.age {
                Some(age) => fits(operator, Some(*number), age),
                None => *operator == "!=",
            },
            Plan::AgeBetween(low, high) => of.age.is_some_and(|age| *low <= age && age <= *high),
            Plan::No(operator, number) => fits(operator, Some(NUMBER), *number),
            Plan::Ages(operator) => match of.score {
                Some(score) => fits(operator, of.age, score),
                None => *operator == "!=",
            },
            Plan::Day(operator, day) => fits(operator, of.day, *day),
            Plan::StartDay(operator, day) => fits(operator, of.start.map(|ms| ms.div_euclid(DAY)), *day),
            Plan::StartTime(operator, ms) => fits(operator, of.start, *ms),
            Plan::Status(operator, state) => fits(operator, of.status, *state),
            Plan::StatusIn(states) => of.status.is_some_and(|status| states.contains(&status)),
            Plan::TagsAny(states) => states.iter().any(|state| of.tags.contains(state)),
            Plan::TagsAll(states) => {
                states.iter().all(|state| of.tags.contains(state)) && !of.tags.is_empty()
            }
            Plan::Done => of.done,
            Plan::DoneIs(wanted) => of.done == *wanted,
            Plan::Empty("name") => of.name.is_none(),
            Plan::Empty("age") => of.age.is_none(),
            Plan::Empty("status") => of.status.is_none(),
            Plan::Empty(_) => of.tags.is_empty(),
            Plan::Known(known) => *known,
        }
    }

    /// How tightly it binds: `or`, `and`, `not`, a comparison.
    fn level(&self) -> u8 {
        match self {
            Plan::Or(_) => 0,
            Plan::And(_) => 1,
            Plan::Not(_) => 2,
            _ => 3,
        }
    }

    /// As text: with the parentheses that are needed, or with more of everything.
    fn print(&self, wordy: bool) -> String {
        let within = |part: &Plan, least: u8| {
            let text = part.print(wordy);
            if wordy || part.level() < least { format!("({text})") } else { text }
        };
        let word =
            |word: &str| if wordy { format!("\n {}\t", word.to_uppercase()) } else { format!(" {word} ") };
        let list = |texts: Vec<String>| format!("({})", texts.join(if wordy { " ,\u{3000}" } else { "," }));
        let states =
            |states: &[usize]| list(states.iter().map(|state| quoted(STATES[*state], wordy)).collect());
        let field = |name: &str| if wordy { format!("{{{name}}}") } else { name.to_owned() };
        let joined = |parts: &[Plan], least: u8, joint: &str| {
            parts.iter().map(|part| within(part, least)).collect::<Vec<_>>().join(&word(joint))
        };
        match self {
            Plan::And(parts) => joined(parts, 2, "and"),
            Plan::Or(parts) => joined(parts, 1, "or"),
            Plan::Not(part) => format!("{}{}", word("not").trim_start(), within(part, 2)),
            Plan::Name(operator, text) => format!("{}{operator}{}", field("name"), quoted(text, wordy)),
            Plan::NameIn(texts) => {
                let texts = texts.iter().map(|text| quoted(text, wordy)).collect();
                format!("{}{}{}", field("name"), word("in"), list(texts))
            }
            Plan::Part(part, text) => format!("{}{}{}", field("name"), word(part), quoted(text, wordy)),
            Plan::Age(operator, number) => format!("{} {operator}{number}", field("age")),
            Plan::AgeRight(operator, number) => format!("{number:e}{operator} {}", field("age")),
            Plan::AgeBetween(low, high) => {
                format!("{}{}{low}{}{high}", field("age"), word("between"), word("and"))
            }
            Plan::No(operator, number) => format!("{}{operator}{number}", field("no")),
            Plan::Ages(operator) => format!("{}{operator}score", field("age")),
            Plan::Day(operator, day) => format!("{} {operator} \"{}\"", field("day"), day_text(*day)),
            Plan::StartDay(operator, day) => format!("{}{operator}\"{}\"", field("start"), day_text(*day)),
            Plan::StartTime(operator, ms) => {
                format!("{}{operator}\"{}\"", field("start"), Time::from_millis(*ms))
            }
            Plan::Status(operator, state) => {
                format!("{}{operator}{}", field("status"), quoted(STATES[*state], wordy))
            }
            Plan::StatusIn(found) => format!("{}{}{}", field("status"), word("in"), states(found)),
            Plan::TagsAny(found) => format!("{}{}{}", field("tags"), word("has any"), states(found)),
            Plan::TagsAll(found) => format!("{}{}{}", field("tags"), word("has all"), states(found)),
            Plan::Done => field("done"),
            Plan::DoneIs(wanted) => format!("{} = {wanted}", field("done")),
            Plan::Empty(name) => format!("{}{}", field(name), word("is empty").trim_end()),
            Plan::Known(known) => known.to_string(),
        }
    }
}

/// A text as it stands in an expression: with escapes where they have to be, or everywhere.
fn quoted(text: &str, wordy: bool) -> String {
    let inside: String = if wordy {
        text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>().concat()
    } else {
        text.replace('\\', "\\\\").replace('"', "\\\"")
    };
    format!("\"{inside}\"")
}

fn day_text(day: i64) -> String {
    Time::from_millis(day * DAY).date_text()
}

fn days() -> impl Strategy<Value = i64> {
    19_998..20_003_i64
}

fn times() -> impl Strategy<Value = i64> {
    (days(), prop::sample::select(vec![0, 1, DAY / 2, DAY - 1])).prop_map(|(day, ms)| day * DAY + ms)
}

fn numbers() -> impl Strategy<Value = f64> {
    prop::sample::select(vec![-2.5, -1.0, 0.0, 1.0, 40.5, 41.0, 41.5, 1e6])
}

fn plains() -> impl Strategy<Value = Plain> {
    let age = || prop::option::of(numbers());
    (
        prop::option::of(prop::sample::select(&NAMES)),
        (age(), age()),
        any::<bool>(),
        (prop::option::of(days()), prop::option::of(times())),
        prop::option::of(0..3_usize),
        prop::sample::subsequence(vec![0, 1, 2], 0..=3),
    )
        .prop_map(|(name, (age, score), done, (day, start), status, tags)| Plain {
            name,
            age,
            score,
            done,
            day,
            start,
            status,
            tags,
        })
}

fn plans() -> impl Strategy<Value = Plan> {
    let operators = || prop::sample::select(&OPERATORS);
    let equalities = || prop::sample::select(&OPERATORS[..2]);
    let names = || prop::sample::select(&NAMES);
    let states = || prop::collection::vec(0..3_usize, 1..4);
    let parts = prop::sample::select(vec!["contains", "starts with", "ends with"]);
    let pieces = prop::sample::select(vec!["a", "N", "än", "\"", "\\c", "}", "本", ")"]);
    let texts = prop_oneof![
        (operators(), names()).prop_map(|(operator, name)| Plan::Name(operator, name)),
        prop::collection::vec(names(), 1..4).prop_map(Plan::NameIn),
        (parts, pieces).prop_map(|(part, piece)| Plan::Part(part, piece)),
        prop::sample::select(vec!["name", "age", "status", "tags"]).prop_map(Plan::Empty),
    ];
    let amounts = prop_oneof![
        (operators(), numbers()).prop_map(|(operator, number)| Plan::Age(operator, number)),
        (operators(), numbers()).prop_map(|(operator, number)| Plan::AgeRight(operator, number)),
        (numbers(), numbers()).prop_map(|(low, high)| Plan::AgeBetween(low, high)),
        (operators(), numbers()).prop_map(|(operator, number)| Plan::No(operator, number)),
        operators().prop_map(Plan::Ages),
    ];
    let moments = prop_oneof![
        (operators(), days()).prop_map(|(operator, day)| Plan::Day(operator, day)),
        (operators(), days()).prop_map(|(operator, day)| Plan::StartDay(operator, day)),
        (operators(), times()).prop_map(|(operator, ms)| Plan::StartTime(operator, ms)),
    ];
    let rest = prop_oneof![
        (equalities(), 0..3_usize).prop_map(|(operator, state)| Plan::Status(operator, state)),
        states().prop_map(Plan::StatusIn),
        states().prop_map(Plan::TagsAny),
        states().prop_map(Plan::TagsAll),
        Just(Plan::Done),
        any::<bool>().prop_map(Plan::DoneIs),
        any::<bool>().prop_map(Plan::Known),
    ];
    prop_oneof![texts, amounts, moments, rest].prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Plan::And),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Plan::Or),
            inner.prop_map(|part| Plan::Not(Box::new(part))),
        ]
    })
}

fn sample(table: &OpenTable, plain: &Plain) -> Sample {
    let mut body = serde_json::json!({"done": plain.done});
    let mut set = |name: &str, value: Option<serde_json::Value>| {
        body.as_object_mut().unwrap().extend(value.map(|value| (name.to_owned(), value)));
    };
    set("name", plain.name.map(Into::into));
    set("age", plain.age.map(Into::into));
    set("score", plain.score.map(Into::into));
    set("day", plain.day.map(|day| day_text(day).into()));
    set("start", plain.start.map(|ms| Time::from_millis(ms).to_string().into()));
    set("status", plain.status.map(|state| STATES[state].into()));
    set("tags", Some(plain.tags.iter().map(|state| STATES[*state]).collect::<Vec<_>>().into()));
    Sample::new(table, &body.to_string())
}

proptest! {
    #[test]
    fn what_is_printed_reads_back_and_says_what_it_says(
        plan in plans(),
        plains in prop::collection::vec(plains(), 8),
    ) {
        let table = table();
        let (short, wordy) = (plan.print(false), plan.print(true));
        let read = |text: &str| read_text(text, "filter", &context(&table)).map_err(shown);
        let expr = read(&short);
        prop_assert!(expr.is_ok(), "{short}: {expr:?}");
        prop_assert_eq!(&expr, &read(&wordy), "{} and {}", short, wordy);
        let expr = expr.unwrap();
        for plain in plains {
            prop_assert_eq!(expr.holds(&sample(&table, &plain)), plan.holds(&plain), "{} of {:?}", short, plain);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        let text = String::from_utf8_lossy(&bytes);
        let table = table();
        let _ = read_text(&text, "filter", &context(&table));
        let _ = read_sort(&text, &table);
        let _ = search(&text, "search", &table);
        let _ = is_json(&text);
    }

    #[test]
    fn no_soup_of_tokens_makes_it_panic(tokens in prop::collection::vec(prop::sample::select(TOKENS), 0..24)) {
        let text = tokens.join(" ");
        let table = table();
        if let Err(faults) = read_text(&text, "filter", &context(&table)) {
            prop_assert!(!faults.is_empty(), "{}", text);
            for fault in shown(faults) {
                prop_assert!(fault.contains("haracter "), "{}: {}", text, fault);
            }
        }
    }

    #[test]
    fn no_soup_of_json_makes_it_panic(tokens in prop::collection::vec(prop::sample::select(JSON_TOKENS), 0..40)) {
        let table = table();
        let text = tokens.concat();
        if let Ok(json) = Json::read(text.as_bytes()) {
            let mut faults = Faults::default();
            let read = read_json(json, &Pointer::Root, &context(&table), &mut faults);
            prop_assert_eq!(read.is_none(), !faults.is_empty(), "{}", text);
        }
    }
}

const TOKENS: &[&str] = &[
    "and",
    "or",
    "not",
    "in",
    "has",
    "any",
    "all",
    "contains",
    "starts",
    "with",
    "ends",
    "is",
    "empty",
    "between",
    "true",
    "false",
    "now",
    "today",
    "start",
    "end",
    "of",
    "month",
    "week",
    "-7d",
    "+2h",
    "(",
    ")",
    ",",
    "=",
    "!=",
    "<",
    ">=",
    "\"open\"",
    "\"2024-01-01\"",
    "\"\"",
    "3",
    "-1.5",
    "name",
    "age",
    "done",
    "day",
    "status",
    "tags",
    "data",
    "id",
    "version",
    "{First }}name}",
    "nmae",
    "no",
];

const JSON_TOKENS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    "\"conjunction\":\"and\",\"children\":[",
    "{\"field\":\"age\",\"op\":\"gt\",\"value\":3}",
    "{\"field\":\"",
    "name\",",
    "tags\",",
    "\"op\":\"eq\",",
    "\"op\":\"any_of\",",
    "\"value\":",
    "\"open\"",
    "null",
    "3",
];
