//! Floor 9: the server: from a data directory and a port to something that answers, and back to nothing in good order.
//!
//! [`App`] is what tests and embedders start; [`serve`] is the process around it.

mod database;
mod greeting;
mod signals;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use actix_web::rt::System;
use tokio::sync::oneshot;
use tokio::task::JoinHandle as Task;

pub use self::database::{Place, database_open, database_open_existing, engine_open, engine_open_existing};
use self::signals::Signals;
use crate::access::Operator;
use crate::cli::Failure;
use crate::config::{Settings, owner_read};
use crate::error::Code;
use crate::http;
use crate::kv;
use crate::service::auth::{self, Credentials};
use crate::service::demo::{self, Held};
use crate::service::{Core, jobs, lease};

/// How long requests in flight may take to finish when the server stops.
const STOP_SECONDS: u64 = 10;

/// How long another process may take to make the demo, and how often this one looks.
const DEMO_PATIENCE: Duration = Duration::from_mins(1);
const DEMO_LOOK: Duration = Duration::from_millis(200);

/// The application: HTTP over use cases, and the server's own jobs.
#[derive(Debug)]
pub struct App;

/// An application that runs, until it is stopped.
pub struct Running {
    address: SocketAddr,
    core: Arc<Core>,
    handle: ServerHandle,
    server: Task<io::Result<()>>,
    jobs: Task<()>,
}

impl App {
    /// Starts it in the runtime that this is called in. It answers when this has returned.
    pub fn start(
        core: Arc<Core>,
        settings: http::Settings,
        listener: TcpListener,
        workers: usize,
    ) -> io::Result<Running> {
        let address = listener.local_addr()?;
        let server = http::server(core.clone(), settings, listener, workers)?;
        let handle = server.handle();
        let jobs = tokio::spawn(jobs::run(core.clone(), Operator::assume()));
        Ok(Running { address, core, handle, server: tokio::spawn(server), jobs })
    }

    /// Starts it on a thread of its own, with its own runtime; for tests that are not async.
    pub fn spawn(
        core: Arc<Core>,
        settings: http::Settings,
        listener: TcpListener,
        workers: usize,
    ) -> io::Result<Spawned> {
        let (started, start) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("undb".into()).spawn(move || {
            kv::never_wait_here();
            System::new().block_on(async move {
                let running = match App::start(core, settings, listener, workers) {
                    Ok(running) => running,
                    Err(error) => return drop(started.send(Err(error))),
                };
                let _ = started.send(Ok(running.address()));
                // The failure was answered to those whose changes it concerns.
                let _ = match stopped.await {
                    Ok(Stop::Graceful) => running.stop().await,
                    Ok(Stop::AtOnce) | Err(_) => running.halt().await,
                };
            });
        })?;
        let address =
            start.recv().unwrap_or_else(|_| Err(io::Error::other("the server ended as it began")))?;
        Ok(Spawned { address, stop: Some(stop), thread: Some(thread) })
    }
}

impl Running {
    /// Where it listens, with the port that it got if it asked for any.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops in good order: takes no more requests, finishes those that it has, for ten seconds at most, gives the
    /// lease of the jobs up, writes how tokens were used, and lets go of the database.
    ///
    /// Errors: a flush has failed, now or earlier.
    pub async fn stop(self) -> Result<(), Failure> {
        self.end(true).await
    }

    /// Stops without waiting for requests.
    async fn halt(self) -> Result<(), Failure> {
        self.end(false).await
    }

    async fn end(self, gracefully: bool) -> Result<(), Failure> {
        let patience = Duration::from_secs(STOP_SECONDS);
        if tokio::time::timeout(patience, self.handle.stop(gracefully)).await.is_err() {
            tracing::warn!("some requests did not finish within {STOP_SECONDS} seconds");
        }
        self.server.abort();
        self.jobs.abort();
        // So that what they hold of the core is let go too.
        let _ = (self.server.await, self.jobs.await);
        if tokio::time::timeout(patience, leave(&self.core, gracefully)).await.is_err() {
            tracing::warn!(
                "the database did not answer within {STOP_SECONDS} seconds; how tokens were used since the last minute may be lost"
            );
            // Closing it would wait for the same answer, and the end of the process closes it too.
            std::mem::forget(self.core.clone());
        }
        // Every commit that has answered is on the disk already; dropping the last core closes the database.
        match self.core.engine.writable() {
            // A database that is away at the moment is nothing that ending has to do with.
            Ok(()) | Err(kv::Error::Away(_)) => Ok(()),
            Err(_) => Err(Failure::Failed(
                "Writing to the disk has failed. What was answered with success is there; what was answered with `commit_unknown` may be there or not. See to the disk before the next start.".into(),
            )),
        }
    }

    /// Waits until the server ends by itself, which it does only if something is wrong.
    async fn ended(&mut self) -> String {
        match (&mut self.server).await {
            Ok(Ok(())) => "it stopped by itself".into(),
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        }
    }
}

