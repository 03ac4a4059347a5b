//! The jobs of several servers on one store: one runs them, and another takes over.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use undb::clock::Time;
use undb::http::Settings;
use undb::kv::memory::Memory;
use undb::kv::testing::Testing;
use undb::kv::{Engine, Outcome};
use undb::service::{Core, CoreOptions};
use undb::store::schema::KEPT;
use undb::store::sweep::expiry_put;
use undb::{App, Spawned};

fn start(engine: &Arc<Testing>) -> Spawned {
    let core = Core::open(engine.clone(), CoreOptions::default()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    App::spawn(core, Settings::default(), listener, 1).unwrap()
}

/// Whether a server says that it runs the jobs.
fn runs(server: &Spawned) -> bool {
    let mut answer = ureq::get(format!("http://{}/metrics", server.address())).call().unwrap();
    let figures = answer.body_mut().read_to_string().unwrap();
    let line = figures.lines().find_map(|line| line.strip_prefix("undb_jobs_runner ")).unwrap();
    line == "1"
}

fn wait_until(fits: impl Fn() -> bool) -> Duration {
    let began = Instant::now();
    while !fits() {
        assert!(began.elapsed() < Duration::from_mins(1), "it does not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
    began.elapsed()
}

const KEY: &[u8] = b"key";

/// Something whose time has come, which nobody is told of.
fn expired_put(engine: &Testing) {
    let engine: &dyn Engine = engine;
    let receipt = engine.transact(b"", |txn| {
        txn.put(KEPT, KEY, b"value");
        expiry_put(txn, Time::from_millis(1), KEPT, KEY);
        Ok::<_, undb::kv::Error>((Outcome::Keep, ()))
    });
    receipt.wait().unwrap().unwrap();
}

#[test]
fn one_runs_the_jobs_and_another_takes_over() {
    let engine = Arc::new(Testing::new(Arc::new(Memory::new())));
    engine.wait_on_network(true);
    let first = start(&engine);
    wait_until(|| runs(&first));
    let (second, third) = (start(&engine), start(&engine));
    std::thread::sleep(Duration::from_secs(3));
    assert!(runs(&first) && !runs(&second) && !runs(&third), "it is renewed");
    first.stop();
    let handed = wait_until(|| runs(&second) || runs(&third));
    println!("handed over in {handed:?}");
    assert!(handed < Duration::from_secs(3));
    let (runner, waiter) = if runs(&second) { (second, third) } else { (third, second) };
    expired_put(&engine);
    // It is dropped at once, and gives nothing up.
    drop(runner);
    assert!(engine.get(&[(KEPT, KEY)]).unwrap()[0].is_some());
    let taken = wait_until(|| runs(&waiter));
    println!("taken over in {taken:?}");
    assert!((Duration::from_secs(4)..Duration::from_secs(10)).contains(&taken), "{taken:?}");
    let swept = wait_until(|| engine.get(&[(KEPT, KEY)]).unwrap()[0].is_none());
    println!("swept after {swept:?}");
}
