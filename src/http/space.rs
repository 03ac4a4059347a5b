//! Spaces on the wire.

use actix_web::HttpResponse;
use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer;
use super::body::{Body, EmptyBody};
use super::call::Call;
use super::problem::Problem;
use super::query::{NoQuery, ParamDoc, ParamType, Params, Query};
use crate::access::{Anyone, SignedInWrite, SpaceManage, SpaceRead};
use crate::error::{Faults, Result as Judged};
use crate::limits::{PAGE_DEFAULT, PAGE_MAX};
use crate::model::json::{Members, Pointer};
use crate::model::name::{Name, read_description};
use crate::model::space::Space;
use crate::query::cursor::{Bound, bad};
use crate::service;
use crate::service::space::{SpaceInput, SpacePatch};
use crate::store::kept::Answer;

/// A space: the outermost container, with its own bases, tokens and people.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Space)]
pub struct SpaceView {
    #[schema(example = "spc01kb1q2w3e4r5t6y7z8a9b0c1d")]
    id: String,
    #[schema(example = "Demo")]
    name: String,
    description: Option<String>,
    /// RFC 3339, UTC.
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<&Space> for SpaceView {
    fn from(space: &Space) -> SpaceView {
        SpaceView {
            id: space.id.to_string(),
            name: space.name.to_string(),
            description: space.description.clone(),
            created_at: space.created_at.to_string(),
            updated_at: space.updated_at.to_string(),
        }
    }
}

/// A page of spaces.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SpaceList)]
pub struct SpaceListView {
    spaces: Vec<SpaceView>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// A space to be made.
#[derive(ToSchema)]
pub struct SpaceCreate {
    /// 1 to 255 characters. Several spaces may have the same name.
    #[schema(value_type = String, min_length = 1, max_length = 255, example = "Marketing")]
    pub name: Name,
    #[schema(max_length = 2000, nullable)]
    pub description: Option<String>,
}

impl Body for SpaceCreate {
    const KEYED: bool = true;

    fn read(members: &mut Members<'_>, _: &Bytes, faults: &mut Faults) -> Option<SpaceCreate> {
        let (name, description) = name_and_description(members, faults);
        Some(SpaceCreate { name: name?, description })
    }
}

/// Reads the members `name` and `description` of something to be made.
pub fn name_and_description(
    members: &mut Members<'_>,
    faults: &mut Faults,
) -> (Option<Name>, Option<String>) {
    let root = Pointer::Root;
    let name = members.require("name", &root, faults);
    let name = name.and_then(|json| Name::read(json, &root.member("name"), faults));
    (name, description_patch(members, faults).flatten())
}

/// Reads the member `name` of something to be changed.
pub fn name_patch(members: &mut Members<'_>, faults: &mut Faults) -> Option<Name> {
    members.take("name").and_then(|json| Name::read(json, &Pointer::Root.member("name"), faults))
}

/// Reads the member `description` of something to be changed; `Some(None)` takes it away.
pub fn description_patch(members: &mut Members<'_>, faults: &mut Faults) -> Option<Option<String>> {
    members
        .take("description")
        .map(|json| read_description(json, &Pointer::Root.member("description"), faults))
}

/// Reads the member `position`.
pub fn position_patch(members: &mut Members<'_>, faults: &mut Faults) -> Option<usize> {
    let json = members.take("position")?;
    let position = json.integer(0..=100_000, &Pointer::Root.member("position"), faults)?;
    usize::try_from(position).ok()
}

/// What is to change of a space. Members that are not there stay as they are.
#[derive(ToSchema)]
#[schema(as = SpaceUpdate)]
pub struct SpaceUpdate {
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 255, example = "Demo")]
    pub name: Option<Name>,
    /// `null` takes it away.
    #[schema(value_type = Option<String>, max_length = 2000, example = "Where everything is tried out")]
    pub description: Option<Option<String>>,
}

impl Body for SpaceUpdate {
    fn read(members: &mut Members<'_>, _: &Bytes, faults: &mut Faults) -> Option<SpaceUpdate> {
        Some(SpaceUpdate {
            name: name_patch(members, faults),
            description: description_patch(members, faults),
        })
    }
}

/// Where a list is to begin and how much of it is wanted.
#[derive(Debug)]
pub struct ListQuery {
    pub limit: usize,
    cursor: Option<String>,
    faults: Faults,
}

pub const LIMIT: ParamDoc = ParamDoc {
    name: "limit",
    about: "How many to answer at most.",
    of: ParamType::Integer { min: 1, max: PAGE_MAX, default: PAGE_DEFAULT },
};
pub const CURSOR: ParamDoc = ParamDoc {
    name: "cursor",
    about: "`nextCursor` of the page before; the other parameters but `limit` have to be the same. Leave it out for the first page.",
    of: ParamType::Text,
};

impl Query for ListQuery {
    const PARAMS: &'static [ParamDoc] = &[LIMIT, CURSOR];

    fn read(params: &mut Params) -> ListQuery {
        let limit = params.integer("limit", 1, PAGE_MAX, PAGE_DEFAULT);
        ListQuery { limit, cursor: params.text("cursor"), faults: Faults::default() }
    }

    fn defer(&mut self, faults: Faults) -> Faults {
        self.faults = faults;
        Faults::default()
    }
}

