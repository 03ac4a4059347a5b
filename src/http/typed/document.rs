//! Whole documents: of a space as its caller sees it, of one table, and a table's values as JSON Schema.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::num::NonZeroUsize;

use serde_json::{Value, json};

use super::names::{Claims, told_apart};
use super::stock::{Operation, Stock};
use super::table::{Filling, Named, Shown};
use super::value::{For, examples_made, values_schema};
use crate::id::TableId;
use crate::model::table::OpenTable;
use crate::service::describe::Seen;

/// Examples from records, by table.
pub type Read = std::collections::HashMap<TableId, Shown>;

/// What a document is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    Space,
    Table(TableId),
}

/// So many tables are filled sooner by one core than another one is asked for help.
const SHARE_MIN: usize = 4;

const ABOUT: &str = "\
What the calling token may do here, typed by the fields of its tables: no more than that, and as of now. Paths hold ids, so \
a new name breaks no client.

Every failure is `application/problem+json` (RFC 9457) with a stable `code`; `errors` lists every fault in the input with a \
JSON Pointer. A POST that makes something takes an `Idempotency-Key`, and can then be repeated safely.

Where a value may be empty, `\"\"` is taken for `null`.";

/// The document, as JSON.
pub fn document(stock: &Stock, seen: &Seen, of: Of, read: &Read) -> String {
    let named = named(stock, seen);
    let named: Vec<&Named<'_>> =
        named.iter().filter(|named| of == Of::Space || of == Of::Table(named.table.id)).collect();
    let tables = filled(stock, &named, read);
    let open = |operation: &&Operation| operation.is_open_to(seen.scopes, &seen.narrowing);
    let of_table: Vec<&Operation> = stock.of_table.iter().filter(open).collect();
    let of_space: Vec<&Operation> =
        if of == Of::Space { stock.of_space.iter().filter(open).collect() } else { Vec::new() };
    let mut out = String::with_capacity(4096 + tables.len() * (64 << 10));
    let title = match (of, tables.first()) {
        (Of::Table(_), Some((named, _))) => named.table.name.as_str(),
        _ => seen.catalog.space.name.as_str(),
    };
    let info = json!({"title": title, "description": ABOUT, "version": version(seen)});
    let _ = write!(out, "{{\"openapi\":\"3.1.0\",\"info\":{info},\"servers\":{},\"tags\":[", stock.servers);
    tags_write(stock, &tables, &of_space, &mut out);
    out.push_str("],\"paths\":{");
    let mut first = true;
    for (_, filling) in &tables {
        paths_write(&of_table, Some(filling), &mut first, &mut out);
    }
    paths_write(&of_space, None, &mut first, &mut out);
    out.push_str("},\"components\":{\"schemas\":{");
    schemas_write(stock, &tables, &of_table, &of_space, &mut out);
    let (parameters, responses, security) = (&stock.parameters, &stock.responses, &stock.security);
    let _ = write!(
        out,
        "}},\"parameters\":{parameters},\"responses\":{responses},\"securitySchemes\":{security}}}}}"
    );
    out
}

/// What fills the gaps of each table. That is most of the work, so all cores share it.
fn filled<'t>(stock: &Stock, named: &[&'t Named<'t>], read: &Read) -> Vec<(&'t Named<'t>, Filling)> {
    let fill = |named: &'t Named<'t>| {
        let made = Shown { values: examples_made(named.table), record: None };
        let shown = read.get(&named.table.id).unwrap_or(&made);
        (named, Filling::of(named, stock, shown))
    };
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let share = named.len().div_ceil(cores).max(SHARE_MIN);
    let mut shares = named.chunks(share);
    let own = shares.next().unwrap_or_default();
    std::thread::scope(|scope| {
        let fill_all = |share: &[&'t Named<'t>]| share.iter().copied().map(fill).collect::<Vec<_>>();
        let others: Vec<_> = shares.map(|share| scope.spawn(move || fill_all(share))).collect();
        let mut tables = fill_all(own);
        for other in others {
            match other.join() {
                Ok(filled) => tables.extend(filled),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        tables
    })
}

/// Another one as soon as the caller sees something else, and none before.
fn version(seen: &Seen) -> String {
    seen.hash().to_hex().chars().take(16).collect()
}

/// The tables that are seen, each with what it is called here.
fn named<'s>(stock: &Stock, seen: &'s Seen) -> Vec<Named<'s>> {
    let claims =
        Claims::new(stock.taken.iter().map(String::as_str), stock.suffixes.iter().map(String::as_str));
    let tables: Vec<(TableId, &str)> =
        seen.tables.iter().map(|table| (table.id, table.name.as_str())).collect();
    let identifiers = claims.claim(&tables);
    let tags = tags(stock, seen);
    let named = seen.tables.iter().zip(identifiers.into_iter().zip(tags));
    named.map(|(table, (identifier, tag))| Named { identifier, tag, table: table.as_ref() }).collect()
}

