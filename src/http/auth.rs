//! Setting up, signing in and out on the wire.

use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer;
use super::body::{Body, EmptyBody};
use super::call::{Call, OpenCall};
use super::client::Client;
use super::problem::Problem;
use super::query::NoQuery;
use crate::access::{Caller, Password, Person, SignedIn as SignedInPermission, SignedInWrite};
use crate::error::{Code, Error, Faults};
use crate::limits::SESSION_SECONDS;
use crate::model::json::{Members, Pointer};
use crate::model::session::Agent;
use crate::model::user::{Email, User};
use crate::service;
use crate::service::auth::{Credentials, SignedIn, Visitor};

/// The cookie that holds a session's secret.
const COOKIE: &str = "undb_session";

/// A person.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = User)]
pub struct UserView {
    #[schema(example = "usr01kb1q2w3e4r5t6y7z8a9b0c1d")]
    id: String,
    #[schema(example = "you@example.com")]
    email: String,
    /// Whether they own this server.
    owner: bool,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<&User> for UserView {
    fn from(user: &User) -> UserView {
        UserView {
            id: user.id.to_string(),
            email: user.email.to_string(),
            owner: user.owner,
            created_at: user.created_at.to_string(),
        }
    }
}

/// Who signs in.
#[derive(ToSchema)]
pub struct Login {
    #[schema(value_type = String, format = Email, example = "you@example.com")]
    pub email: Email,
    /// 8 to 256 characters.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 256, example = "correct-horse-battery")]
    pub password: Password,
}

impl Body for Login {
    fn read(members: &mut Members<'_>, _: &Bytes, faults: &mut Faults) -> Option<Login> {
        let root = Pointer::Root;
        let mut text = |name| {
            members.require(name, &root, faults).and_then(|json| json.text(&root.member(name), faults))
        };
        let (email, password) = (text("email"), text("password"));
        let email = email.and_then(|email| fit(Email::parse(&email), "/email", faults));
        let password = password.and_then(|password| fit(Password::parse(&password), "/password", faults));
        Some(Login { email: email?, password: password? })
    }
}

pub fn fit<T>(parsed: Result<T, String>, at: impl std::fmt::Display, faults: &mut Faults) -> Option<T> {
    parsed.map_err(|detail| faults.add(at, Code::InvalidValue, detail)).ok()
}

/// The owner to be made, with the code that the server printed.
#[derive(ToSchema)]
pub struct Setup {
    /// The one-time code of the server's first start.
    #[schema(example = "ABCD-EFGH-JKLM")]
    pub code: String,
    #[schema(value_type = String, format = Email, example = "you@example.com")]
    pub email: Email,
    /// 8 to 256 characters.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 256, example = "correct-horse-battery")]
    pub password: Password,
}

impl Body for Setup {
    fn read(members: &mut Members<'_>, bytes: &Bytes, faults: &mut Faults) -> Option<Setup> {
        let root = Pointer::Root;
        let code = members.require("code", &root, faults);
        let code =
            code.and_then(|json| json.text(&root.member("code"), faults)).map(std::borrow::Cow::into_owned);
        let login = Login::read(members, bytes, faults);
        let Login { email, password } = login?;
        Some(Setup { code: code?, email, password })
    }
}

/// The session's secret in a request, if there is one.
pub fn cookie_read(headers: &HeaderMap) -> Option<String> {
    cookie(headers, COOKIE)
}

/// What a cookie of a request holds, if it is there.
pub fn cookie(headers: &HeaderMap, wanted: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).filter_map(|value| value.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == wanted).map(|(_, value)| value.to_owned())
}

/// Sets the cookie, or takes it away if `secret` is none.
pub fn with_cookie(mut response: HttpResponse, secret: Option<&str>, secure: bool) -> HttpResponse {
    let seconds = if secret.is_some() { SESSION_SECONDS } else { 0 };
    // The value is base64url, so nothing in it needs a quote.
    cookie_set(&mut response, COOKIE, secret.unwrap_or_default(), seconds, secure);
    response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    response
}

