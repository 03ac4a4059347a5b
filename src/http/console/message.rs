//! The words of the console. A language is one file of `messages/`, in TOML: tables of messages, which may hold
//! `{placeholders}`. A message that depends on a number is a table of its plural forms, by the categories of Unicode CLDR
//! that the language has. Tables named in [`SCRIPTED`] go to the scripts.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

/// Tables of messages that scripts need. The others are used in templates only.
const SCRIPTED: [&str; 5] = ["ui", "grid", "field", "filter", "cell"];

/// A language of the console.
#[derive(Debug)]
pub struct Language {
    /// BCP 47.
    pub code: &'static str,
    /// What its speakers call it.
    pub name: &'static str,
    file: &'static str,
    /// The plural category of a number (CLDR, cardinal).
    plural: fn(u64) -> &'static str,
}

pub const LANGUAGES: &[Language] = &[
    Language {
        code: "en",
        name: "English",
        file: include_str!("messages/en.toml"),
        plural: |n| if n == 1 { "one" } else { "other" },
    },
    Language { code: "zh", name: "中文", file: include_str!("messages/zh.toml"), plural: |_| "other" },
];

/// The messages of one language, by `table.name` and `table.name.category`.
pub struct Messages {
    pub language: &'static Language,
    texts: BTreeMap<String, String>,
}

static ALL: LazyLock<Vec<Messages>> =
    LazyLock::new(|| LANGUAGES.iter().map(|language| Messages { language, texts: read(language) }).collect());

fn read(language: &Language) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    // A file that can't be read is seen by a test; here the keys stand for the messages.
    if let Ok(table) = language.file.parse::<toml::Table>() {
        flatten("", &table, &mut texts);
    }
    texts
}

fn flatten(prefix: &str, table: &toml::Table, texts: &mut BTreeMap<String, String>) {
    for (key, value) in table {
        let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            toml::Value::Table(inner) => flatten(&key, inner, texts),
            toml::Value::String(text) => drop(texts.insert(key, text.clone())),
            _ => {}
        }
    }
}

impl Messages {
    /// Those of every language.
    pub fn all() -> &'static [Messages] {
        &ALL
    }

    /// Those of a language by its code.
    pub fn of(code: &str) -> Option<&'static Messages> {
        ALL.iter().find(|messages| messages.language.code == code)
    }

    /// Those of the first language that a browser asks for and that is there (RFC 9110, section 12.5.4; the weights are
    /// taken to be in falling order, as browsers send them).
    pub fn accepted(header: &str) -> Option<&'static Messages> {
        let tags = header.split(',').map(|part| part.split(';').next().unwrap_or_default().trim());
        tags.filter_map(|tag| tag.split('-').next()).find_map(|code| Messages::of(&code.to_ascii_lowercase()))
    }

    pub fn standard() -> &'static Messages {
        static EMPTY: LazyLock<Messages> = LazyLock::new(|| Messages {
            language: &Language { code: "en", name: "English", file: "", plural: |_| "other" },
            texts: BTreeMap::new(),
        });
        ALL.first().unwrap_or(&EMPTY)
    }

    /// A message. That each that is asked for is there, a test sees.
    pub fn get(&self, key: impl AsRef<str>) -> &str {
        self.find(key.as_ref()).unwrap_or("…")
    }

    /// A message, if there is one.
    pub fn find(&self, key: &str) -> Option<&str> {
        self.texts.get(key).map(String::as_str)
    }

    /// A message with one placeholder.
    pub fn with(&self, key: &str, name: &str, value: impl fmt::Display) -> String {
        self.get(key).replace(&format!("{{{name}}}"), &value.to_string())
    }

    /// A message about a number, which is its placeholder `{n}`.
    pub fn count(&self, key: &str, n: impl Borrow<u64>) -> String {
        let n = *n.borrow();
        let key = format!("{key}.{}", (self.language.plural)(n));
        self.with(&key, "n", n)
    }
}

/// The messages that scripts need, as a module.
pub fn script(messages: &Messages) -> Vec<u8> {
    let scripted = |key: &str| SCRIPTED.iter().any(|table| key.split('.').next() == Some(table));
    let texts: BTreeMap<_, _> = messages.texts.iter().filter(|(key, _)| scripted(key)).collect();
    format!("export default {}", serde_json::to_string(&texts).unwrap_or_default()).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
    }

    /// A key without the plural category at its end.
    fn stem(key: &str) -> &str {
        ["zero", "one", "two", "few", "many", "other"]
            .iter()
            .find_map(|category| key.strip_suffix(&format!(".{category}")))
            .unwrap_or(key)
    }

    #[test]
    fn every_language_says_everything() {
        let english = &ALL[0];
        let stems = |messages: &Messages| -> BTreeSet<String> {
            messages.texts.keys().map(|key| stem(key).to_owned()).collect()
        };
        assert!(!english.texts.is_empty());
        for other in &ALL[1..] {
            let code = other.language.code;
            assert_eq!(stems(english), stems(other), "{code}");
            for (key, text) in &other.texts {
                let meant = english.find(key).or_else(|| english.find(&format!("{}.other", stem(key))));
                let meant = meant.unwrap_or_else(|| panic!("{code} {key}"));
                assert_eq!(placeholders(meant), placeholders(text), "{code} {key}");
                assert!(!text.trim().is_empty(), "{code} {key}");
            }
        }
    }

    fn sources(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|end| ["rs", "html", "js"].iter().any(|e| end == *e)) {
                found.push(std::fs::read_to_string(path).unwrap());
            }
        }
    }

    /// Every `t.get("…")`, `t("…")`, `t.count("…")` in templates, scripts and code has its message.
    #[test]
    fn what_is_asked_for_is_there() {
        let mut texts = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/console"), &mut texts);
        let mut asked = BTreeSet::new();
        for text in &texts {
            for begin in ["t.get(\"", "t.with(\"", "t.count(\"", " t(\"", "(t(\"", "{t(\"", "[t(\""] {
                asked.extend(text.split(begin).skip(1).filter_map(|rest| rest.split('"').next()));
            }
        }
        assert!(asked.len() > 20, "{asked:?}");
        let missing: Vec<_> = asked
            .iter()
            .filter(|key| key.contains('.'))
            .filter(|key| {
                // One that is put together has at least one message that fits.
                let (begin, end) = key.split_once("{}").unwrap_or((key, ""));
                let fits = |known: &str| known.starts_with(begin) && known.ends_with(end);
                let put_together = key.contains("{}") && ALL[0].texts.keys().any(|known| fits(known));
                let plural = ALL[0].find(&format!("{key}.other")).is_some();
                !put_together && !plural && ALL[0].find(key).is_none()
            })
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn every_code_has_its_words() {
        for code in crate::error::Code::ALL {
            assert!(ALL[0].find(&format!("error.{}", code.name())).is_some(), "{}", code.name());
        }
    }

    #[test]
    fn a_browser_gets_the_language_that_it_asks_for() {
        let code = |header| Messages::accepted(header).map(|messages| messages.language.code);
        assert_eq!(code("zh-CN,zh;q=0.9,en;q=0.8"), Some("zh"));
        assert_eq!(code("fr-FR, en-GB;q=0.7"), Some("en"));
        assert_eq!(code("fr"), None);
    }
}
