//! The catalog of a space: its bases, tables and fields, opened once and shared by all requests.
//!
//! It holds exactly what the space's catalog number says. Whoever has read that number in their snapshot or transaction
//! asks for the catalog of that number, and gets the one that is held or one that is read there and then.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::access::{InBase, InSpace, InTable};
use crate::error::{Code, Error, Result};
use crate::id::{BaseId, Id, SpaceId, TableId};
use crate::kv::{Engine, Read};
use crate::limits::CATALOGS_HELD_MAX;
use crate::model::base::Base;
use crate::model::space::Space;
use crate::model::table::OpenTable;
use crate::store;

/// A space's schema at one number.
#[derive(Debug)]
pub struct Catalog {
    pub number: u64,
    pub space: Space,
    /// In the order of the space.
    pub bases: Vec<Base>,
    tables: HashMap<TableId, Arc<OpenTable>>,
    base_names: HashMap<String, usize>,
    table_names: HashMap<(BaseId, String), TableId>,
}

impl Catalog {
    /// Reads everything in three round trips.
    fn load(read: &(impl Read + ?Sized), place: InSpace, number: u64) -> Result<Option<Catalog>> {
        let Some(space) = store::space::space_get(read, place)? else { return Ok(None) };
        let bases = store::base::base_list(read, place, &space)?;
        let ids: Vec<_> = bases.iter().flat_map(|base| base.tables.iter().copied()).collect();
        let mut tables = HashMap::with_capacity(ids.len());
        let mut table_names = HashMap::with_capacity(ids.len());
        for table in store::table::tables_get(read, place, &ids)? {
            table_names.insert((table.base, table.name.to_string()), table.id);
            tables.insert(table.id, Arc::new(OpenTable::open(table)?));
        }
        let base_names = bases.iter().enumerate().map(|(n, base)| (base.name.to_string(), n)).collect();
        Ok(Some(Catalog { number, space, bases, tables, base_names, table_names }))
    }

    /// The base that an id or a name means.
    pub fn base_meant(&self, meant: &str) -> Option<&Base> {
        match BaseId::parse(meant) {
            Some(id) => self.bases.iter().find(|base| base.id == id),
            None => self.bases.get(*self.base_names.get(meant)?),
        }
    }

    /// The table of a base that an id or a name means.
    pub fn table_meant(&self, base: BaseId, meant: &str) -> Option<&Arc<OpenTable>> {
        let id = match TableId::parse(meant) {
            Some(id) => id,
            None => *self.table_names.get(&(base, meant.to_owned()))?,
        };
        self.tables.get(&id).filter(|table| table.base == base)
    }

    /// The base of a proof, unless it has been deleted since.
    pub fn base(&self, place: InBase) -> Result<&Base> {
        let found = self.bases.iter().find(|base| base.id == place.base());
        found.ok_or_else(|| Error::plain(Code::BaseNotFound))
    }

    /// The table of a proof, unless it has been deleted since.
    pub fn table(&self, place: InTable) -> Result<&Arc<OpenTable>> {
        self.tables.get(&place.table()).ok_or_else(|| Error::plain(Code::TableNotFound))
    }

    /// The tables of a base in its order.
    pub fn tables_of(&self, base: &Base) -> impl Iterator<Item = &Arc<OpenTable>> {
        base.tables.iter().filter_map(|table| self.tables.get(table))
    }

    /// What the base of a table is called.
    pub fn base_name(&self, table: &OpenTable) -> &str {
        self.bases.iter().find(|base| base.id == table.base).map_or("", |base| base.name.as_str())
    }

    /// A table by its id alone.
    pub fn table_by_id(&self, table: TableId) -> Option<&Arc<OpenTable>> {
        self.tables.get(&table)
    }
}

/// The catalogs that are held, at most one a space.
///
/// On an engine that only this process writes, the one that is held is the newest: while a change of a catalog is on its
/// way nothing of that space is held, and nothing that was read meanwhile comes to be. On any other engine the number is
/// looked at each time.
#[derive(Debug, Default)]
pub struct Catalogs {
    slots: RwLock<HashMap<SpaceId, Slot>>,
}

/// What is known of one space.
#[derive(Debug, Default)]
struct Slot {
    catalog: Option<Arc<Catalog>>,
    /// Grows when a change begins, when it ends, and when the slot is given up: who has seen it and finds it as it was
    /// knows that nothing has happened.
    moment: Arc<AtomicU64>,
    /// Changes on their way.
    changing: usize,
}

/// A moment of a slot.
struct Seen {
    moment: Arc<AtomicU64>,
    number: u64,
}

impl Seen {
    fn is_now(&self) -> bool {
        self.moment.load(Ordering::SeqCst) == self.number
    }
}

