//! Connecting: all hosts of the address are tried at once, and the first one that takes writes wins.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Config, NoTls, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::Address;
use super::link::{Link, Raw, Trust, said};
use super::{Counters, count};
use crate::kv::{Error, Result};

/// How long connecting may take, with TLS, authentication and the question whether the host takes writes.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

/// Where the store is.
pub(super) struct Home {
    pub(super) address: Address,
    hosts: Vec<Config>,
    tls: Option<MakeRustlsConnect>,
    trust: Trust,
    counters: Arc<Counters>,
}

impl Home {
    pub(super) fn new(address: Address, counters: Arc<Counters>) -> Result<Self> {
        let (hosts, tls) = (address.hosts(), address.connector()?);
        Ok(Self { address, hosts, tls, trust: Trust::default(), counters })
    }

    /// A connection with its statements. Fails within a bounded time, with [`Error::Away`].
    pub(super) async fn link(&self) -> Result<Link> {
        let trust = self.trust.renewed();
        let raw = self.raw().await?;
        let prepared = tokio::time::timeout(CONNECT_PATIENCE, Link::prepare(raw, &self.address, trust)).await;
        prepared.map_err(|_| Error::Away("the database did not answer in time".into()))?
    }

    /// A connection without statements.
    pub(super) async fn raw(&self) -> Result<Raw> {
        let mut tried: FuturesUnordered<_> = self.hosts.iter().map(|host| self.try_host(host)).collect();
        let mut reasons: Vec<String> = Vec::new();
        while let Some(tried) = tried.next().await {
            match tried {
                Ok(raw) => {
                    count(&self.counters.round_trips, 2);
                    return Ok(raw);
                }
                Err(reason) if reasons.contains(&reason) => {}
                Err(reason) => reasons.push(reason),
            }
        }
        Err(Error::Away(reasons.join("; ")))
    }

    async fn try_host(&self, host: &Config) -> std::result::Result<Raw, String> {
        let tried = match &self.tls {
            Some(tls) => tokio::time::timeout(CONNECT_PATIENCE, connect(host, tls.clone())).await,
            None => tokio::time::timeout(CONNECT_PATIENCE, connect(host, NoTls)).await,
        };
        match tried {
            Ok(tried) => tried.map_err(|error| said(&error)),
            Err(_) => Err("the database did not answer in time".into()),
        }
    }
}

async fn connect<T>(host: &Config, tls: T) -> std::result::Result<Raw, tokio_postgres::Error>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
{
    let (client, connection) = host.connect(tls).await?;
    let task = tokio::spawn(async move {
        // Whoever waits for an answer is told by the client.
        let _ = connection.await;
    });
    Ok(Raw { client, task: task.abort_handle() })
}
