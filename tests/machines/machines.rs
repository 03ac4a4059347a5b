//! The processes, and clients that ask another one each time.

use std::cell::Cell;
use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::pg_schema::Schema;
use crate::process::{Client, Got, Process, program};

/// How many processes share the store.
pub const MACHINES: usize = 3;

/// Processes on one store, with a space, a base and a token.
pub struct Machines {
    pub processes: Vec<Process>,
    pub token: String,
    pub base: String,
    directory: TempDir,
    /// Dropped last: nothing uses it then.
    schema: Schema,
}

impl Machines {
    pub fn start() -> Machines {
        let (directory, schema) = (TempDir::new().unwrap(), Schema::make());
        let store = schema.text();
        run(directory.path(), &store, &["space", "create", "Main"]);
        let scopes = ["records:read", "records:write", "schema:read", "schema:write", "tokens:manage"];
        let mut command = vec!["token", "create", "--space", "Main", "--name", "t"];
        command.extend(scopes.iter().flat_map(|scope| ["--scope", scope]));
        let token = run(directory.path(), &store, &command);
        let mut machines = Machines { processes: Vec::new(), token, base: String::new(), directory, schema };
        machines.processes = (0..MACHINES).map(|n| machines.process(n, 0)).collect();
        let made = machines.client(0).must("POST", "/api/openapi/bases", Some(&json!({"name": "Base"})), 201);
        machines.base = format!("/api/openapi/bases/{}", made["id"].as_str().unwrap());
        machines
    }

    /// Starts the n-th process, for the `run`-th time.
    pub fn process(&self, n: usize, run: usize) -> Process {
        let store = self.schema.text();
        Process::start(
            self.directory.path(),
            &format!("machine{n}-{run}"),
            &["--workers", "2", "--store", &store],
        )
    }

    /// Makes a table, and answers its path.
    pub fn table(&self, name: &str, fields: &Value) -> String {
        let tables = format!("{}/tables", self.base);
        let made = self.client(0).must("POST", &tables, Some(&json!({"name": name, "fields": fields})), 201);
        format!("{tables}/{}", made["id"].as_str().unwrap())
    }

    /// A client whose first request goes to the n-th process, the next one to the one after it, and so on.
    pub fn client(&self, n: usize) -> RoundRobin {
        RoundRobin::new(&self.addresses(), &self.token, n)
    }

    /// Where the processes listen.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.processes.iter().map(|process| process.address).collect()
    }
}

/// Runs the program to its end, and answers what it printed.
fn run(directory: &Path, store: &str, arguments: &[&str]) -> String {
    let output = program(directory).args(arguments).args(["--store", store]).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Asks one process after another.
pub struct RoundRobin {
    clients: Vec<Client>,
    token: String,
    turn: Cell<usize>,
}

impl RoundRobin {
    pub fn new(addresses: &[SocketAddr], token: &str, first: usize) -> RoundRobin {
        let clients = addresses.iter().map(|address| Client::new(*address)).collect();
        RoundRobin { clients, token: token.to_owned(), turn: Cell::new(first) }
    }

    fn next(&self) -> &Client {
        let turn = self.turn.get();
        self.turn.set(turn + 1);
        &self.clients[turn % self.clients.len()]
    }

    /// `None` if no whole answer came.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Option<Got> {
        let mut all = vec![("x-undb-api-token", self.token.as_str())];
        all.extend(headers);
        self.next().send(method, path, &all, body)
    }

    /// What has to be answered with `status`.
    pub fn must(&self, method: &str, path: &str, body: Option<&Value>, status: u16) -> Value {
        let (got, answer) =
            self.send(method, path, &[], body).unwrap_or_else(|| panic!("{method} {path}: no answer"));
        assert_eq!(got, status, "{method} {path}: {answer}");
        answer
    }

    /// A record as it is, and its entity tag.
    pub fn tagged(&self, path: &str) -> (Value, String) {
        let client = self.next();
        let found = client.tagged(path, &[("x-undb-api-token", &self.token)]);
        found.unwrap_or_else(|| panic!("GET {path}: {}", client.fault()))
    }
}
