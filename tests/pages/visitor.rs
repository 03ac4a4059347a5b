//! Somebody with a browser without scripts: cookies are kept, redirections followed, and forms filled in as the page has
//! them.

use std::cell::{Ref, RefCell};
use std::collections::BTreeMap;

use crate::harness::{Answer, EMAIL, PASSWORD, Server};
use crate::html::{Element, Html};

pub struct Visitor<'a> {
    pub server: &'a Server,
    cookies: RefCell<BTreeMap<String, String>>,
    /// Sent with each request.
    headers: Vec<(String, String)>,
}

/// Fields of a form, as they are sent.
pub type Fields = Vec<(String, String)>;

/// A page that was opened.
pub struct Page {
    pub status: u16,
    /// Where it is, after all redirections.
    pub path: String,
    pub answer: Answer,
    pub html: Html,
}

impl Page {
    /// The text of what is under the bar.
    pub fn main(&self) -> &str {
        &self.html.one("main").text
    }

    pub fn heading(&self) -> &str {
        &self.html.all("h1").next().unwrap().text
    }

    /// Whether the page tells of a form that was refused.
    pub fn refusal(&self) -> Option<&str> {
        let mut elements = self.html.elements.iter();
        elements.find(|element| element.get("role") == Some("alert")).map(|element| element.text.as_str())
    }

    /// The message of what was done.
    pub fn done(&self) -> Option<&str> {
        let mut elements = self.html.elements.iter();
        elements.find(|element| element.get("role") == Some("status")).map(|element| element.text.as_str())
    }

    /// Where the link with this text leads.
    pub fn link(&self, text: &str) -> String {
        let mut links = self.html.all("a");
        let link = links.find(|link| link.text.trim() == text);
        let link = link.unwrap_or_else(|| panic!("no link {text:?} in {:?}", self.html.one("body").text));
        link.get("href").unwrap().to_owned()
    }

    /// What a form would send as it is.
    pub fn fields(&self, action: &str) -> Fields {
        filled(&self.html, self.html.form(action))
    }

    /// What a field of a form holds.
    pub fn value(&self, action: &str, name: &str) -> String {
        let fields = self.fields(action);
        let found = fields.into_iter().find(|(found, _)| found == name);
        found.map_or_else(|| panic!("no {name} in the form {action}"), |(_, value)| value)
    }

    /// Everything that is chosen under a name.
    pub fn chosen(&self, action: &str, name: &str) -> Vec<String> {
        let fields = self.fields(action).into_iter();
        fields.filter(|(found, _)| found == name).map(|(_, value)| value).collect()
    }
}

fn is_choice(element: &Element) -> bool {
    matches!(element.get("type"), Some("radio" | "checkbox"))
}

fn filled(html: &Html, form: &Element) -> Fields {
    let mut fields = Fields::new();
    for element in html.within(form) {
        let Some(name) = element.get("name") else { continue };
        let value = match element.name.as_str() {
            "input" if is_choice(element) => {
                element.has("checked").then(|| element.get("value").unwrap_or("on").to_owned())
            }
            "input" => Some(element.get("value").unwrap_or_default().to_owned()),
            "textarea" => Some(element.text.clone()),
            "select" => {
                let options = html.within(element).iter().filter(|inner| inner.name == "option");
                let first = options.clone().next();
                let chosen = options.clone().find(|option| option.has("selected")).or(first);
                chosen.map(|option| option.get("value").unwrap().to_owned())
            }
            _ => None,
        };
        fields.extend(value.map(|value| (name.to_owned(), value)));
    }
    fields
}

