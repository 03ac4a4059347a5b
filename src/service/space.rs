//! Spaces.

use std::sync::Arc;

use super::Core;
use super::door::Weight;
use super::once::{Commit, Done, Once, commit_catalog, commit_once, commit_once_nowhere, run_to_end};
use crate::access::{Access, Caller, Operator, SignedInWrite, SpaceManage, SpaceRead};
use crate::error::{Code, Error, Result};
use crate::limits::SPACES_MAX;
use crate::model::change::Actor;
use crate::model::name::Name;
use crate::model::space::Space;
use crate::query::catalog::Catalog;
use crate::store;

/// A space to be made.
#[derive(Clone, Debug)]
pub struct SpaceInput {
    pub name: Name,
    pub description: Option<String>,
}

/// What is to change; the outer `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct SpacePatch {
    pub name: Option<Name>,
    pub description: Option<Option<String>>,
}

/// Makes a space of the caller's.
pub async fn space_create(
    core: &Arc<Core>,
    access: Access<SignedInWrite>,
    input: SpaceInput,
    once: Option<Once<Space>>,
) -> Result<Done<Space>> {
    let by = access.actor();
    commit_once_nowhere(core, by, once, move |write, core, now| {
        let held = store::membership::membership_spaces(&*write, store::membership::member_of(by))?;
        if held.len() >= SPACES_MAX && by != Actor::Operator {
            return Err(Error::fault(
                "",
                Code::TooMany,
                format!("One person has at most {SPACES_MAX} spaces."),
            ));
        }
        let place = access.new_space(&core.ids, now);
        let SpaceInput { name, description } = input.clone();
        let space = Space {
            id: place.space(),
            name,
            description,
            created_at: now,
            updated_at: now,
            created_by: by,
            bases: Vec::new(),
        };
        store::space::space_create(write, place, &space, by)?;
        Ok(space)
    })
    .await
}

/// The spaces that the caller sees: a token its own, a person theirs.
pub async fn space_list(core: &Arc<Core>, caller: Caller) -> Result<Vec<Space>> {
    core.door
        .read(core, Weight::Light, move |core| {
            let read = core.engine.read()?;
            let ids = match (caller.person(), caller.token_space()) {
                (Some(person), _) => {
                    store::membership::spaces_seen(read.as_ref(), person.user, person.owner)?
                }
                (None, space) => space.into_iter().collect(),
            };
            store::space::spaces_get(read.as_ref(), &ids)
        })
        .await
}

/// Every space there is, in order of their ids: for the operator alone.
pub async fn space_list_all(core: &Arc<Core>, _operator: Operator) -> Result<Vec<Space>> {
    let list = |core: &Core| store::space::space_list_all(core.engine.read()?.as_ref());
    core.door.read(core, Weight::Heavy, list).await
}

/// The space of a proof.
pub async fn space_get(core: &Arc<Core>, access: Access<SpaceRead>) -> Result<Space> {
    let find = move |core: &Core| Ok(core.catalog(access.place())?.space.clone());
    core.door.read(core, Weight::Light, find).await
}

/// The schema of a proof's space.
pub async fn space_catalog(core: &Arc<Core>, access: Access<SpaceRead>) -> Result<Arc<Catalog>> {
    core.door.read(core, Weight::Light, move |core: &Core| core.catalog(access.place())).await
}

/// Renames or describes a space.
pub async fn space_update(core: &Arc<Core>, access: Access<SpaceManage>, patch: SpacePatch) -> Result<Space> {
    let done = commit_catalog(core, access, Commit::light(None), move |txn, access| {
        let mut space = txn.catalog.space.clone();
        let SpacePatch { name, description } = patch.clone();
        space.name = name.unwrap_or(space.name);
        space.description = description.unwrap_or(space.description);
        if space != txn.catalog.space {
            space.updated_at = txn.now;
            store::space::space_put(txn.write, *access.place(), &space)?;
        }
        Ok(space)
    });
    done.await?.fresh()
}

/// Deletes a space with everything in it, in one step; `confirm` has to repeat its name.
pub async fn space_delete(
    core: &Arc<Core>,
    access: Access<SpaceManage>,
    confirm: Option<String>,
) -> Result<()> {
    let space = access.place().space();
    let inside = core.clone();
    run_to_end(async move {
        let _changing = inside.known.catalogs.change(space);
        let done = commit_once(&inside, access, Commit::light(None), move |txn, access| {
            let name = txn.catalog.space.name.as_str();
            if confirm.as_deref() != Some(name) {
                let detail = format!("To delete the space, send its name: `?confirm={name}`.");
                return Err(Error::fault("confirm", Code::ConfirmationMissing, detail)
                    .with_code(Code::ConfirmationMissing));
            }
            store::space::space_delete(txn.write, *access.place(), txn.core.ids.draw(txn.now))
        });
        let deleted = done.await.and_then(Done::fresh);
        inside.known.tokens.forget_space(space);
        inside.sweep.notify_one();
        deleted
    })
    .await
}
