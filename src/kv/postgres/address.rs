//! What `--store` says: an address as libpq takes it, with a few words of our own.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;
use tokio_postgres::config::{Config, Host, SslMode, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::kv::{Error, Result};

/// Connections of snapshots at once, unless the address says another number.
const POOL_DEFAULT: usize = 16;
/// Fewer would leave none to questions, beside those that are for other reads.
const POOL_MIN: usize = 6;
const POOL_MAX: usize = 256;

/// Parameters that mean what they mean to libpq, beside the two of TLS.
const TAKEN: [&str; 9] = [
    "application_name",
    "channel_binding",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "user",
];

/// How TLS is used. Where it is, the certificate is always checked, and so is its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tls {
    Never,
    /// If the server offers it.
    Prefer,
    Always,
}

/// Where the store is. It has no `Display` and no `Debug` that shows a password.
#[derive(Clone)]
pub struct Address {
    config: Config,
    tls: Tls,
    root: Option<PathBuf>,
    /// Snapshots at once.
    pub(super) pool: usize,
    /// Whether processes queue by an advisory lock after a conflict; CockroachDB has none.
    pub(super) locks: bool,
    /// Whether PostgreSQL's planner is told what to do; others may not know these settings.
    pub(super) settings: bool,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown())
    }
}

impl Address {
    /// Reads an address such as `postgres://user@host:5432/database?sslmode=require`. What is wrong with it is told without
    /// it, since it may hold a password.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        if !["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme)) {
            return Err("an address begins with `postgres://`".into());
        }
        let (place, query) = text.split_once('?').unwrap_or((text, ""));
        let (mut tls, mut root, mut pool, mut locks, mut settings) = (None, None, POOL_DEFAULT, true, true);
        let mut others = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=').unwrap_or((pair, "")) {
                ("sslmode", mode) => tls = Some(tls_of(mode)?),
                ("sslrootcert", path) => root = Some(decoded(path)?.into()),
                ("undb_pool", count) => pool = pool_of(count)?,
                ("undb_locks", word) => locks = switch("undb_locks", word)?,
                ("undb_settings", word) => settings = switch("undb_settings", word)?,
                (name, _) if TAKEN.contains(&name) => others.push(pair),
                // Not repeated: it may be a part of a password.
                _ => {
                    return Err(format!(
                        "the address has a parameter that is not taken; there are {}, sslmode, sslrootcert, undb_pool, undb_locks, undb_settings",
                        TAKEN.join(", ")
                    ));
                }
            }
        }
        let config = Config::from_str(&format!("{place}?{}", others.join("&")));
        // Its error would repeat what was given.
        let mut config = config.map_err(|_| "the address can't be read")?;
        if config.get_hosts().is_empty() {
            return Err("the address names no host".into());
        }
        if config.get_application_name().is_none() {
            config.application_name("undb");
        }
        let local =
            config.get_hosts().iter().all(is_local) && config.get_hostaddrs().iter().all(IpAddr::is_loopback);
        let tls = tls.unwrap_or(if local { Tls::Never } else { Tls::Always });
        Ok(Self { config, tls, root, pool, locks, settings })
    }

    /// The same with a password that did not stand in it.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Self {
        self.config.password(password);
        self
    }

    /// Hosts and database, for the log.
    pub fn shown(&self) -> String {
        let hosts = self.config.get_hosts().iter().zip(self.ports()).map(|(host, port)| match host {
            Host::Tcp(name) => format!("{name}:{port}"),
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        });
        let hosts: Vec<_> = hosts.collect();
        format!("postgres://{}/{}", hosts.join(","), self.config.get_dbname().unwrap_or_default())
    }

    /// Whether both lead to the same schema of the same database, as far as that shows from outside.
    pub fn is_same(&self, other: &Self) -> bool {
        self.shown() == other.shown() && self.config.get_options() == other.config.get_options()
    }

    fn ports(&self) -> impl Iterator<Item = u16> {
        let ports = self.config.get_ports();
        let (first, many) = (ports.first().copied().unwrap_or(5432), ports.len() > 1);
        (0..).map(move |n| if many { ports.get(n).copied().unwrap_or(first) } else { first })
    }

    /// One configuration a host, each of which asks for a server that takes writes.
    pub(super) fn hosts(&self) -> Vec<Config> {
        let addresses = self.config.get_hostaddrs();
        let hosts = self.config.get_hosts().iter().zip(self.ports()).enumerate();
        let one = |(n, (host, port)): (usize, (&Host, u16))| {
            let mut one = Config::new();
            match host {
                Host::Tcp(name) => one.host(name),
                #[cfg(unix)]
                Host::Unix(path) => one.host_path(path),
            };
            if let Some(address) = addresses.get(n) {
                one.hostaddr(*address);
            }
            self.config.get_user().map(|user| one.user(user));
            self.config.get_password().map(|password| one.password(password));
            self.config.get_dbname().map(|name| one.dbname(name));
            self.config.get_options().map(|options| one.options(options));
            self.config.get_application_name().map(|name| one.application_name(name));
            one.port(port)
                .target_session_attrs(TargetSessionAttrs::ReadWrite)
                .channel_binding(self.config.get_channel_binding())
                .keepalives_idle(std::time::Duration::from_secs(15))
                .ssl_mode(match self.tls {
                    Tls::Never => SslMode::Disable,
                    Tls::Prefer => SslMode::Prefer,
                    Tls::Always => SslMode::Require,
                });
            one
        };
        hosts.map(one).collect()
    }

    /// What speaks TLS, if anything does: it trusts whom the system trusts, and the authorities of `sslrootcert`.
    pub(super) fn connector(&self) -> Result<Option<MakeRustlsConnect>> {
        if self.tls == Tls::Never {
            return Ok(None);
        }
        let broken = |error: &dyn std::fmt::Display| Error::Broken(format!("TLS can't be used: {error}"));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = self.root.as_deref().map_or(Ok(Vec::new()), roots_read)?;
        let verifier = if roots.is_empty() {
            Verifier::new(Arc::clone(&provider))
        } else {
            verifier_with(roots, &provider)
        };
        let verifier = Arc::new(verifier.map_err(|error| broken(&error))?);
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| broken(&error))?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok(Some(MakeRustlsConnect::new(config)))
    }
}

