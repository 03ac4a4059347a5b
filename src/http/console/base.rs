//! Bases: made on the front page of their space, and with a page of their own.

use askama::Template;

use super::Answered;
use super::failure::{Refusal, confirm_check, posted, send};
use super::form;
use super::shell::Shell;
use super::space::front_page;
use super::visit::{Visit, redirect};
use crate::access::{BaseRead, BaseWrite, BasesWrite};
use crate::error::{Error, Result};
use crate::http::base::{BaseCreate, BaseUpdate};
use crate::model::base::Base;
use crate::service;
use crate::service::base::{BaseInput, BasePatch};

/// Makes a base.
pub async fn base_create(visit: Visit) -> Answered {
    let to = |base: Base| redirect(&format!("/spaces/{}/bases/{}", visit.place("space"), base.id));
    posted(base_made(&visit).await, to, async |error| front_page(&visit, Some(&error)).await).await
}

async fn base_made(visit: &Visit) -> Result<Base> {
    let access = visit.access::<BasesWrite>().await?;
    let (BaseCreate { name, description }, _) = form::body(visit.form.texts(&["name", "description"]))?;
    service::base::base_create(&visit.core, access, BaseInput { name, description }, None).await?.fresh()
}

/// What a page of a base shows besides it.
#[derive(Clone, Copy, Default)]
pub struct Refused<'a> {
    /// Why no table was made.
    pub table: Option<&'a Error>,
    /// Why the base was not changed.
    pub change: Option<&'a Error>,
    /// Why it was not deleted.
    pub deletion: Option<&'a Error>,
}

#[derive(Template)]
#[template(path = "base.html")]
struct BasePage<'a> {
    shell: Shell,
    space: &'a str,
    base: Base,
    /// What stands in the form: what it is called, or what was typed.
    name: &'a str,
    description: &'a str,
    /// Its place among the bases, from 1, and how many there are.
    position: usize,
    count: usize,
    /// What was typed for a table that was not made.
    table_name: &'a str,
    field_name: &'a str,
    table_refusal: Option<Refusal>,
    refusal: Option<Refusal>,
    kept: Option<Refusal>,
}

/// The page of a base, with what was refused.
pub async fn base_shown(visit: &Visit, refused: Refused<'_>) -> Answered {
    let base = service::base::base_get(&visit.core, visit.access::<BaseRead>().await?).await?;
    let shell = Shell::of(visit).await?;
    let id = base.id.to_string();
    let bases = shell.space().map(|space| space.bases.as_slice()).unwrap_or_default();
    let (place, count) = (bases.iter().position(|other| other.id == id).unwrap_or(0), bases.len());
    let note = |error: Option<&Error>| error.map(|error| Refusal::of(error, shell.t));
    let (name, description) = (base.name.clone(), base.description.clone());
    let typed = |name, held| if refused.change.is_some() { visit.form.get(name) } else { held };
    let why = refused.table.or(refused.change).or(refused.deletion);
    let page = BasePage {
        table_refusal: note(refused.table),
        refusal: note(refused.change),
        kept: note(refused.deletion),
        name: typed("name", name.as_str()),
        description: typed("description", description.as_deref().unwrap_or_default()),
        space: visit.place("space"),
        position: place + 1,
        count,
        table_name: if refused.table.is_some() { visit.form.get("name") } else { "" },
        field_name: if refused.table.is_some() { visit.form.get("field") } else { "" },
        base,
        shell,
    };
    send(&page, why)
}

/// The page of a base.
pub async fn base_page(visit: Visit) -> Answered {
    base_shown(&visit, Refused::default()).await
}

/// Renames, describes or moves a base.
pub async fn base_update(visit: Visit) -> Answered {
    let to = |base: Base| redirect(&format!("/spaces/{}/bases/{}?done=saved", visit.place("space"), base.id));
    posted(base_changed(&visit).await, to, async |error| {
        base_shown(&visit, Refused { change: Some(&error), ..Refused::default() }).await
    })
    .await
}

async fn base_changed(visit: &Visit) -> Result<Base> {
    let access = visit.access::<BaseWrite>().await?;
    let mut members = visit.form.members(&["name", "description"]);
    members.extend(visit.form.position());
    let (BaseUpdate { name, description, position }, _) = form::body(members)?;
    service::base::base_update(&visit.core, access, BasePatch { name, description, position }).await
}

/// Deletes a base, if its name was typed.
pub async fn base_delete(visit: Visit) -> Answered {
    let to = |()| redirect(&format!("/spaces/{}?done=base_deleted", visit.place("space")));
    posted(base_gone(&visit).await, to, async |error| {
        base_shown(&visit, Refused { deletion: Some(&error), ..Refused::default() }).await
    })
    .await
}

async fn base_gone(visit: &Visit) -> Result<()> {
    let base = service::base::base_get(&visit.core, visit.access::<BaseRead>().await?).await?;
    confirm_check(visit.form.get("confirm"), base.name.as_str(), visit.look.t)?;
    service::base::base_delete(&visit.core, visit.access::<BaseWrite>().await?).await
}
