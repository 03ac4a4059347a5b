//! `undb space`.

use std::sync::Arc;

use clap::Subcommand;
use serde_json::json;

use super::{Database, Failure, answer, say};
use crate::access::Operator;
use crate::id::{Id, SpaceId};
use crate::model::name::Name;
use crate::model::space::Space;
use crate::service::Core;
use crate::service::space::{SpaceInput, space_create, space_list_all};

#[derive(Subcommand)]
pub enum Command {
    /// Make a space, and print its id
    Create {
        #[arg(value_parser = Name::parse)]
        name: Name,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List all spaces
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub fn run(command: Command, database: &Database) -> Result<(), Failure> {
    match command {
        Command::Create { name, json } => database.with(true, async |core, operator| {
            let input = SpaceInput { name, description: None };
            let space = space_create(&core, operator.nowhere(), input, None).await?.fresh()?;
            answer(&if json { row(&space).to_string() } else { space.id.to_string() })
        }),
        Command::List { json } => {
            database.with(false, async |core, operator| list(&core, operator, json).await)
        }
    }
}

async fn list(core: &Arc<Core>, operator: Operator, json: bool) -> Result<(), Failure> {
    let spaces = space_list_all(core, operator).await?;
    if json {
        let rows: Vec<_> = spaces.iter().map(row).collect();
        return answer(&json!({ "spaces": rows }).to_string());
    }
    if spaces.is_empty() {
        say("There are no spaces.");
    }
    spaces.iter().try_for_each(|space| answer(&format!("{}\t{}", space.id, space.name)))
}

fn row(space: &Space) -> serde_json::Value {
    json!({
        "id": space.id.to_string(),
        "name": space.name.as_str(),
        "description": space.description,
        "createdAt": space.created_at.to_string(),
        "updatedAt": space.updated_at.to_string(),
    })
}

/// The space that an id or a name means.
pub async fn space_meant(core: &Arc<Core>, operator: Operator, meant: &str) -> Result<SpaceId, Failure> {
    let spaces = space_list_all(core, operator).await?;
    let id = SpaceId::parse(meant);
    let fits = |space: &&Space| Some(space.id) == id || space.name.as_str() == meant;
    let fitting: Vec<_> = spaces.iter().filter(fits).map(|space| space.id).collect();
    match fitting.as_slice() {
        [one] => Ok(*one),
        [] => Err(Failure::Failed(format!("There is no space `{meant}`."))),
        several => {
            let ids: Vec<_> = several.iter().map(ToString::to_string).collect();
            let text = format!("The name `{meant}` fits several spaces; use an id: {}.", ids.join(", "));
            Err(Failure::Failed(text))
        }
    }
}
