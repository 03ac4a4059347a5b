//! Spaces: the list of them, the front page of one, and its settings.

use askama::Template;

use super::Answered;
use super::failure::{Refusal, confirm_check, posted, send};
use super::form;
use super::shell::{Shell, show};
use super::visit::{Visit, redirect};
use crate::access::{BasesRead, SignedInWrite, SpaceManage, SpaceRead};
use crate::error::{Error, Result};
use crate::http::space::{SpaceCreate, SpaceUpdate};
use crate::model::space::Space;
use crate::service;
use crate::service::demo;
use crate::service::space::{SpaceInput, SpacePatch};
use crate::service::table::Tabled;

#[derive(Template)]
#[template(path = "spaces.html")]
struct SpacesPage {
    shell: Shell,
}

/// All spaces of the visitor's. Who has none makes their first one; who has one is in it at once.
pub async fn spaces_page(visit: Visit) -> Answered {
    let shell = Shell::of(&visit).await?;
    let spaces = shell.who.as_ref().map(|who| who.spaces.as_slice()).unwrap_or_default();
    match spaces {
        [] => Ok(redirect("/spaces/new")),
        [only] if visit.param("all").is_empty() => Ok(redirect(&format!("/spaces/{}", only.id))),
        _ => show(&SpacesPage { shell }),
    }
}

#[derive(Template)]
#[template(path = "space_new.html")]
struct SpaceNewPage<'a> {
    shell: Shell,
    first: bool,
    name: &'a str,
    samples: bool,
    refusal: Option<Refusal>,
}

async fn new_page<'a>(visit: &'a Visit, refusal: Option<&Error>) -> Result<SpaceNewPage<'a>> {
    let shell = Shell::of(visit).await?;
    let first = shell.who.as_ref().is_none_or(|who| who.spaces.is_empty());
    let refusal = refusal.map(|error| Refusal::of(error, shell.t));
    let samples = if refusal.is_some() { visit.form.has("samples") } else { first };
    Ok(SpaceNewPage { shell, first, name: visit.form.get("name"), samples, refusal })
}

/// *Your first space*, or another one.
pub async fn space_new_page(visit: Visit) -> Answered {
    show(&new_page(&visit, None).await?)
}

/// Makes a space, with something in it if that is wished.
pub async fn space_create(visit: Visit) -> Answered {
    let to = |(space, filled): (Space, bool)| {
        redirect(&format!("/spaces/{}{}", space.id, if filled { "" } else { "?done=space_unfilled" }))
    };
    posted(space_made(&visit).await, to, async |error| {
        send(&new_page(&visit, Some(&error)).await?, Some(&error))
    })
    .await
}

/// The space, and whether all is in it that was wished.
async fn space_made(visit: &Visit) -> Result<(Space, bool)> {
    let (SpaceCreate { name, description }, _) = form::body(visit.form.texts(&["name", "description"]))?;
    let access = visit.access::<SignedInWrite>().await?;
    let input = SpaceInput { name, description };
    if visit.form.has("samples") {
        return demo::space_create_filled(&visit.core, &visit.caller, access, input).await;
    }
    let space = service::space::space_create(&visit.core, access, input, None).await?.fresh()?;
    Ok((space, true))
}

/// A table as the front page of its space lists it.
struct TableLine {
    base: String,
    id: String,
    name: String,
    fields: u64,
    records: u64,
}

#[derive(Template)]
#[template(path = "space.html")]
struct SpacePage<'a> {
    shell: Shell,
    space: Space,
    tables: Vec<TableLine>,
    name: &'a str,
    refusal: Option<Refusal>,
}

impl SpacePage<'_> {
    fn tables_of<'s>(&'s self, base: &'s str) -> impl Iterator<Item = &'s TableLine> {
        self.tables.iter().filter(move |table| table.base == base)
    }
}

/// The bases and tables of a space; with why a base was not made.
pub async fn front_page(visit: &Visit, refused: Option<&Error>) -> Answered {
    let access = visit.access::<SpaceRead>().await?;
    let shell = Shell::of(visit).await?;
    let space = service::space::space_get(&visit.core, access).await?;
    let tables = service::table::table_list_all(&visit.core, visit.access::<BasesRead>().await?).await?;
    let line = |Tabled { table, records }: &Tabled| TableLine {
        base: table.base.to_string(),
        id: table.id.to_string(),
        name: table.name.to_string(),
        fields: table.fields.len() as u64,
        records: *records,
    };
    let tables = tables.iter().map(line).collect();
    let refusal = refused.map(|error| Refusal::of(error, shell.t));
    let page = SpacePage { shell, space, tables, name: visit.form.get("name"), refusal };
    send(&page, refused)
}

/// The front page of a space.
pub async fn space_page(visit: Visit) -> Answered {
    front_page(&visit, None).await
}

#[derive(Template)]
#[template(path = "space_settings.html")]
struct SettingsPage<'a> {
    shell: Shell,
    id: String,
    /// What it is called, whatever stands in the form.
    called: String,
    name: &'a str,
    description: &'a str,
    refusal: Option<Refusal>,
    /// Why it was not deleted.
    kept: Option<Refusal>,
}

async fn settings(visit: &Visit, refusal: Option<&Error>, kept: Option<&Error>) -> Answered {
    let mut shell = Shell::of(visit).await?;
    // Of its two forms too, which are posted elsewhere.
    shell.path = format!("/spaces/{}/settings", visit.place("space"));
    let space = service::space::space_get(&visit.core, visit.access::<SpaceRead>().await?).await?;
    let typed = refusal.is_some();
    let page = SettingsPage {
        refusal: refusal.map(|error| Refusal::of(error, shell.t)),
        kept: kept.map(|error| Refusal::of(error, shell.t)),
        shell,
        id: space.id.to_string(),
        called: space.name.to_string(),
        name: if typed { visit.form.get("name") } else { space.name.as_str() },
        description: match &space.description {
            _ if typed => visit.form.get("description"),
            Some(description) => description,
            None => "",
        },
    };
    send(&page, refusal.or(kept))
}

/// *General*.
pub async fn settings_page(visit: Visit) -> Answered {
    settings(&visit, None, None).await
}

/// Renames or describes a space.
pub async fn space_update(visit: Visit) -> Answered {
    let to = |space: Space| redirect(&format!("/spaces/{}/settings?done=saved", space.id));
    posted(space_changed(&visit).await, to, async |error| settings(&visit, Some(&error), None).await).await
}

async fn space_changed(visit: &Visit) -> Result<Space> {
    let access = visit.access::<SpaceManage>().await?;
    let (SpaceUpdate { name, description }, _) = form::body(visit.form.members(&["name", "description"]))?;
    service::space::space_update(&visit.core, access, SpacePatch { name, description }).await
}

/// Deletes a space, if its name was typed.
pub async fn space_delete(visit: Visit) -> Answered {
    let to = |()| redirect("/spaces?done=space_deleted");
    posted(space_gone(&visit).await, to, async |error| settings(&visit, None, Some(&error)).await).await
}

async fn space_gone(visit: &Visit) -> Result<()> {
    let access = visit.access::<SpaceManage>().await?;
    let space = service::space::space_get(&visit.core, visit.access::<SpaceRead>().await?).await?;
    let confirm = visit.form.get("confirm");
    confirm_check(confirm, space.name.as_str(), visit.look.t)?;
    service::space::space_delete(&visit.core, access, Some(confirm.to_owned())).await
}
