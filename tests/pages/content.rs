//! Spaces, bases and tables: made, renamed, moved, and deleted by who types their name.

use crate::harness::Server;
use crate::visitor::{Page, Visitor};

fn names(page: &Page, path: &str) -> Vec<String> {
    let within = page.html.one("nav");
    let links = page.html.within(within).iter().filter(|link| {
        link.get("href").is_some_and(|href| href.contains(path) && !href.contains('#'))
            && !link.text.is_empty()
    });
    links.map(|link| link.text.trim().to_owned()).collect()
}

#[test]
fn a_space_is_made_renamed_and_deleted() {
    let server = Server::start();
    let visitor = Visitor::owner(&server);
    let first = visitor.submit(&visitor.open("/"), "/spaces", &[("name", "  Mine "), ("samples", "")]);
    assert_eq!(first.heading(), "Mine");
    assert!(first.main().contains("There is nothing here yet"), "{}", first.main());
    assert_eq!(visitor.open("/").path, first.path, "the only one is where one is at once");
    let settings = visitor.open(&first.link("Settings"));
    for (name, why) in [("", "empty"), (&*"x".repeat(256), "255"), ("a\u{7}b", "control")] {
        let refused = visitor.submit(&settings, "/settings", &[("name", name), ("description", "Kept")]);
        assert_eq!((refused.status, refused.value("/settings", "name").as_str()), (422, name), "{why}");
        assert_eq!(refused.value("/settings", "description"), "Kept");
        assert!(refused.refusal().unwrap().contains(why), "{why}: {:?}", refused.refusal());
    }
    let saved = visitor.submit(&settings, "/settings", &[("name", "Ours"), ("description", "Of both of us")]);
    assert_eq!((saved.done(), saved.value("/settings", "name").as_str()), (Some("Saved."), "Ours"));
    assert!(visitor.open("/").main().contains("Of both of us"));
    let kept = visitor.submit(&saved, "/delete", &[("confirm", "ours")]);
    assert_eq!(kept.status, 422, "the name has to be typed as it is");
    assert!(
        kept.refusal().unwrap().contains("Type “Ours” to confirm") && visitor.open("/").heading() == "Ours"
    );
    let gone = visitor.submit(&kept, "/delete", &[("confirm", "Ours")]);
    assert_eq!((gone.path.as_str(), gone.heading()), ("/spaces/new", "Your first space"));
    assert_eq!(visitor.open(&first.path).status, 404);
}

#[test]
fn who_has_several_spaces_chooses() {
    let server = Server::start();
    let visitor = Visitor::owner(&server);
    for name in ["One", "Two"] {
        server.space(&visitor.cookie(), name);
    }
    let page = visitor.open("/");
    assert_eq!((page.path.as_str(), page.heading()), ("/spaces", "Spaces"));
    let two = visitor.open(&page.link("Two"));
    assert_eq!(two.heading(), "Two");
    let another = visitor.open(&two.link("New space"));
    assert_eq!(another.heading(), "New space");
    assert!(another.chosen("/spaces", "samples").is_empty(), "samples are for newcomers");
}

#[test]
fn bases_are_made_renamed_moved_and_deleted() {
    let server = Server::start();
    let visitor = Visitor::owner(&server);
    let space = visitor.submit(&visitor.open("/"), "/spaces", &[("name", "Mine"), ("samples", "")]);
    let refused = visitor.submit(&space, "/bases", &[("name", " ")]);
    assert_eq!((refused.status, refused.heading()), (422, "Mine"));
    for name in ["Shop", "Stock", "Staff"] {
        let base = visitor.submit(&space, "/bases", &[("name", name)]);
        assert_eq!(base.heading(), name);
    }
    let taken = visitor.submit(&space, "/bases", &[("name", "Shop")]);
    assert_eq!((taken.status, taken.value("/bases", "name").as_str()), (409, "Shop"));
    assert!(taken.refusal().unwrap().contains("The name is in use"), "{:?}", taken.refusal());
    let page = visitor.open(&taken.link("Staff"));
    let own = page.path.clone();
    assert_eq!((page.value(&own, "position").as_str(), names(&page, "/bases/").len()), ("3", 3));
    let refused = visitor.submit(&page, &own, &[("name", "Shop"), ("description", "Who works here")]);
    assert_eq!(refused.status, 409);
    assert_eq!(refused.value(&own, "name"), "Shop", "what was typed is kept");
    assert_eq!(refused.value(&own, "description"), "Who works here");
    assert_eq!(refused.heading(), "Staff", "but the base is called as it was");
    let moved = visitor.submit(&page, &own, &[("name", "People"), ("position", "1"), ("description", "All")]);
    assert_eq!((moved.done(), moved.heading()), (Some("Saved."), "People"));
    assert_eq!(names(&moved, "/bases/"), ["People", "Shop", "Stock"]);
    let emptied = visitor.submit(&moved, &own, &[("description", "")]);
    assert_eq!(emptied.value(&own, "description"), "");
    let kept = visitor.submit(&moved, "/delete", &[("confirm", "Staff")]);
    assert_eq!(kept.status, 422);
    assert!(kept.refusal().unwrap().contains("Type “People” to confirm"), "{:?}", kept.refusal());
    let gone = visitor.submit(&kept, "/delete", &[("confirm", "People")]);
    assert_eq!((gone.done(), names(&gone, "/bases/").len()), (Some("The base is deleted."), 2));
    assert_eq!(visitor.open(&own).status, 404);
}

