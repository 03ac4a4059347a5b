//! Language and theme: as the browser asks, or as somebody chose, also without being signed in.

use crate::harness::Server;
use crate::list::{World, closed_pages, posts};
use crate::visitor::Visitor;

/// Whether a text is written in Chinese, for the most part.
fn is_chinese(text: &str) -> bool {
    text.chars().filter(|c| ('\u{4e00}'..='\u{9fff}').contains(c)).count() > 8
}

#[test]
fn a_page_is_in_the_language_that_the_browser_asks_for() {
    let server = Server::start();
    drop(server.owner());
    for (asked, language) in
        [("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("en-GB,en;q=0.9", "en"), ("fr-FR,fr;q=0.9", "en"), ("", "en")]
    {
        let page = Visitor::new(&server).with("accept-language", asked).open("/login");
        assert_eq!(page.html.one("html").get("lang"), Some(language), "{asked}");
        assert_eq!(is_chinese(page.main()), language == "zh", "{asked}: {}", page.main());
    }
}

#[test]
fn who_chooses_a_language_has_every_page_in_it() {
    let server = Server::start();
    let visitor = Visitor::owner(&server);
    let world = World::of(&server, &visitor.cookie());
    World::named(&server, &visitor.cookie(), "Second");
    let account = visitor.open("/account");
    assert_eq!(account.value("/preferences", "language"), "en");
    let chosen = visitor.submit(&account, "/preferences", &[("language", "zh")]);
    assert_eq!((chosen.path.as_str(), chosen.value("/preferences", "language").as_str()), ("/account", "zh"));
    for pattern in closed_pages("GET") {
        let page = visitor.open(&world.at(&pattern));
        assert_eq!(page.html.one("html").get("lang"), Some("zh"), "{pattern}");
        assert!(is_chinese(&page.html.one("body").text), "{pattern}: {}", page.main());
        let missing = |text: &str| text.trim() == "…";
        let mut values = page.html.elements.iter().flat_map(|element| &element.attributes);
        assert!(!page.html.elements.iter().any(|element| missing(&element.text)), "{pattern}: no message");
        assert!(!values.any(|(_, value)| missing(value)), "{pattern}: no message");
    }
    let missing = visitor.open("/nothing");
    assert!(missing.status == 404 && is_chinese(missing.main()), "{}", missing.main());
    let refused = visitor.submit(&visitor.open("/spaces/new"), "/spaces", &[]);
    assert!(refused.refusal().unwrap().contains("输入有误"), "{:?}", refused.refusal());
    assert!(refused.refusal().unwrap().contains("名称"), "fields are called as the form calls them");
    assert!(!refused.refusal().unwrap().contains("The "), "{:?}", refused.refusal());
    let out = visitor.submit(&chosen, "/logout", &[]);
    assert_eq!(out.html.one("html").get("lang"), Some("zh"), "it is the browser's, not the person's");
    assert!(is_chinese(out.done().unwrap()) || out.done().unwrap().contains('。'), "{:?}", out.done());
}

#[test]
fn the_theme_is_the_systems_until_somebody_chooses_one() {
    let server = Server::start();
    let visitor = Visitor::new(&server);
    let mut page = visitor.open("/setup");
    assert_eq!(page.html.one("html").get("data-theme"), None);
    for (theme, shown) in [("dark", Some("dark")), ("light", Some("light")), ("system", None)] {
        page = visitor.submit(&page, "/preferences", &[("theme", theme)]);
        assert_eq!(
            (page.path.as_str(), page.html.one("html").get("data-theme")),
            ("/setup", shown),
            "{theme}"
        );
        assert_eq!(page.value("/preferences", "theme"), theme);
    }
    let odd =
        visitor.post("/preferences", &[("theme", "x\"><b>"), ("language", "xx"), ("next", "//evil.example")]);
    assert_eq!((odd.path.as_str(), odd.html.one("html").get("data-theme")), ("/setup", None), "as it was");
}

/// A form that was refused is shown at an address that can't be opened; what leads away from it goes where it can.
#[test]
fn the_look_can_be_changed_on_a_refused_form() {
    let server = Server::start();
    let visitor = Visitor::owner(&server);
    let world = World::of(&server, &visitor.cookie());
    World::named(&server, &visitor.cookie(), "Second");
    let mut refused = 0;
    for (path, fields) in posts() {
        if path == "/preferences" || path == "/logout" {
            continue;
        }
        // Nothing of what is needed, and too much of the rest.
        let fields: Vec<_> = fields.into_iter().map(|(name, _)| (name, "\u{1}".repeat(3000))).collect();
        let answer = visitor.ask("POST", &world.at(path), Some(&fields), &[]);
        if answer.status != 422 {
            continue;
        }
        let html = crate::html::Html::parse(std::str::from_utf8(&answer.bytes).unwrap());
        let next =
            html.within(html.form("/preferences")).iter().find(|inner| inner.get("name") == Some("next"));
        let next = next.unwrap().get("value").unwrap();
        let there = visitor.open(next);
        assert_eq!(there.status, 200, "{path} leads to {next}");
        let other = visitor.submit(&there, "/preferences", &[("theme", "dark")]);
        assert_eq!((other.status, other.path.as_str()), (200, next), "{path}");
        refused += 1;
    }
    assert!(refused > 8, "{refused} forms were refused");
}
