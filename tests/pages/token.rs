//! The form of a token: what may be chosen, what is refused, and what comes of it.

use std::sync::Arc;

use serde_json::{Value, json};
use undb::clock::{Clock, Time};
use undb::kv::memory::Memory;

use crate::harness::{Server, Setup};
use crate::list::World;
use crate::visitor::{Page, Visitor};

/// When these stories begin.
const NOW: &str = "2026-06-01T12:00:00.000Z";

fn timed() -> Server {
    let clock = Clock::manual(Time::parse(NOW).unwrap());
    Server::with(Setup { clock, engine: Some(Arc::new(Memory::new())), ..Setup::default() })
}

/// A visitor at the form, in a space with a base *Shop* and its table *books*, and another base.
struct Form<'a> {
    visitor: Visitor<'a>,
    world: World,
    page: Page,
    other: String,
}

impl<'a> Form<'a> {
    fn open(server: &'a Server) -> Form<'a> {
        let visitor = Visitor::owner(server);
        let world = World::of(server, &visitor.cookie());
        let made =
            server.post("/api/openapi/bases").token(&world.secret).json(json!({"name": "Stock"})).send();
        let page = visitor.open(&world.at("/spaces/{space}/settings/tokens/new"));
        Form { visitor, world, page, other: made.text("/id") }
    }

    /// Fills in the form anew: one that was posted makes no second token.
    fn submit(&self, values: &[(&str, &str)]) -> Page {
        self.visitor.submit(&self.visitor.open(&self.page.path), "/tokens", values)
    }

    /// What the API says of the token whose secret a page shows.
    fn token(&self, page: &Page) -> Value {
        let answer = self.visitor.server.get("/api/openapi/token").token(&secret(page)).send();
        assert_eq!(answer.status, 200, "the token works: {answer:?}");
        answer.json()
    }
}

/// The secret that a page shows.
pub fn secret(page: &Page) -> String {
    let mut inputs = page.html.all("input");
    let input = inputs.find(|input| input.get("id") == Some("secret"));
    let input = input.unwrap_or_else(|| panic!("no secret: {} {:?}", page.status, page.refusal()));
    input.get("value").unwrap().to_owned()
}

#[test]
fn a_preset_gives_the_rights_that_it_says() {
    let server = timed();
    let form = Form::open(&server);
    assert_eq!(form.page.chosen("/tokens", "preset"), ["write"], "as most programs need it");
    assert_eq!(form.page.chosen("/tokens", "expiry"), ["90"]);
    assert_eq!(form.page.chosen("/tokens", "reach"), ["all"]);
    for (preset, scopes) in [
        ("read", &["records:read", "schema:read"][..]),
        ("write", &["records:write", "schema:read"]),
        ("full", &crate::harness::ALL_SCOPES),
    ] {
        let token = form.token(&form.submit(&[("name", preset), ("preset", preset)]));
        let mut got: Vec<&str> =
            token["scopes"].as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect();
        let mut wanted = scopes.to_vec();
        got.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(got, wanted, "{preset}");
        assert_eq!((&token["bases"], &token["tables"]), (&Value::Null, &Value::Null), "{preset}");
    }
}

#[test]
fn single_rights_are_taken_as_they_are_chosen() {
    let server = timed();
    let form = Form::open(&server);
    let page = &form.page;
    let offered = page.html.all("input").filter(|input| input.get("name") == Some("scopes"));
    let offered: Vec<_> = offered.map(|input| input.get("value").unwrap().to_owned()).collect();
    assert!(offered.len() >= 6, "{offered:?}");
    for scope in &offered {
        let token = form.token(&form.submit(&[("name", scope), ("preset", "custom"), ("scopes", scope)]));
        assert_eq!(token["scopes"], json!([scope]));
    }
    let two = [("name", "two"), ("preset", "custom"), ("scopes", "records:read"), ("scopes", "space:manage")];
    assert_eq!(form.token(&form.submit(&two))["scopes"], json!(["records:read", "space:manage"]));
    // The boxes are in the page all the time, so they are sent with a preset too: it decides.
    let preset = [("name", "p"), ("preset", "read"), ("scopes", "space:manage")];
    assert_eq!(form.token(&form.submit(&preset))["scopes"], json!(["records:read", "schema:read"]));
}

#[test]
fn a_token_is_narrowed_to_what_is_chosen() {
    let server = timed();
    let form = Form::open(&server);
    let (base, table, other) = (&*form.world.parts["base"], &*form.world.parts["table"], &*form.other);
    for (name, chosen, bases, tables) in [
        ("a base", &[("bases", base)][..], json!([base]), Value::Null),
        ("a table", &[("tables", table)], Value::Null, json!([table])),
        ("both", &[("bases", base), ("tables", table)], json!([base]), json!([table])),
        ("two bases", &[("bases", base), ("bases", other)], json!([base, other]), Value::Null),
    ] {
        let fields: Vec<_> =
            [("name", name), ("reach", "some")].into_iter().chain(chosen.iter().copied()).collect();
        let token = form.token(&form.submit(&fields));
        assert_eq!((&token["bases"], &token["tables"]), (&bases, &tables), "{name}");
    }
    let whole = form.submit(&[("name", "whole"), ("reach", "all"), ("bases", base)]);
    assert_eq!(form.token(&whole)["bases"], Value::Null, "what is ticked counts only if it is asked for");
    let narrow = form.submit(&[("name", "narrow"), ("reach", "some"), ("bases", other)]);
    let list = form.world.at("/api/openapi/bases/{base}/tables");
    assert_eq!(server.get(&list).token(&secret(&narrow)).send().status, 404);
    assert!(!narrow.html.one("code").text.contains(base), "the line to try leads nowhere that it may not go");
}

#[test]
fn a_token_ends_when_it_is_to_end() {
    let server = timed();
    let form = Form::open(&server);
    for (expiry, date, ends) in [
        ("30", "", Some("2026-07-01T12:00:00.000Z")),
        ("90", "", Some("2026-08-30T12:00:00.000Z")),
        ("365", "", Some("2027-06-01T12:00:00.000Z")),
        ("date", "2026-06-01", Some("2026-06-01T23:59:59.999Z")),
        ("date", "2026-12-24", Some("2026-12-24T23:59:59.999Z")),
        ("none", "2026-12-24", None),
    ] {
        let page = form.submit(&[("name", expiry), ("expiry", expiry), ("date", date)]);
        assert_eq!(form.token(&page)["expiresAt"].as_str(), ends, "{expiry} {date}");
    }
}

#[test]
fn what_is_refused_keeps_what_was_chosen() {
    let server = timed();
    let form = Form::open(&server);
    let before = form.world.state(&form.visitor);
    let (base, table) = (&*form.world.parts["base"], &*form.world.parts["table"]);
    let long = "x".repeat(256);
    for (why, said, fields) in [
        ("no name", "Name", &[("name", ""), ("preset", "read"), ("expiry", "30")][..]),
        ("a blank name", "Name", &[("name", "  "), ("preset", "full")]),
        ("a long name", "255", &[("name", &long)]),
        (
            "no rights",
            "What it may do",
            &[("name", "Mine"), ("preset", "custom"), ("scopes", ""), ("expiry", "none")],
        ),
        (
            "narrowed to nothing",
            "What it reaches",
            &[("name", "Mine"), ("reach", "some"), ("preset", "read")],
        ),
        ("a day that is over", "Expires", &[("name", "Mine"), ("expiry", "date"), ("date", "2026-05-31")]),
        ("no day", "Expires", &[("name", "Mine"), ("expiry", "date"), ("date", "")]),
        ("no day at all", "Expires", &[("name", "Mine"), ("expiry", "date"), ("date", "2026-02-30")]),
        (
            "all at once",
            "Name",
            &[
                ("name", ""),
                ("preset", "custom"),
                ("scopes", "records:read"),
                ("reach", "some"),
                ("bases", base),
                ("tables", table),
                ("expiry", "date"),
                ("date", "2020-01-01"),
            ],
        ),
    ] {
        let refused = form.submit(fields);
        assert_eq!(refused.status, 422, "{why}");
        assert!(refused.refusal().unwrap().contains(said), "{why}: {:?}", refused.refusal());
        let mut names: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
        names.dedup();
        for name in names {
            let mut sent = fields
                .iter()
                .filter(|(found, _)| *found == name)
                .map(|(_, value)| *value)
                .collect::<Vec<_>>();
            sent.retain(|value| !value.is_empty() || ["name", "date"].contains(&name));
            assert_eq!(refused.chosen("/tokens", name), sent, "{why}: {name}");
        }
    }
    assert_eq!(form.world.state(&form.visitor), before, "nothing was made");
}

/// What no page offers is refused, and nothing else is taken for it.
#[test]
fn no_other_end_is_made_of_what_can_t_be_read() {
    let server = timed();
    let form = Form::open(&server);
    let before = form.world.state(&form.visitor);
    let long = "9".repeat(100);
    for expiry in
        ["abc", "", "31", "-90", "90.0", " 90", "9223372036854775807", "-9223372036854775808", &long]
    {
        for path in ["/spaces/{space}/settings/tokens", "/spaces/{space}/settings/tokens/{token}"] {
            let fields = [("name", "Mine"), ("preset", "read"), ("reach", "all"), ("expiry", expiry)];
            let refused = form.visitor.post(&form.world.at(path), &fields);
            assert_eq!(refused.status, 422, "{path} {expiry}");
            let why = refused.refusal().unwrap();
            assert!(why.contains("Expires") && why.contains("30, 90 or 365"), "{path} {expiry}: {why}");
        }
    }
    for grace in ["", "abc", "1.5", "-1", "604801", "9223372036854775808"] {
        let path = form.world.at("/spaces/{space}/settings/tokens/{token}/rotate");
        let refused = form.visitor.post(&path, &[("grace", grace)]);
        assert_eq!((refused.status, refused.heading()), (422, "all"), "{grace}");
        assert!(refused.refusal().unwrap().contains("The old secret works on for"), "{grace}");
    }
    assert_eq!(form.world.state(&form.visitor), before);
}

#[test]
fn saving_takes_no_right_away_that_is_not_offered() {
    let server = timed();
    let form = Form::open(&server);
    let scopes = json!(["records:read", "webhooks:manage", "audit:read"]);
    let cookie = form.visitor.cookie();
    let space = &form.world.parts["space"];
    let (id, secret) = server.token(&cookie, space, json!({"name": "Early", "scopes": scopes}));
    let now = || server.get("/api/openapi/token").token(&secret).send().json()["scopes"].clone();
    let page = form.visitor.open(&form.world.at(&format!("/spaces/{{space}}/settings/tokens/{id}")));
    let before = now();
    let saved = form.visitor.submit(&page, &id, &[("name", "Later")]);
    assert_eq!((saved.done(), now()), (Some("Saved."), before));
    form.visitor.submit(&page, &id, &[("scopes", "records:read")]);
    assert_eq!(now(), json!(["records:read"]), "but they can be taken away");
}

#[test]
fn a_token_is_changed() {
    let server = timed();
    let form = Form::open(&server);
    let shown = secret(&form.submit(&[("name", "Website"), ("preset", "write"), ("expiry", "30")]));
    let id = server.get("/api/openapi/token").token(&shown).send().text("/id");
    let path = form.world.at(&format!("/spaces/{{space}}/settings/tokens/{id}"));
    let page = form.visitor.open(&path);
    assert_eq!((page.value(&id, "name").as_str(), page.value(&id, "expiry").as_str()), ("Website", "keep"));
    assert_eq!(page.chosen(&id, "preset"), ["write"]);
    let same = form.visitor.submit(&page, &id, &[]);
    assert_eq!(same.done(), Some("Saved."));
    let now = || server.get("/api/openapi/token").token(&shown).send().json();
    assert_eq!(now()["expiresAt"], "2026-07-01T12:00:00.000Z", "kept to the millisecond");
    let nameless = form.visitor.submit(&page, &id, &[("name", ""), ("preset", "read")]);
    assert_eq!((nameless.status, nameless.value(&id, "name").as_str()), (422, ""), "a token has a name");
    assert_eq!(nameless.chosen(&id, "preset"), ["read"], "what was chosen is kept");
    assert_eq!(now()["scopes"], json!(["records:write", "schema:read"]), "and nothing changed");
    let nothing = form.visitor.submit(&page, &id, &[("reach", "some")]);
    assert_eq!((nothing.status, nothing.chosen(&id, "reach")), (422, vec!["some".to_owned()]));
    let base = &*form.world.parts["base"];
    let fields =
        [("name", "Shop window"), ("preset", "read"), ("reach", "some"), ("bases", base), ("expiry", "none")];
    let saved = form.visitor.submit(&page, &id, &fields);
    assert_eq!((saved.done(), saved.heading()), (Some("Saved."), "Shop window"));
    let token = now();
    assert_eq!(
        (&token["scopes"], &token["bases"]),
        (&json!(["records:read", "schema:read"]), &json!([base]))
    );
    assert_eq!(token["expiresAt"], Value::Null);
    let widened = form.visitor.submit(&saved, &id, &[("reach", "all"), ("expiry", "90")]);
    assert_eq!(widened.done(), Some("Saved."));
    assert_eq!(
        (now()["bases"].clone(), now()["expiresAt"].as_str()),
        (Value::Null, Some("2026-08-30T12:00:00.000Z"))
    );
}
