//! Who opens a page, and how they want to see it.

use std::ops::Deref;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::form::Form;
use super::message::Messages;
use crate::access::{Access, Caller, Permission, Person, Resolve};
use crate::error::{Code, Error, Result};
use crate::http::client::{Client, is_foreign, origin};
use crate::http::router::{Incoming, Parts};
use crate::http::{auth, call};
use crate::service::caller::Said;
use crate::service::{self, Core};

/// Cookies that hold how somebody wants to see the console: nothing that is a secret or says who they are.
pub const LANGUAGE_COOKIE: &str = "undb_language";
pub const THEME_COOKIE: &str = "undb_theme";

/// How a page is to look.
#[derive(Clone)]
pub struct Look {
    pub t: &'static Messages,
    /// `light` or `dark` if someone chose it; else the system decides.
    pub theme: Option<&'static str>,
    /// Path and query of the page.
    pub path: String,
}

impl Look {
    pub fn of(request: &HttpRequest) -> Look {
        let headers = request.headers();
        let accepted = || headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let chosen = auth::cookie(headers, LANGUAGE_COOKIE).and_then(|code| Messages::of(&code));
        let t = chosen.or_else(|| accepted().and_then(Messages::accepted)).unwrap_or_else(Messages::standard);
        let theme = match auth::cookie(headers, THEME_COOKIE).as_deref() {
            Some("light") => Some("light"),
            Some("dark") => Some("dark"),
            _ => None,
        };
        Look { t, theme, path: shown(request).to_owned() }
    }
}

/// Path and query of the page that a request is about. Where a form is posted to can't be opened again: it is on the
/// nearest page above that.
fn shown(request: &HttpRequest) -> &str {
    if request.method() == Method::GET {
        return request.uri().path_and_query().map_or("/", |path| path.as_str());
    }
    let Ok(shared) = call::shared(request) else { return "/" };
    let above = |path: &'_ str| path.rfind('/').map(|end| end.max(1)).filter(|end| *end < path.len());
    let mut path = request.uri().path();
    while !shared.router.takes(&Method::GET, path) {
        let Some(end) = above(path) else { return "/" };
        path = path.get(..end).unwrap_or("/");
    }
    path
}

/// The visit of anyone.
pub struct Open {
    pub core: Arc<Core>,
    /// Who is signed in, if somebody is.
    pub caller: Option<Caller>,
    pub client: Client,
    pub look: Look,
    pub form: Form,
    pub request: HttpRequest,
    parts: Parts,
    query: Form,
}

impl Open {
    /// Reads what a visit says, with its form.
    pub async fn judge(incoming: Incoming) -> Result<Open> {
        let (mut open, payload) = Open::begun(incoming).await?;
        open.form_read(payload).await?;
        Ok(open)
    }

    /// Finds out who it is, before anything of a body is read. A form that a page of another origin posts is refused here,
    /// whatever it is for.
    async fn begun(incoming: Incoming) -> Result<(Open, Payload)> {
        let Incoming { request, payload, parts } = incoming;
        let shared = call::shared(&request)?;
        let core = shared.core.clone();
        let (peer, trusted) = (request.peer_addr().map(|peer| peer.ip()), &shared.settings.trusted_proxies);
        let posted = request.method() == Method::POST;
        if posted && is_foreign(peer, request.headers(), trusted) {
            return Err(Error::plain(Code::OriginRefused));
        }
        let caller = identify(&core, request.headers()).await?;
        if let Some(caller) = &caller {
            // A page about an error shows who is signed in, too.
            request.extensions_mut().insert(caller.clone());
        }
        let client = Client::of(peer, request.headers(), trusted);
        let query = Form::of_query(request.query_string());
        let look = Look::of(&request);
        let form = Form::default();
        Ok((Open { core, caller, client, look, form, request, parts, query }, payload))
    }

    async fn form_read(&mut self, mut payload: Payload) -> Result<()> {
        if self.request.method() == Method::POST {
            let patience = call::shared(&self.request)?.settings.patience;
            self.form = Form::read(self.request.headers(), &mut payload, patience).await?;
        }
        Ok(())
    }

