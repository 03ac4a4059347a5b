//! What is asked of the server.

use std::fmt::Write;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use ureq::tls::{RootCerts, TlsConfig};
use url::Url;

use crate::cli::Failure;
use crate::error::did_you_mean;

/// Longer than a server takes to describe a hundred tables.
const PATIENCE: Duration = Duration::from_secs(30);
/// A document of more bytes is none that a person would wait for.
const BYTES_MAX: u64 = 256 << 20;
/// Where the caller's space is described, and below it its bases.
const ROOT: &str = "/api/openapi";
const DOCUMENT: &str = "/openapi.json";

pub struct Server {
    agent: ureq::Agent,
    /// Without a slash at the end.
    url: String,
    token: String,
}

/// A table as the document of the space names it.
struct Listed<'d> {
    name: &'d str,
    id: &'d str,
    base: &'d str,
}

impl Server {
    pub fn new(url: &str, token: Option<String>) -> Result<Server, Failure> {
        let wrong = |why: &str| Failure::Usage(format!("`--url {url}`: {why}, as in http://127.0.0.1:3721."));
        let parsed = Url::parse(url).map_err(|_| wrong("that is no address"))?;
        if !matches!(parsed.scheme(), "http" | "https")
            || parsed.query().is_some()
            || parsed.fragment().is_some()
        {
            return Err(wrong("it takes the address of a server"));
        }
        let token = token.filter(|token| !token.is_empty()).ok_or_else(|| {
            Failure::Usage(
                "Set the variable UNDB_TOKEN to a token of the space: `undb token create` makes one.".into(),
            )
        })?;
        // The system's own certificates, since a server of one's own often has one of one's own authority.
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            // The token is for this server, and for none that it sends us to.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .tls_config(tls)
            .build();
        Ok(Server { agent: agent.into(), url: parsed.as_str().trim_end_matches('/').to_owned(), token })
    }

    /// The typed document of one table.
    pub fn table_document(&self, table: &str, base: Option<&str>) -> Result<Value, Failure> {
        if let Some(base) = base {
            let (status, body) = self.get(&path(base, table))?;
            return match status {
                200 => Ok(body),
                404 => Err(self.unknown(&body, table)),
                _ => Err(self.refused(status, &body)),
            };
        }
        let space = self.good(&format!("{ROOT}{DOCUMENT}"))?;
        let tables = listed(&space);
        let one = meant(&tables, table)?;
        self.good(&path(one.base, one.id))
    }

    /// That a base or a table is not there, with those that are.
    fn unknown(&self, problem: &Value, table: &str) -> Failure {
        let mut text = detail(problem);
        if let Ok((200, space)) = self.get(&format!("{ROOT}{DOCUMENT}")) {
            text.push_str(&hint(&listed(&space), table));
        }
        Failure::Failed(text)
    }

    fn good(&self, path: &str) -> Result<Value, Failure> {
        match self.get(path)? {
            (200, body) => Ok(body),
            (status, body) => Err(self.refused(status, &body)),
        }
    }

    fn get(&self, path: &str) -> Result<(u16, Value), Failure> {
        let url = format!("{}{path}", self.url);
        let away = |error: ureq::Error| Failure::Failed(format!("{} does not answer: {error}.", self.url));
        let request = self.agent.get(&url).header("x-undb-api-token", &self.token);
        let mut response = request.call().map_err(away)?;
        let bytes = response.body_mut().with_config().limit(BYTES_MAX).read_to_vec().map_err(away)?;
        Ok((response.status().as_u16(), serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
    }

    fn refused(&self, status: u16, body: &Value) -> Failure {
        let text = match status {
            401 => format!(
                "{} does not take the token in UNDB_TOKEN (401): it is mistyped, expired, revoked or of another server.",
                self.url
            ),
            300..=399 => {
                format!("{} sends elsewhere ({status}); give the address that it sends to.", self.url)
            }
            _ if body.get("code").is_some() => format!("{} ({status})", detail(body)),
            _ => format!("{} answered {status}, and not as undb does.", self.url),
        };
        Failure::Failed(text)
    }
}

fn path(base: &str, table: &str) -> String {
    let part = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    format!("{ROOT}/bases/{}/tables/{}{DOCUMENT}", part(base), part(table))
}

fn detail(problem: &Value) -> String {
    problem.get("detail").and_then(Value::as_str).unwrap_or("There is no such table.").to_owned()
}

/// The tables of a space's document: each has a tag.
fn listed(space: &Value) -> Vec<Listed<'_>> {
    let tags = space.get("tags").and_then(Value::as_array).into_iter().flatten();
    tags.filter_map(|tag| {
        let text = |name: &str| tag.get(name).and_then(Value::as_str);
        Some(Listed { name: text("name")?, id: text("x-undb-table")?, base: text("x-undb-base")? })
    })
    .collect()
}

/// The table that an id or a name means. Of several with one name each is listed as `base / table`.
fn meant<'l, 'd>(tables: &'l [Listed<'d>], wanted: &str) -> Result<&'l Listed<'d>, Failure> {
    let long = format!(" / {wanted}");
    let exact = |one: &&Listed<'_>| one.id == wanted || one.name == wanted;
    let ended = |one: &&Listed<'_>| one.name.ends_with(&long);
    let mut found: Vec<_> = tables.iter().filter(exact).collect();
    if found.is_empty() {
        found = tables.iter().filter(ended).collect();
    }
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(Failure::Failed(format!("The token sees no table `{wanted}`.{}", hint(tables, wanted)))),
        several => {
            let mut text = format!("Several tables are called `{wanted}`; give `--base`, or an id:");
            several.iter().for_each(|one| {
                let _ = write!(text, "\n  {}\t{}", one.id, one.name);
            });
            Err(Failure::Failed(text))
        }
    }
}

fn hint(tables: &[Listed<'_>], wanted: &str) -> String {
    const SHOWN: usize = 20;
    let near = did_you_mean(wanted, tables.iter().map(|one| one.name));
    if !near.is_empty() || tables.is_empty() {
        return near;
    }
    let names: Vec<_> = tables.iter().take(SHOWN).map(|one| format!("`{}`", one.name)).collect();
    let more = if tables.len() > SHOWN { " and others" } else { "" };
    format!(" It sees {}{more}.", names.join(", "))
}