impl Slot {
    fn seen(&self) -> Seen {
        Seen { moment: self.moment.clone(), number: self.moment.load(Ordering::SeqCst) }
    }

    fn forget(&mut self) {
        self.moment.fetch_add(1, Ordering::SeqCst);
        self.catalog = None;
    }
}

/// A change of a space's catalog on its way: from before its commit can be seen until after.
pub struct Changing<'a> {
    catalogs: &'a Catalogs,
    space: SpaceId,
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        let mut slots = self.catalogs.slots.write().unwrap_or_else(PoisonError::into_inner);
        let slot = slot_of(&mut slots, self.space);
        slot.changing = slot.changing.saturating_sub(1);
        slot.forget();
    }
}

/// The slot of a space. A new one takes the place of another where there are many; one that is changing stays, since who
/// reads meanwhile must find that.
fn slot_of(slots: &mut HashMap<SpaceId, Slot>, space: SpaceId) -> &mut Slot {
    if slots.len() >= CATALOGS_HELD_MAX && !slots.contains_key(&space) {
        let quiet = slots.iter().find(|(_, slot)| slot.changing == 0).map(|(space, _)| *space);
        if let Some(mut given_up) = quiet.and_then(|space| slots.remove(&space)) {
            given_up.forget();
        }
    }
    slots.entry(space).or_default()
}

