//! Pages read as strictly as no browser reads them: what is not written as the templates write it ends the test, so that a
//! value that got out of its place is never taken for something harmless.

use std::collections::BTreeSet;

/// An element with its attributes, and where it ends.
#[derive(Clone, Debug)]
pub struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    /// The text in it, elements in it included.
    pub text: String,
    /// The elements in it are those from the one after it to this one, which is none of them.
    pub end: usize,
}

impl Element {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

/// A page: its elements in the order in which they begin.
#[derive(Clone, Debug, Default)]
pub struct Html {
    pub elements: Vec<Element>,
}

const VOID: [&str; 5] = ["meta", "link", "input", "br", "hr"];
/// Elements that hold text and nothing else.
const TEXT_ONLY: [&str; 4] = ["title", "textarea", "script", "style"];

impl Html {
    pub fn parse(page: &str) -> Html {
        let mut reader = Reader { page, rest: page, open: Vec::new(), html: Html::default() };
        reader.read();
        reader.html
    }

    pub fn all(&self, name: &str) -> std::vec::IntoIter<&Element> {
        self.elements.iter().filter(|element| element.name == name).collect::<Vec<_>>().into_iter()
    }

    /// The only element of a name.
    pub fn one(&self, name: &str) -> &Element {
        let found: Vec<_> = self.all(name).collect();
        assert_eq!(found.len(), 1, "one <{name}>: {found:?}");
        found[0]
    }

    /// The elements in another one.
    pub fn within(&self, outer: &Element) -> &[Element] {
        let place = self.elements.iter().position(|element| std::ptr::eq(element, outer)).unwrap();
        &self.elements[place + 1..outer.end]
    }

    /// The form that posts to an address with this end.
    pub fn form(&self, action: &str) -> &Element {
        let forms = self.all("form").filter(|form| form.get("action").unwrap().ends_with(action));
        let forms: Vec<_> = forms.collect();
        // The preferences are on some pages twice: in the menu and in the page.
        assert!(!forms.is_empty(), "no form {action} on this page: {:?}", self.one("body").text);
        forms[0]
    }

    /// Elements and attributes without any value: what stays the same, whatever is written in them.
    pub fn shape(&self) -> Vec<String> {
        let told = |element: &Element| {
            let names = element.attributes.iter().map(|(name, _)| name.as_str());
            format!("{} {}", element.name, names.collect::<Vec<_>>().join(" "))
        };
        self.elements.iter().map(told).collect()
    }

    /// Every text and value of an attribute.
    pub fn says(&self, text: &str) -> bool {
        let mut values = self.elements.iter().flat_map(|element| &element.attributes);
        self.elements.iter().any(|element| element.text.contains(text))
            || values.any(|(_, value)| value.contains(text))
    }

    /// What is wrong with the page, by what a page may hold: nothing that runs, and nothing from elsewhere.
    pub fn harms(&self) -> BTreeSet<String> {
        let mut harms = BTreeSet::new();
        for element in &self.elements {
            for (name, value) in &element.attributes {
                let address =
                    ["href", "src", "action", "formaction", "data", "poster"].contains(&name.as_str());
                let local = value.starts_with('#') || value.starts_with('/') && !value.starts_with("//");
                if name.starts_with("on") || ["style", "srcdoc", "http-equiv"].contains(&name.as_str()) {
                    harms.insert(format!("<{} {name}>", element.name));
                }
                if address && !local {
                    harms.insert(format!("<{} {name}={value:?}>", element.name));
                }
            }
            if element.name == "script" && (!element.text.is_empty() || !element.has("src")) {
                harms.insert("<script> with a text".into());
            }
            if ["style", "iframe", "object", "embed", "base", "img", "math"].contains(&element.name.as_str())
            {
                harms.insert(format!("<{}>", element.name));
            }
        }
        harms
    }
}

struct Reader<'a> {
    page: &'a str,
    rest: &'a str,
    /// Places of the elements that are open.
    open: Vec<usize>,
    html: Html,
}

