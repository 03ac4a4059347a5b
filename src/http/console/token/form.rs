//! The form of a token: what it offers, what was chosen, and the call of the API that this becomes.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::clock::Time;
use crate::error::{Code, Faults};
use crate::http::console::form::Form;
use crate::http::console::message::Messages;
use crate::id::SpaceId;
use crate::model::scope::{Scope, Scopes};
use crate::service::once::Once;
use crate::service::token::Tokened;
use crate::store::kept::Answer;

/// Scopes by what the token is for.
const PRESETS: [(&str, &[Scope]); 3] = [
    ("read", &[Scope::RecordsRead, Scope::SchemaRead]),
    ("write", &[Scope::RecordsWrite, Scope::SchemaRead]),
    ("full", &Scope::ALL),
];

/// What the form of a token holds.
pub struct TokenForm {
    pub name: String,
    /// The preset that is chosen, or `custom`.
    pub preset: String,
    pub scopes: Vec<String>,
    pub narrowed: bool,
    pub bases: Vec<String>,
    pub tables: Vec<String>,
    /// `30`, `90`, `365`, `date` or `none`.
    pub expiry: String,
    pub date: String,
    /// Of the form that makes a token: drawn with the page, so that posting it twice makes one token.
    pub key: String,
}

impl TokenForm {
    /// As it is at first: reading and writing, everywhere, for 90 days.
    pub fn fresh() -> TokenForm {
        TokenForm {
            name: String::new(),
            preset: "write".into(),
            scopes: names(&[Scope::RecordsWrite, Scope::SchemaRead]),
            narrowed: false,
            bases: Vec::new(),
            tables: Vec::new(),
            expiry: "90".into(),
            date: String::new(),
            key: format!("{:032x}", rand::random::<u128>()),
        }
    }

    /// As it was sent.
    pub fn of(form: &Form) -> TokenForm {
        let all = |name| form.all(name).map(str::to_owned).collect();
        TokenForm {
            name: form.get("name").into(),
            preset: form.get("preset").into(),
            scopes: all("scopes"),
            narrowed: form.get("reach") == "some",
            bases: all("bases"),
            tables: all("tables"),
            expiry: form.get("expiry").into(),
            date: form.get("date").into(),
            key: form.get("key").into(),
        }
    }

    /// As a token is.
    pub fn of_token(Tokened { token, .. }: &Tokened) -> TokenForm {
        let scopes: Vec<Scope> = token.scopes.iter().collect();
        let preset = PRESETS.iter().find(|(_, of)| **of == *scopes).map_or("custom", |(name, _)| *name);
        let narrowing = token.narrowing.clone();
        TokenForm {
            name: token.name.to_string(),
            preset: preset.into(),
            scopes: names(&scopes),
            narrowed: narrowing.is_narrow(),
            bases: narrowing.bases.unwrap_or_default().iter().map(ToString::to_string).collect(),
            tables: narrowing.tables.unwrap_or_default().iter().map(ToString::to_string).collect(),
            expiry: if token.expires_at.is_some() { "keep" } else { "none" }.into(),
            date: token.expires_at.map(Time::date_text).unwrap_or_default(),
            key: String::new(),
        }
    }

    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|chosen| chosen == scope)
    }

    pub fn has_base(&self, id: &str) -> bool {
        self.bases.iter().any(|chosen| chosen == id)
    }

    pub fn has_table(&self, id: &str) -> bool {
        self.tables.iter().any(|chosen| chosen == id)
    }

    /// The body of the API's call that makes or changes such a token. What was chosen of none of the choices is a fault.
    pub fn members(&self, now: Time, faults: &mut Faults) -> Map<String, Value> {
        let preset = PRESETS.iter().find(|(name, _)| *name == self.preset);
        let scopes = preset.map_or_else(|| self.scopes.clone(), |(_, scopes)| names(scopes));
        let some =
            |ids: &[String]| if self.narrowed && !ids.is_empty() { Value::from(ids) } else { Value::Null };
        let mut members = Map::new();
        members.insert("name".into(), Value::from(self.name.as_str()));
        members.insert("scopes".into(), Value::from(scopes));
        members.insert("bases".into(), some(&self.bases));
        // Nothing chosen is no narrowing, but it is what was asked for: an empty list says so.
        let nothing = self.narrowed && self.bases.is_empty() && self.tables.is_empty();
        let tables = if nothing { Value::Array(Vec::new()) } else { some(&self.tables) };
        members.insert("tables".into(), tables);
        let end = self.expires_at(now, faults);
        members.extend(end.map(|end| ("expiresAt".to_owned(), end)));
        members
    }

    /// When it is to end; none leaves that as it is.
    fn expires_at(&self, now: Time, faults: &mut Faults) -> Option<Value> {
        let in_days = |days: i64| Some(Value::from(now.plus_seconds(days * 24 * 3600).to_string()));
        match self.expiry.as_str() {
            "keep" => None,
            "none" => Some(Value::Null),
            // The chosen day counts as a whole.
            "date" => Some(Value::from(format!("{}T23:59:59.999Z", self.date))),
            "30" => in_days(30),
            "90" => in_days(90),
            "365" => in_days(365),
            _ => {
                let detail = "Choose 30, 90 or 365 days, a date, or never.";
                faults.add("/expiresAt", Code::InvalidValue, detail);
                None
            }
        }
    }

    /// What keeps the form from making a second token. Of the first one only the id is kept, never the secret.
    pub fn once(&self, space: SpaceId) -> Option<Once<Tokened>> {
        let drawn = self.key.len() == 32 && self.key.bytes().all(|byte| byte.is_ascii_hexdigit());
        let render = |made: &Tokened| Answer {
            status: 409,
            headers: Vec::new(),
            bytes: made.token.id.to_string().into_bytes(),
        };
        // No Idempotency-Key of the API has a space in it. Whatever else was typed meanwhile, it is the same form.
        drawn.then(|| Once {
            key: format!("form {space} {}", self.key),
            fingerprint: *blake3::hash(b"the form of a token").as_bytes(),
            render: Arc::new(render),
        })
    }
}

fn names(scopes: &[Scope]) -> Vec<String> {
    scopes.iter().map(|scope| scope.name().to_owned()).collect()
}

/// A scope as the form offers it.
pub struct ScopeLine {
    pub name: &'static str,
    pub about: String,
}

/// Those that something can be done with, and those that the token has: saving takes none away that was not shown. Scopes of
/// what is to come are not offered.
pub fn scopes_offered(t: &Messages, held: Scopes) -> Vec<ScopeLine> {
    let offered = Scope::ALL.into_iter().filter(|scope| {
        !matches!(scope, Scope::WebhooksManage | Scope::AuditRead) || held.iter().any(|held| held == *scope)
    });
    let about = |scope: Scope| t.get(format!("scope.{}", scope.name().replace(':', "_"))).to_owned();
    offered.map(|scope| ScopeLine { name: scope.name(), about: about(scope) }).collect()
}