/// The tags of the tables: their names, and where two would have one, both with their bases or with their ids. Readers of
/// documents make paths of tags, so `/` is written as a sign that looks like it.
fn tags(stock: &Stock, seen: &Seen) -> Vec<String> {
    let name = |n: usize, stage: usize| {
        let table = seen.tables.get(n)?;
        let tag = match stage {
            0 => table.name.to_string(),
            1 => format!("{} ({})", table.name, seen.catalog.base_name(table)),
            2 => format!("{} ({})", table.name, table.id),
            _ => table.id.to_string(),
        };
        Some(tag.replace('/', "\u{2215}"))
    };
    let taken: Vec<String> = stock.tags.keys().cloned().collect();
    told_apart(seen.tables.len(), 4, name, |tag| vec![tag.to_owned()], &taken)
}

fn comma(first: &mut bool, out: &mut String) {
    if !std::mem::take(first) {
        out.push(',');
    }
}

fn tags_write(stock: &Stock, tables: &[(&Named<'_>, Filling)], of_space: &[&Operation], out: &mut String) {
    let mut first = true;
    for (named, _) in tables {
        comma(&mut first, out);
        let table = named.table;
        let about = table.description.clone().unwrap_or_else(|| format!("Records of {}.", table.name));
        let (id, base) = (table.id.to_string(), table.base.to_string());
        let tag = json!({"name": named.tag, "description": about, "x-undb-table": id, "x-undb-base": base});
        let _ = write!(out, "{tag}");
    }
    let mut said = BTreeSet::new();
    for tag in of_space.iter().map(|operation| operation.tag.as_str()) {
        if let Some(text) = stock.tags.get(tag).filter(|_| said.insert(tag)) {
            comma(&mut first, out);
            out.push_str(text);
        }
    }
}

fn paths_write(operations: &[&Operation], filling: Option<&Filling>, first: &mut bool, out: &mut String) {
    let fill = |gap: &str| filling.map_or("", |filling| filling.get(gap));
    let mut before: Option<&Operation> = None;
    for operation in operations {
        if before.is_some_and(|before| before.is_at_path_of(operation)) {
            out.push(',');
        } else {
            if before.is_some() {
                out.push('}');
            }
            comma(first, out);
            operation.path.fill(out, fill);
            out.push_str(":{");
        }
        let _ = write!(out, "\"{}\":", operation.method);
        operation.stencil.fill(out, fill);
        before = Some(operation);
    }
    if before.is_some() {
        out.push('}');
    }
}

fn schemas_write(
    stock: &Stock,
    tables: &[(&Named<'_>, Filling)],
    of_table: &[&Operation],
    of_space: &[&Operation],
    out: &mut String,
) {
    let mut own = stock.least.clone();
    own.extend(of_table.iter().flat_map(|operation| operation.own.iter().copied()));
    let all = of_table.iter().chain(of_space);
    let mut shared: BTreeSet<&str> =
        all.flat_map(|operation| operation.shared.iter().map(String::as_str)).collect();
    // The failures that operations share.
    shared.extend(["Fault", "Problem"]);
    let mut first = true;
    for (named, filling) in tables {
        let shapes = stock.shapes.iter().filter(|(suffix, _)| own.contains(suffix));
        for (suffix, shape) in shapes.filter(|(suffix, _)| Stock::has(suffix, filling.unique)) {
            comma(&mut first, out);
            let _ = write!(out, "\"{}{suffix}\":", named.identifier);
            shape.fill(out, |gap| filling.get(gap));
        }
    }
    for (name, schema) in shared.iter().filter_map(|name| Some((name, stock.schemas.get(*name)?))) {
        comma(&mut first, out);
        let _ = write!(out, "\"{name}\":{schema}");
    }
}

/// The values of a table as JSON Schema 2020-12.
pub fn schema(seen: &Seen, table: &OpenTable) -> String {
    let examples = examples_made(table);
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("/api/openapi/bases/{}/tables/{}/schema.json", table.base, table.id),
        "title": table.name.as_str(),
        "description": table.description.clone().unwrap_or_else(|| {
            format!("Values of a record of {} in {}.", table.name, seen.catalog.base_name(table))
        }),
    });
    if let (Some(members), Value::Object(values)) =
        (schema.as_object_mut(), values_schema(table, For::Form, &examples))
    {
        members.extend(values);
    }
    schema.to_string()
}