/// Sets a cookie that no script sees, for so many seconds.
pub fn cookie_set(response: &mut HttpResponse, name: &str, value: &str, seconds: i64, secure: bool) {
    let secure = if secure { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    if let Ok(cookie) = header::HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

pub fn visitor(client: &Client, request: &HttpRequest) -> Visitor {
    let agent = request.headers().get(header::USER_AGENT);
    let agent = agent.and_then(|agent| Agent::read(&String::from_utf8_lossy(agent.as_bytes())));
    Visitor { address: client.address, agent }
}

/// The person of a call that only a session may make.
pub fn person(caller: &Caller) -> Result<&Person, Error> {
    caller.person().ok_or_else(|| Error::plain(Code::SessionRequired))
}

fn signed_in(signed: &SignedIn, status: u16, secure: bool) -> HttpResponse {
    let bytes = serde_json::to_vec(&UserView::from(&signed.user)).unwrap_or_default();
    let response = answer::send(answer::rendered(status, Vec::new(), bytes));
    with_cookie(response, Some(signed.secret.reveal()), secure)
}

/// Set up the server
///
/// Makes the owner, once, with the one-time code that the server printed at its first start, and signs them in: the answer
/// sets the session's cookie.
#[utoipa::path(
    post, path = "/api/auth/setup", operation_id = "authSetup", tag = "auth", request_body = Setup,
    responses(
        (status = 201, description = "The owner.", body = UserView),
        (status = 409, description = "The server has been set up already.", body = super::problem::ProblemView)
    )
)]
pub async fn auth_setup(call: OpenCall<NoQuery, Setup>) -> Result<HttpResponse, Problem> {
    let Setup { code, email, password } = call.body;
    let owner = Credentials { email, password };
    let visitor = visitor(&call.client, &call.request);
    let signed = service::auth::setup(&call.core, &code, visitor, owner).await?;
    Ok(signed_in(&signed, 201, call.client.secure))
}

/// Sign in
///
/// Answers the person and sets the session's cookie, which lasts for 30 days after its last use. After ten failures in
/// fifteen minutes, by address or by e-mail, further attempts are refused for a while. A person has up to 1,000 sessions; one
/// more ends the oldest.
#[utoipa::path(
    post, path = "/api/auth/login", operation_id = "authLogin", tag = "auth", request_body = Login,
    responses((status = 200, description = "The person who is signed in now.", body = UserView))
)]
pub async fn auth_login(call: OpenCall<NoQuery, Login>) -> Result<HttpResponse, Problem> {
    let Login { email, password } = call.body;
    let sent = Credentials { email, password };
    let visitor = visitor(&call.client, &call.request);
    let signed = service::login::login(&call.core, visitor, sent).await?;
    Ok(signed_in(&signed, 200, call.client.secure))
}

/// Sign out
///
/// Ends the session and takes its cookie away.
#[utoipa::path(
    post, path = "/api/auth/logout", operation_id = "authLogout", tag = "auth",
    responses((status = 204, description = "The session has ended."))
)]
pub async fn auth_logout(call: Call<SignedInWrite, NoQuery, EmptyBody>) -> Result<HttpResponse, Problem> {
    let secure = call.client()?.secure;
    service::session::logout(&call.core, person(&call.caller)?).await?;
    Ok(with_cookie(answer::no_content(), None, secure))
}

/// Get the signed-in person
///
/// Who the session belongs to.
#[utoipa::path(
    get, path = "/api/auth/me", operation_id = "authMe", tag = "auth",
    responses((status = 200, description = "The person.", body = UserView))
)]
pub async fn auth_me(call: Call<SignedInPermission>) -> Result<HttpResponse, Problem> {
    answer::ok(&UserView::from(&service::auth::me(&call.core, person(&call.caller)?).await?))
}
