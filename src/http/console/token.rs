//! *API Token*: the tokens of a space, and the way of one from being made to being revoked.

use actix_web::http::StatusCode;
use askama::Template;
use serde_json::{Map, Value};

use super::Answered;
use super::failure::{Refusal, is_refusal};
use super::form::{self, Form};
use super::message::Messages;
use super::shell::{Shell, SpaceNav, send, show};
use super::visit::{Visit, redirect};
use crate::access::{PlainToken, TokensManage, TokensRead};
use crate::clock::Time;
use crate::error::{Error, Result};
use crate::http::token::{TokenCreate, TokenRotate, TokenUpdate};
use crate::limits::TOKENS_MAX;
use crate::model::scope::Scope;
use crate::model::token::TokenStatus;
use crate::model::usage::{Day, Usage};
use crate::service;
use crate::service::record_edit::Sent;
use crate::service::token::{TokenInput, TokenPatch, Tokened, token_id};

/// Days that the curve of a token's use shows, and its size in the units of its picture.
const CURVE_DAYS: usize = 30;
const CURVE_HEIGHT: u64 = 20;

/// Scopes by what the token is for.
const PRESETS: [(&str, &[Scope]); 3] = [
    ("read", &[Scope::RecordsRead, Scope::SchemaRead]),
    ("write", &[Scope::RecordsWrite, Scope::SchemaRead]),
    ("full", &Scope::ALL),
];

/// How a token stands, for its tag.
const fn status_name(status: TokenStatus) -> &'static str {
    match status {
        TokenStatus::Active => "active",
        TokenStatus::Expired => "expired",
        TokenStatus::Revoked => "revoked",
    }
}

/// A token as lists and pages show it.
struct TokenLine {
    id: String,
    name: String,
    hint: String,
    scopes: Vec<&'static str>,
    /// How many bases and tables it is narrowed to; 0 is all.
    narrowed: u64,
    created_at: String,
    expires_at: Option<String>,
    last_used_at: Option<String>,
    status: &'static str,
    /// Until when the secret before the last rotation works.
    grace: Option<String>,
    curve: Option<Curve>,
}

impl TokenLine {
    fn of(Tokened { token, last_used_at, status }: &Tokened, now: Time) -> TokenLine {
        let narrowing = &token.narrowing;
        let count =
            narrowing.bases.as_ref().map_or(0, Vec::len) + narrowing.tables.as_ref().map_or(0, Vec::len);
        let grace = token.old.filter(|(_, end)| *end > now);
        TokenLine {
            id: token.id.to_string(),
            name: token.name.to_string(),
            hint: token.hint.clone(),
            scopes: token.scopes.iter().map(Scope::name).collect(),
            narrowed: count as u64,
            created_at: token.created_at.to_string(),
            expires_at: token.expires_at.map(|time| time.to_string()),
            last_used_at: last_used_at.map(|time| time.to_string()),
            status: status_name(*status),
            grace: grace.map(|(_, end)| end.to_string()),
            curve: None,
        }
    }
}

/// The last days of a token's use.
struct Curve {
    requests: u64,
    errors: u64,
    /// What it shows, in words.
    label: String,
    /// A bar for each day: its place, its height, and how much of that are errors.
    bars: Vec<Bar>,
}

struct Bar {
    x: usize,
    height: u64,
    errors: u64,
    /// The day and its counts, for those who point at it.
    title: String,
}

impl Curve {
    fn of(days: &[(Day, Usage)], t: &Messages) -> Curve {
        let days = days.get(days.len().saturating_sub(CURVE_DAYS)..).unwrap_or_default();
        let highest = days.iter().map(|(_, usage)| usage.requests).max().unwrap_or(0);
        // What is there is seen, however little it is beside the highest day.
        let scaled = |n: u64| if n == 0 { 0 } else { (n * CURVE_HEIGHT / highest.max(1)).max(1) };
        let bars = days.iter().enumerate().map(|(n, (day, usage))| Bar {
            x: n * 4,
            height: scaled(usage.requests),
            errors: scaled(usage.errors),
            title: format!("{}: {} / {}", day.start().date_text(), usage.requests, usage.errors),
        });
        let requests = days.iter().map(|(_, usage)| usage.requests).sum();
        let errors: u64 = days.iter().map(|(_, usage)| usage.errors).sum();
        let label = t.with("token.curve", "requests", requests).replace("{errors}", &errors.to_string());
        Curve { bars: bars.collect(), requests, errors, label }
    }
}

#[derive(Template)]
#[template(path = "tokens.html")]
struct TokensPage<'a> {
    shell: Shell,
    space: &'a str,
    tokens: Vec<TokenLine>,
    ended: Vec<TokenLine>,
}

