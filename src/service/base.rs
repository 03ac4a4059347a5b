//! Bases.

use std::sync::Arc;

use super::Core;
use super::door::Weight;
use super::once::{Commit, Done, Once, commit_catalog};
use crate::access::{Access, BaseRead, BaseWrite, BasesRead, BasesWrite, Inside};
use crate::error::{Code, Error, Result};
use crate::limits::BASES_MAX;
use crate::model::base::Base;
use crate::model::name::Name;
use crate::store;

/// A base to be made.
#[derive(Clone, Debug)]
pub struct BaseInput {
    pub name: Name,
    pub description: Option<String>,
}

/// What is to change; the outer `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct BasePatch {
    pub name: Option<Name>,
    pub description: Option<Option<String>>,
    /// Its place among the bases of the space, from 0; one past the end is the end.
    pub position: Option<usize>,
}

/// Moves an item to a place, which is the last one if it is beyond the end. Whether the order changed.
pub(super) fn reorder<T: PartialEq + Copy>(list: &mut Vec<T>, item: T, position: usize) -> bool {
    let Some(from) = list.iter().position(|other| *other == item) else { return false };
    let to = position.min(list.len() - 1);
    list.remove(from);
    list.insert(to, item);
    from != to
}

pub async fn base_create(
    core: &Arc<Core>,
    access: Access<BasesWrite>,
    input: BaseInput,
    once: Option<Once<Base>>,
) -> Result<Done<Base>> {
    commit_catalog(core, access, Commit::light(once), move |txn, access| {
        let space = txn.catalog.space.clone();
        if space.bases.len() >= BASES_MAX {
            return Err(Error::fault("", Code::TooMany, format!("A space has at most {BASES_MAX} bases.")));
        }
        let BaseInput { name, description } = input.clone();
        let id = txn.core.ids.draw(txn.now);
        let base =
            Base { id, name, description, created_at: txn.now, updated_at: txn.now, tables: Vec::new() };
        store::base::base_create(txn.write, *access.place(), space, &base)?;
        Ok(base)
    })
    .await
}

/// The bases that the caller sees, in the order of the space.
pub async fn base_list(core: &Arc<Core>, access: Access<BasesRead>) -> Result<Vec<Base>> {
    let list = move |core: &Core| {
        let catalog = core.catalog(access.place())?;
        let seen = catalog.bases.iter().filter(|base| access.reach().sees_base(base.id, &base.tables));
        Ok(seen.cloned().collect())
    };
    core.door.read(core, Weight::Light, list).await
}

pub async fn base_get(core: &Arc<Core>, access: Access<BaseRead>) -> Result<Base> {
    let find = move |core: &Core| core.catalog(access.place())?.base(*access.place()).cloned();
    core.door.read(core, Weight::Light, find).await
}

pub async fn base_update(core: &Arc<Core>, access: Access<BaseWrite>, patch: BasePatch) -> Result<Base> {
    let done = commit_catalog(core, access, Commit::light(None), move |txn, access| {
        let place = access.place().in_space();
        let before = txn.catalog.base(*access.place())?.clone();
        let BasePatch { name, description, position } = patch.clone();
        let mut base = before.clone();
        base.name = name.unwrap_or(base.name);
        base.description = description.unwrap_or(base.description);
        if base != before {
            base.updated_at = txn.now;
            store::base::base_put(txn.write, place, &base, &before)?;
        }
        let mut space = txn.catalog.space.clone();
        if position.is_some_and(|position| reorder(&mut space.bases, base.id, position)) {
            store::space::space_put(txn.write, place, &space)?;
        }
        Ok(base)
    });
    done.await?.fresh()
}

/// Deletes a base with its tables and their records, in one step.
pub async fn base_delete(core: &Arc<Core>, access: Access<BaseWrite>) -> Result<()> {
    let done = commit_catalog(core, access, Commit::light(None), move |txn, access| {
        let base = txn.catalog.base(*access.place())?.clone();
        let doom = txn.core.ids.draw(txn.now);
        store::base::base_delete(txn.write, *access.place(), txn.catalog.space.clone(), &base, doom)
    });
    done.await?.fresh()?;
    core.sweep.notify_one();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::reorder;

    #[test]
    fn an_item_moves_and_the_rest_keeps_its_order() {
        for (position, expected, moved) in
            [(0, [3, 1, 2], true), (1, [1, 3, 2], true), (2, [1, 2, 3], false), (9, [1, 2, 3], false)]
        {
            let mut list = vec![1, 2, 3];
            assert_eq!(reorder(&mut list, 3, position), moved);
            assert_eq!(list, expected);
        }
    }
}
