//! API tokens on the wire.

use actix_web::HttpResponse;
use actix_web::http::header;
use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer;
use super::body::{Body, EmptyBody};
use super::call::Call;
use super::problem::Problem;
use super::query::NoQuery;
use super::space::{ListQuery, name_patch};
use crate::access::{PlainToken, SpaceRead, TokensManage, TokensRead};
use crate::clock::Time;
use crate::error::{Code, Error, Faults};
use crate::limits::GRACE_SECONDS_MAX;
use crate::model::json::{Json, Members, Pointer};
use crate::model::name::Name;
use crate::model::scope::Scopes;
use crate::model::token::TokenStatus;
use crate::query::cursor::Bound;
use crate::service;
use crate::service::record_edit::Sent;
use crate::service::token::{Meant, TokenInput, TokenPatch, Tokened, token_id};

/// An API token: all that is known of it but its secret, which the server does not have.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Token)]
pub struct TokenView {
    #[schema(example = "tkn01kb1q2w3e4r5t6y7z8a9b0c1d")]
    id: String,
    #[schema(example = "Website")]
    name: String,
    /// The first 8 and the last 4 characters of the secret.
    #[schema(example = "undb_aB3…x9Yz")]
    hint: String,
    #[schema(schema_with = super::openapi::scopes_schema)]
    scopes: Vec<&'static str>,
    /// Ids of the bases that it is narrowed to; null is all.
    bases: Option<Vec<String>>,
    /// Ids of the tables that it is narrowed to; null is all.
    tables: Option<Vec<String>>,
    #[schema(format = DateTime)]
    created_at: String,
    /// The id of who made it: a user, a token, or `operator` for the command line.
    created_by: String,
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// Written once a minute, so it may lag behind by that after a restart.
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
    #[schema(schema_with = super::openapi::token_status_schema)]
    status: &'static str,
}

impl From<&Tokened> for TokenView {
    fn from(Tokened { token, last_used_at, status }: &Tokened) -> TokenView {
        fn texts<T: ToString>(ids: Option<&Vec<T>>) -> Option<Vec<String>> {
            ids.map(|ids| ids.iter().map(ToString::to_string).collect())
        }
        TokenView {
            id: token.id.to_string(),
            name: token.name.to_string(),
            hint: token.hint.clone(),
            scopes: token.scopes.iter().map(crate::model::scope::Scope::name).collect(),
            bases: texts(token.narrowing.bases.as_ref()),
            tables: texts(token.narrowing.tables.as_ref()),
            created_at: token.created_at.to_string(),
            created_by: service::token::actor_text(token.created_by),
            expires_at: token.expires_at.map(|time| time.to_string()),
            last_used_at: last_used_at.map(|time| time.to_string()),
            status: match status {
                TokenStatus::Active => "active",
                TokenStatus::Expired => "expired",
                TokenStatus::Revoked => "revoked",
            },
        }
    }
}

/// A page of tokens.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TokenList)]
pub struct TokenListView {
    tokens: Vec<TokenView>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// A token and its secret: the only time that the secret is ever sent.
#[derive(Serialize, ToSchema)]
#[schema(as = TokenSecret)]
pub struct TokenSecretView<'a> {
    #[schema(inline = false)]
    token: TokenView,
    /// Save it now: it is not kept, and can't be shown again.
    #[schema(value_type = String, example = "undb_0123456789ABCDEFGHIJKLMNOPQRSTUV000000")]
    secret: &'a str,
}

/// A token to be made.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct TokenCreate {
    #[schema(value_type = String, min_length = 1, max_length = 255, example = "Website")]
    pub name: Option<Name>,
    /// What it may do; `…:write` includes `…:read`. Without this: `records:write` and `schema:read`.
    #[schema(schema_with = super::openapi::scopes_optional_schema)]
    pub scopes: Option<Scopes>,
    /// Ids or names of the bases that it reaches; absent or null is all.
    #[schema(value_type = Option<Vec<String>>, min_items = 1, max_items = 100)]
    pub bases: Option<Meant>,
    /// Ids of the tables that it reaches, or names if they are the only ones; absent or null is all.
    #[schema(value_type = Option<Vec<String>>, min_items = 1, max_items = 100)]
    pub tables: Option<Meant>,
    /// When it stops working; absent or null is never.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Time>,
}

impl Body for TokenCreate {
    const DEFERS: bool = true;

