//! Bases on the wire.

use actix_web::HttpResponse;
use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer;
use super::body::{Body, EmptyBody};
use super::call::Call;
use super::problem::Problem;
use super::query::NoQuery;
use super::space::{ListQuery, description_patch, name_and_description, name_patch, position_patch};
use crate::access::{BaseRead, BaseWrite, BasesRead, BasesWrite};
use crate::error::Faults;
use crate::model::base::Base;
use crate::model::json::Members;
use crate::model::name::Name;
use crate::service;
use crate::service::base::{BaseInput, BasePatch};
use crate::store::kept::Answer;

/// A base: tables that belong together.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Base)]
pub struct BaseView {
    #[schema(example = "bas01kb1q2w3e4r5t6y7z8a9b0c1d")]
    id: String,
    #[schema(example = "CRM")]
    name: String,
    description: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<&Base> for BaseView {
    fn from(base: &Base) -> BaseView {
        BaseView {
            id: base.id.to_string(),
            name: base.name.to_string(),
            description: base.description.clone(),
            created_at: base.created_at.to_string(),
            updated_at: base.updated_at.to_string(),
        }
    }
}

/// A page of bases.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BaseList)]
pub struct BaseListView {
    bases: Vec<BaseView>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// A base to be made.
#[derive(ToSchema)]
pub struct BaseCreate {
    /// 1 to 255 characters, unique in the space without regard to case.
    #[schema(value_type = String, min_length = 1, max_length = 255, example = "Inventory")]
    pub name: Name,
    #[schema(max_length = 2000, nullable)]
    pub description: Option<String>,
}

impl Body for BaseCreate {
    const KEYED: bool = true;

    fn read(members: &mut Members<'_>, _: &Bytes, faults: &mut Faults) -> Option<BaseCreate> {
        let (name, description) = name_and_description(members, faults);
        Some(BaseCreate { name: name?, description })
    }
}

/// What is to change of a base. Members that are not there stay as they are.
#[derive(ToSchema)]
pub struct BaseUpdate {
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 255, example = "CRM")]
    pub name: Option<Name>,
    /// `null` takes it away.
    #[schema(value_type = Option<String>, max_length = 2000, example = "Who we know and what we sell them")]
    pub description: Option<Option<String>>,
    /// Its place among the bases of the space, from 0.
    #[schema(nullable = false, minimum = 0, maximum = 100_000)]
    pub position: Option<usize>,
}

impl Body for BaseUpdate {
    fn read(members: &mut Members<'_>, _: &Bytes, faults: &mut Faults) -> Option<BaseUpdate> {
        let (name, description) = (name_patch(members, faults), description_patch(members, faults));
        Some(BaseUpdate { name, description, position: position_patch(members, faults) })
    }
}

fn created(base: &Base) -> Answer {
    answer::created(format!("/api/openapi/bases/{}", base.id), &BaseView::from(base))
}

/// List bases
///
/// The bases of the token's space, in the order of the space. A narrowed token sees those that it is narrowed to.
#[utoipa::path(
    get, path = "/api/openapi/bases", operation_id = "baseList", tag = "bases",
    responses((status = 200, description = "A page of bases.", body = BaseListView))
)]
pub async fn base_list(call: Call<BasesRead, ListQuery>) -> Result<HttpResponse, Problem> {
    let what = format!("bases of {}", call.access.place().space());
    let bases = service::base::base_list(&call.core, call.access).await?;
    let (page, next_cursor) = call.query.page(&call.core, &what, &bases, |base| base.id)?;
    answer::ok(&BaseListView { bases: page.iter().map(BaseView::from).collect(), next_cursor })
}

/// Create a base
///
/// Makes an empty base at the end of the space's list.
#[utoipa::path(
    post, path = "/api/openapi/bases", operation_id = "baseCreate", tag = "bases", request_body = BaseCreate,
    responses((status = 201, description = "The new base.", body = BaseView))
)]
pub async fn base_create(mut call: Call<BasesWrite, NoQuery, BaseCreate>) -> Result<HttpResponse, Problem> {
    let once = call.once(created);
    let BaseCreate { name, description } = call.body;
    let input = BaseInput { name, description };
    answer::done(service::base::base_create(&call.core, call.access, input, once).await, created)
}

/// Get a base
///
/// By its id or name.
#[utoipa::path(
    get, path = "/api/openapi/bases/{base}", operation_id = "baseGet", tag = "bases",
    responses((status = 200, description = "The base.", body = BaseView))
)]
pub async fn base_get(call: Call<BaseRead>) -> Result<HttpResponse, Problem> {
    answer::ok(&BaseView::from(&service::base::base_get(&call.core, call.access).await?))
}

/// Update a base
///
/// Changes its name, its description or its place in the list.
#[utoipa::path(
    patch, path = "/api/openapi/bases/{base}", operation_id = "baseUpdate", tag = "bases", request_body = BaseUpdate,
    responses((status = 200, description = "The base as it is now.", body = BaseView))
)]
pub async fn base_update(call: Call<BaseWrite, NoQuery, BaseUpdate>) -> Result<HttpResponse, Problem> {
    let BaseUpdate { name, description, position } = call.body;
    let patch = BasePatch { name, description, position };
    answer::ok(&BaseView::from(&service::base::base_update(&call.core, call.access, patch).await?))
}

/// Delete a base
///
/// Deletes the base with its tables and their records, in one step. There is no way back.
#[utoipa::path(
    delete, path = "/api/openapi/bases/{base}", operation_id = "baseDelete", tag = "bases",
    responses((status = 204, description = "It is gone."))
)]
pub async fn base_delete(call: Call<BaseWrite, NoQuery, EmptyBody>) -> Result<HttpResponse, Problem> {
    service::base::base_delete(&call.core, call.access).await?;
    Ok(answer::no_content())
}
