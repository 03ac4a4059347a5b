//! A schema of one's own in the PostgreSQL that the environment names, for tests; it is dropped afterwards.

#![allow(dead_code, reason = "each test binary uses its own part of this")]

use std::sync::atomic::{AtomicU32, Ordering};

use undb::kv::postgres::Address;

/// Names the PostgreSQL that tests may use: an address whose role may make schemas.
pub const VARIABLE: &str = "UNDB_TEST_POSTGRES";

/// Snapshots that an engine of a test may have open.
pub const POOL: usize = 40;

/// The address, if there is one.
pub fn address() -> Option<String> {
    std::env::var(VARIABLE).ok().filter(|address| !address.is_empty())
}

/// The schema.
pub struct Schema {
    name: String,
    address: String,
}

impl Schema {
    pub fn make() -> Schema {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let address = address().unwrap_or_else(|| panic!("{VARIABLE} names no PostgreSQL"));
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("undb_test_{}_{number}", std::process::id());
        run(&address, &format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}"));
        Schema { name, address }
    }

    /// The address of the server with the schema in it.
    pub fn text(&self) -> String {
        self.text_at(&self.address)
    }

    /// The same at another address, as of a proxy.
    pub fn text_at(&self, address: &str) -> String {
        let sign = if address.contains('?') { '&' } else { '?' };
        format!("{address}{sign}options=-c%20search_path%3D{}&undb_pool={POOL}", self.name)
    }

    pub fn address(&self) -> Address {
        Address::parse(&self.text()).unwrap()
    }

    /// Runs statements beside the engine.
    pub fn run(&self, sql: &str) {
        run(&self.address, &format!("SET search_path = {}; {sql}", self.name));
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        run(&self.address, &format!("DROP SCHEMA IF EXISTS {} CASCADE", self.name));
    }
}

/// Also where a runtime runs already.
fn run(address: &str, sql: &str) {
    let (address, sql) = (address.to_owned(), sql.to_owned());
    let done = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (client, connection) =
                tokio_postgres::connect(&address, tokio_postgres::NoTls).await.unwrap();
            let task = tokio::spawn(connection);
            client.batch_execute(&sql).await.unwrap();
            drop(client);
            let _ = task.await;
        });
    });
    done.join().unwrap();
}
