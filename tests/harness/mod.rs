//! What every test of the server needs: a real server on a free port with a directory of its own, people and tokens, and
//! requests that read like HTTP.

#![allow(dead_code, reason = "each test binary uses its own part of this")]
#![allow(clippy::needless_pass_by_value, reason = "requests are written with `json!` in place")]

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use undb::clock::Clock;
use undb::http::Settings;
use undb::kv::Engine;
use undb::kv::postgres::Postgres;
use undb::kv::sled::{Options, Sled};
use undb::service::{Core, CoreOptions};
use undb::{App, Spawned};

use self::pg_schema::Schema;

pub mod pg_schema;

pub const EMAIL: &str = "owner@example.com";
pub const PASSWORD: &str = "correct-horse-battery";

/// A server that runs until it is dropped.
pub struct Server {
    pub address: SocketAddr,
    pub core: Arc<Core>,
    pub directory: Option<TempDir>,
    app: Option<Spawned>,
    agent: ureq::Agent,
    /// Dropped last: nothing uses it then.
    schema: Option<Schema>,
}

/// How a server is started; the default is a fresh sled database, or a schema of the PostgreSQL that the environment names,
/// and the system's clock.
#[derive(Default)]
pub struct Setup {
    pub settings: Settings,
    pub clock: Clock,
    pub engine: Option<Arc<dyn Engine>>,
    /// Bytes for columns, and the time that a question may take, if not the usual ones.
    pub memory_budget: Option<usize>,
    pub query_timeout: Option<Duration>,
}

impl Server {
    pub fn start() -> Server {
        Server::with(Setup::default())
    }

    pub fn with(setup: Setup) -> Server {
        let mut schema = None;
        let (engine, directory) = match setup.engine {
            Some(engine) => (engine, None),
            None if pg_schema::address().is_some() => {
                let schema = schema.insert(Schema::make());
                (Arc::new(Postgres::open(schema.address()).unwrap()) as Arc<dyn Engine>, None)
            }
            None => {
                let directory = TempDir::new().unwrap();
                let engine = Sled::open(directory.path().join("data"), Options::default()).unwrap();
                (Arc::new(engine) as Arc<dyn Engine>, Some(directory))
            }
        };
        let mut options = CoreOptions { clock: setup.clock, ..CoreOptions::default() };
        options.memory_budget = setup.memory_budget.unwrap_or(options.memory_budget);
        options.query_timeout = setup.query_timeout.unwrap_or(options.query_timeout);
        let core = Core::open(engine, options).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let app = App::spawn(core.clone(), setup.settings, listener, 2).unwrap();
        Server { address: app.address(), core, directory, app: Some(app), agent: agent(), schema }
    }

    pub fn data(&self) -> PathBuf {
        self.directory.as_ref().map(|directory| directory.path().join("data")).unwrap()
    }

    /// Stops the server and hands back its directory.
    pub fn stop(mut self) -> Option<TempDir> {
        drop(self.app.take());
        self.directory.take()
    }

    pub fn request(&self, method: &str, path: &str) -> Request<'_> {
        Request {
            agent: &self.agent,
            url: format!("http://{}{path}", self.address),
            method: method.to_owned(),
            headers: Vec::new(),
            body: None,
        }
    }

    pub fn get(&self, path: &str) -> Request<'_> {
        self.request("GET", path)
    }

    pub fn post(&self, path: &str) -> Request<'_> {
        self.request("POST", path)
    }

    pub fn patch(&self, path: &str) -> Request<'_> {
        self.request("PATCH", path)
    }

    pub fn put(&self, path: &str) -> Request<'_> {
        self.request("PUT", path)
    }

    pub fn delete(&self, path: &str) -> Request<'_> {
        self.request("DELETE", path)
    }

    /// Makes the owner without the setup step, and signs them in: the value of the `Cookie` header.
    pub fn owner(&self) -> String {
        self.person(EMAIL)
    }

    /// Makes a person and signs them in: the value of the `Cookie` header.
    pub fn person(&self, email: &str) -> String {
        let core = self.core.clone();
        let (address, word) = (undb::model::user::Email::parse(email).unwrap(), PASSWORD);
        let password = undb::access::Password::parse(word).ok().unwrap();
        runtime().block_on(undb::service::auth::user_create(&core, address, password, false)).unwrap();
        self.login(email, PASSWORD)
    }

    /// The one-time code that makes the owner, as the server prints it.
    pub fn setup_code(&self) -> Option<String> {
        let drawn = undb::service::auth::setup_code_draw(&self.core, undb::access::Operator::assume());
        runtime().block_on(drawn).unwrap()
    }

    pub fn login(&self, email: &str, password: &str) -> String {
        let answer = self.post("/api/auth/login").json(json!({"email": email, "password": password})).send();
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
    }

    /// Makes a space of the signed-in person's: its id.
    pub fn space(&self, cookie: &str, name: &str) -> String {
        let answer = self.post("/api/spaces").cookie(cookie).json(json!({"name": name})).send();
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.text("/id")
    }

    /// Makes a token: its id and secret.
    pub fn token(&self, cookie: &str, space: &str, body: Value) -> (String, String) {
        let answer = self.post(&format!("/api/spaces/{space}/tokens")).cookie(cookie).json(body).send();
        assert_eq!(answer.status, 201, "{answer:?}");
        (answer.text("/token/id"), answer.text("/secret"))
    }
}

/// Everything that a token can be given.
pub const ALL_SCOPES: [&str; 8] = [
    "records:read",
    "records:write",
    "schema:read",
    "schema:write",
    "tokens:manage",
    "webhooks:manage",
    "audit:read",
    "space:manage",
];