    /// How the visitor reaches the server: scheme and host.
    pub fn origin(&self) -> Result<String> {
        let (request, trusted) = (&self.request, &call::shared(&self.request)?.settings.trusted_proxies);
        Ok(origin(request.peer_addr().map(|peer| peer.ip()), request.headers(), trusted))
    }

    /// A part of the path, decoded.
    pub fn part(&self, name: &str) -> &str {
        self.parts.get(name).unwrap_or_default()
    }

    /// A parameter of the address; empty if it is not there.
    pub fn param(&self, name: &str) -> &str {
        self.query.get(name)
    }
}

/// The session's person, if its cookie is good. A token is no visitor.
pub async fn identify(core: &Arc<Core>, headers: &HeaderMap) -> Result<Option<Caller>> {
    let Some(cookie) = auth::cookie_read(headers) else { return Ok(None) };
    let token: Option<&'static [u8]> = None;
    let said = Said { token, cookie: Some(cookie), foreign: false, request: "".into() };
    let caller = match service::caller::identify(core, said).await {
        Ok(caller) => caller,
        Err(error) if error.code == Code::Unauthorized => return Ok(None),
        Err(error) => return Err(error),
    };
    if let Some(person) = caller.person() {
        service::session::session_touch(core, person);
    }
    Ok(Some(caller))
}

/// The visit of someone who is signed in.
pub struct Visit {
    open: Open,
    pub caller: Caller,
    pub person: Person,
    /// The parts of the path as they stand in addresses.
    places: Vec<(&'static str, String)>,
}

impl Deref for Visit {
    type Target = Open;

    fn deref(&self) -> &Open {
        &self.open
    }
}

impl Visit {
    /// Reads what a visit says. Who is not signed in is sent to where they can do that, and comes back from there.
    pub async fn judge(incoming: Incoming) -> Result<std::result::Result<Visit, HttpResponse>> {
        let (mut open, payload) = Open::begun(incoming).await?;
        let signed_in = open.caller.clone().and_then(|caller| Some((caller.person()?.clone(), caller)));
        let Some((person, caller)) = signed_in else {
            let next = utf8_percent_encode(&open.look.path, NON_ALPHANUMERIC);
            return Ok(Err(redirect(&format!("/login?next={next}"))));
        };
        open.form_read(payload).await?;
        let place =
            |name| Some((name, utf8_percent_encode(open.parts.get(name)?, NON_ALPHANUMERIC).to_string()));
        let places = ["space", "base", "table", "token"].into_iter().filter_map(place).collect();
        Ok(Ok(Visit { open, caller, person, places }))
    }

    /// The proof that the person may do `P` where the path says.
    pub async fn access<P: Permission>(&self) -> Result<Access<P>>
    where
        P::Place: Resolve,
    {
        let part = |name| self.parts.get(name).map(str::to_owned);
        service::caller::access(&self.core, &self.caller, part("space"), part("base"), part("table")).await
    }

    /// A part of the path as it stands in addresses: names may hold anything.
    pub fn place(&self, name: &str) -> &str {
        self.places.iter().find(|(found, _)| *found == name).map_or("", |(_, place)| place)
    }

    /// Whether the path names a space.
    pub fn is_in_space(&self) -> bool {
        self.parts.get("space").is_some()
    }
}

/// Sends the browser to another page, with GET (RFC 9110, section 15.4.4).
pub fn redirect(to: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, to))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}

/// A place on this server that a form names, or the front page: no other server's, however it is written.
pub fn local(path: &str) -> &str {
    let own = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains(|c: char| c == '\\' || c.is_ascii_control());
    if own { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn nobody_is_sent_to_another_server() {
        for (path, to) in [
            ("/spaces", "/spaces"),
            ("/spaces?a=//b", "/spaces?a=//b"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("/\t/evil.example", "/"),
            ("/\0", "/"),
            ("https://evil.example", "/"),
            ("", "/"),
        ] {
            assert_eq!(local(path), to, "{path}");
        }
    }
}
