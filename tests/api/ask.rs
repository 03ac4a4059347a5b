//! Requests that all files of this folder make, and what a refusal has to look like.

use serde_json::Value;

use crate::harness::{Answer, Request, Shop};

/// Calls with the token of every scope.
pub trait Ask {
    /// A request with a body, or without one if it is `null`.
    fn ask(&self, method: &str, path: &str, body: Value) -> Answer;
    /// Makes something that has to succeed.
    fn made(&self, path: &str, body: Value) -> Answer;
    /// Makes a table of its own: its path.
    fn table(&self, name: &str, fields: Value) -> String;
    /// Reads something that has to be there.
    fn got(&self, path: &str) -> Answer;
}

impl Ask for Shop {
    fn ask(&self, method: &str, path: &str, body: Value) -> Answer {
        with_body(self.server.request(method, path).token(&self.token), body).send()
    }

    fn made(&self, path: &str, body: Value) -> Answer {
        let answer = self.ask("POST", path, body);
        assert_eq!(answer.status, 201, "{path}: {answer:?}");
        answer
    }

    fn table(&self, name: &str, fields: Value) -> String {
        let tables = format!("/api/openapi/bases/{}/tables", self.base);
        let made = self.made(&tables, serde_json::json!({"name": name, "fields": fields}));
        format!("{tables}/{}", made.text("/id"))
    }

    fn got(&self, path: &str) -> Answer {
        let answer = self.ask("GET", path, Value::Null);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer
    }
}

pub fn with_body(request: Request<'_>, body: Value) -> Request<'_> {
    if body.is_null() { request } else { request.json(body) }
}

/// Checks a refusal: its status, its code, and all of its faults as `pointer code`, in whatever order.
#[track_caller]
pub fn refused(answer: &Answer, why: &str, status: u16, code: &str, faults: &[&str]) {
    assert_eq!((answer.status, answer.code().as_str()), (status, code), "{why}: {answer:?}");
    let mut found: Vec<String> =
        answer.faults().into_iter().map(|(pointer, code)| format!("{pointer} {code}")).collect();
    let mut wanted: Vec<String> = faults.iter().map(|fault| (*fault).to_owned()).collect();
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted, "{why}: {answer:?}");
}

/// An id of the right form that nothing has: `rec`, `tbl` and so on with digits.
pub fn nothing(prefix: &str) -> String {
    format!("{prefix}{}", "0".repeat(26))
}
