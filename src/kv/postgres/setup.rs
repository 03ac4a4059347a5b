//! The table, its format number, and the mark row of this process.

use std::time::Duration;

use rand::RngExt;
use tokio_postgres::error::SqlState;

use super::home::Home;
use super::link::{Raw, said};
use crate::kv::{Bytes, Error, Keyspace, Result};

/// What the table looks like; a store of a newer format is refused and left as it is.
const FORMAT: u32 = 1;

const MAKE: &str = "CREATE TABLE IF NOT EXISTS undb_kv (k bytea PRIMARY KEY, v bytea NOT NULL)";

/// How often two processes that start at once may get into each other's way.
const TRIES: u32 = 10;

/// A key in the engine's own keyspace.
fn own_key(name: &[u8]) -> Bytes {
    [&[Keyspace::RESERVED.0][..], name].concat().into()
}

/// Where a process keeps the number of its newest group.
#[derive(Clone)]
pub(super) struct Mark {
    pub(super) key: Bytes,
}

/// Makes what is not there, checks the format, and makes this process' mark.
pub(super) async fn make(home: &Home) -> Result<Mark> {
    let raw = home.raw().await?;
    let broken = |error: tokio_postgres::Error| Error::Broken(said(&error));
    table_make(&raw).await?;
    let format = own_key(b"format");
    let put = "INSERT INTO undb_kv (k, v) VALUES ($1, $2) ON CONFLICT (k) DO NOTHING";
    raw.client.execute(put, &[&&*format, &&FORMAT.to_be_bytes()[..]]).await.map_err(broken)?;
    let row =
        raw.client.query_one("SELECT v FROM undb_kv WHERE k = $1", &[&&*format]).await.map_err(broken)?;
    let found: &[u8] = row.try_get(0).map_err(broken)?;
    let found = <[u8; 4]>::try_from(found).map(u32::from_be_bytes);
    match found {
        Ok(FORMAT) => {}
        Ok(other) => {
            return Err(Error::Broken(format!(
                "it has the format {other}, written by a newer undb; this one reads {FORMAT}. It was left untouched"
            )));
        }
        Err(_) => return Err(Error::Corrupt("the format number of the table undb_kv".into())),
    }
    let key = own_key(&[&b"mark/"[..], &rand::rng().random::<[u8; 16]>()].concat());
    raw.client.execute(put, &[&&*key, &&0_u64.to_be_bytes()[..]]).await.map_err(broken)?;
    Ok(Mark { key })
}

/// Makes the table if it is not there. PostgreSQL lets two makers at once fail; the second one then finds the table.
async fn table_make(raw: &Raw) -> Result<()> {
    let mut reason = String::new();
    for round in 0..TRIES {
        // Asked first, since making takes a right that this role may not have, or no longer.
        let there = raw.client.query("SELECT 1 FROM undb_kv LIMIT 1", &[]).await;
        match there.as_ref().err().and_then(tokio_postgres::Error::code) {
            None if there.is_ok() => return Ok(()),
            Some(&SqlState::UNDEFINED_TABLE) => {}
            _ => return Err(Error::Broken(there.err().map(|error| said(&error)).unwrap_or_default())),
        }
        match raw.client.batch_execute(MAKE).await {
            Ok(()) => {}
            Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                return Err(Error::Broken(format!(
                    "the table can't be made: {}. Let someone who may run: {MAKE}; GRANT SELECT, INSERT, UPDATE, DELETE ON undb_kv TO this role",
                    said(&error)
                )));
            }
            Err(error) => reason = said(&error),
        }
        tokio::time::sleep(Duration::from_millis(u64::from(round) * 20)).await;
    }
    Err(Error::Broken(format!("the table can't be made: {reason}")))
}