impl ListQuery {
    /// What the cursor says, as `read` reads it. Every fault of the parameters is named here.
    pub fn after<T>(&self, read: impl FnOnce(&str) -> Judged<T>) -> Judged<Option<T>> {
        match self.cursor.as_deref().map(read).transpose() {
            Ok(after) => self.faults.clone().check().map(|()| after),
            Err(error) => {
                let mut faults = self.faults.clone();
                error
                    .faults
                    .into_iter()
                    .for_each(|fault| faults.add(fault.pointer, fault.code, fault.detail));
                Err(faults.into())
            }
        }
    }

    /// The page of a list that is whole in memory. `what` names the list, so that no other list takes its cursor.
    pub fn page<'a, T, I: crate::id::Id + PartialEq>(
        &self,
        core: &service::Core,
        what: &str,
        items: &'a [T],
        id_of: impl Fn(&T) -> I,
    ) -> Judged<(&'a [T], Option<String>)> {
        let bound = Bound { key: core.cursor_key(), query: what.as_bytes() };
        let place = |cursor: &str| {
            let after: I = bound.read_id(cursor)?;
            // An item that is gone can't say where the list goes on.
            items.iter().position(|item| id_of(item) == after).ok_or_else(bad)
        };
        let from = self.after(place)?.map_or(0, |place| place + 1);
        let rest = items.get(from..).unwrap_or_default();
        let page = rest.get(..self.limit.min(rest.len())).unwrap_or_default();
        let next = page.last().filter(|_| page.len() < rest.len()).map(|last| bound.write_id(id_of(last)));
        Ok((page, next))
    }
}

/// The name of a space, repeated to delete it.
#[derive(Debug)]
pub struct ConfirmQuery {
    confirm: Option<String>,
}

impl Query for ConfirmQuery {
    const PARAMS: &'static [ParamDoc] = &[ParamDoc {
        name: "confirm",
        about: "The name of the space, to show that it is meant.",
        of: ParamType::Text,
    }];

    fn read(params: &mut Params) -> ConfirmQuery {
        ConfirmQuery { confirm: params.text("confirm") }
    }
}

fn location(space: &Space) -> String {
    format!("/api/spaces/{}", space.id)
}

fn created(space: &Space) -> Answer {
    answer::created(location(space), &SpaceView::from(space))
}

/// List spaces
///
/// A token sees its own space; a signed-in person sees the spaces they belong to.
#[utoipa::path(
    get, path = "/api/spaces", operation_id = "spaceList", tag = "spaces",
    responses((status = 200, description = "A page of spaces, in order of their ids.", body = SpaceListView))
)]
pub async fn space_list(call: Call<Anyone, ListQuery>) -> Result<HttpResponse, Problem> {
    let spaces = service::space::space_list(&call.core, call.caller.clone()).await?;
    let what = format!("spaces of {:?}", call.caller.actor());
    let (page, next_cursor) = call.query.page(&call.core, &what, &spaces, |space| space.id)?;
    answer::ok(&SpaceListView { spaces: page.iter().map(SpaceView::from).collect(), next_cursor })
}

/// Create a space
///
/// Makes a space that belongs to the signed-in person. A token can't do this: it has its own space and no other.
#[utoipa::path(
    post, path = "/api/spaces", operation_id = "spaceCreate", tag = "spaces", request_body = SpaceCreate,
    responses((status = 201, description = "The new space.", body = SpaceView))
)]
pub async fn space_create(
    mut call: Call<SignedInWrite, NoQuery, SpaceCreate>,
) -> Result<HttpResponse, Problem> {
    let once = call.once(created);
    let SpaceCreate { name, description } = call.body;
    let input = SpaceInput { name, description };
    answer::done(service::space::space_create(&call.core, call.access, input, once).await, created)
}

/// Get a space
///
/// By its id or name.
#[utoipa::path(
    get, path = "/api/spaces/{space}", operation_id = "spaceGet", tag = "spaces",
    responses((status = 200, description = "The space.", body = SpaceView))
)]
pub async fn space_get(call: Call<SpaceRead>) -> Result<HttpResponse, Problem> {
    answer::ok(&SpaceView::from(&service::space::space_get(&call.core, call.access).await?))
}

/// Get the calling token's space
///
/// The space that the token belongs to: the only one there is for it. A session names the space in `x-undb-space`.
#[utoipa::path(
    get, path = "/api/openapi/space", operation_id = "ownSpaceGet", tag = "spaces",
    responses((status = 200, description = "The space.", body = SpaceView))
)]
pub async fn own_space_get(call: Call<SpaceRead>) -> Result<HttpResponse, Problem> {
    space_get(call).await
}

/// Update a space
///
/// Changes its name or description.
#[utoipa::path(
    patch, path = "/api/spaces/{space}", operation_id = "spaceUpdate", tag = "spaces", request_body = SpaceUpdate,
    responses((status = 200, description = "The space as it is now.", body = SpaceView))
)]
pub async fn space_update(call: Call<SpaceManage, NoQuery, SpaceUpdate>) -> Result<HttpResponse, Problem> {
    let SpaceUpdate { name, description } = call.body;
    let patch = SpacePatch { name, description };
    answer::ok(&SpaceView::from(&service::space::space_update(&call.core, call.access, patch).await?))
}

/// Delete a space
///
/// Deletes the space with its bases, tables, records and tokens, in one step. There is no way back, so its name has to be
/// repeated in `confirm`.
#[utoipa::path(
    delete, path = "/api/spaces/{space}", operation_id = "spaceDelete", tag = "spaces",
    responses((status = 204, description = "It is gone."))
)]
pub async fn space_delete(call: Call<SpaceManage, ConfirmQuery, EmptyBody>) -> Result<HttpResponse, Problem> {
    service::space::space_delete(&call.core, call.access, call.query.confirm).await?;
    Ok(answer::no_content())
}