    fn read(members: &mut Members<'_>, _: &Bytes, faults: &mut Faults) -> Option<TokenCreate> {
        let root = Pointer::Root;
        let name = members.require("name", &root, faults);
        let name = name.and_then(|json| Name::read(json, &root.member("name"), faults));
        let scopes =
            members.take("scopes").and_then(|json| Scopes::read(json, &root.member("scopes"), faults));
        let (bases, tables) = (texts_patch(members, "bases", faults), texts_patch(members, "tables", faults));
        let expires_at = time_patch(members, "expiresAt", faults).flatten();
        Some(TokenCreate { name, scopes, bases: bases.flatten(), tables: tables.flatten(), expires_at })
    }
}

/// What is to change of a token. Members that are not there stay as they are.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct TokenUpdate {
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 255, example = "Website")]
    pub name: Option<Name>,
    #[schema(schema_with = super::openapi::scopes_optional_schema)]
    pub scopes: Option<Scopes>,
    /// `null` lets it reach all.
    #[schema(value_type = Option<Vec<String>>, min_items = 1, max_items = 100)]
    pub bases: Option<Option<Meant>>,
    /// `null` lets it reach all.
    #[schema(value_type = Option<Vec<String>>, min_items = 1, max_items = 100)]
    pub tables: Option<Option<Meant>>,
    /// `null` lets it work for ever.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Option<Time>>,
}

impl Body for TokenUpdate {
    const DEFERS: bool = true;

    fn read(members: &mut Members<'_>, _: &Bytes, faults: &mut Faults) -> Option<TokenUpdate> {
        let name = name_patch(members, faults);
        let at = Pointer::Root.member("scopes");
        let scopes = members.take("scopes").and_then(|json| Scopes::read(json, &at, faults));
        let (bases, tables) = (texts_patch(members, "bases", faults), texts_patch(members, "tables", faults));
        Some(TokenUpdate {
            name,
            scopes,
            bases,
            tables,
            expires_at: time_patch(members, "expiresAt", faults),
        })
    }
}

fn texts_patch(members: &mut Members<'_>, name: &'static str, faults: &mut Faults) -> Option<Option<Meant>> {
    let json = members.take(name)?;
    if json.is_null() {
        return Some(None);
    }
    let root = Pointer::Root;
    let at = root.member(name);
    let items = json.items(&at, faults)?.into_iter().enumerate();
    let texts = items.map(|(n, item)| Some(item.text(&at.item(n), faults)?.into_owned())).collect();
    Some(Some(texts))
}

fn time_patch(members: &mut Members<'_>, name: &'static str, faults: &mut Faults) -> Option<Option<Time>> {
    let json = members.take(name)?;
    if json.is_null() {
        return Some(None);
    }
    time_read(json, &Pointer::Root.member(name), faults).map(Some)
}

fn time_read(json: Json<'_>, at: &Pointer<'_>, faults: &mut Faults) -> Option<Time> {
    let time = Time::parse(&json.text(at, faults)?);
    if time.is_none() {
        faults.add(at, Code::InvalidValue, "Expected a time such as `2026-11-24T09:30:00Z` (RFC 3339).");
    }
    time
}

/// How a token is to be rotated.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct TokenRotate {
    /// Seconds for which the old secret goes on working, up to a week.
    #[schema(value_type = Option<i64>, nullable = false, minimum = 0, maximum = 604_800, default = 0, example = 3600)]
    pub grace_seconds: i64,
}

impl Body for TokenRotate {
    const OPTIONAL: bool = true;

    fn read(members: &mut Members<'_>, _: &Bytes, faults: &mut Faults) -> Option<TokenRotate> {
        let at = Pointer::Root.member("graceSeconds");
        let json = members.take("graceSeconds");
        let grace_seconds =
            json.and_then(|json| json.integer(0..=GRACE_SECONDS_MAX, &at, faults)).unwrap_or(0);
        Some(TokenRotate { grace_seconds })
    }
}

/// The answer with a secret: no cache may keep it.
fn revealed(status: u16, location: Option<String>, tokened: &Tokened, secret: &PlainToken) -> HttpResponse {
    let view = TokenSecretView { token: tokened.into(), secret: secret.reveal() };
    let bytes = serde_json::to_vec(&view).unwrap_or_default();
    let headers = location.map(|location| ("location".to_owned(), location)).into_iter().collect();
    let mut response = answer::send(answer::rendered(status, headers, bytes));
    response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    response
}

/// List tokens
///
/// All API tokens of a space, revoked ones too, without their secrets.
#[utoipa::path(
    get, path = "/api/spaces/{space}/tokens", operation_id = "tokenList", tag = "tokens",
    responses((status = 200, description = "A page of tokens, in order of their ids.", body = TokenListView))
)]
pub async fn token_list(call: Call<TokensRead, ListQuery>) -> Result<HttpResponse, Problem> {
    let what = format!("tokens of {}", call.access.place().space());
    let bound = Bound { key: call.core.cursor_key(), query: what.as_bytes() };
    let after = call.query.after(|cursor| bound.read_id(cursor))?;
    let (tokens, more) = service::token::token_list(&call.core, call.access, after, call.query.limit).await?;
    let next_cursor = tokens.last().filter(|_| more).map(|last| bound.write_id(last.token.id));
    answer::ok(&TokenListView { tokens: tokens.iter().map(TokenView::from).collect(), next_cursor })
}