impl Reader<'_> {
    fn read(&mut self) {
        self.skip("<!doctype html>");
        while !self.rest.is_empty() {
            let begin = self.rest.find('<').unwrap_or(self.rest.len());
            let (text, rest) = self.rest.split_at(begin);
            self.text(text);
            self.rest = rest;
            if rest.starts_with("</") {
                self.close();
            } else if !rest.is_empty() {
                self.begin();
            }
        }
        assert!(self.open.is_empty(), "elements stay open in {}", self.page);
    }

    fn skip(&mut self, text: &str) {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest
            .unwrap_or_else(|| panic!("{text:?} has to stand before {:.300?} in {}", self.rest, self.page));
    }

    fn word(&mut self) -> String {
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        assert!(!word.is_empty(), "a name has to stand before {:.300?} in {}", self.rest, self.page);
        self.rest = rest;
        word.to_owned()
    }

    fn text(&mut self, text: &str) {
        let text = decoded(text);
        for place in &self.open {
            self.html.elements[*place].text.push_str(&text);
        }
    }

    fn close(&mut self) {
        self.skip("</");
        let name = self.word();
        self.skip(">");
        let place = self.open.pop().unwrap_or_else(|| panic!("</{name}> closes nothing in {}", self.page));
        assert_eq!(self.html.elements[place].name, name, "in {}", self.page);
        self.html.elements[place].end = self.html.elements.len();
    }

    fn begin(&mut self) {
        self.skip("<");
        let name = self.word();
        let mut attributes: Vec<(String, String)> = Vec::new();
        while !self.rest.starts_with('>') {
            self.skip(" ");
            let name = self.word();
            assert!(!attributes.iter().any(|(known, _)| *known == name), "{name} twice: {:.300?}", self.rest);
            let mut value = String::new();
            if self.rest.starts_with('=') {
                self.skip("=\"");
                let end = self.rest.find('"').unwrap();
                value = decoded(&self.rest[..end]);
                self.rest = &self.rest[end + 1..];
            }
            attributes.push((name, value));
        }
        self.skip(">");
        let place = self.html.elements.len();
        let (void, raw) = (VOID.contains(&name.as_str()), TEXT_ONLY.contains(&name.as_str()));
        let end_tag = format!("</{name}");
        self.html.elements.push(Element { name, attributes, text: String::new(), end: place + 1 });
        if !void {
            self.open.push(place);
        }
        if raw {
            let end = self.rest.find(&end_tag).unwrap();
            let (text, rest) = self.rest.split_at(end);
            self.text(text);
            self.rest = rest;
        }
    }
}

/// A text without its character references, of which each has to be one that the templates write.
fn decoded(text: &str) -> String {
    let mut parts = text.split('&');
    let mut decoded = parts.next().unwrap().to_owned();
    for part in parts {
        let (reference, rest) = part.split_once(';').unwrap_or_else(|| panic!("a bare & in {text:?}"));
        let number = reference.strip_prefix('#').and_then(|number| number.parse().ok());
        decoded.push(number.and_then(char::from_u32).unwrap_or_else(|| panic!("&{reference}; in {text:?}")));
        decoded.push_str(rest);
    }
    decoded
}

#[test]
fn what_got_out_of_its_place_is_seen() {
    let page = |inner: &str| format!("<!doctype html><html><body>{inner}</body></html>");
    let plain = Html::parse(&page("<a href=\"/x\">a &#60; b</a><textarea>&#34;</textarea>"));
    assert_eq!(plain.one("a").text, "a < b");
    assert_eq!(plain.one("body").text, "a < b\"");
    assert!(plain.harms().is_empty(), "{:?}", plain.harms());
    for harm in ["<a href=\"javascript:x\"></a>", "<p onclick=\"x\"></p>", "<script>x</script>", "<img>"] {
        let harms = std::panic::catch_unwind(|| Html::parse(&page(harm)).harms());
        assert!(harms.is_err() || !harms.unwrap().is_empty(), "{harm}");
    }
    for broken in ["<p a='b'></p>", "<p a=b></p>", "a < b", "a & b", "<p></b>", "<p/onclick=\"x\"></p>"] {
        assert!(std::panic::catch_unwind(|| Html::parse(&page(broken))).is_err(), "{broken}");
    }
}
