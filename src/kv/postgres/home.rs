//! Connecting: all hosts of the address are tried at once, and the first one that takes writes wins.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio_postgres::Config;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::Address;
use super::link::{Link, Raw, said};
use super::{Counters, count};
use crate::kv::{Error, Result};

/// How long connecting may take, with TLS, authentication and the question whether the host takes writes.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

/// Where the store is.
pub(super) struct Home {
    pub(super) address: Address,
    hosts: Vec<Config>,
    tls: MakeRustlsConnect,
    counters: Arc<Counters>,
}

impl Home {
    pub(super) fn new(address: Address, counters: Arc<Counters>) -> Result<Self> {
        let (hosts, tls) = (address.hosts(), address.connector()?);
        Ok(Self { address, hosts, tls, counters })
    }

    /// A connection with its statements. Fails within a bounded time, with [`Error::Away`].
    pub(super) async fn link(&self) -> Result<Link> {
        let raw = self.raw().await?;
        let prepared = tokio::time::timeout(CONNECT_PATIENCE, Link::prepare(raw, &self.address)).await;
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
        match tokio::time::timeout(CONNECT_PATIENCE, host.connect(self.tls.clone())).await {
            Ok(Ok((client, connection))) => {
                let task = tokio::spawn(async move {
                    // Whoever waits for an answer is told by the client.
                    let _ = connection.await;
                });
                Ok(Raw { client, task: task.abort_handle() })
            }
            Ok(Err(error)) => Err(said(&error)),
            Err(_) => Err("the database did not answer in time".into()),
        }
    }
}
