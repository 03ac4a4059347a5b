//! The visitor's own account: password and sessions.

use askama::Template;

use super::Answered;
use super::failure::{Refusal, posted, send};
use super::form;
use super::shell::Shell;
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
    /// What people call the browser; empty if it is not known.
    browser: String,
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
    let (sessions, _) =
        service::session::session_list(&visit.core, &visit.person, None, SESSIONS_MAX).await?;
    let line = |found: &crate::store::session::Found| SessionLine {
        id: found.session.id.to_string(),
        current: found.session.id == visit.person.session,
        browser: found.agent.as_ref().map(|agent| browser(agent.as_str())).unwrap_or_default(),
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
    send(&page, refused)
}

/// *Account*.
pub async fn account_page(visit: Visit) -> Answered {
    account(&visit, None).await
}

/// Changes the password.
pub async fn password_update(visit: Visit) -> Answered {
    let to = |()| redirect("/account?done=password_changed");
    posted(password_changed(&visit).await, to, async |error| account(&visit, Some(&error)).await).await
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

/// What people call a browser, by how it calls itself. Each names those that it is like too, so the order counts.
fn browser(agent: &str) -> String {
    let first = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    let name = first(&[
        ("Firefox/", "Firefox"),
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = first(&[
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (name, system) {
        (Some(name), Some(system)) => format!("{name} · {system}"),
        (Some(name), None) => name.to_owned(),
        _ => agent.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::browser;

    #[test]
    fn a_browser_is_called_by_its_name() {
        for (agent, name) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", "Firefox · Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
                "Edge · Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1",
                "Safari · iPhone",
            ),
            ("curl/8.5.0", "curl"),
            ("my program", "my program"),
        ] {
            assert_eq!(browser(agent), name, "{agent}");
        }
    }
}
