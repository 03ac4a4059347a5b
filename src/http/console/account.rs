//! The visitor's own account: password and sessions.

use actix_web::http::StatusCode;
use askama::Template;

use super::Answered;
use super::failure::{Refusal, is_refusal};
use super::form;
use super::shell::{Shell, send};
use super::visit::{Visit, redirect};
use crate::error::{Code, Error, Faults, Result};
use crate::http::auth::with_cookie;
use crate::http::password::PasswordUpdate;
use crate::limits::SESSIONS_MAX;
use crate::service;
use crate::service::password::PasswordPatch;
use crate::service::session::session_id;

/// A session as the page lists it.
struct SessionLine {
    id: String,
    current: bool,
    agent: String,
    created_at: String,
    last_used_at: String,
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    shell: Shell,
    email: String,
    sessions: Vec<SessionLine>,
    refusal: Option<Refusal>,
}

async fn account(visit: &Visit, refused: Option<&Error>) -> Answered {
    let shell = Shell::of(visit).await?;
    let (sessions, _) = service::session::session_list(&visit.core, &visit.person, None, SESSIONS_MAX)?;
    let line = |found: &crate::store::session::Found| SessionLine {
        id: found.session.id.to_string(),
        current: found.session.id == visit.person.session,
        agent: found.agent.as_ref().map(|agent| agent.as_str().to_owned()).unwrap_or_default(),
        created_at: found.session.created_at.to_string(),
        last_used_at: found.session.last_used_at.to_string(),
    };
    let page = AccountPage {
        email: shell.who.as_ref().map(|who| who.email.clone()).unwrap_or_default(),
        // The newest first, as people look for it.
        sessions: sessions.iter().rev().map(line).collect(),
        refusal: refused.map(|error| Refusal::of(error, shell.t)),
        shell,
    };
    send(&page, if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK })
}

/// *Account*.
pub async fn account_page(visit: Visit) -> Answered {
    account(&visit, None).await
}

/// Changes the password.
pub async fn password_update(visit: Visit) -> Answered {
    match password_changed(&visit).await {
        Ok(()) => Ok(redirect("/account?done=password_changed")),
        Err(error) if is_refusal(&error) => account(&visit, Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

async fn password_changed(visit: &Visit) -> Result<()> {
    if visit.form.get("newPassword") != visit.form.get("repeated") {
        let mut faults = Faults::default();
        faults.add("/repeated", Code::InvalidValue, visit.look.t.get("account.not_repeated"));
        faults.check()?;
    }
    let (sent, _) = form::body::<PasswordUpdate>(visit.form.texts(&["currentPassword", "newPassword"]))?;
    let patch = PasswordPatch { current: sent.current_password, new: sent.new_password };
    service::password::password_update(&visit.core, &visit.person, visit.client.address, patch).await
}

/// Ends a session; one's own is the same as signing out.
pub async fn session_delete(visit: Visit) -> Answered {
    let id = session_id(visit.part("session"))?;
    service::session::session_delete(&visit.core, &visit.person, id).await?;
    if id == visit.person.session {
        return Ok(with_cookie(redirect("/login?done=signed_out"), None, visit.client.secure));
    }
    Ok(redirect("/account?done=session_ended"))
}
