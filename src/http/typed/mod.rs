//! Typed documents: the API as one caller may use it, with the fields of its tables as types.
//!
//! `stock.rs` takes the static document apart, `shapes.rs` says where a table's own schemas come in, `table.rs` and
//! `value.rs` make those, `document.rs` puts it all together. `names.rs` finds identifiers.

mod document;
mod filter;
mod held;
mod names;
mod shapes;
mod stencil;
mod stock;
mod table;
mod value;

use std::sync::{Arc, OnceLock};

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};

use self::document::{Of, Read};
use self::stock::Stock;
use self::table::Shown;
use self::value::rendered;
pub use self::value::{examples_made, is_computed, is_needed};
use super::call::Call;
use super::openapi::Documents;
use super::problem::Problem;
use super::query::{NoQuery, ParamDoc, ParamType, Params, Query};
use super::swagger::{Asset, etag, is_known, not_modified};
use crate::access::{Caller, SpaceRead, TableDescribe};
use crate::error::{Code, Error, Result};
use crate::model::scope::Scope;
use crate::service::Core;
use crate::service::describe::{Seen, records_first, space_described};
use crate::service::door::blocking;
use crate::service::record_list::RecordPage;

/// What typed documents are made of, and those that were made lately.
#[derive(Default)]
pub struct Typed {
    /// Taken apart when a document is first asked for, so that a server starts at once.
    stock: Arc<Lazy>,
    held: held::Held,
}

#[derive(Default)]
struct Lazy(OnceLock<Stock>);

impl Lazy {
    fn get(&self) -> &Stock {
        self.0.get_or_init(Stock::make)
    }
}

/// Where examples come from.
#[derive(Clone, Copy, Debug)]
pub struct ExamplesQuery {
    data: bool,
}

impl Query for ExamplesQuery {
    const PARAMS: &'static [ParamDoc] = &[ParamDoc {
        name: "examples",
        about: "With `data`, examples are taken from the first records of each table, which needs the scope `records:read`. Left out, they are made from the options of the fields.",
        of: ParamType::Choice(&["data"]),
    }];

    fn read(params: &mut Params) -> ExamplesQuery {
        let data = params.text("examples");
        if data.as_deref().is_some_and(|data| data != "data") {
            params.wrong("examples", "`data`, or is left out");
        }
        ExamplesQuery { data: data.is_some() }
    }
}

fn documents(request: &HttpRequest) -> Result<&Documents> {
    let documents = request.app_data::<web::Data<Documents>>().map(web::Data::get_ref);
    documents.ok_or_else(|| Error::internal("the app has no documents"))
}

/// The entity tag of what a caller sees: all that it is made of, and nothing that changes with a record.
fn tag_of(documents: &Documents, seen: &Seen, what: &str) -> String {
    // Another build says other things of the same schema: the static document tells builds apart.
    let text = format!("{} {} {what}", documents.json.etag(), seen.hash());
    etag(&blake3::hash(text.as_bytes()))
}

/// Answers a document that is held, or 304, or makes it.
async fn answered(
    request: &HttpRequest,
    seen: Seen,
    what: &str,
    of_type: &'static str,
    make: impl FnOnce(&Stock, &Seen) -> String + Send + 'static,
) -> std::result::Result<HttpResponse, Problem> {
    let documents = documents(request)?;
    let tag = tag_of(documents, &seen, what);
    let mut response = if is_known(request, &tag) {
        not_modified(&tag)
    } else {
        let stock = documents.typed.stock.clone();
        let name = tag.clone();
        let make = move || Asset::tagged(make(stock.get(), &seen).into_bytes(), of_type, name);
        sent(documents.typed.held.get_or_make(&tag, make).await?, request).await?
    };
    private(&mut response);
    Ok(response)
}

/// Packs a document that is to be sent packed for the first time, which may take too long for a worker.
async fn sent(document: Arc<Asset>, request: &HttpRequest) -> Result<HttpResponse> {
    if document.is_to_be_packed(request) {
        let document = document.clone();
        blocking(move || {
            document.pack();
            Ok(())
        })
        .await?;
    }
    Ok(document.send(request))
}

/// What one caller sees is nobody else's, and is asked for again each time.
fn private(response: &mut HttpResponse) {
    let value = HeaderValue::from_static("private, no-cache");
    response.headers_mut().insert(header::CACHE_CONTROL, value);
}

