//! A TCP proxy that cuts its connections when told, or holds back what is sent.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use url::Url;

use crate::harness::pg_schema::{self, Schema};

/// The proxy. It listens until the process ends.
pub struct Proxy {
    address: SocketAddr,
    open: Arc<Mutex<Vec<(TcpStream, TcpStream)>>>,
    /// New connections are cut at once.
    closed: Arc<AtomicBool>,
    /// Nothing is passed on.
    holds: Arc<AtomicBool>,
}

impl Proxy {
    /// A proxy before the server of a schema, and the schema's address through it.
    pub fn of(schema: &Schema) -> (Proxy, String) {
        let address = pg_schema::address().unwrap();
        let proxy = Proxy::before(&address);
        let through = schema.text_at(&proxy.through(&address));
        (proxy, through)
    }

    /// A proxy before the server of an address.
    fn before(address: &str) -> Proxy {
        let url = Url::parse(address).unwrap();
        let behind = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (open, closed) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let holds = Arc::new(AtomicBool::new(false));
        let (opened, is_closed, is_held) = (open.clone(), closed.clone(), holds.clone());
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                if is_closed.load(Ordering::SeqCst) {
                    continue;
                }
                let Ok(server) = TcpStream::connect(&behind) else { continue };
                let _ = (client.set_nodelay(true), server.set_nodelay(true));
                opened.lock().unwrap().push((client.try_clone().unwrap(), server.try_clone().unwrap()));
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let is_held = is_held.clone();
                    std::thread::spawn(move || pump(from, to, &is_held));
                }
            }
        });
        Proxy { address, open, closed, holds }
    }

    /// The address of the server, through this.
    fn through(&self, address: &str) -> String {
        let mut url = Url::parse(address).unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(self.address.port())).unwrap();
        url.into()
    }

    /// Cuts those that are open and that `chosen` says.
    pub fn cut(&self, mut chosen: impl FnMut() -> bool) {
        self.open.lock().unwrap().retain(|(client, server)| {
            let cut = chosen();
            if cut {
                let _ = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
            }
            !cut
        });
    }

    /// Holds back whatever is sent, as a server that hangs does, or passes all of it on.
    pub fn hold(&self, holds: bool) {
        self.holds.store(holds, Ordering::SeqCst);
    }

    /// Lets nothing through, or everything again.
    pub fn close(&self, closed: bool) {
        self.closed.store(closed, Ordering::SeqCst);
        self.cut(|| true);
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream, is_held: &AtomicBool) {
    let mut buffer = [0; 16 << 10];
    while let Ok(read) = from.read(&mut buffer) {
        while is_held.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
        if read == 0 || to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
