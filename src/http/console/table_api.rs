//! *API* of a table: where it is, and samples that run as they stand.

use std::sync::LazyLock;

use askama::Template;
use serde_json::{Map, Value, json};

use super::Answered;
use super::sample::{LANGUAGES, Sample, Subject, samples};
use super::shell::{Shell, show};
use super::visit::Visit;
use crate::access::TableRead;
use crate::http::routes::routes;
use crate::http::typed::{examples_made, is_computed, is_needed};
use crate::model::expr::spelled;
use crate::model::table::OpenTable;
use crate::model::value::Kind;
use crate::service;

/// Values of a sample, beside those that a record has to have.
const VALUES_MAX: usize = 4;

/// Where the operations of a table are.
const IN_TABLE: &str = "/api/openapi/bases/{base}/tables/{table}";

/// An operation as the page lists it: its method, what stands behind the table's address, and what it does.
struct Endpoint {
    method: String,
    place: String,
    does: String,
}

/// Those on the records of a table, on the table itself, and on its fields, in the order of the document.
static ENDPOINTS: LazyLock<Vec<Endpoint>> = LazyLock::new(|| {
    let endpoint = |route: crate::http::routes::Route| {
        let place = route.path.strip_prefix(IN_TABLE)?.to_owned();
        Some(Endpoint { method: route.method.to_string(), place, does: route.operation.summary? })
    };
    let mut all: Vec<_> = routes().into_iter().filter_map(endpoint).collect();
    all.sort_by_key(|endpoint| !endpoint.place.starts_with("/records"));
    all
});

#[derive(Template)]
#[template(path = "table_api.html")]
struct ApiPage<'a> {
    shell: Shell,
    space: &'a str,
    base: String,
    table: String,
    name: String,
    /// The address of the table.
    address: String,
    endpoints: &'static [Endpoint],
    languages: [(&'static str, &'static str); 3],
    samples: Vec<Sample>,
}

/// The page.
pub async fn table_api_page(visit: Visit) -> Answered {
    let tabled = service::table::table_get(&visit.core, visit.access::<TableRead>().await?).await?;
    let (table, origin) = (&tabled.table, visit.origin()?);
    let address = format!("{origin}/api/openapi/bases/{}/tables/{}", table.base, table.id);
    show(&ApiPage {
        shell: Shell::of(&visit).await?,
        space: visit.place("space"),
        base: table.base.to_string(),
        table: table.id.to_string(),
        name: table.name.to_string(),
        samples: samples(&subject(table, format!("{address}/records"))),
        languages: LANGUAGES,
        endpoints: &ENDPOINTS,
        address,
    })
}

/// What the samples of a table say: a filter by its first text, and values that a new record may have. Unique values are
/// left out where they can be, since a sample that is run twice would send them twice.
fn subject(table: &OpenTable, records: String) -> Subject {
    let examples = examples_made(table);
    let example = |name: &str| examples.get(name).filter(|value| !value.is_null());
    let mut values = Map::new();
    let mut more = 0;
    for open in table.fields.iter().filter(|open| !is_computed(open)) {
        let name = open.field.name.as_str();
        let wanted = open.field.unique.is_none() && more < VALUES_MAX;
        let Some(value) = example(name).filter(|_| wanted || is_needed(open)) else { continue };
        more += usize::from(!is_needed(open));
        values.insert(name.to_owned(), value.clone());
    }
    let change = values
        .iter()
        .find(|(name, _)| table.field_meant(name).is_some_and(|open| open.field.unique.is_none()));
    let change: Map<String, Value> =
        change.map(|(name, value)| (name.clone(), value.clone())).into_iter().collect();
    let text = table.fields.iter().find(|open| open.of_type.kind() == Kind::Text);
    let (filter, sort) = match text.map(|open| spelled(open.field.name.as_str())) {
        Some(name) => (format!("{name} contains \"a\""), format!("-createdAt,{name}")),
        None => ("createdAt > -30d".to_owned(), "-createdAt".to_owned()),
    };
    // Of a value that no two records may have there is but one.
    let is_unique = |name: &String| table.field_meant(name).is_some_and(|open| open.field.unique.is_some());
    let copies = if values.keys().any(is_unique) { 1 } else { 2 };
    let several = json!({"records": vec![json!({"values": values}); copies]});
    let grouped = table.fields.iter().find(|open| matches!(open.of_type.kind(), Kind::Choices | Kind::Bool));
    let figures = match grouped {
        Some(open) => {
            json!({"groupBy": [open.field.name.as_str()], "aggregates": [{"function": "count"}]})
        }
        None => json!({"aggregates": [{"function": "count"}]}),
    };
    Subject { records, filter, sort, values: values.into(), change: change.into(), several, figures }
}
