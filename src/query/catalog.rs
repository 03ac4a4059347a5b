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
    held: RwLock<HashMap<SpaceId, Arc<Catalog>>>,
    /// Grows when a change begins and when it ends.
    moment: AtomicU64,
    /// Changes on their way.
    changing: AtomicU64,
}

/// A change of a space's catalog on its way: from before its commit can be seen until after.
pub struct Changing<'a> {
    catalogs: &'a Catalogs,
    space: SpaceId,
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        self.catalogs.forget(self.space);
        self.catalogs.changing.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Catalogs {
    /// Marks that a change of a space's catalog is on its way.
    pub fn change(&self, space: SpaceId) -> Changing<'_> {
        self.changing.fetch_add(1, Ordering::SeqCst);
        self.forget(space);
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
        let before = self.moment.load(Ordering::SeqCst);
        let Some(catalog) = self.held(place) else { return Ok(None) };
        let found = read()?;
        // It was held, so no change was on its way; and none has begun while it was read.
        Ok((self.moment.load(Ordering::SeqCst) == before).then_some((catalog, found)))
    }

    fn held(&self, place: InSpace) -> Option<Arc<Catalog>> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).get(&place.space()).cloned()
    }

    /// The catalog of now. It is held from then on.
    pub fn now(&self, engine: &dyn Engine, place: InSpace) -> Result<Arc<Catalog>> {
        if !engine.waits_on_network()
            && let Some(held) = self.held(place)
        {
            return Ok(held);
        }
        let before = self.moment.load(Ordering::SeqCst);
        // The number and what it stands for are read in one snapshot.
        let key = store::space::catalog_number_key(place);
        let read = engine.read()?;
        let number = store::catalog_number(read.get(&[key.as_pair()])?.into_iter().next().flatten())?;
        let catalog = self.at(read.as_ref(), place, number)?;
        self.hold(place, &catalog, before);
        Ok(catalog)
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

    fn hold(&self, place: InSpace, catalog: &Arc<Catalog>, before: u64) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let newer = held.get(&place.space()).is_none_or(|other| other.number < catalog.number);
        let quiet = self.changing.load(Ordering::SeqCst) == 0 && self.moment.load(Ordering::SeqCst) == before;
        if newer && quiet {
            held.insert(place.space(), catalog.clone());
        }
    }

    fn held_at(&self, place: InSpace, number: Option<u64>) -> Option<Arc<Catalog>> {
        self.held(place).filter(|catalog| Some(catalog.number) == number)
    }

    fn forget(&self, space: SpaceId) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        self.moment.fetch_add(1, Ordering::SeqCst);
        held.remove(&space);
    }
}