/// The list of tokens: those that work, the newest first, then those that ended.
pub async fn tokens_page(visit: Visit) -> Answered {
    let access = visit.access::<TokensRead>().await?;
    let shell = Shell::of(&visit).await?;
    let (tokens, _) = service::token::token_list(&visit.core, &access, None, usize::MAX)?;
    let now = visit.core.clock.now();
    let (mut working, mut ended) = (Vec::new(), Vec::new());
    for tokened in tokens.iter().rev() {
        let mut line = TokenLine::of(tokened, now);
        if tokened.status == TokenStatus::Active {
            let days = service::usage::token_usage_get(&visit.core, &access, tokened.token.id)?;
            line.curve = Some(Curve::of(&days, shell.t));
            working.push(line);
        } else if ended.len() < TOKENS_MAX {
            ended.push(line);
        }
    }
    show(&TokensPage { shell, space: visit.place("space"), tokens: working, ended })
}

/// What the form of a token holds.
struct TokenForm {
    name: String,
    /// The preset that is chosen, or `custom`.
    preset: String,
    scopes: Vec<String>,
    narrowed: bool,
    bases: Vec<String>,
    tables: Vec<String>,
    /// `30`, `90`, `365`, `date` or `none`.
    expiry: String,
    date: String,
}

impl TokenForm {
    /// As it is at first: reading and writing, everywhere, for 90 days.
    fn fresh() -> TokenForm {
        TokenForm {
            name: String::new(),
            preset: "write".into(),
            scopes: names(&[Scope::RecordsWrite, Scope::SchemaRead]),
            narrowed: false,
            bases: Vec::new(),
            tables: Vec::new(),
            expiry: "90".into(),
            date: String::new(),
        }
    }

    /// As it was sent.
    fn of(form: &Form) -> TokenForm {
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
        }
    }

    /// As a token is.
    fn of_token(Tokened { token, .. }: &Tokened) -> TokenForm {
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
        }
    }

    fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|chosen| chosen == scope)
    }

    fn has_base(&self, id: &str) -> bool {
        self.bases.iter().any(|chosen| chosen == id)
    }

    fn has_table(&self, id: &str) -> bool {
        self.tables.iter().any(|chosen| chosen == id)
    }

    /// The body of the API's call that makes or changes such a token.
    fn members(&self, now: Time) -> Map<String, Value> {
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
        if self.expiry != "keep" {
            members.insert("expiresAt".into(), self.expires_at(now));
        }
        members
    }

    fn expires_at(&self, now: Time) -> Value {
        match self.expiry.as_str() {
            "none" => Value::Null,
            // The chosen day counts as a whole.
            "date" => Value::from(format!("{}T23:59:59.999Z", self.date)),
            days => {
                let days: i64 = days.parse().unwrap_or(90);
                Value::from(now.plus_seconds(days * 24 * 3600).to_string())
            }
        }
    }
}

fn names(scopes: &[Scope]) -> Vec<String> {
    scopes.iter().map(|scope| scope.name().to_owned()).collect()
}

/// A scope as the form offers it.
struct ScopeLine {
    name: &'static str,
    about: String,
}

/// Those that something can be done with. Scopes of what is to come are not offered.
fn scopes_offered(shell: &Shell) -> Vec<ScopeLine> {
    let offered =
        Scope::ALL.into_iter().filter(|scope| !matches!(scope, Scope::WebhooksManage | Scope::AuditRead));
    let about = |scope: Scope| shell.t.get(format!("scope.{}", scope.name().replace(':', "_"))).to_owned();
    offered.map(|scope| ScopeLine { name: scope.name(), about: about(scope) }).collect()
}

#[derive(Template)]
#[template(path = "token_new.html")]
struct NewPage<'a> {
    shell: Shell,
    space: &'a str,
    form: TokenForm,
    scopes: Vec<ScopeLine>,
    today: String,
    refusal: Option<Refusal>,
}

impl NewPage<'_> {
    fn nav(&self) -> Option<&SpaceNav> {
        self.shell.space()
    }
}

async fn new_page(visit: &Visit, form: TokenForm, refused: Option<&Error>) -> Answered {
    visit.access::<TokensRead>().await?;
    let shell = Shell::of(visit).await?;
    let page = NewPage {
        space: visit.place("space"),
        scopes: scopes_offered(&shell),
        today: visit.core.clock.now().date_text(),
        refusal: refused.map(|error| Refusal::of(error, shell.t)),
        form,
        shell,
    };
    send(&page, if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK })
}

/// *Create new token*.
pub async fn token_new_page(visit: Visit) -> Answered {
    new_page(&visit, TokenForm::fresh(), None).await
}

