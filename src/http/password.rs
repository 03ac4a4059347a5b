//! Passwords on the wire.

use actix_web::HttpResponse;
use bytes::Bytes;
use utoipa::ToSchema;

use super::answer;
use super::auth::{fit, person};
use super::body::Body;
use super::call::Call;
use super::problem::Problem;
use super::query::NoQuery;
use crate::access::{Password, SignedInWrite};
use crate::error::Faults;
use crate::model::json::{Members, Pointer};
use crate::service;
use crate::service::password::PasswordPatch;

/// The password that the person has, and the one that they want.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PasswordUpdate {
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 256, example = "correct-horse-battery")]
    pub current_password: Password,
    /// 8 to 256 characters.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 256, example = "battery-staple-correct")]
    pub new_password: Password,
}

impl Body for PasswordUpdate {
    fn read(members: &mut Members<'_>, _: &Bytes, faults: &mut Faults) -> Option<PasswordUpdate> {
        let root = Pointer::Root;
        let mut password = |name| {
            let at = root.member(name);
            let text = members.require(name, &root, faults).and_then(|json| json.text(&at, faults))?;
            fit(Password::parse(&text), at, faults)
        };
        let (current_password, new_password) = (password("currentPassword"), password("newPassword"));
        Some(PasswordUpdate { current_password: current_password?, new_password: new_password? })
    }
}

/// Change the password
///
/// Changes the password of the signed-in person, who has to know the current one, and ends all of their other sessions. After
/// ten failures in fifteen minutes, counted with those of signing in, further attempts are refused for a while.
#[utoipa::path(
    post, path = "/api/auth/password", operation_id = "passwordUpdate", tag = "auth", request_body = PasswordUpdate,
    responses((status = 204, description = "The password is changed; this session goes on, and no other one."))
)]
pub async fn password_update(
    call: Call<SignedInWrite, NoQuery, PasswordUpdate>,
) -> Result<HttpResponse, Problem> {
    let address = call.client()?.address;
    let PasswordUpdate { current_password, new_password } = call.body;
    let patch = PasswordPatch { current: current_password, new: new_password };
    service::password::password_update(&call.core, person(&call.caller)?, address, patch).await?;
    Ok(answer::no_content())
}