/// Create a token
///
/// Makes an API token for a space and answers its secret, which is never sent again: save it now. The token belongs to
/// this space and reaches nothing outside of it. One that is made with a token can't do more than that one can.
#[utoipa::path(
    post, path = "/api/spaces/{space}/tokens", operation_id = "tokenCreate", tag = "tokens", request_body = TokenCreate,
    responses((status = 201, description = "The token and its secret.", body = TokenSecretView))
)]
pub async fn token_create(call: Call<TokensManage, NoQuery, TokenCreate>) -> Result<HttpResponse, Problem> {
    let space = call.access.place().space();
    let TokenCreate { name, scopes, bases, tables, expires_at } = call.body;
    let input = Sent { content: TokenInput { name, scopes, bases, tables, expires_at }, faults: call.faults };
    let (tokened, secret) = service::token::token_create(&call.core, call.access, input).await?;
    let location = format!("/api/spaces/{space}/tokens/{}", tokened.token.id);
    Ok(revealed(201, Some(location), &tokened, &secret))
}

/// Get a token
///
/// By its id.
#[utoipa::path(
    get, path = "/api/spaces/{space}/tokens/{token}", operation_id = "tokenGet", tag = "tokens",
    responses((status = 200, description = "The token.", body = TokenView))
)]
pub async fn token_get(call: Call<TokensRead>) -> Result<HttpResponse, Problem> {
    let id = token_id(call.part("token"))?;
    answer::ok(&TokenView::from(&service::token::token_get(&call.core, call.access, id).await?))
}

/// Update a token
///
/// Changes its name, scopes, narrowing or end. It holds from the next request on.
#[utoipa::path(
    patch, path = "/api/spaces/{space}/tokens/{token}", operation_id = "tokenUpdate", tag = "tokens",
    request_body = TokenUpdate,
    responses((status = 200, description = "The token as it is now.", body = TokenView))
)]
pub async fn token_update(call: Call<TokensManage, NoQuery, TokenUpdate>) -> Result<HttpResponse, Problem> {
    let id = token_id(call.part("token"))?;
    let TokenUpdate { name, scopes, bases, tables, expires_at } = call.body;
    let patch = Sent { content: TokenPatch { name, scopes, bases, tables, expires_at }, faults: call.faults };
    answer::ok(&TokenView::from(&service::token::token_update(&call.core, call.access, id, patch).await?))
}

/// Rotate a token
///
/// Gives the token a new secret, which is never sent again: save it now. The old one stops working at once, or after
/// `graceSeconds`.
#[utoipa::path(
    post, path = "/api/spaces/{space}/tokens/{token}/rotate", operation_id = "tokenRotate", tag = "tokens",
    request_body(content = TokenRotate),
    responses((status = 200, description = "The token and its new secret.", body = TokenSecretView))
)]
pub async fn token_rotate(call: Call<TokensManage, NoQuery, TokenRotate>) -> Result<HttpResponse, Problem> {
    let id = token_id(call.part("token"))?;
    let grace = call.body.grace_seconds;
    let (tokened, secret) = service::token::token_rotate(&call.core, call.access, id, grace, None).await?;
    Ok(revealed(200, None, &tokened, &secret))
}

/// Revoke a token
///
/// Ends the token: no request that begins after this answer succeeds with it. It stays in the list.
#[utoipa::path(
    delete, path = "/api/spaces/{space}/tokens/{token}", operation_id = "tokenDelete", tag = "tokens",
    responses((status = 204, description = "It is revoked."))
)]
pub async fn token_delete(call: Call<TokensManage, NoQuery, EmptyBody>) -> Result<HttpResponse, Problem> {
    let id = token_id(call.part("token"))?;
    service::token::token_revoke(&call.core, call.access, id).await?;
    Ok(answer::no_content())
}

/// Get the calling token
///
/// What the token is that makes this request, and what it may do.
#[utoipa::path(
    get, path = "/api/openapi/token", operation_id = "ownTokenGet", tag = "tokens",
    responses((status = 200, description = "The token.", body = TokenView))
)]
pub async fn own_token_get(call: Call<SpaceRead>) -> Result<HttpResponse, Problem> {
    let id = call.caller.token().ok_or_else(|| Error::plain(Code::TokenNotFound))?;
    answer::ok(&TokenView::from(&service::token::token_self(&call.core, call.access, id).await?))
}
