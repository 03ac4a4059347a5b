//! What a handler is handed: a proof, parameters and a body, judged in the order of the contract. One extractor does it
//! all, one step after another, so that no fault of the body is seen by someone who may not even know the table.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{HeaderMap, HeaderValue};
use actix_web::{HttpMessage, HttpRequest, web};
use futures_util::FutureExt;
use percent_encoding::percent_decode;

use super::Shared;
use super::body::{self, Body, NoBody};
use super::client::Client;
use super::problem::Problem;
use super::query::{NoQuery, Params, Query};
use super::router::{Incoming, Parts};
use crate::access::{Access, Caller, Permission, Resolve};
use crate::error::{Code, Error, Faults, Result};
use crate::limits::IDEMPOTENCY_KEY_CHARS_MAX;
use crate::service::once::Once;
use crate::service::{self, Core};
use crate::store::kept::Answer;

/// A call by someone who may make it.
pub struct Call<P: Permission, Q: Query = NoQuery, B: Body = NoBody> {
    pub core: Arc<Core>,
    pub caller: Caller,
    pub access: Access<P>,
    pub query: Q,
    pub body: B,
    /// Those of the body, if it defers them.
    pub faults: Faults,
    pub request: HttpRequest,
    parts: Parts,
    key: Option<Key>,
}

/// A call that needs no credentials.
pub struct OpenCall<Q: Query = NoQuery, B: Body = NoBody> {
    pub core: Arc<Core>,
    pub client: Client,
    pub query: Q,
    pub body: B,
    pub request: HttpRequest,
}

/// The header in which a session names its space.
const SPACE_HEADER: &str = "x-undb-space";

/// An Idempotency-Key, and what it was sent with.
struct Key {
    text: String,
    fingerprint: [u8; 32],
}

impl<Q: Query, B: Body> OpenCall<Q, B> {
    /// Reads what the call says.
    pub async fn judge(incoming: Incoming) -> Result<Self> {
        let Incoming { request, mut payload, .. } = incoming;
        let shared = shared(&request)?;
        let client = client(&request, shared);
        let core = shared.core.clone();
        let query = query_read(&request)?;
        key_read::<B>(request.headers(), false)?;
        let (body, ..) = body_read(&request, &mut payload).await?;
        Ok(OpenCall { core, client, query, body, request })
    }
}

impl<P, Q, B> Call<P, Q, B>
where
    P: Permission,
    P::Place: Resolve,
    Q: Query,
    B: Body,
{
    /// Judges a request, one step after another.
    pub async fn judge(incoming: Incoming) -> Result<Self> {
        let Incoming { request, mut payload, mut parts } = incoming;
        let core = shared(&request)?.core.clone();
        let caller = request.extensions().get::<Caller>().cloned();
        let caller = caller.ok_or_else(Error::unauthorized)?;
        let access = access(&core, &caller, &request, &mut parts).await?;
        tracing::trace!(target: "undb::walk", floor = "http", "call: the proof {}", std::any::type_name::<P>());
        match said_read(&request, &mut payload).await {
            Ok((query, key, body, faults)) => {
                Ok(Call { core, caller, access, query, body, faults, request, parts, key })
            }
            Err(error) => {
                path_check(&core, &access, &parts).await?;
                Err(error)
            }
        }
    }

    /// The Idempotency-Key that was sent, with how the answer is rendered.
    pub fn once<T>(&mut self, render: impl Fn(&T) -> Answer + Send + Sync + 'static) -> Option<Once<T>> {
        let Key { text, fingerprint } = self.key.take()?;
        Some(Once { key: text, fingerprint, render: Arc::new(render) })
    }

    /// A part of the path, decoded.
    pub fn part(&self, name: &str) -> &str {
        self.parts.get(name).unwrap_or_default()
    }

    pub fn client(&self) -> Result<Client> {
        Ok(client(&self.request, shared(&self.request)?))
    }
}

/// Runs a part of a request; a panic in it is a logged 500, and the process lives.
pub async fn guarded<T>(
    work: impl Future<Output = std::result::Result<T, Problem>>,
) -> std::result::Result<T, Problem> {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        Err(Error::internal(format!("a handler panicked: {text}")).into())
    })
}

/// What all workers share.
pub fn shared(request: &HttpRequest) -> Result<&Shared> {
    let data = request.app_data::<web::Data<Shared>>();
    data.map(web::Data::get_ref).ok_or_else(|| Error::internal("the app has no shared data"))
}

fn client(request: &HttpRequest, shared: &Shared) -> Client {
    let peer = request.peer_addr().map(|peer| peer.ip());
    Client::of(peer, request.headers(), &shared.settings.trusted_proxies)
}

