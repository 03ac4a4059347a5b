use super::*;

fn resolve(shared: SharedArgs, serve: ServeArgs) -> Result<Settings, String> {
    Settings::resolve(shared, serve).map_err(|failure| failure.to_string())
}

fn served(serve: ServeArgs) -> Result<Settings, String> {
    resolve(SharedArgs::default(), serve)
}

#[test]
fn a_setting_that_is_not_given_has_its_default() {
    let settings = served(ServeArgs::default()).unwrap();
    assert_eq!(settings.data_dir, PathBuf::from("data"));
    assert_eq!(settings.listen, "127.0.0.1:3721");
    assert_eq!(settings.cache_bytes, 64 << 20);
    assert!(settings.workers >= 1 && !settings.demo);
    assert_eq!(settings.http.log_requests, http::LogRequests::Errors);
}

#[test]
fn every_flag_has_a_key_in_the_file_and_a_variable() {
    let text = r#"
        data_dir = "d"
        store = "postgres://me@localhost/db"
        store_password_file = "p"
        log = "warn"
        log_format = "json"
        listen = "[::1]:1"
        demo = true
        cache_mib = 2
        memory_budget = 100
        query_timeout = 1.5
        workers = 3
        log_requests = "all"
        cors_origin = ["https://a.example"]
        trusted_proxy = ["10.0.0.0/8"]
    "#;
    assert!(file::parse(text).is_ok());
    let keys = file::keys();
    assert_eq!(text.lines().filter(|line| line.contains('=')).count(), keys.len());
    assert!(keys.iter().all(|key| text.contains(&format!(" {key} = "))), "{keys:?}");
    let command = ServeArgs::augment_args(SharedArgs::augment_args(clap::Command::new("undb")));
    for arg in command.get_arguments() {
        let expected = format!("UNDB_{}", arg.get_id().to_string().to_uppercase());
        assert_eq!(arg.get_env().unwrap().to_str(), Some(expected.as_str()));
    }
}

#[test]
fn an_unknown_key_is_named_with_the_one_that_was_meant() {
    let fault = file::parse("lisen = \"127.0.0.1:1\"").unwrap_err();
    assert_eq!(fault, "There is no setting `lisen`. Did you mean `listen`?");
    let fault = file::parse("workers = \"many\"").unwrap_err();
    assert!(fault.contains("line 1") && fault.contains("invalid type"), "{fault}");
}

#[test]
fn the_file_gives_what_no_flag_does() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("some.toml");
    std::fs::write(&path, "listen = \"127.0.0.1:1\"\nworkers = 2\ncors_origin = [\"https://a.example/\"]")
        .unwrap();
    let shared = SharedArgs { config: Some(path), ..SharedArgs::default() };
    let settings = resolve(shared, ServeArgs { workers: Some(5), ..ServeArgs::default() }).unwrap();
    assert_eq!((settings.listen.as_str(), settings.workers), ("127.0.0.1:1", 5));
    assert_eq!(settings.http.cors_origins, ["https://a.example"]);
    let shared = SharedArgs { config: Some("none.toml".into()), ..SharedArgs::default() };
    assert!(resolve(shared, ServeArgs::default()).unwrap_err().contains("none.toml can't be read"));
}

#[test]
fn a_wrong_value_is_refused_with_the_name_of_its_setting() {
    let listen = |text: &str| ServeArgs { listen: Some(text.into()), ..ServeArgs::default() };
    let cors = |text: &str| ServeArgs { cors_origin: Some(vec![text.into()]), ..ServeArgs::default() };
    let proxy = |text: &str| ServeArgs { trusted_proxy: Some(vec![text.into()]), ..ServeArgs::default() };
    for (serve, named) in [
        (listen("3721"), "listen"),
        (listen("localhost"), "listen"),
        (listen("127.0.0.1:70000"), "listen"),
        (listen(":80"), "listen"),
        (ServeArgs { workers: Some(0), ..ServeArgs::default() }, "workers"),
        (ServeArgs { cache_mib: Some(0), ..ServeArgs::default() }, "cache_mib"),
        (cors("*"), "cors_origin"),
        (cors("app.example"), "cors_origin"),
        (cors("https://app.example/page"), "cors_origin"),
        (proxy("10.0.0.0/33"), "trusted_proxy"),
        (proxy("proxy"), "trusted_proxy"),
    ] {
        let fault = served(serve.clone()).unwrap_err();
        assert!(fault.starts_with(&format!("The setting `{named}`:")), "{serve:?}: {fault}");
    }
    assert!(served(listen("localhost:0")).is_ok());
    assert_eq!(served(proxy("::1")).unwrap().http.trusted_proxies.len(), 1);
}

#[test]
fn an_address_of_a_store_is_never_repeated_and_its_password_may_be_in_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("password");
    std::fs::write(&file, "s3cret\n").unwrap();
    let stored = |store: Option<&str>, file: Option<&std::path::Path>| {
        let (store, store_password_file) = (store.map(str::to_owned), file.map(Into::into));
        resolve(SharedArgs { store, store_password_file, ..SharedArgs::default() }, ServeArgs::default())
    };
    let settings = stored(Some("postgres://me@localhost/db"), Some(&file)).unwrap();
    assert_eq!(format!("{:?}", settings.store.unwrap()), "postgres://localhost:5432/db");
    for fault in [
        stored(Some("postgres://me:s3cret@localhost:x/db"), None).unwrap_err(),
        stored(None, Some(&file)).unwrap_err(),
        stored(Some("postgres://me@localhost/db"), Some(&dir.path().join("none"))).unwrap_err(),
    ] {
        assert!(fault.starts_with("The setting `store") && !fault.contains("s3cret"), "{fault}");
    }
}

#[test]
fn an_owner_has_both_halves() {
    let owner = |email: Option<&str>, password: Option<&str>| {
        let (email, password) = (email.map(str::to_owned), password.map(str::to_owned));
        owner_read(|name| if name.ends_with("EMAIL") { email.clone() } else { password.clone() })
    };
    assert!(matches!(owner(None, None), Ok(None)));
    assert!(matches!(owner(Some("a@b.example"), Some("long enough")), Ok(Some(_))));
    for (email, password) in [
        (Some("a@b.example"), None),
        (None, Some("long enough")),
        (Some("nobody"), Some("long enough")),
        (Some("a@b.example"), Some("short")),
    ] {
        assert!(matches!(owner(email, password), Err(Failure::Usage(_))), "{email:?} {password:?}");
    }
}

#[test]
fn a_fault_of_the_file_names_its_line_and_does_not_repeat_it() {
    for (text, line) in [
        ("workers = 2\nstore = \"postgres://me:s3cret@a/db\n", "line 2: "),
        ("store = s3cret", "line 1: "),
        ("\n\nworkers = \"s3cret\"", "line 3: "),
    ] {
        let fault = file::parse(text).map(drop).unwrap_err();
        assert!(fault.starts_with(line) && !fault.contains("s3cret@"), "{fault}");
    }
}
