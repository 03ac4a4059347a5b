//! A real browser, driven by the WebDriver protocol (W3C) as chromedriver speaks it.

#![allow(dead_code, reason = "each test binary uses its own part of this")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The name under which the protocol hands out elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// How long a page may take to show what is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a strip of a page shows above and below, in pixels.
const MARGIN: i64 = 12;

/// A browser with one window, which is closed when this is dropped.
pub struct Browser {
    driver: Child,
    agent: ureq::Agent,
    session: String,
    _profile: TempDir,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.agent.delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

impl Browser {
    /// Opens a window of so many pixels.
    pub fn open(width: u32, height: u32) -> Browser {
        Browser::with(width, height, true)
    }

    /// The same; pages may run no scripts if that is not wished.
    pub fn with(width: u32, height: u32, scripts: bool) -> Browser {
        let mut driver = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port = lines
            .filter_map(|line| line.split("on port ").nth(1)?.trim_end_matches('.').parse::<u16>().ok())
            .find(|port| *port > 0)
            .unwrap();
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE * 3))
            .build()
            .into();
        let profile = TempDir::new().unwrap();
        let root = format!("http://127.0.0.1:{port}/session");
        let wish = json!({"capabilities": {"alwaysMatch": {
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            "goog:chromeOptions": {
                "args": arguments(width, height, profile.path()),
                // 1 is to allow, 2 to block.
                "prefs": {"profile.managed_default_content_settings.javascript": if scripts { 1 } else { 2 }},
            }
        }}});
        let made = send(&agent, &root, &wish);
        let session = format!("{root}/{}", made["sessionId"].as_str().unwrap());
        Browser { driver, agent, session, _profile: profile }
    }

    pub fn go(&self, url: &str) {
        self.command("url", &json!({"url": url}));
    }

    /// Makes the window another size.
    pub fn resize(&self, width: u32, height: u32) {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.cdp("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// The value of the `Cookie` header that the browser would send, also with what scripts can't see.
    pub fn session_cookie(&self) -> String {
        let cookies = self.ask("cookie");
        let pair = |cookie: &Value| {
            format!("{}={}", cookie["name"].as_str().unwrap(), cookie["value"].as_str().unwrap())
        };
        cookies.as_array().unwrap().iter().map(pair).collect::<Vec<_>>().join("; ")
    }

    pub fn address(&self) -> String {
        self.ask("url").as_str().unwrap().to_owned()
    }

    /// Goes on in the window that was opened last, once there are so many.
    pub fn window(&self, count: usize) {
        let began = Instant::now();
        loop {
            let handles = self.ask("window/handles");
            let handles = handles.as_array().unwrap();
            if handles.len() == count {
                self.command("window", &json!({"handle": handles[count - 1]}));
                return;
            }
            assert!(began.elapsed() < PATIENCE, "there are {} windows", handles.len());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Closes the window, and goes on in the first one.
    pub fn window_close(&self) {
        let _ = self.agent.delete(format!("{}/window", self.session)).call().unwrap();
        self.window(1);
    }

    /// What a script hands to `arguments[0]`, which is a function.
    pub fn script_waiting(&self, script: &str) -> Value {
        self.command("execute/async", &json!({"script": script, "args": []}))
    }

    pub fn cdp(&self, command: &str, params: &Value) -> Value {
        self.command("goog/cdp/execute", &json!({"cmd": command, "params": params}))
    }

    /// Addresses that were asked for since the last look; each is this server's, and no message is in the console.
    pub fn quiet(&self, address: &str) -> Vec<String> {
        self.quiet_but(address, &[])
    }

    /// The same, but for messages that hold one of these words. No token is in an address either.
    pub fn quiet_but(&self, address: &str, words: &[&str]) -> Vec<String> {
        let mut console = self.log("browser");
        console.retain(|line| !words.iter().any(|word| line.contains(word)));
        assert!(console.is_empty(), "{console:?}");
        let mut asked = Vec::new();
        for line in self.log("performance") {
            let line: Value = serde_json::from_str(&line).unwrap();
            if line["message"]["method"] != "Network.requestWillBeSent" {
                continue;
            }
            let url = line["message"]["params"]["request"]["url"].as_str().unwrap().to_owned();
            if url.starts_with("chrome:") || url.starts_with("data:") || url == "about:blank" {
                // The browser's own first page, and pictures within a stylesheet.
                continue;
            }
            assert!(url.starts_with(address), "{url}");
            assert!(!url.contains("undb_"), "a token in an address: {url}");
            asked.push(url);
        }
        asked
    }

    pub fn reload(&self) {
        self.command("refresh", &json!({}));
    }

    /// The value of a script's `return`.
    pub fn script(&self, script: &str) -> Value {
        self.command("execute/sync", &json!({"script": script, "args": []}))
    }

    /// Waits until a script returns something that is true.
    pub fn wait(&self, script: &str) {
        let began = Instant::now();
        while self.script(script) != json!(true) {
            assert!(began.elapsed() < PATIENCE, "waited in vain for: {script}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The element that a CSS selector finds, once it is there.
    fn find(&self, css: &str) -> String {
        self.wait(&format!("return document.querySelector({}) !== null", json!(css)));
        let found = self.command("element", &json!({"using": "css selector", "value": css}));
        found[ELEMENT].as_str().unwrap().to_owned()
    }

    pub fn click(&self, css: &str) {
        let element = self.find(css);
        self.script(&format!("document.querySelector({}).scrollIntoView({{block: 'center'}})", json!(css)));
        self.command(&format!("element/{element}/click"), &json!({}));
    }

    pub fn type_into(&self, css: &str, text: &str) {
        let element = self.find(css);
        self.command(&format!("element/{element}/value"), &json!({"text": text}));
    }

    /// Presses keys where the focus is: `Enter`, `Control+c`, or any other text a character at a time.
    pub fn press(&self, keys: &[&str]) {
        let mut actions = Vec::new();
        let mut act = |of_type: &str, value: &str| actions.push(json!({"type": of_type, "value": value}));
        for text in keys {
            let chord: Vec<&str> = match text.split_once('+') {
                _ if key(text).is_some() => vec![*text],
                Some((first, last)) if key(first).is_some() => vec![first, last],
                _ => Vec::new(),
            };
            if chord.is_empty() {
                for character in text.chars().map(String::from) {
                    act("keyDown", &character);
                    act("keyUp", &character);
                }
            }
            for part in &chord {
                act("keyDown", key(part).unwrap_or(part));
            }
            for part in chord.iter().rev() {
                act("keyUp", key(part).unwrap_or(part));
            }
        }
        self.command("actions", &json!({"actions": [{"type": "key", "id": "keys", "actions": actions}]}));
    }

    /// Sets a cookie of the host that is open, written as `name=value`.
    pub fn cookie(&self, cookie: &str) {
        let (name, value) = cookie.split_once('=').unwrap();
        self.command("cookie", &json!({"cookie": {"name": name, "value": value, "path": "/"}}));
    }

    pub fn is_there(&self, css: &str) -> bool {
        self.script(&format!("return document.querySelector({}) !== null", json!(css))) == json!(true)
    }

    /// The text of an element, once it is there.
    pub fn text(&self, css: &str) -> String {
        self.find(css);
        self.script(&format!("return document.querySelector({}).innerText", json!(css)))
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Lines of one of the browser's logs since it was read last.
    pub fn log(&self, of_type: &str) -> Vec<String> {
        let lines = self.command("se/log", &json!({"type": of_type}));
        lines.as_array().unwrap().iter().map(|line| line["message"].as_str().unwrap().to_owned()).collect()
    }

    /// Writes what the window shows to a file.
    pub fn picture(&self, path: &Path) {
        let mut answer = self.agent.get(format!("{}/screenshot", self.session)).call().unwrap();
        let answer: Value = answer.body_mut().read_json().unwrap();
        written(path, &answer["value"]);
    }

    /// Writes the strip of the page from the top of one element to the bottom of another to a file.
    pub fn picture_from_to(&self, top: &str, bottom: &str, path: &Path) {
        let edge = |css: &str, side: &str| {
            let at =
                format!("document.querySelector({}).getBoundingClientRect().{side} + scrollY", json!(css));
            self.script(&format!("return Math.round({at})")).as_i64().unwrap()
        };
        let (top, bottom) = (edge(top, "top") - MARGIN, edge(bottom, "bottom") + MARGIN);
        let width = self.script("return document.documentElement.clientWidth");
        let clip = json!({"x": 0, "y": top, "width": width, "height": bottom - top, "scale": 1});
        let taken = self.command(
            "goog/cdp/execute",
            &json!({"cmd": "Page.captureScreenshot", "params": {"clip": clip, "captureBeyondViewport": true}}),
        );
        written(path, &taken["data"]);
    }

    /// Writes what an element shows to a file, and a little around it.
    pub fn picture_of(&self, css: &str, path: &Path) {
        let place = self.script(&format!(
            "const box = document.querySelector({}).getBoundingClientRect();
             return [box.x, box.y + scrollY, box.width, box.height].map(Math.round)",
            json!(css)
        ));
        let at = |n: usize| place[n].as_i64().unwrap();
        let (x, y) = ((at(0) - MARGIN).max(0), (at(1) - MARGIN).max(0));
        let clip =
            json!({"x": x, "y": y, "width": at(2) + 2 * MARGIN, "height": at(3) + 2 * MARGIN, "scale": 1});
        let params = json!({"clip": clip, "captureBeyondViewport": true});
        written(path, &self.cdp("Page.captureScreenshot", &params)["data"]);
    }

    /// Writes the whole page to a file, as far as it can be scrolled.
    pub fn picture_whole(&self, path: &Path) {
        self.script("scrollTo(0, 0)");
        let size = self
            .script("const page = document.documentElement; return [page.clientWidth, page.scrollHeight]");
        let clip = json!({"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1});
        let params = json!({"clip": clip, "captureBeyondViewport": true});
        written(path, &self.cdp("Page.captureScreenshot", &params)["data"]);
    }

    fn ask(&self, path: &str) -> Value {
        let mut answer = self.agent.get(format!("{}/{path}", self.session)).call().unwrap();
        let answer: Value = answer.body_mut().read_json().unwrap();
        answer["value"].clone()
    }

    fn command(&self, path: &str, body: &Value) -> Value {
        send(&self.agent, &format!("{}/{path}", self.session), body)
    }
}

/// The code of a key that has a name.
fn key(name: &str) -> Option<&'static str> {
    Some(match name {
        "Enter" => "\u{e007}",
        "Tab" => "\u{e004}",
        "Escape" => "\u{e00c}",
        "Shift" => "\u{e008}",
        "Control" => "\u{e009}",
        "Up" => "\u{e013}",
        "Down" => "\u{e015}",
        "Left" => "\u{e012}",
        "Right" => "\u{e014}",
        "Home" => "\u{e011}",
        "End" => "\u{e010}",
        "Delete" => "\u{e017}",
        "Space" => " ",
        _ => return None,
    })
}

/// Writes a picture as the protocol sends it.
fn written(path: &Path, picture: &Value) {
    let bytes = base64::engine::general_purpose::STANDARD.decode(picture.as_str().unwrap()).unwrap();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn arguments(width: u32, height: u32, profile: &Path) -> Vec<String> {
    let fixed = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
    ];
    let own = [format!("--window-size={width},{height}"), format!("--user-data-dir={}", profile.display())];
    fixed.map(str::to_owned).into_iter().chain(own).collect()
}

fn send(agent: &ureq::Agent, url: &str, body: &Value) -> Value {
    let mut answer = agent.post(url).send_json(body).unwrap();
    let status = answer.status();
    let answer: Value = answer.body_mut().with_config().limit(64 << 20).read_json().unwrap();
    assert!(status.is_success(), "{url} {body}: {answer}");
    answer["value"].clone()
}
