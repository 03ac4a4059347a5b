//! One's own account: a new password, and where one is signed in.

use crate::harness::{EMAIL, PASSWORD, Server};
use crate::visitor::{Page, Visitor};

const NEW: &str = "another-horse-battery";

fn change(visitor: &Visitor<'_>, current: &str, new: &str, repeated: &str) -> Page {
    let page = visitor.open("/account");
    let fields = [("currentPassword", current), ("newPassword", new), ("repeated", repeated)];
    visitor.submit(&page, "/account/password", &fields)
}

#[test]
fn a_new_password_ends_all_other_sessions() {
    let server = Server::start();
    let visitor = Visitor::owner(&server);
    let elsewhere = server.login(EMAIL, PASSWORD);
    for (current, new, repeated, why) in [
        ("wrong-horse-battery", NEW, NEW, "another one"),
        (PASSWORD, "short", "short", "New password"),
        (PASSWORD, NEW, "another-horse-batterz", "not the same"),
        ("", "", "", "Current password"),
    ] {
        let refused = change(&visitor, current, new, repeated);
        assert_eq!(refused.status, 422, "{why}");
        assert!(refused.refusal().unwrap().contains(why), "{why}: {:?}", refused.refusal());
        let fields = refused.fields("/account/password");
        let typed = fields.iter().filter(|(name, _)| name != "username");
        assert!(typed.clone().all(|(_, value)| value.is_empty()), "no password is sent back: {typed:?}");
    }
    let me = |cookie: &str| server.get("/api/auth/me").cookie(cookie).send().status;
    assert_eq!(me(&elsewhere), 200, "nothing has changed yet");
    let changed = change(&visitor, PASSWORD, NEW, NEW);
    assert_eq!(changed.status, 200);
    assert!(changed.done().unwrap().starts_with("Your password is changed"), "{:?}", changed.done());
    assert_eq!(me(&elsewhere), 401);
    let other = Visitor::new(&server);
    let login = other.open("/login");
    let old = other.submit(&login, "/login", &[("email", EMAIL), ("password", PASSWORD)]);
    assert_eq!(old.status, 401, "the old password is none any more");
    assert_eq!(other.submit(&login, "/login", &[("email", EMAIL), ("password", NEW)]).status, 200);
}

#[test]
fn somebody_sees_where_they_are_signed_in_and_ends_a_session() {
    let server = Server::start();
    drop(server.owner());
    let agents = [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36",
        "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
    ];
    let [there, here] = agents.map(|agent| {
        let visitor = Visitor::new(&server).with("user-agent", agent);
        let page = visitor.open("/login");
        assert_eq!(visitor.submit(&page, "/login", &[("email", EMAIL), ("password", PASSWORD)]).status, 200);
        visitor
    });
    let page = here.open("/account");
    let lines: Vec<&str> = page.html.all("li").map(|line| line.text.as_str()).collect();
    let line =
        |name: &str| lines.iter().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{lines:?}"));
    assert!(
        line("Firefox · Linux").contains("this one") && line("Firefox").contains("Sign out"),
        "{lines:?}"
    );
    assert!(line("Chrome · Windows").contains("End"), "{lines:?}");
    let ends = page.html.all("form").filter_map(|form| {
        let action = form.get("action").unwrap();
        let alone = page.html.within(form).iter().any(|inner| inner.text.trim() == "End");
        (action.ends_with("/end") && alone).then(|| action.to_owned())
    });
    // The newest first: this one, then the other browser, then the one that made the owner.
    let ends: Vec<String> = ends.collect();
    let action = ends[0].clone();
    assert_eq!(ends.len(), 2);
    let ended = here.submit(&page, &action, &[]);
    assert_eq!(
        (ended.path.as_str(), ended.done()),
        ("/account?done=session_ended", Some("The session has ended."))
    );
    assert_eq!(there.open("/account").heading(), "Sign in", "it has ended");
    assert_eq!(here.post(&action, &[]).status, 404, "once");
    let mine = ended.html.all("form").find(|form| {
        ended.html.within(form).iter().any(|inner| inner.name == "button" && inner.text == "Sign out")
            && form.get("action").unwrap().ends_with("/end")
    });
    let out = here.submit(&ended, mine.unwrap().get("action").unwrap(), &[]);
    assert_eq!((out.path.as_str(), out.done()), ("/login?done=signed_out", Some("You are signed out.")));
    assert!(here.cookies().is_empty());
}
