//! What was acknowledged is there after the process was killed, whatever it was doing.
//!
//! `UNDB_KILLS` sets how often the server is killed, `UNDB_LONG=1` makes it 30 times, and `UNDB_SEED` repeats a run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the helpers of tests may end them too"
)]

#[path = "../harness/mod.rs"]
mod harness;
mod ids;
mod kills;
mod ledger;
#[path = "../harness/process.rs"]
mod process;
mod sweep;

use std::path::Path;

use process::{Client, Process, number, seed};
use serde_json::{Value, json};

/// A table in a new database, and a token for it.
#[derive(Clone)]
struct Place {
    token: String,
    bases: String,
    base: String,
    table: String,
}

impl Place {
    /// Sets up a server that has just been started for the first time.
    fn make(process: &Process) -> Place {
        let client = Client::new(process.address);
        let owner =
            json!({"code": process.setup_code(), "email": harness::EMAIL, "password": harness::PASSWORD});
        let (status, _) = client.send("POST", "/api/auth/setup", &[], Some(&owner)).unwrap();
        assert_eq!(status, 201);
        // The agent keeps no cookies, so the session is asked for by hand.
        let login = json!({"email": harness::EMAIL, "password": harness::PASSWORD}).to_string();
        let answer = process::exchange(
            process.address,
            &format!(
                "POST /api/auth/login HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{login}",
                login.len()
            ),
        );
        let cookie = answer.split("undb_session=").nth(1).unwrap().split(';').next().unwrap();
        let cookie = format!("undb_session={cookie}");
        let made = |path: &str, header: (&str, &str), body: Value| {
            let (status, body) = client.send("POST", path, &[header], Some(&body)).unwrap();
            assert_eq!(status, 201, "{body}");
            body
        };
        let space = made("/api/spaces", ("cookie", &cookie), json!({"name": "Main"}));
        let tokens = format!("/api/spaces/{}/tokens", space["id"].as_str().unwrap());
        let token = made(&tokens, ("cookie", &cookie), json!({"name": "t", "scopes": harness::ALL_SCOPES}));
        let token = token["secret"].as_str().unwrap().to_owned();
        let header = ("x-undb-api-token", token.as_str());
        let bases = "/api/openapi/bases".to_owned();
        let base = made(&bases, header, json!({"name": "Shop"}));
        let base = format!("{bases}/{}", base["id"].as_str().unwrap());
        let table = made(
            &format!("{base}/tables"),
            header,
            json!({"name": "books", "fields": harness::book_fields()}),
        );
        let table = format!("{base}/tables/{}", table["id"].as_str().unwrap());
        Place { token: token.clone(), bases, base, table }
    }

    /// Sends a request with the token; `None` if no whole answer came.
    fn send(&self, client: &Client, method: &str, path: &str, body: Option<&Value>) -> Option<process::Got> {
        client.send(method, path, &[("x-undb-api-token", &self.token)], body)
    }

    /// The same for one that has to be answered with `status`.
    fn must(&self, client: &Client, method: &str, path: &str, body: Option<&Value>, status: u16) -> Value {
        let sent = self.send(client, method, path, body);
        let (got, answer) = sent.unwrap_or_else(|| panic!("{method} {path}: {}", client.fault()));
        assert_eq!(got, status, "{method} {path}: {answer}");
        answer
    }
}

fn start(directory: &Path, run: usize) -> Process {
    Process::start(directory, &format!("run{run}"), &["--workers", "2"])
}
