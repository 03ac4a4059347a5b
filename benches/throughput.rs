//! What the server does in a second, as ratios within one run: `cargo bench --bench throughput`.
//!
//! The server runs in a process of its own, the load comes from this one, and both share the machine's cores. Each figure
//! is the median of rounds that take turns with those it is compared with, since machines are noisy. Memory is the
//! server's resident set. Nothing here is asserted: it is for reading.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "a benchmark that can't go on should say where"
)]

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use undb::kv::sled::{Options, Sled};
use undb::service::{Core, CoreOptions};

/// The server's process has the allocator of the program.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const EMAIL: &str = "bench@example.com";
const PASSWORD: &str = "correct-horse-battery";
const RECORDS: usize = 100_000;
const BULK: usize = 1000;
const PAGE: usize = 30;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(1500);
const WARM_UP: Duration = Duration::from_millis(300);
/// Before memory is read: what was freed goes back some seconds later.
const SETTLE: Duration = Duration::from_secs(4);
const FIXED: &str = "/fixed";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().position(|argument| argument == "--server") {
        Some(place) => serve(&arguments[place + 1], &arguments[place + 2]),
        None => measure(),
    }
}

/// The server's process: prints its address, and ends with its standard input.
fn serve(directory: &str, fixed: &str) {
    let engine = Arc::new(Sled::open(directory, Options::default()).unwrap());
    let core = Core::open(engine, CoreOptions::default()).unwrap();
    let body = std::fs::read(fixed).unwrap_or_default();
    let settings = undb::http::Settings { extra: vec![(FIXED.into(), body)], ..Default::default() };
    let owner = core.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async move {
        let email = undb::model::user::Email::parse(EMAIL).unwrap();
        let password = undb::access::Password::parse(PASSWORD).ok().unwrap();
        // There already when the server starts for the second time.
        let _ = undb::service::auth::user_create(&owner, email, password, true).await;
    });
    drop(runtime);
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let app = undb::App::spawn(core, settings, TcpListener::bind("127.0.0.1:0").unwrap(), cores).unwrap();
    println!("{}", app.address());
    let _ = std::io::stdin().read(&mut [0]);
    app.stop();
}

struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    fn start(directory: &std::path::Path, fixed: &std::path::Path) -> Server {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .arg("--server")
            .args([directory, fixed])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Server { process, address: line.trim().parse().unwrap() }
    }

    /// MiB that are resident.
    fn memory(&self) -> f64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1024.0
    }

    fn stop(mut self) {
        drop(self.process.stdin.take());
        self.process.wait().unwrap();
    }

    fn call(&self, method: &str, path: &str, credential: (&str, &str), body: Value) -> (Value, String) {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header(credential.0, credential.1)
            .header("content-type", "application/json")
            .body(body.to_string())
            .unwrap();
        let mut answer = ureq::Agent::new_with_defaults().run(request).unwrap();
        let cookie = answer.headers().get("set-cookie").map(|value| value.to_str().unwrap().to_owned());
        let cookie = cookie.unwrap_or_default().split(';').next().unwrap().to_owned();
        (serde_json::from_slice(&answer.body_mut().read_to_vec().unwrap()).unwrap(), cookie)
    }
}

/// A space with a table of seven fields, as the comparison with other products has it: its path and a token.
fn provision(server: &Server) -> (String, String) {
    let anyone = ("x-bench", "1");
    let login = json!({"email": EMAIL, "password": PASSWORD});
    let (_, cookie) = server.call("POST", "/api/auth/login", anyone, login);
    let (space, _) = server.call("POST", "/api/spaces", ("cookie", &cookie), json!({"name": "Bench"}));
    let wish = json!({"name": "bench", "scopes": ["records:write", "schema:write"]});
    let path = format!("/api/spaces/{}/tokens", space["id"].as_str().unwrap());
    let (made, _) = server.call("POST", &path, ("cookie", &cookie), wish);
    let secret = made["secret"].as_str().unwrap().to_owned();
    let token = ("x-undb-api-token", secret.as_str());
    let (base, _) = server.call("POST", "/api/openapi/bases", token, json!({"name": "Bench"}));
    let tables = format!("/api/openapi/bases/{}/tables", base["id"].as_str().unwrap());
    let choices: Vec<Value> = ["lead", "active", "paused"].iter().map(|name| json!({"name": name})).collect();
    let fields = json!([
        {"name": "name", "type": "string"}, {"name": "email", "type": "email", "unique": true},
        {"name": "age", "type": "number"}, {"name": "status", "type": "select", "options": {"choices": choices}},
        {"name": "score", "type": "number"}, {"name": "city", "type": "string"}, {"name": "note", "type": "longText"}
    ]);
    let (table, _) = server.call("POST", &tables, token, json!({"name": "contacts", "fields": fields}));
    let records = format!("{tables}/{}/records", table["id"].as_str().unwrap());
    (records, secret)
}