/// Makes a token and shows its secret, once.
pub async fn token_create(visit: Visit) -> Answered {
    match token_made(&visit).await {
        Ok((tokened, secret)) => secret_page(&visit, &tokened, &secret).await,
        Err(error) if is_refusal(&error) => new_page(&visit, TokenForm::of(&visit.form), Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

async fn token_made(visit: &Visit) -> Result<(Tokened, PlainToken)> {
    let access = visit.access::<TokensManage>().await?;
    let members = TokenForm::of(&visit.form).members(visit.core.clock.now());
    let (sent, faults) = form::body(members)?;
    let TokenCreate { name, scopes, bases, tables, expires_at } = sent;
    let content = TokenInput { name, scopes, bases, tables, expires_at };
    service::token::token_create(&visit.core, access, Sent { content, faults }).await
}

#[derive(Template)]
#[template(path = "token_secret.html")]
struct SecretPage<'a> {
    shell: Shell,
    space: &'a str,
    name: String,
    secret: &'a str,
    /// A line that uses the token.
    curl: String,
}

/// The answer to the form, and to nothing else: it is on no page that has an address, and no cache keeps it.
async fn secret_page(visit: &Visit, tokened: &Tokened, secret: &PlainToken) -> Answered {
    let mut shell = Shell::of(visit).await?;
    let token = &tokened.token;
    let first = first_table(&shell, &TokenForm::of_token(tokened));
    let path = first.filter(|_| token.scopes.grant(Scope::RecordsRead));
    let path = path.unwrap_or_else(|| "/api/openapi/token".into());
    let (origin, secret) = (visit.origin()?, secret.reveal());
    // Changing how the page looks leads to the list: this page can't be asked for again.
    shell.path = format!("/spaces/{}/settings/tokens", visit.place("space"));
    let curl = format!("curl '{origin}{path}' -H 'x-undb-api-token: {secret}'");
    show(&SecretPage { shell, space: visit.place("space"), name: token.name.to_string(), secret, curl })
}

/// The list of the first table that a token reaches.
fn first_table(shell: &Shell, form: &TokenForm) -> Option<String> {
    let reached = |base: &str, table: &str| {
        (form.bases.is_empty() || form.has_base(base)) && (form.tables.is_empty() || form.has_table(table))
    };
    let bases = &shell.space()?.bases;
    let mut tables = bases.iter().flat_map(|base| base.tables.iter().map(move |table| (&base.id, &table.id)));
    let (base, table) = tables.find(|(base, table)| reached(base, table))?;
    Some(format!("/api/openapi/bases/{base}/tables/{table}/records?limit=2"))
}

#[derive(Template)]
#[template(path = "token.html")]
struct TokenPage<'a> {
    shell: Shell,
    space: &'a str,
    token: TokenLine,
    form: TokenForm,
    scopes: Vec<ScopeLine>,
    today: String,
    refusal: Option<Refusal>,
}

impl TokenPage<'_> {
    fn nav(&self) -> Option<&SpaceNav> {
        self.shell.space()
    }
}

async fn token_shown(visit: &Visit, refused: Option<&Error>) -> Answered {
    let access = visit.access::<TokensRead>().await?;
    let (id, now) = (token_id(visit.part("token"))?, visit.core.clock.now());
    let tokened = service::token::token_get(&visit.core, &access, id)?;
    let shell = Shell::of(visit).await?;
    let mut token = TokenLine::of(&tokened, now);
    token.curve = Some(Curve::of(&service::usage::token_usage_get(&visit.core, &access, id)?, shell.t));
    let typed = refused.is_some() && visit.form.has("name");
    let page = TokenPage {
        space: visit.place("space"),
        form: if typed { TokenForm::of(&visit.form) } else { TokenForm::of_token(&tokened) },
        scopes: scopes_offered(&shell),
        today: now.date_text(),
        refusal: refused.map(|error| Refusal::of(error, shell.t)),
        token,
        shell,
    };
    send(&page, if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK })
}

/// One token.
pub async fn token_page(visit: Visit) -> Answered {
    token_shown(&visit, None).await
}

/// Changes a token.
pub async fn token_update(visit: Visit) -> Answered {
    match token_changed(&visit).await {
        Ok(()) => Ok(redirect(&format!("{}?done=saved", place(&visit)))),
        Err(error) if is_refusal(&error) => token_shown(&visit, Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

fn place(visit: &Visit) -> String {
    format!("/spaces/{}/settings/tokens/{}", visit.place("space"), visit.place("token"))
}

async fn token_changed(visit: &Visit) -> Result<()> {
    let access = visit.access::<TokensManage>().await?;
    let members = TokenForm::of(&visit.form).members(visit.core.clock.now());
    let (sent, faults) = form::body(members)?;
    let TokenUpdate { name, scopes, bases, tables, expires_at } = sent;
    let content = TokenPatch { name, scopes, bases, tables, expires_at };
    let id = token_id(visit.part("token"))?;
    service::token::token_update(&visit.core, access, id, Sent { content, faults }).await.map(drop)
}

/// Gives a token a new secret, and shows it once.
pub async fn token_rotate(visit: Visit) -> Answered {
    let access = visit.access::<TokensManage>().await?;
    let grace: i64 = visit.form.get("grace").parse().unwrap_or(0);
    let members = [("graceSeconds".to_owned(), Value::from(grace))].into_iter().collect();
    let (TokenRotate { grace_seconds }, _) = form::body(members)?;
    let id = token_id(visit.part("token"))?;
    let (tokened, secret) = service::token::token_rotate(&visit.core, access, id, grace_seconds).await?;
    secret_page(&visit, &tokened, &secret).await
}

/// Ends a token.
pub async fn token_revoke(visit: Visit) -> Answered {
    let access = visit.access::<TokensManage>().await?;
    service::token::token_revoke(&visit.core, access, token_id(visit.part("token"))?).await?;
    Ok(redirect(&format!("/spaces/{}/settings/tokens?done=token_revoked", visit.place("space"))))
}
