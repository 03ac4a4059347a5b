//! The demo's tables, and what stands in row `n` of each.

use serde_json::{Value, json};

use super::words::{COMPANIES, GOODS, INDUSTRIES, NOTES, PEOPLE, SOURCES, STAGES, STATUSES, TAGS, TRADES};
use super::{COMPANY_ID, CONTACT_ID, DEAL_ID};
use crate::clock::Time;

/// 2026-01-01.
const NEW_YEAR: Time = Time::from_millis(1_767_225_600_000);
const DAY_SECONDS: i64 = 86_400;

const CONTACTS: usize = 300;

/// A table to be made.
pub struct Blueprint {
    pub name: &'static str,
    pub description: &'static str,
    pub fields: &'static [FieldRow],
    pub records: usize,
    pub first_id: &'static str,
    pub row: fn(usize, &mut Draw) -> Value,
}

/// A field of one.
pub struct FieldRow {
    pub name: &'static str,
    pub of_type: &'static str,
    pub unique: bool,
    pub options: Option<&'static str>,
    pub description: Option<&'static str>,
}

const fn field(name: &'static str, of_type: &'static str) -> FieldRow {
    FieldRow { name, of_type, unique: false, options: None, description: None }
}

impl FieldRow {
    const fn about(self, description: &'static str) -> FieldRow {
        FieldRow { description: Some(description), ..self }
    }
}

const fn select(name: &'static str, options: &'static str) -> FieldRow {
    FieldRow { options: Some(options), ..field(name, "select") }
}

pub const TABLES: [Blueprint; 3] = [
    Blueprint {
        name: "Contacts",
        description: "People we know.",
        fields: &[
            field("name", "string"),
            FieldRow { unique: true, ..field("email", "email") },
            field("age", "number"),
            select(
                "status",
                r#"{"choices": [{"name": "lead", "color": "blue"}, {"name": "active", "color": "green"}, {"name": "paused", "color": "amber"}, {"name": "churned", "color": "gray"}]}"#,
            ),
            select(
                "tags",
                r#"{"multiple": true, "choices": [{"name": "newsletter"}, {"name": "beta"}, {"name": "partner"}, {"name": "event"}, {"name": "referral"}]}"#,
            ),
            field("score", "number").about("From 0 to 100."),
            field("website", "url"),
            field("vip", "checkbox"),
            field("since", "date").about("The day of the first contact."),
            field("notes", "longText"),
            field("created", "createdAt"),
            field("updated", "updatedAt"),
            field("number", "autoIncrement"),
        ],
        records: CONTACTS,
        first_id: CONTACT_ID,
        row: contact,
    },
    Blueprint {
        name: "Companies",
        description: "Who they work for.",
        fields: &[
            field("name", "string"),
            field("website", "url"),
            select(
                "industry",
                r#"{"choices": [{"name": "software"}, {"name": "food"}, {"name": "logistics"}, {"name": "energy"}, {"name": "design"}, {"name": "health"}]}"#,
            ),
            field("employees", "number"),
            field("founded", "date"),
            field("notes", "longText"),
        ],
        records: 60,
        first_id: COMPANY_ID,
        row: company,
    },
    Blueprint {
        name: "Deals",
        description: "What we sell them.",
        fields: &[
            field("title", "string"),
            field("amount", "number").about("In euros."),
            select(
                "stage",
                r#"{"choices": [{"name": "new"}, {"name": "qualified"}, {"name": "proposal"}, {"name": "won", "color": "green"}, {"name": "lost", "color": "red"}]}"#,
            ),
            field("closesOn", "date"),
            field("contactEmail", "email"),
            field("details", "json"),
            field("lastContact", "dateTime"),
        ],
        records: 150,
        first_id: DEAL_ID,
        row: deal,
    },
];

/// Draws numbers, the same each time (SplitMix64): a library's generator may draw others after an update, and the
/// documentation shows what is drawn here.
pub struct Draw(u64);

impl Draw {
    /// Of its own for each table, so that a change of one leaves the others as they are.
    pub fn of(table: &str) -> Draw {
        Draw(table.bytes().fold(0x5eed, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(byte.into())))
    }

