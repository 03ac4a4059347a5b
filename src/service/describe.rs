//! What a caller sees of a space's schema, for documents about it.

use std::sync::Arc;

use super::Core;
use super::caller::access_by_ids;
use super::door::Weight;
use super::record_list::{ListInput, RecordPage, record_list};
use crate::access::{Access, Caller, DESCRIBED, InTable, Inside, Permission, RecordsRead};
use crate::error::Result;
use crate::limits::{EXAMPLE_RECORDS_MAX, EXAMPLE_TABLES_MAX};
use crate::model::scope::Scopes;
use crate::model::table::OpenTable;
use crate::model::token::Narrowing;
use crate::query::catalog::Catalog;

/// A schema at one number, and what the caller may do with it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub catalog: Arc<Catalog>,
    /// The tables that the caller sees, in the order of bases and tables. One that may neither read records nor the schema
    /// sees that tables are there by their ids at most, and none is described to it.
    pub tables: Vec<Arc<OpenTable>>,
    pub scopes: Scopes,
    pub narrowing: Narrowing,
}

impl Seen {
    /// A hash of all that is seen, and of nothing else: what is hidden from the caller may come and go, and it stays the same.
    pub fn hash(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        let space = &self.catalog.space;
        // Each text with its length, so that none runs into the next one.
        let mut add = |text: &str| {
            hasher.update(&(text.len() as u64).to_be_bytes()).update(text.as_bytes());
        };
        add(&format!("{} {:?} {:?}", space.id, self.scopes, self.narrowing));
        add(space.name.as_str());
        for table in &self.tables {
            add(self.catalog.base_name(table));
            add(&format!("{} {} {:x}", table.base, table.id, table.digest));
        }
        hasher.finalize()
    }

    /// The table of a proof, unless it has been deleted since.
    pub fn table(&self, place: InTable) -> Result<Arc<OpenTable>> {
        self.catalog.table(place).cloned()
    }
}

/// The first records of tables, as far as the caller may read them.
pub async fn records_first(
    core: &Arc<Core>,
    caller: &Caller,
    seen: &Seen,
    tables: impl Iterator<Item = Arc<OpenTable>>,
) -> Result<Vec<RecordPage>> {
    let space = seen.catalog.space.id;
    let mut pages = Vec::new();
    for table in tables.take(EXAMPLE_TABLES_MAX) {
        match access_by_ids::<RecordsRead>(core, caller, space, Some(table.base), Some(table.id)).await {
            Ok(access) => pages.push(record_list(core, access, ListInput::first(EXAMPLE_RECORDS_MAX)).await?),
            // It was deleted meanwhile.
            Err(error) if error.code.status() == 404 => {}
            Err(error) => return Err(error),
        }
    }
    Ok(pages)
}

/// What the caller sees of its space.
pub async fn space_described<P: Permission>(core: &Arc<Core>, access: &Access<P>) -> Result<Seen>
where
    P::Place: Inside,
{
    let (place, reach) = (access.place().in_space(), access.reach());
    let catalog = core.door.read(core, Weight::Light, move |core: &Core| core.catalog(&place)).await?;
    let described = DESCRIBED.iter().any(|scope| reach.scopes.grant(*scope));
    let tables = catalog.bases.iter().filter(|_| described).flat_map(|base| {
        catalog.tables_of(base).filter(|table| reach.sees_table(table.base, table.id)).cloned()
    });
    let tables = tables.collect();
    Ok(Seen { catalog, tables, scopes: reach.scopes, narrowing: reach.narrowing.clone() })
}
