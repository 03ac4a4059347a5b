//! The bases and tables that a token is to be narrowed to: from what was sent to what is there.

use crate::access::Reach;
use crate::error::{Code, Faults, Shown};
use crate::id::{BaseId, TableId};
use crate::limits::NARROWED_MAX;
use crate::query::catalog::Catalog;

/// Ids or names as they were sent; one that could not be read keeps its place, and has its fault already.
pub type Meant = Vec<Option<String>>;

/// Those that could be read, with their places.
fn read_ones(meant: &[Option<String>]) -> impl Iterator<Item = (usize, &String)> {
    meant.iter().enumerate().filter_map(|(n, text)| Some((n, text.as_ref()?)))
}

pub(super) fn bases_meant(
    catalog: &Catalog,
    reach: &Reach,
    meant: &[Option<String>],
    faults: &mut Faults,
) -> Vec<BaseId> {
    if !list_fits("bases", meant.len(), faults) {
        return Vec::new();
    }
    let mut found = Vec::with_capacity(meant.len());
    for (n, text) in read_ones(meant) {
        let base = catalog.base_meant(text).filter(|base| reach.sees_base(base.id, &base.tables));
        match base {
            Some(base) if !found.contains(&base.id) => found.push(base.id),
            Some(_) => {}
            None => {
                let detail = format!("There is no base `{}`.", Shown(text));
                faults.add(format!("/bases/{n}"), Code::InvalidValue, detail);
            }
        }
    }
    found
}

pub(super) fn tables_meant(
    catalog: &Catalog,
    reach: &Reach,
    meant: &[Option<String>],
    faults: &mut Faults,
) -> Vec<TableId> {
    if !list_fits("tables", meant.len(), faults) {
        return Vec::new();
    }
    let mut found = Vec::with_capacity(meant.len());
    for (n, text) in read_ones(meant) {
        let at = format!("/tables/{n}");
        let of_base = |base: BaseId| catalog.table_meant(base, text).map(|table| (base, table.id));
        let mut fitting = catalog
            .bases
            .iter()
            .filter_map(|base| of_base(base.id))
            .filter(|(base, table)| reach.sees_table(*base, *table))
            .map(|(_, table)| table);
        match (fitting.next(), fitting.next()) {
            (Some(table), None) if !found.contains(&table) => found.push(table),
            (Some(_), None) => {}
            (None, _) => {
                faults.add(at, Code::InvalidValue, format!("There is no table `{}`.", Shown(text)));
            }
            (Some(_), Some(_)) => {
                let detail = format!("The name `{text}` fits tables of several bases; send the id.");
                faults.add(at, Code::InvalidValue, detail);
            }
        }
    }
    found
}

/// Whether a list is short enough to be gone through: a body has room for a quarter of a million names.
fn list_fits(name: &str, length: usize, faults: &mut Faults) -> bool {
    if length == 0 {
        let detail = format!("An empty list would let the token reach nothing; leave `{name}` out for all.");
        faults.add(format!("/{name}"), Code::Required, detail);
    }
    if length > NARROWED_MAX {
        faults.add(
            format!("/{name}"),
            Code::TooMany,
            format!("A token is narrowed to at most {NARROWED_MAX} {name}."),
        );
    }
    length <= NARROWED_MAX
}
