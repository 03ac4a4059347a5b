//! A server that has just been started, and a browser before it.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::browser::Browser;
use crate::process::{Client, Process};

pub const EMAIL: &str = "you@example.com";
pub const PASSWORD: &str = "correct-horse-battery";

/// Whether a real browser is asked for.
pub fn asked_for() -> bool {
    let asked = std::env::var_os("UNDB_BROWSER").is_some();
    if !asked {
        println!("skipped: a real browser is driven with UNDB_BROWSER=1 only");
    }
    asked
}

pub struct Home {
    pub process: Process,
    pub browser: Browser,
    _directory: TempDir,
}

impl Home {
    pub fn new(browser: Browser) -> Home {
        let directory = TempDir::new().unwrap();
        let process = Process::start(directory.path(), "run", &[]);
        Home { process, browser, _directory: directory }
    }

    pub fn url(&self, path: &str) -> String {
        self.process.url(path)
    }

    pub fn go(&self, path: &str) {
        self.browser.go(&self.url(path));
    }

    /// Path and query of the page that is open.
    pub fn path(&self) -> String {
        self.browser.address().strip_prefix(&self.url("")).unwrap().to_owned()
    }

    /// Makes the owner by the link that the server prints.
    pub fn set_up(&self) {
        self.go(&format!("/setup?code={}", self.process.setup_code()));
        self.browser.type_into("[name=email]", EMAIL);
        self.browser.type_into("[name=password]", PASSWORD);
        self.browser.click(".stack .primary");
        self.wait_for("/spaces/new");
    }

    /// Makes a space with the samples: its path.
    pub fn space(&self, name: &str) -> String {
        self.go("/spaces/new");
        self.browser.type_into("[name=name]", name);
        if !self.browser.is_there("[name=samples]:checked") {
            self.browser.click("[name=samples]");
        }
        self.browser.click(".stack .primary");
        self.wait_for("/spaces/spc");
        self.path()
    }

    /// Waits until a page is there whose path begins so.
    pub fn wait_for(&self, path: &str) {
        let script = "return document.readyState === 'complete' && location.pathname.startsWith";
        self.browser.wait(&format!("{script}({})", Value::from(path)));
    }

    /// Status and body of a call with a token, as a program makes it.
    pub fn call(&self, path: &str, secret: &str) -> (u16, Value) {
        Client::new(self.process.address).send("GET", path, &[("x-undb-api-token", secret)], None).unwrap()
    }
}

/// Where pictures are put, to be looked at.
pub fn picture(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf);
    folder.join("screenshots").join(format!("{name}.png"))
}