#[test]
fn tables_are_made_renamed_moved_and_deleted() {
    let server = Server::start();
    let visitor = Visitor::owner(&server);
    let space = visitor.submit(&visitor.open("/"), "/spaces", &[("name", "Mine"), ("samples", "")]);
    let base = visitor.submit(&space, "/bases", &[("name", "Shop")]);
    let refused = visitor.submit(&base, "/tables", &[("name", ""), ("field", "Title")]);
    assert_eq!((refused.status, refused.value("/tables", "field").as_str()), (422, "Title"));
    let table = visitor.submit(&refused, "/tables", &[("name", "Books")]);
    assert_eq!(table.heading(), "Books");
    let second = visitor.submit(&base, "/tables", &[("name", "Authors")]);
    assert_eq!(names(&second, "/tables/"), ["Books", "Authors"]);
    let front = visitor.open(&second.link("Overview"));
    assert!(front.main().contains("0 records · 1 field"), "{}", front.main());

    let settings = visitor.open(&format!("{}/settings", table.path));
    let refused =
        visitor.submit(&settings, "/settings", &[("name", "Authors"), ("description", "All of them")]);
    assert_eq!((refused.status, refused.value("/settings", "name").as_str()), (409, "Authors"));
    assert_eq!(refused.value("/settings", "description"), "All of them", "what was typed is kept");
    let moved = visitor.submit(&settings, "/settings", &[("name", "Works"), ("position", "2")]);
    assert_eq!((moved.done(), moved.value("/settings", "name").as_str()), (Some("Saved."), "Works"));
    assert_eq!(names(&moved, "/tables/"), ["Authors", "Works"]);
    let kept = visitor.submit(&moved, "/delete", &[("confirm", "works")]);
    assert!(kept.status == 422 && kept.refusal().unwrap().contains("Type “Works”"), "{:?}", kept.refusal());
    let gone = visitor.submit(&kept, "/delete", &[("confirm", "Works")]);
    assert_eq!((gone.done(), gone.heading()), (Some("The table is deleted."), "Mine"));
    assert_eq!(names(&gone, "/tables/"), ["Authors"]);
    assert_eq!(visitor.open(&table.path).status, 404);
}

/// Addresses take names too, as the API does; links on such a page lead where they should, whatever is in the name.
#[test]
fn pages_are_found_by_names_as_well() {
    let server = Server::start();
    let visitor = Visitor::owner(&server);
    let space = visitor.submit(&visitor.open("/"), "/spaces", &[("name", "A/b? c#d%"), ("samples", "")]);
    let base = visitor.submit(&space, "/bases", &[("name", "E/f? g#h%")]);
    let table = visitor.submit(&base, "/tables", &[("name", "T")]);
    let named = "/spaces/A%2Fb%3F%20c%23d%25";
    let in_table = format!("{named}/bases/E%2Ff%3F%20g%23h%25/tables/T");
    let tails = ["", "/settings", "/settings/tokens"].map(|tail| format!("{named}{tail}"));
    let of_table = ["", "/settings", "/api"].map(|tail| format!("{in_table}{tail}"));
    for path in tails.into_iter().chain(of_table) {
        let page = visitor.open(&path);
        assert_eq!(page.status, 200, "{path}");
        for link in
            page.html.all("a").filter_map(|link| link.get("href")).filter(|to| to.starts_with("/spaces"))
        {
            assert_eq!(visitor.open(link.split('#').next().unwrap()).status, 200, "{path} links {link}");
        }
    }
    let page = visitor.open(&format!("{named}/bases/E%2Ff%3F%20g%23h%25"));
    let second = visitor.submit(&page, "/tables", &[("name", "Second")]);
    assert_eq!(second.heading(), "Second");
    let base_of = |page: &Page| page.path.split('/').nth(4).map(str::to_owned);
    assert_eq!(base_of(&second), base_of(&table), "it is the same one");
    let token = visitor.open(&format!("{named}/settings/tokens/new"));
    let made = visitor.submit(&token, "/tokens", &[("name", "one")]);
    assert_eq!(made.status, 200);
}
