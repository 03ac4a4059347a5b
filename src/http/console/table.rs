//! Tables: the grid, which is made by a script, and the settings of one.

use askama::Template;

use super::Answered;
use super::base::{Refused, base_shown};
use super::failure::{Refusal, confirm_check, posted, send};
use super::form;
use super::shell::{Shell, show};
use super::visit::{Visit, redirect};
use crate::access::{BaseWrite, TableRead, TableWrite};
use crate::error::{Error, Result};
use crate::http::table::{TableCreate, TableUpdate};
use crate::service;
use crate::service::record_edit::Sent;
use crate::service::table::{TablePatch, Tabled};

/// Where the pages of a table are.
fn place(visit: &Visit, table: &str) -> String {
    format!("/spaces/{}/bases/{}/tables/{table}", visit.place("space"), visit.place("base"))
}

/// Makes a table with its first field, which names its records.
pub async fn table_create(visit: Visit) -> Answered {
    let to = |made: Tabled| redirect(&place(&visit, &made.table.id.to_string()));
    posted(table_made(&visit).await, to, async |error| {
        base_shown(&visit, Refused { table: Some(&error), ..Refused::default() }).await
    })
    .await
}

async fn table_made(visit: &Visit) -> Result<Tabled> {
    let access = visit.access::<BaseWrite>().await?;
    let mut members = visit.form.texts(&["name", "description"]);
    let field = visit.form.get("field").trim();
    let field = if field.is_empty() { visit.look.t.get("table.first_field") } else { field };
    members.insert("fields".into(), serde_json::json!([{"name": field, "type": "string"}]));
    let (TableCreate { input }, faults) = form::body(members)?;
    service::table::table_create(&visit.core, access, Sent { content: input, faults }, None).await?.fresh()
}

#[derive(Template)]
#[template(path = "table.html")]
struct TablePage<'a> {
    shell: Shell,
    space: &'a str,
    base: String,
    table: String,
    name: String,
}

/// The grid.
pub async fn table_page(visit: Visit) -> Answered {
    let tabled = service::table::table_get(&visit.core, visit.access::<TableRead>().await?).await?;
    let shell = Shell::of(&visit).await?;
    let (base, table) = (tabled.table.base.to_string(), tabled.table.id.to_string());
    show(&TablePage { shell, space: visit.place("space"), base, table, name: tabled.table.name.to_string() })
}

#[derive(Template)]
#[template(path = "table_settings.html")]
struct SettingsPage<'a> {
    shell: Shell,
    space: &'a str,
    base: String,
    tabled: Tabled,
    /// What stands in the form: what it is called, or what was typed.
    name: &'a str,
    description: &'a str,
    /// Its place among the tables of its base, from 1, and how many there are.
    position: usize,
    count: usize,
    refusal: Option<Refusal>,
    kept: Option<Refusal>,
}

async fn settings(visit: &Visit, refusal: Option<&Error>, kept: Option<&Error>) -> Answered {
    let tabled = service::table::table_get(&visit.core, visit.access::<TableRead>().await?).await?;
    let (name, description) = (tabled.table.name.clone(), tabled.table.description.clone());
    let mut shell = Shell::of(visit).await?;
    let (base, id) = (tabled.table.base.to_string(), tabled.table.id.to_string());
    // Of its two forms too, which are posted elsewhere.
    shell.path = format!("{}/settings", place(visit, &id));
    let bases = shell.space().map(|space| space.bases.as_slice()).unwrap_or_default();
    let tables =
        bases.iter().find(|other| other.id == base).map(|base| base.tables.as_slice()).unwrap_or_default();
    let (at, count) = (tables.iter().position(|other| other.id == id).unwrap_or(0), tables.len());
    let typed = |name, held| if refusal.is_some() { visit.form.get(name) } else { held };
    let page = SettingsPage {
        name: typed("name", name.as_str()),
        description: typed("description", description.as_deref().unwrap_or_default()),
        refusal: refusal.map(|error| Refusal::of(error, shell.t)),
        kept: kept.map(|error| Refusal::of(error, shell.t)),
        space: visit.place("space"),
        base,
        tabled,
        position: at + 1,
        count,
        shell,
    };
    send(&page, refusal.or(kept))
}

/// The settings of a table.
pub async fn settings_page(visit: Visit) -> Answered {
    settings(&visit, None, None).await
}

/// Renames, describes or moves a table.
pub async fn table_update(visit: Visit) -> Answered {
    let to = |changed: Tabled| {
        redirect(&format!("{}/settings?done=saved", place(&visit, &changed.table.id.to_string())))
    };
    posted(table_changed(&visit).await, to, async |error| settings(&visit, Some(&error), None).await).await
}

async fn table_changed(visit: &Visit) -> Result<Tabled> {
    let access = visit.access::<TableWrite>().await?;
    let mut members = visit.form.members(&["name", "description"]);
    members.extend(visit.form.position());
    let (TableUpdate { name, description, position }, _) = form::body(members)?;
    service::table::table_update(&visit.core, access, TablePatch { name, description, position }).await
}

/// Deletes a table, if its name was typed.
pub async fn table_delete(visit: Visit) -> Answered {
    let to = |()| redirect(&format!("/spaces/{}?done=table_deleted", visit.place("space")));
    posted(table_gone(&visit).await, to, async |error| settings(&visit, None, Some(&error)).await).await
}

async fn table_gone(visit: &Visit) -> Result<()> {
    let tabled = service::table::table_get(&visit.core, visit.access::<TableRead>().await?).await?;
    confirm_check(visit.form.get("confirm"), tabled.table.name.as_str(), visit.look.t)?;
    service::table::table_delete(&visit.core, visit.access::<TableWrite>().await?).await
}