/// Values of some 300 bytes.
fn values(n: usize) -> Value {
    let status = ["lead", "active", "paused"][n % 3];
    json!({
        "name": format!("Person {n}"), "email": format!("person{n}@example.com"), "age": n % 90,
        "status": status, "score": f64::from(u32::try_from(n).unwrap()) / 7.0,
        "city": "Rotterdam", "note": "x".repeat(160)
    })
}

fn load(server: &Server, path: &str, secret: &str) -> (Vec<String>, f64) {
    let began = Instant::now();
    let mut ids = Vec::with_capacity(RECORDS);
    for from in (0..RECORDS).step_by(BULK) {
        let records: Vec<Value> = (from..from + BULK).map(|n| json!({"values": values(n)})).collect();
        let body = json!({"records": records});
        let (answer, _) = server.call("POST", &format!("{path}/bulk"), ("x-undb-api-token", secret), body);
        ids.extend(answer["ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()));
    }
    (ids, f64::from(u32::try_from(RECORDS).unwrap()) / began.elapsed().as_secs_f64())
}

/// Makes the bytes of request `n`.
type Plan = Arc<dyn Fn(u64) -> Vec<u8> + Send + Sync>;

/// What one round came to.
#[derive(Clone, Copy, Default)]
struct Round {
    per_second: f64,
    p99_ms: f64,
}

/// Sends requests over so many connections, each as soon as the one before is answered.
async fn round(address: SocketAddr, plan: Plan, connections: usize, counter: Arc<AtomicU64>) -> Round {
    let (counting, over) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let tasks: Vec<_> = (0..connections)
        .map(|_| {
            let (plan, counter) = (plan.clone(), counter.clone());
            let (counting, over) = (counting.clone(), over.clone());
            tokio::spawn(async move { connection(address, &*plan, &counter, &counting, &over).await })
        })
        .collect();
    tokio::time::sleep(WARM_UP).await;
    counting.store(true, Ordering::Relaxed);
    let began = Instant::now();
    tokio::time::sleep(ROUND).await;
    over.store(true, Ordering::Relaxed);
    let took = began.elapsed();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    times.sort_unstable();
    let p99 = times.get(times.len() * 99 / 100).copied().unwrap_or_default();
    let count = f64::from(u32::try_from(times.len()).unwrap());
    Round { per_second: count / took.as_secs_f64(), p99_ms: p99.as_secs_f64() * 1000.0 }
}

async fn connection(
    address: SocketAddr,
    plan: &(dyn Fn(u64) -> Vec<u8> + Send + Sync),
    counter: &AtomicU64,
    counting: &AtomicBool,
    over: &AtomicBool,
) -> Vec<Duration> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut times, mut buffer) = (Vec::new(), vec![0; 256 << 10]);
    while !over.load(Ordering::Relaxed) {
        let request = plan(counter.fetch_add(1, Ordering::Relaxed));
        let began = Instant::now();
        stream.write_all(&request).await.unwrap();
        answer(&mut stream, &mut buffer).await;
        if counting.load(Ordering::Relaxed) {
            times.push(began.elapsed());
        }
    }
    times
}

/// Reads one answer, which must be a success of known length.
async fn answer(stream: &mut TcpStream, buffer: &mut [u8]) {
    let (mut filled, mut wanted) = (0, None);
    while wanted.is_none_or(|wanted| filled < wanted) {
        let read = stream.read(&mut buffer[filled..]).await.unwrap();
        assert!(read > 0, "the server closed the connection");
        filled += read;
        if wanted.is_none()
            && let Some(end) = buffer[..filled].windows(4).position(|four| four == b"\r\n\r\n")
        {
            let head = std::str::from_utf8(&buffer[..end]).unwrap();
            assert!(head.starts_with("HTTP/1.1 2"), "{head}");
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            wanted = Some(end + 4 + length.parse::<usize>().unwrap());
        }
    }
}

fn request(method: &str, path: &str, secret: &str, body: &str) -> Vec<u8> {
    let content = if body.is_empty() {
        String::new()
    } else {
        format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len())
    };
    format!("{method} {path} HTTP/1.1\r\nhost: bench\r\nx-undb-api-token: {secret}\r\n{content}\r\n{body}")
        .into_bytes()
}

