//! What went wrong, as people read it: a page of its own, or a note above the form that was refused.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use askama::Template;

use super::message::Messages;
use super::shell::{self, Shell};
use super::visit::Look;
use crate::error::{Code, Error, Result};

/// Why a form was refused.
pub struct Refusal {
    /// What the code means, in the visitor's language.
    pub title: String,
    /// What the API says of the case; none where the title says it all.
    pub detail: Option<String>,
    /// Each fault: the name of its field, and what is wrong there.
    pub faults: Vec<(String, String)>,
}

impl Refusal {
    pub fn of(error: &Error, t: &Messages) -> Refusal {
        let title = title(error.code, t);
        let detail = Some(error.detail.clone()).filter(|detail| *detail != error.code.title());
        let faults = error.faults.iter().map(|fault| {
            let field = fault.pointer.trim_start_matches('/').to_owned();
            // Of what is missing the API speaks as of a program's body.
            let missing = fault.code == Code::Required && fault.detail.starts_with("The member");
            (field, if missing { self::title(fault.code, t) } else { fault.detail.clone() })
        });
        let faults: Vec<_> = faults.collect();
        // The detail of several faults only says that there are some.
        Refusal { title, detail: detail.filter(|_| faults.is_empty()), faults }
    }
}

/// What a code means in the visitor's language.
fn title(code: Code, t: &Messages) -> String {
    t.find(&format!("error.{}", code.name())).unwrap_or(code.title()).to_owned()
}

/// Whether an error is to be shown as a form's refusal, rather than as a page of its own.
pub fn is_refusal(error: &Error) -> bool {
    matches!(error.code.status(), 400 | 401 | 409 | 422 | 429) || error.code == Code::ScopeMissing
}

/// Whether the name of what is to be deleted was typed.
pub fn confirm_check(typed: &str, name: &str, t: &Messages) -> Result<()> {
    if typed == name {
        return Ok(());
    }
    let code = Code::ConfirmationMissing;
    Err(Error::fault("confirm", code, t.with("danger.type_name", "name", name)).with_code(code))
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage<'a> {
    shell: Shell,
    status: u16,
    title: String,
    detail: &'a str,
    cure: String,
    request_id: &'a str,
}

/// Whether a request is a browser's that wants to show a page.
pub fn is_wanted(request: &HttpRequest) -> bool {
    let accepts = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    !request.path().starts_with("/api/") && accepts.is_some_and(|accepts| accepts.contains("text/html"))
}

/// The page of an error.
pub fn failure_page(request: &HttpRequest, error: &Error, request_id: &str) -> HttpResponse {
    let shell = Shell::open(&Look::of(request));
    let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let page = FailurePage {
        title: title(error.code, shell.t),
        detail: if error.detail == error.code.title() { "" } else { &error.detail },
        cure: error.code.cure().replace('`', ""),
        status: error.code.status(),
        request_id,
        shell,
    };
    let mut response = shell::send(&page, status).unwrap_or_else(|_| HttpResponse::new(status));
    if let Some(allow) = error.allow.as_deref().and_then(|allow| header::HeaderValue::from_str(allow).ok()) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}