async fn access<P>(
    core: &Arc<Core>,
    caller: &Caller,
    request: &HttpRequest,
    parts: &mut Parts,
) -> Result<Access<P>>
where
    P: Permission,
    P::Place: Resolve,
{
    let mut headers = request.headers().get_all(SPACE_HEADER).map(HeaderValue::as_bytes);
    let header = headers.next();
    if headers.next().is_some() {
        return Err(Error::fault(SPACE_HEADER, Code::InvalidHeader, "`x-undb-space` is sent once."));
    }
    // As in a path, since a header holds no letters but those of ASCII that every client can send.
    let header = header.map(|bytes| percent_decode(bytes).decode_utf8_lossy().trim().to_owned());
    let space = parts.take("space").or(header);
    service::caller::access(core, caller, space, parts.take("base"), parts.take("table")).await
}

/// A record, field, token or session in the path is looked for where something is done with it. A request that does not come that
/// far is judged here: what is not there comes before anything that is wrong with the rest.
async fn path_check<P>(core: &Arc<Core>, access: &Access<P>, parts: &Parts) -> Result<()>
where
    P: Permission,
    P::Place: Resolve,
{
    if let (Some(space), Some(meant)) = (access.place().as_space(), parts.get("token")) {
        return service::token::token_check(core, space, access.reach(), meant, P::WRITES).await;
    }
    if let Some(meant) = parts.get("session") {
        return service::session::session_check(core, access.actor(), meant).await;
    }
    let Some(table) = access.place().as_table() else { return Ok(()) };
    if let Some(meant) = parts.get("record") {
        service::record::record_check(core, table, meant).await?;
    }
    if let Some(meant) = parts.get("field") {
        service::field::field_check(core, table, meant).await?;
    }
    Ok(())
}

/// What a request says beside its path.
async fn said_read<Q: Query, B: Body>(
    request: &HttpRequest,
    payload: &mut Payload,
) -> Result<(Q, Option<Key>, B, Faults)> {
    let query: Q = query_read(request)?;
    let key = key_read::<B>(request.headers(), query.is_dry_run())?;
    let (body, faults, bytes) = body_read(request, payload).await?;
    let key = key.map(|text| Key { fingerprint: fingerprint(request, &bytes), text });
    Ok((query, key, body, faults))
}

fn query_read<Q: Query>(request: &HttpRequest) -> Result<Q> {
    let mut params = Params::parse(request.query_string(), Q::PARAMS);
    let mut query = Q::read(&mut params);
    query.defer(params.finish()).check()?;
    Ok(query)
}

/// The Idempotency-Key, where one is taken.
fn key_read<B: Body>(headers: &HeaderMap, dry_run: bool) -> Result<Option<String>> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    if !B::KEYED || dry_run {
        let code = Code::IdempotencyKeyNotTaken;
        return Err(Error::fault("Idempotency-Key", code, code.title()).with_code(code));
    }
    let alone = headers.get_all("idempotency-key").nth(1).is_none();
    let text = value.to_str().ok().filter(|text| {
        alone
            && (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic())
    });
    let detail =
        format!("`Idempotency-Key` takes 1 to {IDEMPOTENCY_KEY_CHARS_MAX} visible ASCII characters, once.");
    let text = text.ok_or_else(|| Error::fault("Idempotency-Key", Code::InvalidHeader, detail))?;
    Ok(Some(text.to_owned()))
}

async fn body_read<B: Body>(
    request: &HttpRequest,
    payload: &mut Payload,
) -> Result<(B, Faults, bytes::Bytes)> {
    let headers = request.headers();
    if !B::READ {
        let bytes = bytes::Bytes::new();
        let (body, faults) = body::read_unread(&bytes)?;
        return Ok((body, faults, bytes));
    }
    let patience = shared(request)?.settings.patience;
    let bytes = body::bytes_read(headers, payload, B::LIMIT, patience).await?;
    let (body, faults) = body::read(headers, &bytes)?;
    Ok((body, faults, bytes))
}

/// What a request must share with the one whose answer was kept.
fn fingerprint(request: &HttpRequest, body: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for part in [request.method().as_str(), request.uri().path(), request.query_string()] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    // A session names the space beside the path, and the same path in another space is another one.
    if let Some(space) = request.headers().get(SPACE_HEADER) {
        hasher.update(&(space.len() as u64).to_le_bytes());
        hasher.update(space.as_bytes());
    }
    *hasher.update(body).finalize().as_bytes()
}
