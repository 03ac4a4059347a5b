//! Names that a language takes: made of what people call things, and never two alike.

use std::collections::HashSet;

/// The words of a name: runs of letters and digits of ASCII, and a capital after a small letter begins one.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            let begins =
                !before.is_ascii_alphanumeric() || before.is_ascii_lowercase() && c.is_ascii_uppercase();
            match words.last_mut() {
                Some(word) if !begins => word.push(c),
                _ => words.push(c.into()),
            }
        }
        before = c;
    }
    words
}

/// `first_name`; a name without any letter or digit is `field`.
pub fn snake(text: &str) -> String {
    let words: Vec<_> = words(text).iter().map(|word| word.to_ascii_lowercase()).collect();
    begun(words.join("_"), "field")
}

/// `FirstName`.
pub fn pascal(text: &str, empty: &str) -> String {
    let capital = |word: &String| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    begun(words(text).iter().map(capital).collect(), empty)
}

/// No name begins with a digit.
fn begun(name: String, empty: &str) -> String {
    match name.chars().next() {
        None => empty.to_owned(),
        Some(first) if first.is_ascii_digit() => format!("{}{name}", empty.chars().next().unwrap_or('n')),
        Some(_) => name,
    }
}

/// Names that are given already, and words that mean something else.
pub struct Taken {
    given: HashSet<String>,
    reserved: &'static [&'static str],
}

impl Taken {
    pub fn new(reserved: &'static [&'static str]) -> Taken {
        Taken { given: HashSet::new(), reserved }
    }

    /// The name itself, or the first one like it that is free.
    pub fn give(&mut self, name: &str) -> String {
        let free = |name: &String| !self.reserved.contains(&name.as_str()) && !self.given.contains(name);
        let ended = std::iter::once(String::new())
            .chain(std::iter::once("_".into()))
            .chain((2..).map(|n: u32| format!("_{n}")));
        let found = ended.map(|end| format!("{name}{end}")).find(free).unwrap_or_default();
        self.given.insert(found.clone());
        found
    }
}

/// A text as JSON has it, which TypeScript and Python read alike.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The lines of a comment, none of which ends it.
pub fn lines(about: &str) -> impl Iterator<Item = String> {
    // What changes the direction of a text could make a comment look like code, which compilers refuse.
    let is_turn = |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let shown = move |c: char| if c.is_control() || is_turn(c) { ' ' } else { c };
    about.lines().map(move |line| {
        line.chars().map(shown).collect::<String>().replace("*/", "*\u{200b}/").trim_end().to_owned()
    })
}