async fn document_answered(
    core: &Arc<Core>,
    caller: &Caller,
    request: &HttpRequest,
    (seen, of): (Seen, Of),
    data: bool,
) -> std::result::Result<HttpResponse, Problem> {
    if !data {
        let what = format!("document {of:?}");
        let make = move |stock: &Stock, seen: &Seen| document::document(stock, seen, of, &Read::new());
        return answered(request, seen, &what, "application/json", make).await;
    }
    if !seen.scopes.grant(Scope::RecordsRead) {
        let detail = "Examples from records need the scope `records:read`.";
        return Err(Error::new(Code::ScopeMissing, detail).into());
    }
    let wanted = seen.tables.iter().filter(|table| of == Of::Space || of == Of::Table(table.id)).cloned();
    let pages = records_first(core, caller, &seen, wanted.collect::<Vec<_>>().into_iter()).await?;
    let typed = &documents(request)?.typed;
    let stock = typed.stock.clone();
    let make = move || {
        let read = pages.iter().map(|page| (page.table.id, shown(page))).collect();
        let text = document::document(stock.get(), &seen, of, &read);
        let tag = etag(&blake3::hash(text.as_bytes()));
        Asset::tagged(text.into_bytes(), "application/json", tag)
    };
    // What is made of records is as of now, and is not held.
    let mut response = sent(typed.held.made(make).await?.into(), request).await?;
    private(&mut response);
    Ok(response)
}

/// The first value of each field that a record has one in, and what is made up for the others.
fn shown(page: &RecordPage) -> Shown {
    let mut values = examples_made(&page.table);
    for open in &page.table.fields {
        let found = page.records.iter().map(|record| record.value(open)).find(|value| !value.is_empty());
        if let Some(value) = found {
            values.insert(open.field.name.to_string(), rendered(open, &value));
        }
    }
    Shown { values, record: page.records.first().map(|record| record.id) }
}

/// Your space as a typed document
///
/// An OpenAPI 3.1 document of what the caller may do in its space: the operations that its scopes allow, and for each table
/// that it sees schemas with its own fields, choices and limits. Client generators take it as it is. Paths in it hold ids, so
/// new names break no client. It changes as soon as the schema does.
#[utoipa::path(
    get, path = "/api/openapi/openapi.json", operation_id = "spaceDocumentGet", tag = "server",
    responses(
        (status = 200, description = "The document.", body = serde_json::Value, content_type = "application/json"),
        (status = 304, description = "It is as the client has it.")
    )
)]
pub async fn space_document_get(
    call: Call<SpaceRead, ExamplesQuery>,
) -> std::result::Result<HttpResponse, Problem> {
    let seen = space_described(&call.core, &call.access).await?;
    document_answered(&call.core, &call.caller, &call.request, (seen, Of::Space), call.query.data).await
}

/// A table as a typed document
///
/// An OpenAPI 3.1 document of what the caller may do with the records of one table, with its fields, choices and limits.
#[utoipa::path(
    get, path = "/api/openapi/bases/{base}/tables/{table}/openapi.json", operation_id = "tableDocumentGet", tag = "server",
    responses(
        (status = 200, description = "The document.", body = serde_json::Value, content_type = "application/json"),
        (status = 304, description = "It is as the client has it.")
    )
)]
pub async fn table_document_get(
    call: Call<TableDescribe, ExamplesQuery>,
) -> std::result::Result<HttpResponse, Problem> {
    let seen = space_described(&call.core, &call.access).await?;
    let of = Of::Table(seen.table(*call.access.place())?.id);
    document_answered(&call.core, &call.caller, &call.request, (seen, of), call.query.data).await
}

/// A table's values as JSON Schema
///
/// A JSON Schema (2020-12) of the values that a record of the table has, for forms and for validation elsewhere. What the
/// server computes is `readOnly`.
#[utoipa::path(
    get, path = "/api/openapi/bases/{base}/tables/{table}/schema.json", operation_id = "tableSchemaGet", tag = "server",
    responses(
        (status = 200, description = "The schema.", body = serde_json::Value, content_type = "application/schema+json"),
        (status = 304, description = "It is as the client has it.")
    )
)]
pub async fn table_schema_get(
    call: Call<TableDescribe, NoQuery>,
) -> std::result::Result<HttpResponse, Problem> {
    let seen = space_described(&call.core, &call.access).await?;
    let table = seen.table(*call.access.place())?;
    let what = format!("schema of {}", table.id);
    let make = move |_: &Stock, seen: &Seen| document::schema(seen, &table);
    answered(&call.request, seen, &what, "application/schema+json", make).await
}
