//! Sessions on the wire.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer;
use super::auth::{person, with_cookie};
use super::body::EmptyBody;
use super::call::Call;
use super::problem::Problem;
use super::query::NoQuery;
use super::space::ListQuery;
use crate::access::{SignedIn, SignedInWrite};
use crate::id::SessionId;
use crate::query::cursor::Bound;
use crate::service;
use crate::service::session::session_id;
use crate::store::session::Found;

/// That a person is signed in somewhere.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Session)]
pub struct SessionView {
    #[schema(example = "ses01kb1q2w3e4r5t6y7z8a9b0c1d")]
    id: String,
    #[schema(format = DateTime)]
    created_at: String,
    /// Noted at most once an hour.
    #[schema(format = DateTime)]
    last_used_at: String,
    /// 30 days after its last use.
    #[schema(format = DateTime)]
    expires_at: String,
    /// Whether it is the one that is asking.
    current: bool,
    /// What the browser called itself as the session began, up to 200 characters of it; null if it said nothing.
    #[schema(example = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0")]
    user_agent: Option<String>,
}

impl SessionView {
    fn of(Found { session, agent, .. }: &Found, current: SessionId) -> SessionView {
        SessionView {
            id: session.id.to_string(),
            created_at: session.created_at.to_string(),
            last_used_at: session.last_used_at.to_string(),
            expires_at: session.expires_at.to_string(),
            current: session.id == current,
            user_agent: agent.as_ref().map(|agent| agent.as_str().to_owned()),
        }
    }
}

/// A page of sessions.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SessionList)]
pub struct SessionListView {
    sessions: Vec<SessionView>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// List sessions
///
/// Where the signed-in person is signed in: their sessions that have not ended.
#[utoipa::path(
    get, path = "/api/auth/sessions", operation_id = "sessionList", tag = "auth",
    responses((status = 200, description = "A page of sessions, in order of their ids.", body = SessionListView))
)]
pub async fn session_list(call: Call<SignedIn, ListQuery>) -> Result<HttpResponse, Problem> {
    let person = person(&call.caller)?;
    let what = format!("sessions of {}", person.user);
    let bound = Bound { key: call.core.cursor_key(), query: what.as_bytes() };
    let after = call.query.after(|cursor| bound.read_id(cursor))?;
    let (found, next) = service::session::session_list(&call.core, person, after, call.query.limit).await?;
    let sessions = found.iter().map(|found| SessionView::of(found, person.session)).collect();
    answer::ok(&SessionListView { sessions, next_cursor: next.map(|last| bound.write_id(last)) })
}

/// End a session
///
/// Ends one of the signed-in person's sessions: no request that begins after this answer succeeds with it. Ending the one that
/// asks is the same as signing out.
#[utoipa::path(
    delete, path = "/api/auth/sessions/{session}", operation_id = "sessionDelete", tag = "auth",
    responses((status = 204, description = "The session has ended."))
)]
pub async fn session_delete(call: Call<SignedInWrite, NoQuery, EmptyBody>) -> Result<HttpResponse, Problem> {
    let (id, secure) = (session_id(call.part("session"))?, call.client()?.secure);
    let person = person(&call.caller)?;
    service::session::session_delete(&call.core, person, id).await?;
    let ended = answer::no_content();
    Ok(if id == person.session { with_cookie(ended, None, secure) } else { ended })
}