/// A server with a space, a token of every scope, a base *Shop* and a table *books*.
pub struct Shop {
    pub server: Server,
    pub cookie: String,
    pub space: String,
    pub token: String,
    pub base: String,
    pub table: String,
}

impl Shop {
    pub fn open() -> Shop {
        Shop::with(Setup::default())
    }

    pub fn with(setup: Setup) -> Shop {
        let server = Server::with(setup);
        let cookie = server.owner();
        let space = server.space(&cookie, "Main");
        let (_, token) = server.token(&cookie, &space, json!({"name": "all", "scopes": ALL_SCOPES}));
        let made = server.post("/api/openapi/bases").token(&token).json(json!({"name": "Shop"})).send();
        assert_eq!(made.status, 201, "{made:?}");
        let base = made.text("/id");
        let made = server
            .post(&format!("/api/openapi/bases/{base}/tables"))
            .token(&token)
            .json(json!({"name": "books", "fields": book_fields()}))
            .send();
        assert_eq!(made.status, 201, "{made:?}");
        let table = made.text("/id");
        Shop { server, cookie, space, token, base, table }
    }

    /// The path of the table, with `tail` behind it.
    pub fn path(&self, tail: &str) -> String {
        format!("/api/openapi/bases/{}/tables/{}{tail}", self.base, self.table)
    }

    /// Makes a record: its id.
    pub fn record(&self, values: Value) -> String {
        let answer = self
            .server
            .post(&self.path("/records"))
            .token(&self.token)
            .json(json!({"values": values}))
            .send();
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.text("/data/id")
    }
}

/// Fields of most types, with rules.
pub fn book_fields() -> Value {
    json!([
        {"name": "title", "type": "string", "required": true},
        {"name": "isbn", "type": "string", "unique": true},
        {"name": "pages", "type": "number"},
        {"name": "sold", "type": "checkbox"},
        {"name": "genre", "type": "select", "options": {"choices": [{"name": "novel"}, {"name": "poetry"}, {"name": "essay"}]}},
        {"name": "tags", "type": "select", "options": {"multiple": true, "choices": [{"name": "new"}, {"name": "signed"}]}},
        {"name": "published", "type": "date"},
        {"name": "contact", "type": "email"},
        {"name": "shelf", "type": "string", "default": "A1"},
        {"name": "notes", "type": "longText"},
        {"name": "extra", "type": "json"},
        {"name": "number", "type": "autoIncrement"},
        {"name": "made", "type": "createdAt"}
    ])
}

/// A runtime for what tests call themselves.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

pub fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_mins(1)))
        .max_redirects(0)
        .allow_non_standard_methods(true)
        .build()
        .into()
}

/// A request being written.
pub struct Request<'a> {
    agent: &'a ureq::Agent,
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl<'a> Request<'a> {
    /// By another agent, so on another connection.
    pub fn by(mut self, agent: &'a ureq::Agent) -> Self {
        self.agent = agent;
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn token(self, secret: &str) -> Self {
        self.header("x-undb-api-token", secret)
    }

    pub fn cookie(self, cookie: &str) -> Self {
        self.header("cookie", cookie)
    }

    pub fn json(self, body: Value) -> Self {
        self.raw("application/json", body.to_string().into_bytes())
    }

    pub fn raw(mut self, of_type: &str, body: Vec<u8>) -> Self {
        self.body = Some(body);
        self.header("content-type", of_type)
    }

    /// A body whose media type is said by a header, or not at all.
    pub fn body_of(mut self, body: Vec<u8>) -> Self {
        self.body = Some(body);
        self
    }

    pub fn send(self) -> Answer {
        let mut request = ureq::http::Request::builder().method(self.method.as_str()).uri(&self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let response = match self.body {
            Some(body) => self.agent.run(request.body(body).unwrap()),
            None => self.agent.run(request.body(()).unwrap()),
        };
        let mut response = response.unwrap_or_else(|error| panic!("{} {}: {error}", self.method, self.url));
        let headers = response.headers().iter();
        let headers =
            headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()));
        Answer {
            status: response.status().as_u16(),
            headers: headers.collect(),
            bytes: response.body_mut().with_config().limit(256 << 20).read_to_vec().unwrap(),
        }
    }
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The value at a JSON Pointer.
    pub fn at(&self, pointer: &str) -> Value {
        self.json().pointer(pointer).cloned().unwrap_or_else(|| panic!("nothing at {pointer}: {self:?}"))
    }

    /// The string at a JSON Pointer.
    pub fn text(&self, pointer: &str) -> String {
        self.at(pointer).as_str().unwrap_or_else(|| panic!("no string at {pointer}: {self:?}")).to_owned()
    }

    /// The code of a problem; checks on the way that it is a whole one.
    pub fn code(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        let code = problem["code"].as_str().unwrap().to_owned();
        assert_eq!(problem["type"], format!("/errors/{code}"));
        assert_eq!(problem["status"], self.status);
        assert!(
            problem["title"].is_string() && problem["detail"].is_string() && problem["errors"].is_array()
        );
        assert_eq!(problem["requestId"].as_str(), self.header("x-request-id"));
        code
    }

    /// The faults of a problem as `(pointer, code)`.
    pub fn faults(&self) -> Vec<(String, String)> {
        let text = |fault: &Value, name: &str| fault[name].as_str().unwrap().to_owned();
        let problem = self.json();
        problem["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|fault| (text(fault, "pointer"), text(fault, "code")))
            .collect()
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body: String = String::from_utf8_lossy(&self.bytes).chars().take(2000).collect();
        write!(f, "{} {:?} {body}", self.status, self.headers)
    }
}

/// All files below a directory.
pub fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}
