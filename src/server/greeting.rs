//! What the server prints when it starts.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::access::Operator;
use crate::cli::{Failure, answer, answer_secret, say};
use crate::service::space::space_catalog;
use crate::service::{Core, demo};
use crate::telemetry::LogFormat;

/// What needs no escape in a path.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where a browser on this machine reaches the server.
fn url(address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

/// Tells where the server is.
pub fn greet(address: SocketAddr, format: LogFormat) {
    let url = url(address);
    match format {
        LogFormat::Json => tracing::info!(address = %address, "listening"),
        LogFormat::Text => {
            say(&format!("undb {} listens on {url}", env!("CARGO_PKG_VERSION")));
            say(&format!("Console: {url}/ · Swagger UI: {url}/swagger-ui/"));
        }
    }
}

/// Tells how to make the owner: in a browser, or by a line for programs. What stands for the password there is too short
/// for one, so that a line pasted unread is refused.
pub fn setup_print(address: SocketAddr, code: &str) {
    let url = url(address);
    say(&format!("Nobody owns this server yet. The one-time code to make the owner: {code}"));
    say(&format!("Open this page to use it: {url}/setup?code={code}"));
    say("Or put your own address and password into this line:");
    say(&format!(
        r#"curl {url}/api/auth/setup -c cookies -H 'content-type: application/json' -d '{{"code":"{code}","email":"you@example.com","password":"<yours>"}}'"#
    ));
}

/// Prints a token for the demo, a line that lists two records with it, and where Swagger UI is: results, each at the
/// start of a line.
pub async fn demo_print(core: &Arc<Core>, operator: Operator, address: SocketAddr) -> Result<(), Failure> {
    let space = demo::demo_space(core, operator).await?.ok_or_else(|| {
        Failure::Failed("The demo's space was deleted. Use another data directory for a new one.".into())
    })?;
    let secret = demo::demo_token(core, operator, space.id).await?;
    let catalog = space_catalog(core, operator.space(space.id)).await?;
    let first = catalog.bases.first().and_then(|base| Some((base, catalog.tables_of(base).next()?)));
    let path = first.map_or_else(String::new, |(base, table)| {
        let [base, table] = [&base.name, &table.name].map(|name| utf8_percent_encode(name.as_str(), PATH));
        format!("/{base}/tables/{table}/records?limit=2")
    });
    let (url, secret) = (url(address), secret.reveal());
    answer_secret(secret)?;
    answer(&format!("curl '{url}/api/openapi/bases{path}' -H 'x-undb-api-token: {secret}'"))?;
    answer(&format!("{url}/swagger-ui/"))
}

/// Shows on a terminal how far the demo is.
pub fn progress_bar() -> ProgressBar {
    // It draws on standard error, and nothing if that is no terminal.
    let style = ProgressStyle::with_template("Making the demo {bar:30} {pos}/{len} records");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

pub fn progress(bar: &ProgressBar, done: usize, all: usize) {
    bar.set_length(all as u64);
    bar.set_position(done as u64);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_any_interface_is_reached_by_the_local_one() {
        for (address, expected) in [
            ("0.0.0.0:80", "http://127.0.0.1:80"),
            ("[::]:81", "http://[::1]:81"),
            ("10.0.0.1:82", "http://10.0.0.1:82"),
        ] {
            assert_eq!(url(address.parse().unwrap()), expected);
        }
    }
}
