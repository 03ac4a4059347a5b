//! The real program, as its own process: started on a port of its own, its output kept in files, ended or killed.

#![allow(dead_code, reason = "each test binary uses its own part of this")]

use std::cell::RefCell;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a test waits for something that has to happen.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// A number from the environment.
pub fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

/// A seed, printed, so that a run can be repeated as far as processes and disks let it.
pub fn seed() -> u64 {
    let seed = number("UNDB_SEED").unwrap_or_else(rand::random);
    println!("UNDB_SEED={seed}");
    seed
}

/// A server process. Dropping it kills it.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
    pub out: PathBuf,
    pub err: PathBuf,
}

/// The program without any of its settings from outside.
pub fn program(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_undb"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("UNDB_")) {
        command.env_remove(name);
    }
    command.current_dir(directory).stdin(Stdio::null());
    command
}

impl Process {
    /// Starts a server on the data directory `data` below `directory`, and waits until it listens. `run` names the files
    /// that its output goes to.
    pub fn start(directory: &Path, run: &str, args: &[&str]) -> Process {
        Process::start_with(directory, run, args, &[])
    }

    /// The same, with variables of the environment.
    pub fn start_with(directory: &Path, run: &str, args: &[&str], env: &[(&str, &str)]) -> Process {
        let (out, err) = (directory.join(format!("{run}.out")), directory.join(format!("{run}.err")));
        let mut command = program(directory);
        command.args(["--data-dir", "data", "--listen", "127.0.0.1:0"]).args(args);
        command.envs(env.iter().copied());
        command.stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap());
        let mut child = command.spawn().unwrap();
        let began = Instant::now();
        let address = loop {
            let told = std::fs::read_to_string(&err).unwrap();
            if let Some(address) = listening(&told) {
                break address;
            }
            assert!(child.try_wait().unwrap().is_none(), "the server ended early: {told}");
            assert!(began.elapsed() < PATIENCE, "the server does not start: {told}");
            std::thread::sleep(Duration::from_millis(2));
        };
        Process { child, address, out, err }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// SIGKILL: nothing of the process runs after this.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and waits for the end.
    pub fn terminate(mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }

    pub fn told(&self) -> String {
        std::fs::read_to_string(&self.err).unwrap()
    }

    /// The one-time code that the first start prints.
    pub fn setup_code(&self) -> String {
        let began = Instant::now();
        loop {
            let told = self.told();
            // The line after it is there too, so this one is whole.
            if let Some((code, _)) =
                told.split("make the owner: ").nth(1).and_then(|after| after.split_once('\n'))
            {
                return code.trim().to_owned();
            }
            assert!(began.elapsed() < PATIENCE, "no code: {told}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

fn listening(told: &str) -> Option<SocketAddr> {
    // The line after it is there too, so this one is whole.
    let after = told.split("listens on http://").nth(1)?;
    after.contains("/swagger-ui/\n").then(|| after.lines().next()?.trim().parse().ok()).flatten()
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client that is one thread's own, and takes a broken connection for an answer.
pub struct Client {
    agent: ureq::Agent,
    address: SocketAddr,
    fault: RefCell<String>,
}

/// Status and body.
pub type Got = (u16, Value);

impl Client {
    pub fn new(address: SocketAddr) -> Client {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            // The server closes a connection that is idle for five seconds.
            .max_idle_age(Duration::from_secs(2))
            .allow_non_standard_methods(true)
            .build();
        Client { agent: agent.into(), address, fault: RefCell::default() }
    }

    /// Sends a request; `None` if no whole answer came.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Option<Got> {
        self.answered(method, path, headers, body).map(|(got, _)| got)
    }

    /// A thing as it is, and its entity tag; `None` if it is not answered with 200.
    pub fn tagged(&self, path: &str, headers: &[(&str, &str)]) -> Option<(Value, String)> {
        match self.answered("GET", path, headers, None)? {
            ((200, thing), Some(tag)) => Some((thing, tag)),
            _ => None,
        }
    }

    /// The answer, and the entity tag in its head.
    fn answered(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Option<(Got, Option<String>)> {
        let mut request =
            ureq::http::Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = match body {
            Some(body) => {
                let request = request.header("content-type", "application/json");
                self.agent.run(request.body(body.to_string().into_bytes()).unwrap())
            }
            None => self.agent.run(request.body(()).unwrap()),
        };
        let read = response.and_then(|mut response| {
            let status = response.status().as_u16();
            let tag = response.headers().get("etag").and_then(|tag| tag.to_str().ok()).map(str::to_owned);
            let bytes = response.body_mut().with_config().limit(256 << 20).read_to_vec()?;
            Ok(((status, serde_json::from_slice(&bytes).unwrap_or(Value::Null)), tag))
        });
        read.map_err(|error| *self.fault.borrow_mut() = error.to_string()).ok()
    }

    /// Why the last answer did not come.
    pub fn fault(&self) -> String {
        let alive = TcpStream::connect(self.address).is_ok();
        format!("{}; the server {}", self.fault.borrow(), if alive { "lives" } else { "is dead" })
    }
}

/// Sends bytes over a connection of their own and reads until the other end closes it: the whole answer, head and body.
pub fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}
