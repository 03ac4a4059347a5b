//! `undb types`: what it prints of a running server's tables, and how it fails. That the types compile is seen by
//! `.ci/openapi/clients.py`.

use super::*;

/// A server with the demo: its address and a token.
struct Demo {
    dir: TempDir,
    _served: Served,
    url: String,
    token: String,
}

impl Demo {
    fn start() -> Demo {
        let dir = temporary();
        let mut served = Served::start(dir.path(), &["--demo"]);
        let [token, _, page] = served.lines(3).try_into().unwrap();
        let url = page.trim_end_matches("/swagger-ui/").to_owned();
        Demo { dir, _served: served, url, token }
    }

    fn types(&self, args: &[&str]) -> Command {
        let mut command = undb(self.dir.path(), &["types", "--url", &self.url]);
        command.args(args).env("UNDB_TOKEN", &self.token);
        command
    }
}

#[test]
fn it_prints_types() {
    let demo = Demo::start();
    for (lang, part) in [
        ("typescript", "export interface ContactsCreateValues {"),
        ("python", "ContactsUpdate = typing.TypedDict("),
        ("rust", "pub enum ContactsStatus {"),
    ] {
        let (out, err) = ends(demo.types(&["--table", "Contacts", "--lang", lang]), 0);
        assert!(out.contains(part) && err.is_empty(), "{lang}: {out}{err}");
        // By name and base it is the same table.
        let named = ends(demo.types(&["--table", "Contacts", "--base", "CRM", "--lang", lang]), 0).0;
        assert_eq!(out, named);
    }
}

#[test]
fn it_says_what_is_wrong() {
    let demo = Demo::start();
    let lang = ["--lang", "rust", "--table"];
    let args = |table| [&lang[..], &[table]].concat();
    let (out, err) = ends(demo.types(&args("Contact")), 1);
    assert!(out.is_empty() && err.contains("no table `Contact`") && err.contains("`Contacts`"), "{err}");
    let (_, err) = ends(demo.types(&args("zzz")), 1);
    assert!(err.contains("`Contacts`, "), "{err}");
    let (_, err) = ends(demo.types(&[&args("Contact")[..], &["--base", "CRM"]].concat()), 1);
    assert!(err.contains("`Contacts`"), "{err}");

    let mut command = demo.types(&args("Contacts"));
    command.env("UNDB_TOKEN", "undb_bad");
    let (_, err) = ends(command, 1);
    assert!(err.contains("UNDB_TOKEN (401)") && !err.contains("undb_bad"), "{err}");
    let mut command = demo.types(&args("Contacts"));
    command.env_remove("UNDB_TOKEN");
    let (_, err) = ends(command, 2);
    assert!(err.contains("Set the variable UNDB_TOKEN"), "{err}");

    let (_, err) = ends(demo.types(&["--lang", "cobol", "--table", "Contacts"]), 2);
    assert!(err.contains("typescript"), "{err}");
}

#[test]
fn it_says_which_server_is_not_one() {
    let dir = temporary();
    let ask = |url: &str| {
        let mut command = undb(dir.path(), &["types", "--table", "T", "--lang", "rust", "--url", url]);
        command.env("UNDB_TOKEN", "undb_some");
        command
    };
    // Bound and closed again: nobody is there.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (_, err) = ends(ask(&format!("http://{address}")), 1);
    assert!(err.contains(&format!("http://{address} does not answer")), "{err}");
    for url in ["127.0.0.1:3721", "ftp://example.com", "http://", "http://127.0.0.1/?a=b"] {
        let (_, err) = ends(ask(url), 2);
        assert!(err.contains("`--url") && err.contains("as in http://"), "{url}: {err}");
    }
}

#[test]
fn the_token_goes_nowhere_else() {
    let dir = temporary();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut read = [0; 4096];
        let count = stream.read(&mut read).unwrap();
        assert!(count > 0);
        stream
            .write_all(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .unwrap();
    });
    let mut command = undb(dir.path(), &["types", "--table", "T", "--lang", "rust", "--url", &url]);
    command.env("UNDB_TOKEN", "undb_some");
    let (_, err) = ends(command, 1);
    answer.join().unwrap();
    assert!(err.contains("sends elsewhere (302)"), "{err}");
}