#[cfg(all(unix, not(target_vendor = "apple"), not(target_os = "android")))]
fn verifier_with(
    roots: Vec<CertificateDer<'static>>,
    provider: &Arc<rustls::crypto::CryptoProvider>,
) -> std::result::Result<Verifier, rustls::Error> {
    Verifier::new_with_extra_roots(roots, Arc::clone(provider))
}

/// Elsewhere authorities are added to the system's own.
#[cfg(not(all(unix, not(target_vendor = "apple"), not(target_os = "android"))))]
fn verifier_with(
    _roots: Vec<CertificateDer<'static>>,
    provider: &Arc<rustls::crypto::CryptoProvider>,
) -> std::result::Result<Verifier, rustls::Error> {
    Verifier::new(Arc::clone(provider))
}

fn roots_read(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let broken = |error: rustls::pki_types::pem::Error| {
        Error::Broken(format!("the certificates in {} can't be read: {error:?}", path.display()))
    };
    CertificateDer::pem_file_iter(path)
        .map_err(broken)?
        .collect::<std::result::Result<_, _>>()
        .map_err(broken)
}

fn tls_of(mode: &str) -> std::result::Result<Tls, String> {
    match mode {
        "disable" => Ok(Tls::Never),
        "prefer" => Ok(Tls::Prefer),
        "require" | "verify-full" => Ok(Tls::Always),
        _ => Err("`sslmode` is `disable`, `prefer`, `require` or `verify-full`".into()),
    }
}

fn pool_of(count: &str) -> std::result::Result<usize, String> {
    let count = count.parse().ok().filter(|count| (POOL_MIN..=POOL_MAX).contains(count));
    count.ok_or_else(|| format!("`undb_pool` is a number from {POOL_MIN} to {POOL_MAX}"))
}

fn switch(name: &str, word: &str) -> std::result::Result<bool, String> {
    match word {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(format!("`{name}` is `on` or `off`")),
    }
}

fn decoded(text: &str) -> std::result::Result<String, String> {
    let text = percent_encoding::percent_decode_str(text).decode_utf8();
    text.map(Into::into).map_err(|_| "a word of the address is not UTF-8".into())
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            let ip = name.parse::<IpAddr>();
            name == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password_and_faults_do_not_repeat_it() {
        let address = Address::parse("postgres://me:s3cret@a:1,b:2/db?undb_pool=9&undb_locks=off").unwrap();
        assert_eq!(address.shown(), "postgres://a:1,b:2/db");
        assert_eq!(format!("{address:?}"), address.shown());
        assert_eq!((address.pool, address.locks, address.tls), (9, false, Tls::Always));
        assert_eq!(address.hosts().len(), 2);
        for wrong in [
            "mysql://me:s3cret@a/db",
            "postgres://me:s3cret@a:x/db",
            "postgres://me:s3cret@a/db?sslmode=s3cret",
            "postgres://me@a/db?pasword=s3cret",
            "postgres://me:s3cret@a/db?undb_pool=1",
            "postgres://me@a/db?connect_timeout=s3cret",
        ] {
            let fault = Address::parse(wrong).unwrap_err();
            assert!(!fault.contains("s3cret"), "{fault}");
        }
    }

    #[test]
    fn tls_is_the_default_wherever_the_network_is_not_this_machine() {
        for (text, tls) in [
            ("postgres://me@localhost/db", Tls::Never),
            ("postgres://me@127.0.0.1:5/db", Tls::Never),
            ("postgres://me@%2Frun%2Fpg/db", Tls::Never),
            ("postgres://me@localhost/db?sslmode=require", Tls::Always),
            ("postgres://me@db.example/db", Tls::Always),
            ("postgres://me@db.example/db?sslmode=prefer", Tls::Prefer),
            ("postgres://me@localhost,db.example/db", Tls::Always),
            ("postgres://me@localhost/db?hostaddr=10.0.0.5", Tls::Always),
            ("postgres://me@localhost/db?hostaddr=127.0.0.1", Tls::Never),
        ] {
            assert_eq!(Address::parse(text).unwrap().tls, tls, "{text}");
        }
    }
}
