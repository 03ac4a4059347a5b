//! What every page shows around its own part: who is signed in, their spaces, and what is in the one they are in.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header;
use askama::Template;

use super::Answered;
use super::asset;
use super::message::{LANGUAGES, Language, Messages};
use super::visit::{Look, Open, Visit};
use crate::access::{Caller, Person, SpaceRead};
use crate::error::{Error, Result};
use crate::service::{self, Core};

/// Nothing but what this server sends is loaded, no script or style stands in a page, and nobody else frames it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// What surrounds a page.
pub struct Shell {
    pub t: &'static Messages,
    pub theme: Option<&'static str>,
    /// Path and query of the page.
    pub path: String,
    /// Where style and scripts are.
    pub assets: String,
    /// What has just been done, as a message.
    pub done: Option<String>,
    pub languages: &'static [Language],
    pub who: Option<Who>,
}

/// Who is signed in, and where.
pub struct Who {
    pub email: String,
    pub spaces: Vec<Named>,
    pub space: Option<SpaceNav>,
}

/// Something with an id and a name.
pub struct Named {
    pub id: String,
    pub name: String,
}

/// A space with what is in it.
pub struct SpaceNav {
    pub id: String,
    pub name: String,
    pub bases: Vec<BaseNav>,
}

pub struct BaseNav {
    pub id: String,
    pub name: String,
    pub tables: Vec<Named>,
}

impl Who {
    /// Someone with their spaces, and in none of them.
    pub async fn of(core: &Arc<Core>, caller: &Caller, person: &Person) -> Result<Who> {
        let user = service::auth::me(core, person).await?;
        let spaces = service::space::space_list(core, caller.clone()).await?;
        let spaces =
            spaces.iter().map(|space| Named { id: space.id.to_string(), name: space.name.to_string() });
        Ok(Who { email: user.email.to_string(), spaces: spaces.collect(), space: None })
    }
}

impl Shell {
    /// For a page that anyone may see.
    pub fn open(look: &Look) -> Shell {
        let Look { t, theme, path } = look.clone();
        Shell { t, theme, path, assets: asset::folder(), done: None, languages: LANGUAGES, who: None }
    }

    pub fn of_open(open: &Open) -> Shell {
        Shell { done: done(open.look.t, open.param("done")), ..Shell::open(&open.look) }
    }

    /// For a page of someone's who is signed in; with the space that its path names.
    pub async fn of(visit: &Visit) -> Result<Shell> {
        let mut who = Who::of(&visit.core, &visit.caller, &visit.person).await?;
        if visit.is_in_space() {
            who.space = Some(nav(visit).await?);
        }
        Ok(Shell { who: Some(who), ..Shell::of_open(visit) })
    }

    /// The way to the page, without its parameters.
    pub fn here(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }

    /// Marks the link to the page that is shown.
    pub fn current(&self, path: impl AsRef<str>) -> &'static str {
        if self.here() == path.as_ref() { "page" } else { "false" }
    }

    /// Marks the link to a part of the console that the page is in.
    pub fn within(&self, path: impl AsRef<str>) -> &'static str {
        let inside = self
            .here()
            .strip_prefix(path.as_ref())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if inside { "true" } else { "false" }
    }

    pub fn space(&self) -> Option<&SpaceNav> {
        self.who.as_ref()?.space.as_ref()
    }
}

/// The message to the word of what was done, which the address of the page says after a form was posted.
fn done(t: &'static Messages, word: &str) -> Option<String> {
    let plain = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    plain.then(|| t.find(&format!("done.{word}")).map(str::to_owned)).flatten()
}

async fn nav(visit: &Visit) -> Result<SpaceNav> {
    let access = visit.access::<SpaceRead>().await?;
    let catalog = service::space::space_catalog(&visit.core, access).await?;
    let bases = catalog.bases.iter().map(|base| BaseNav {
        id: base.id.to_string(),
        name: base.name.to_string(),
        tables: catalog
            .tables_of(base)
            .map(|table| Named { id: table.id.to_string(), name: table.name.to_string() })
            .collect(),
    });
    Ok(SpaceNav {
        id: catalog.space.id.to_string(),
        name: catalog.space.name.to_string(),
        bases: bases.collect(),
    })
}

/// Sends a page. Nothing of it is kept by caches: it shows what the server holds.
pub fn send(page: &impl Template, status: StatusCode) -> Answered {
    let html = page.render().map_err(Error::internal)?;
    let mut response = HttpResponse::build(status);
    response
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::REFERRER_POLICY, "same-origin"))
        .insert_header((header::CACHE_CONTROL, "no-store"));
    Ok(response.body(html))
}

/// Sends a page that all is well with.
pub fn show(page: &impl Template) -> Answered {
    send(page, StatusCode::OK)
}