impl Catalogs {
    /// Marks that a change of a space's catalog is on its way.
    pub fn change(&self, space: SpaceId) -> Changing<'_> {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        let slot = slot_of(&mut slots, space);
        slot.changing += 1;
        slot.forget();
        Changing { catalogs: self, space }
    }

    /// What `read` answers and the catalog that fits it. `None` if that takes a look at the number: then `read` has to be
    /// done again along with that.
    pub fn with_held<T>(
        &self,
        engine: &dyn Engine,
        place: InSpace,
        read: impl FnOnce() -> Result<T>,
    ) -> Result<Option<(Arc<Catalog>, T)>> {
        if engine.waits_on_network() {
            return Ok(None);
        }
        let Some((catalog, seen)) = self.held(place) else { return Ok(None) };
        let found = read()?;
        // It was held, so no change was on its way; and none has begun while it was read.
        Ok(seen.is_now().then_some((catalog, found)))
    }

    fn held(&self, place: InSpace) -> Option<(Arc<Catalog>, Seen)> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        let slot = slots.get(&place.space())?;
        Some((slot.catalog.clone()?, slot.seen()))
    }

    /// The catalog of now. It is held from then on.
    pub fn now(&self, engine: &dyn Engine, place: InSpace) -> Result<Arc<Catalog>> {
        if !engine.waits_on_network()
            && let Some((held, _)) = self.held(place)
        {
            return Ok(held);
        }
        let before = self.before(place);
        let key = store::space::catalog_number_key(place);
        if engine.waits_on_network() && self.held(place).is_some() {
            // Mostly it is still the one that is held, and that takes no snapshot.
            let number = store::catalog_number(engine.get(&[key.as_pair()])?.into_iter().next().flatten())?;
            if let Some(held) = self.held_at(place, number) {
                return Ok(held);
            }
        }
        // The number and what it stands for are read in one snapshot.
        let (read, found) = engine.read_with(&[key.as_pair()])?;
        let number = store::catalog_number(found.into_iter().next().flatten())?;
        let catalog = self.at(read.as_ref(), place, number)?;
        self.hold(place, &catalog, &before);
        Ok(catalog)
    }

    /// The catalog of a snapshot that was just opened, for who must not open another one. It is held from then on.
    pub fn within(
        &self,
        engine: &dyn Engine,
        read: &(impl Read + ?Sized),
        place: InSpace,
    ) -> Result<Arc<Catalog>> {
        if !engine.waits_on_network() {
            return self.now(engine, place);
        }
        let before = self.before(place);
        let key = store::space::catalog_number_key(place);
        let number = store::catalog_number(read.get(&[key.as_pair()])?.into_iter().next().flatten())?;
        let catalog = self.at(read, place, number)?;
        // It may be older than one that is held already. On a network that is never taken without a look at its number.
        self.hold(place, &catalog, &before);
        Ok(catalog)
    }

    fn before(&self, place: InSpace) -> Seen {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        slot_of(&mut slots, place.space()).seen()
    }

    /// The catalog of the number that was read in `read`, a snapshot or a transaction that has not changed it.
    ///
    /// It is not held from then on: what a transaction reads may rest on another one that does not become durable.
    pub fn at(
        &self,
        read: &(impl Read + ?Sized),
        place: InSpace,
        number: Option<u64>,
    ) -> Result<Arc<Catalog>> {
        if let Some(held) = self.held_at(place, number) {
            return Ok(held);
        }
        let gone = || Error::plain(Code::SpaceNotFound);
        Ok(Arc::new(Catalog::load(read, place, number.ok_or_else(gone)?)?.ok_or_else(gone)?))
    }

    fn hold(&self, place: InSpace, catalog: &Arc<Catalog>, before: &Seen) {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        let Some(slot) = slots.get_mut(&place.space()) else { return };
        let newer = slot.catalog.as_ref().is_none_or(|other| other.number < catalog.number);
        if newer && slot.changing == 0 && before.is_now() {
            slot.catalog = Some(catalog.clone());
        }
    }

    /// The one that is held, if it is of this number.
    pub fn held_at(&self, place: InSpace, number: Option<u64>) -> Option<Arc<Catalog>> {
        self.held(place).map(|(catalog, _)| catalog).filter(|catalog| Some(catalog.number) == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Operator, SpaceRead};
    use crate::clock::Time;
    use crate::kv::Outcome;
    use crate::kv::memory::Memory;
    use crate::model::change::Actor;
    use crate::model::name::Name;

    fn space(n: usize) -> InSpace {
        let id = SpaceId::from_bytes((n as u128).to_be_bytes());
        *Operator::assume().space::<SpaceRead>(id).place()
    }

    fn filled(spaces: usize) -> Memory {
        let memory = Memory::default();
        let engine: &dyn Engine = &memory;
        let receipt = engine.transact(b"", move |txn| {
            for n in 0..spaces {
                let (id, name) = (space(n).space(), Name::parse("s").unwrap());
                let (created_at, created_by) = (Time::from_millis(0), Actor::Operator);
                let updated_at = created_at;
                let bases = Vec::new();
                let row = Space { id, name, description: None, created_at, updated_at, created_by, bases };
                store::space::space_create(txn, space(n), &row, created_by)?;
            }
            Ok::<_, Error>((Outcome::Keep, ()))
        });
        receipt.wait().unwrap().unwrap();
        memory
    }

    fn is_held(catalogs: &Catalogs, engine: &Memory, n: usize) -> bool {
        let found = catalogs.with_held(engine, space(n), || Ok(()));
        found.unwrap().is_some()
    }

    #[test]
    fn a_change_of_one_space_lets_the_others_be_held() {
        let (engine, catalogs) = (filled(2), Catalogs::default());
        catalogs.now(&engine, space(0)).unwrap();
        let changing = catalogs.change(space(1).space());
        assert!(is_held(&catalogs, &engine, 0));
        let read = || {
            catalogs.with_held(&engine, space(0), || {
                drop(catalogs.change(space(1).space()));
                Ok(())
            })
        };
        assert!(read().unwrap().is_some(), "another change that comes and goes while it is read");
        catalogs.now(&engine, space(1)).unwrap();
        assert!(!is_held(&catalogs, &engine, 1), "nothing of it is held while it changes");
        drop(changing);
        catalogs.now(&engine, space(1)).unwrap();
        assert!(is_held(&catalogs, &engine, 1));
        let own = || {
            catalogs.with_held(&engine, space(0), || {
                drop(catalogs.change(space(0).space()));
                Ok(())
            })
        };
        assert!(own().unwrap().is_none(), "a change of its own while it is read");
    }

    #[test]
    fn what_was_read_before_a_change_is_not_held_after_it() {
        let (engine, catalogs) = (filled(1), Catalogs::default());
        let catalog = catalogs.now(&engine, space(0)).unwrap();
        let before = slot_of(&mut catalogs.slots.write().unwrap(), space(0).space()).seen();
        drop(catalogs.change(space(0).space()));
        catalogs.hold(space(0), &catalog, &before);
        assert!(!is_held(&catalogs, &engine, 0));
        // Not either if the slot was given up meanwhile, and is another one now.
        let before = slot_of(&mut catalogs.slots.write().unwrap(), space(0).space()).seen();
        catalogs.slots.write().unwrap().remove(&space(0).space()).unwrap().forget();
        drop(catalogs.change(space(0).space()));
        catalogs.hold(space(0), &catalog, &before);
        assert!(!is_held(&catalogs, &engine, 0));
    }

    #[test]
    fn no_more_than_so_many_are_held() {
        let spaces = CATALOGS_HELD_MAX + 10;
        let (engine, catalogs) = (filled(spaces), Catalogs::default());
        let _changing = catalogs.change(space(0).space());
        for n in 0..spaces {
            catalogs.now(&engine, space(n)).unwrap();
            assert!(n == 0 || is_held(&catalogs, &engine, n));
        }
        assert_eq!(catalogs.slots.read().unwrap().len(), CATALOGS_HELD_MAX);
        assert!(catalogs.slots.read().unwrap().contains_key(&space(0).space()), "it is changing");
    }
}