    /// A number from 0 up to, not including, `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % end.max(1)
    }

    fn one_of<T: Copy + Default>(&mut self, of: &[T]) -> T {
        let place = usize::try_from(self.below(of.len() as u64)).unwrap_or(0);
        of.get(place).copied().unwrap_or_default()
    }

    /// A time from `days` before the beginning of 2026 up to that.
    fn before_2026(&mut self, days: u64) -> Time {
        let seconds = self.below(days * DAY_SECONDS.unsigned_abs());
        NEW_YEAR.plus_seconds(-i64::try_from(seconds).unwrap_or(0))
    }

    /// A value, or in one case out of `n` none.
    fn or_empty<T>(&mut self, n: u64, value: T) -> Option<T> {
        (self.below(n) > 0).then_some(value)
    }
}

/// The `n`-th of a list that begins again at its end.
fn around<T: Copy + Default>(of: &[T], n: usize) -> T {
    of.get(n % of.len().max(1)).copied().unwrap_or_default()
}

/// A name and an address; no two of the first 300 people share either.
fn person(n: usize) -> (String, String) {
    let Some(people) = PEOPLE.get(n % PEOPLE.len()) else { return Default::default() };
    let turn = n / PEOPLE.len();
    let (given, given_ascii) = around(&people.given, turn);
    let (family, family_ascii) = around(&people.family, turn + turn / people.given.len());
    let name = match people.family_first {
        Some(between) => format!("{family}{between}{given}"),
        None => format!("{given} {family}"),
    };
    (name, format!("{given_ascii}.{family_ascii}@{}.example", company_name(n).1))
}

fn company_name(n: usize) -> (String, String) {
    let (head, ascii) = around(&COMPANIES, n);
    (format!("{head} {}", around(&TRADES, trade(n))), ascii.to_owned())
}

/// The same beginning has another trade each time round.
const fn trade(n: usize) -> usize {
    n + 5 * (n / COMPANIES.len())
}

fn contact(n: usize, draw: &mut Draw) -> Value {
    let (name, email) = person(n);
    let tags: Vec<&str> = TAGS.into_iter().filter(|_| draw.below(4) == 0).collect();
    let (status, age) = (draw.one_of(&STATUSES), 19 + draw.below(66));
    let score = draw.below(1001);
    #[expect(clippy::cast_precision_loss, reason = "at most 1000")]
    let score = score as f64 / 10.0;
    json!({
        "name": name,
        "email": email,
        "age": draw.or_empty(12, age),
        "status": status,
        "tags": tags,
        "score": score,
        "website": draw.or_empty(3, format!("https://{}.example/team", company_name(n).1)),
        "vip": draw.below(8) == 0,
        "since": draw.before_2026(2500).date_text(),
        "notes": if draw.below(3) == 0 { Some(draw.one_of(&NOTES)) } else { None },
    })
}

fn company(n: usize, draw: &mut Draw) -> Value {
    let (name, ascii) = company_name(n);
    let employees = 2 + draw.below(40) * (1 + draw.below(100));
    json!({
        "name": name,
        "website": format!("https://{ascii}.example/{}", around(&INDUSTRIES, trade(n))),
        "industry": around(&INDUSTRIES, trade(n)),
        "employees": draw.or_empty(10, employees),
        "founded": draw.before_2026(40_000).date_text(),
        "notes": if draw.below(3) == 0 { Some(draw.one_of(&NOTES)) } else { None },
    })
}

fn deal(n: usize, draw: &mut Draw) -> Value {
    let with = usize::try_from(draw.below(CONTACTS as u64)).unwrap_or(0);
    let closes = NEW_YEAR.plus_seconds(i64::try_from(draw.below(400)).unwrap_or(0) * DAY_SECONDS);
    let (seats, last) = (1 + draw.below(200), draw.before_2026(200).to_string());
    let (seats, last) = (draw.or_empty(4, seats), draw.or_empty(6, last));
    json!({
        "title": format!("{} for {}", draw.one_of(&GOODS), company_name(n + with).0),
        "amount": 500 + 50 * draw.below(2000),
        "stage": draw.one_of(&STAGES),
        "closesOn": closes.date_text(),
        "contactEmail": person(with).1,
        "details": {
            "source": draw.one_of(&SOURCES),
            "probability": draw.below(21) * 5,
            "seats": seats,
        },
        "lastContact": last,
    })
}
