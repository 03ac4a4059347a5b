use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use super::*;
use crate::kv::Engine;
use crate::kv::memory::Memory;
use crate::service::CoreOptions;

fn spawned(engine: &Arc<dyn Engine>) -> Spawned {
    let core = Core::open(engine.clone(), CoreOptions::default()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    App::spawn(core, http::Settings::default(), listener, 1).unwrap()
}

/// Sends a request on a connection that stays open, and reads the head of the answer.
fn ask(address: SocketAddr) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let mut answer = [0; 64];
    let read = stream.read(&mut answer).unwrap();
    (stream, String::from_utf8_lossy(&answer[..read]).into_owned())
}

fn engine() -> Arc<dyn Engine> {
    Arc::new(Memory::new())
}

#[track_caller]
fn is_let_go(engine: &Arc<dyn Engine>) {
    let start = Instant::now();
    while Arc::strong_count(engine) > 1 {
        assert!(start.elapsed() < Duration::from_secs(5), "something still holds the database");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn an_application_answers_until_it_is_dropped() {
    let engine = engine();
    let app = spawned(&engine);
    let address = app.address();
    let (_open, answer) = ask(address);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(app);
    assert!(TcpStream::connect(address).is_err());
    is_let_go(&engine);
}

#[test]
fn an_idle_connection_does_not_hold_up_the_end() {
    let engine = engine();
    let app = spawned(&engine);
    let (_open, _) = ask(app.address());
    let start = Instant::now();
    app.stop();
    assert!(start.elapsed() < Duration::from_secs(STOP_SECONDS - 2), "{:?}", start.elapsed());
    is_let_go(&engine);
}

#[test]
fn it_starts_in_a_runtime_of_tokio_too() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let engine = engine();
    runtime.block_on(async {
        let core = Core::open(engine.clone(), CoreOptions::default()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let running = App::start(core, http::Settings::default(), listener, 1).unwrap();
        let address = running.address();
        let asked = tokio::task::spawn_blocking(move || ask(address).1).await.unwrap();
        assert!(asked.starts_with("HTTP/1.1 200"), "{asked}");
        running.stop().await.unwrap();
    });
    is_let_go(&engine);
}