/// Rounds of several plans in turn; the median of each.
fn turns(
    runtime: &tokio::runtime::Runtime,
    address: SocketAddr,
    plans: &[(&str, Plan)],
    connections: usize,
) -> Vec<Round> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let counter = Arc::new(AtomicU64::new(COUNTER.load(Ordering::Relaxed)));
    let mut rounds = vec![Vec::new(); plans.len()];
    for _ in 0..ROUNDS {
        for (n, (_, plan)) in plans.iter().enumerate() {
            rounds[n].push(runtime.block_on(round(address, plan.clone(), connections, counter.clone())));
        }
    }
    COUNTER.store(counter.load(Ordering::Relaxed), Ordering::Relaxed);
    rounds.into_iter().map(median).collect()
}

fn median(mut rounds: Vec<Round>) -> Round {
    rounds.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    rounds[rounds.len() / 2]
}

fn row(name: &str, connections: usize, round: Round, to: &str, of: f64) {
    let ratio = if of > 0.0 { format!("{:.2} × {to}", round.per_second / of) } else { String::new() };
    println!(
        "| {name} | {connections} | {:.1} k/s | {:.2} ms | {ratio} |",
        round.per_second / 1000.0,
        round.p99_ms
    );
}

fn measure() {
    let directory = tempfile::TempDir::new().unwrap();
    let (data, fixed) = (directory.path().join("data"), directory.path().join("fixed.json"));
    let server = Server::start(&data, &fixed);
    server.call("GET", "/healthz", ("x-bench", "1"), json!({}));
    std::thread::sleep(SETTLE);
    let empty = server.memory();
    let (path, secret) = provision(&server);
    let (ids, loaded) = load(&server, &path, &secret);
    std::thread::sleep(SETTLE);
    let full = server.memory();
    // The fixed answer has the bytes of a page, so the server starts once more when they are known.
    let page = server.call("GET", &format!("{path}?limit={PAGE}"), ("x-undb-api-token", &secret), json!({}));
    std::fs::write(&fixed, page.0.to_string()).unwrap();
    server.stop();
    let server = Server::start(&data, &fixed);
    println!(
        "memory: {empty:.0} MiB empty, {full:.0} MiB after loading {RECORDS} records ({loaded:.0} a second in bulk)\n"
    );
    println!("| call | connections | a second | p99 | ratio |\n| --- | ---: | ---: | ---: | --- |");
    report(server.address, &path, &secret, ids);
    println!("\nmemory: {:.0} MiB at the end", server.memory());
    server.stop();
}

fn report(address: SocketAddr, path: &str, secret: &str, ids: Vec<String>) {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(cores).enable_all().build().unwrap();
    let plan = |make: Box<dyn Fn(u64) -> Vec<u8> + Send + Sync>| -> Plan { Arc::from(make) };
    let same = |bytes: Vec<u8>| plan(Box::new(move |_| bytes.clone()));
    let health = same(request("GET", "/healthz", secret, ""));
    let fixed = same(request("GET", FIXED, secret, ""));
    let list = same(request("GET", &format!("{path}?limit={PAGE}"), secret, ""));
    let bare = same(request("GET", &format!("{path}?limit={PAGE}&total=false"), secret, ""));
    let gets: Vec<Vec<u8>> =
        ids.iter().take(20_000).map(|id| request("GET", &format!("{path}/{id}"), secret, "")).collect();
    let get =
        plan(Box::new(move |n| gets[usize::try_from(n.wrapping_mul(7919)).unwrap() % gets.len()].clone()));
    let (of, token) = (path.to_owned(), secret.to_owned());
    let create = plan(Box::new(move |n| {
        let body = json!({"values": values(1_000_000 + usize::try_from(n).unwrap())}).to_string();
        request("POST", &of, &token, &body)
    }));
    let mut single = 0.0;
    for connections in [1, 16, 64] {
        let plans = [
            ("/healthz", health.clone()),
            ("get by id", get.clone()),
            ("durable create, one unique field", create.clone()),
        ];
        let done = turns(&runtime, address, &plans, connections);
        for ((name, _), round) in plans.iter().zip(&done) {
            row(name, connections, *round, "/healthz", done[0].per_second);
        }
        if connections == 1 {
            single = done[2].per_second;
        } else {
            println!(
                "| durable creates beside one connection | {connections} | | | {:.1} × |",
                done[2].per_second / single
            );
        }
    }
    for connections in [1, 64] {
        let plans = [
            ("a fixed answer of a page's bytes", fixed.clone()),
            ("page of 30", list.clone()),
            ("page of 30 without total", bare.clone()),
        ];
        let done = turns(&runtime, address, &plans, connections);
        for ((name, _), round) in plans.iter().zip(&done) {
            row(name, connections, *round, "fixed", done[0].per_second);
        }
    }
}