impl<'a> Visitor<'a> {
    /// Nobody that is known.
    pub fn new(server: &'a Server) -> Visitor<'a> {
        let headers = vec![("accept".to_owned(), "text/html,application/xhtml+xml".to_owned())];
        Visitor { server, cookies: RefCell::default(), headers }
    }

    /// With a header that each request has.
    pub fn with(mut self, name: &str, value: &str) -> Visitor<'a> {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The owner, made and signed in.
    pub fn owner(server: &'a Server) -> Visitor<'a> {
        drop(server.owner());
        Visitor::new(server).signed_in(EMAIL)
    }

    /// Somebody else, made and signed in.
    pub fn person(server: &'a Server, email: &str) -> Visitor<'a> {
        drop(server.person(email));
        Visitor::new(server).signed_in(email)
    }

    fn signed_in(self, email: &str) -> Visitor<'a> {
        let page = self.open("/login");
        let arrived = self.submit(&page, "/login", &[("email", email), ("password", PASSWORD)]);
        assert_eq!(arrived.status, 200);
        self
    }

    pub fn cookies(&self) -> Ref<'_, BTreeMap<String, String>> {
        self.cookies.borrow()
    }

    /// The value of the `Cookie` header.
    pub fn cookie(&self) -> String {
        let pairs = self.cookies.borrow();
        pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// One request, with nothing followed.
    pub fn ask(&self, method: &str, path: &str, fields: Option<&Fields>, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.server.request(method, path);
        for (name, value) in self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())) {
            request = request.header(name, value);
        }
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let cookie = self.cookie();
        if !cookie.is_empty() {
            request = request.cookie(&cookie);
        }
        if let Some(fields) = fields {
            let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            request = request.raw("application/x-www-form-urlencoded", body.into_bytes());
        }
        let answer = request.send();
        self.keep(&answer);
        answer
    }

    fn keep(&self, answer: &Answer) {
        let cookies = answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        for (_, cookie) in cookies {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if cookie.contains("Max-Age=0") {
                self.cookies.borrow_mut().remove(name);
            } else {
                self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Opens a page, wherever that leads.
    pub fn open(&self, path: &str) -> Page {
        self.arrive(path, self.ask("GET", path, None, &[]))
    }

    fn arrive(&self, path: &str, mut answer: Answer) -> Page {
        let mut path = path.to_owned();
        for _ in 0..10 {
            let Some(next) = answer.header("location").filter(|_| answer.status == 303) else {
                let of_type = answer.header("content-type").unwrap_or_default();
                assert_eq!(of_type, "text/html; charset=utf-8", "{path}: {answer:?}");
                let html = Html::parse(std::str::from_utf8(&answer.bytes).unwrap());
                return Page { status: answer.status, path, html, answer };
            };
            next.split('#').next().unwrap().clone_into(&mut path);
            assert!(path.starts_with('/'), "sent to {path}");
            answer = self.ask("GET", &path, None, &[]);
        }
        panic!("{path} leads in a circle");
    }

    /// Fills in a form of a page and posts it. What is not named stays as the page has it; an empty value takes away what
    /// was chosen.
    pub fn submit(&self, page: &Page, action: &str, values: &[(&str, &str)]) -> Page {
        let form = page.html.form(action);
        let to = form.get("action").unwrap();
        if form.get("method") != Some("post") {
            return self.open(to);
        }
        let fields = changed(&page.html, form, values);
        self.arrive(to, self.ask("POST", to, Some(&fields), &[]))
    }

    /// Posts fields that no page has asked for.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.arrive(path, self.ask("POST", path, Some(&fields), &[]))
    }
}

fn changed(html: &Html, form: &Element, values: &[(&str, &str)]) -> Fields {
    let mut fields = filled(html, form);
    fields.retain(|(name, _)| !values.iter().any(|(changed, _)| changed == name));
    let offered = html.within(form);
    for (name, value) in values {
        let mut named = offered.iter().filter(|element| element.get("name") == Some(name));
        let first = named.clone().next().unwrap_or_else(|| panic!("the form has no field {name}"));
        if is_choice(first) {
            if value.is_empty() {
                continue;
            }
            let there = named.any(|choice| choice.get("value").unwrap_or("on") == *value);
            assert!(there, "{name} does not offer {value}");
        }
        fields.push(((*name).to_owned(), (*value).to_owned()));
    }
    fields
}