/// The last that is written: nothing that anybody was answered, so it is not waited for without end.
async fn leave(core: &Arc<Core>, gracefully: bool) {
    if gracefully && let Err(error) = lease::give_up(core, Operator::assume()).await {
        tracing::warn!(code = error.code.name(), "the lease of the jobs could not be given up");
    }
    if let Err(error) = jobs::token_used_write(core, Operator::assume()).await {
        tracing::warn!(code = error.code.name(), "how tokens were used could not be written");
    }
}

enum Stop {
    Graceful,
    AtOnce,
}

/// An application on its own thread. Dropping it stops it without waiting for requests.
pub struct Spawned {
    address: SocketAddr,
    stop: Option<oneshot::Sender<Stop>>,
    thread: Option<JoinHandle<()>>,
}

impl Spawned {
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops in good order, see [`Running::stop`].
    pub fn stop(mut self) {
        self.end(Stop::Graceful);
    }

    fn end(&mut self, how: Stop) {
        let _ = self.stop.take().map(|stop| stop.send(how));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        self.end(Stop::AtOnce);
    }
}

/// Serves until a signal ends it.
pub fn serve(settings: &Settings) -> Result<(), Failure> {
    let owner = owner_read(|name| std::env::var(name).ok())?;
    // First of all, so that a port in use leaves no trace in the data directory.
    let listener = listen(&settings.listen)?;
    let core = database_open(settings)?;
    System::new().block_on(serve_opened(settings, core, listener, owner))
}

async fn serve_opened(
    settings: &Settings,
    core: Arc<Core>,
    listener: TcpListener,
    owner: Option<Credentials>,
) -> Result<(), Failure> {
    // Signals and the jobs are this thread's, too.
    kv::never_wait_here();
    let operator = Operator::assume();
    if settings.demo {
        demo_ready(&core, operator, settings).await?;
    }
    if let Some(owner) = owner {
        owner_ready(&core, owner).await?;
    }
    let code = auth::setup_code_draw(&core, operator).await?;
    let mut signals = Signals::listen().map_err(|error| failed("Signals can't be received", &error))?;
    let mut running = App::start(core.clone(), settings.http.clone(), listener, settings.workers)
        .map_err(|error| failed("The server can't be started", &error))?;
    greeting::greet(running.address(), settings.log_format);
    if settings.demo {
        greeting::demo_print(&core, operator, running.address()).await?;
    }
    if let Some(code) = code {
        greeting::setup_print(running.address(), &code);
    }
    drop(core);
    tokio::select! {
        () = signals.next() => {}
        reason = running.ended() => {
            return Err(Failure::Failed(format!("The server has stopped: {reason}.")));
        }
    }
    tokio::select! {
        stopped = running.stop() => stopped.inspect(|()| tracing::info!("stopped")),
        // Whoever asks twice does not want to wait; nothing that was answered is lost.
        () = signals.next() => std::process::exit(1),
    }
}

fn failed(what: &str, error: &io::Error) -> Failure {
    Failure::Failed(format!("{what}: {error}."))
}

fn listen(address: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => Failure::Failed(format!(
            "The address {address} is in use, perhaps by another undb. Choose another one with `--listen`."
        )),
        _ => failed(&format!("The address {address} can't be listened on"), &error),
    })
}

/// Makes the owner that the environment names, unless there is one.
async fn owner_ready(core: &Arc<Core>, owner: Credentials) -> Result<(), Failure> {
    if auth::owner_exists(core).await? {
        return Ok(());
    }
    match auth::user_create(core, owner.email, owner.password, true).await {
        // Another process that starts at the same time was quicker.
        Err(error) if error.code == Code::SetupDone => Ok(()),
        made => Ok(made.map(drop)?),
    }
}

/// Makes the demo in an empty database; leaves one that is there, and refuses any other. One that another process makes is
/// waited for.
async fn demo_ready(core: &Arc<Core>, operator: Operator, settings: &Settings) -> Result<(), Failure> {
    let began = Instant::now();
    while began.elapsed() < DEMO_PATIENCE {
        match demo::demo_held(core, operator).await? {
            Held::Demo => return Ok(()),
            Held::Nothing => {
                let bar = greeting::progress_bar();
                let progress = |done, all| greeting::progress(&bar, done, all);
                let made = demo::demo_create(core, operator, &progress).await?;
                bar.finish_and_clear();
                if made {
                    return Ok(());
                }
            }
            Held::Begun => {}
            Held::Other => break,
        }
        tokio::time::sleep(DEMO_LOOK).await;
    }
    Err(Failure::Usage(format!(
        "The database in {} is not the demo's, so `--demo` leaves it alone. Name another one with `--data-dir` or `--store`.",
        database::place(settings)
    )))
}

#[cfg(test)]
mod tests;
