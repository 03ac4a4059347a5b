//! *API Token*: the tokens of a space, and the way of one from being made to being revoked.

mod curve;
mod form;

use actix_web::http::StatusCode;
use askama::Template;
use serde_json::Value;

use self::curve::Curve;
use self::form::{ScopeLine, TokenForm, scopes_offered};
use super::Answered;
use super::failure::{Refusal, is_refusal, posted, send};
use super::form::body;
use super::shell::{Shell, SpaceNav, show};
use super::visit::{Visit, redirect};
use crate::access::{PlainToken, TokensManage, TokensRead};
use crate::clock::Time;
use crate::error::{Error, Faults, Result};
use crate::http::token::{TokenCreate, TokenRotate, TokenUpdate};
use crate::limits::TOKENS_MAX;
use crate::model::scope::{Scope, Scopes};
use crate::model::token::TokenStatus;
use crate::service;
use crate::service::once::Done;
use crate::service::record_edit::Sent;
use crate::service::token::{TokenInput, TokenPatch, Tokened, token_id};

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
    let tokens = service::usage::token_usage_list(&visit.core, access).await?;
    let now = visit.core.clock.now();
    let (mut working, mut ended) = (Vec::new(), Vec::new());
    for (tokened, days) in tokens.iter().rev() {
        let mut line = TokenLine::of(tokened, now);
        if tokened.status == TokenStatus::Active {
            line.curve = Some(Curve::of(days, shell.t));
            working.push(line);
        } else if ended.len() < TOKENS_MAX {
            ended.push(line);
        }
    }
    show(&TokensPage { shell, space: visit.place("space"), tokens: working, ended })
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
        scopes: scopes_offered(shell.t, Scopes::default()),
        today: visit.core.clock.now().date_text(),
        refusal: refused.map(|error| Refusal::of(error, shell.t)),
        form,
        shell,
    };
    send(&page, refused)
}

/// *Create new token*.
pub async fn token_new_page(visit: Visit) -> Answered {
    new_page(&visit, TokenForm::fresh(), None).await
}

/// Makes a token and shows its secret, once.
pub async fn token_create(visit: Visit) -> Answered {
    match token_made(&visit).await {
        Ok(Done::Fresh((tokened, secret))) => secret_page(&visit, &tokened, &secret).await,
        Ok(Done::Kept(made)) => again_page(&visit, &String::from_utf8_lossy(&made.bytes)).await,
        Err(error) if is_refusal(&error) => new_page(&visit, TokenForm::of(&visit.form), Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

async fn token_made(visit: &Visit) -> Result<Done<(Tokened, PlainToken)>> {
    let access = visit.access::<TokensManage>().await?;
    let (form, mut faults) = (TokenForm::of(&visit.form), Faults::default());
    let (sent, more) = body(form.members(visit.core.clock.now(), &mut faults))?;
    faults.extend(more);
    let TokenCreate { name, scopes, bases, tables, expires_at } = sent;
    let content = TokenInput { name, scopes, bases, tables, expires_at };
    let once = form.once(access.place().space());
    service::token::token_create_once(&visit.core, access, Sent { content, faults }, once).await
}

#[derive(Template)]
#[template(path = "token_again.html")]
struct AgainPage<'a> {
    shell: Shell,
    space: &'a str,
    id: &'a str,
}

/// The answer to a form that has made its token already, as by a double click. Its secret was on the other answer.
async fn again_page(visit: &Visit, id: &str) -> Answered {
    let page = AgainPage { shell: Shell::of(visit).await?, space: visit.place("space"), id };
    super::shell::send(&page, StatusCode::CONFLICT)
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
    let tokened = service::token::token_get(&visit.core, access.clone(), id).await?;
    let shell = Shell::of(visit).await?;
    let mut token = TokenLine::of(&tokened, now);
    let days = service::usage::token_usage_get(&visit.core, access, id).await?;
    token.curve = Some(Curve::of(&days, shell.t));
    let typed = refused.is_some() && visit.form.has("name");
    let page = TokenPage {
        space: visit.place("space"),
        form: if typed { TokenForm::of(&visit.form) } else { TokenForm::of_token(&tokened) },
        scopes: scopes_offered(shell.t, tokened.token.scopes),
        today: now.date_text(),
        refusal: refused.map(|error| Refusal::of(error, shell.t)),
        token,
        shell,
    };
    send(&page, refused)
}

/// One token.
pub async fn token_page(visit: Visit) -> Answered {
    token_shown(&visit, None).await
}

/// Changes a token.
pub async fn token_update(visit: Visit) -> Answered {
    let to = |()| redirect(&format!("{}?done=saved", place(&visit)));
    posted(token_changed(&visit).await, to, async |error| token_shown(&visit, Some(&error)).await).await
}

fn place(visit: &Visit) -> String {
    format!("/spaces/{}/settings/tokens/{}", visit.place("space"), visit.place("token"))
}

async fn token_changed(visit: &Visit) -> Result<()> {
    let access = visit.access::<TokensManage>().await?;
    let mut faults = Faults::default();
    let members = TokenForm::of(&visit.form).members(visit.core.clock.now(), &mut faults);
    let (sent, more) = body(members)?;
    faults.extend(more);
    let TokenUpdate { name, scopes, bases, tables, expires_at } = sent;
    let content = TokenPatch { name, scopes, bases, tables, expires_at };
    let id = token_id(visit.part("token"))?;
    service::token::token_update(&visit.core, access, id, Sent { content, faults }).await.map(drop)
}

/// Gives a token a new secret, and shows it once.
pub async fn token_rotate(visit: Visit) -> Answered {
    match token_rotated(&visit).await {
        Ok((tokened, secret)) => secret_page(&visit, &tokened, &secret).await,
        Err(error) if is_refusal(&error) => token_shown(&visit, Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

async fn token_rotated(visit: &Visit) -> Result<(Tokened, PlainToken)> {
    let access = visit.access::<TokensManage>().await?;
    // A token that is gone comes before what is wrong with the form, as in the API.
    let (space, meant) = (*access.place(), visit.part("token"));
    service::token::token_check(&visit.core, space, access.reach(), meant, true).await?;
    let id = token_id(visit.part("token"))?;
    let grace = visit.form.get("grace");
    // What is no number is called that by what judges numbers.
    let grace = grace.parse::<i64>().map_or_else(|_| Value::from(grace), Value::from);
    let members = [("graceSeconds".to_owned(), grace)].into_iter().collect();
    let (TokenRotate { grace_seconds }, _) = body(members)?;
    // Of a page that is older than the last rotation, as after a double click, nothing is rotated.
    let meant = visit.form.has("hint").then(|| visit.form.get("hint").to_owned());
    service::token::token_rotate(&visit.core, access, id, grace_seconds, meant).await
}

/// Ends a token.
pub async fn token_revoke(visit: Visit) -> Answered {
    let access = visit.access::<TokensManage>().await?;
    service::token::token_revoke(&visit.core, access, token_id(visit.part("token"))?).await?;
    Ok(redirect(&format!("/spaces/{}/settings/tokens?done=token_revoked", visit.place("space"))))
}
