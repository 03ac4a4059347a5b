//! What went wrong, as people read it: a page of its own, or a note above the form that was refused.

use actix_web::http::header;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use askama::Template;

use super::Answered;
use super::message::Messages;
use super::shell::{self, Shell, Who};
use super::visit::{self, Look};
use crate::access::Caller;
use crate::error::{Code, Error, Fault, Result};
use crate::http::call;
use crate::http::problem::{headers_add, status_of};

/// Pointers of faults whose details are written here, in the visitor's language.
const OWN: [&str; 2] = ["confirm", "/repeated"];

/// Why a form was refused.
pub struct Refusal {
    /// What the code means, in the visitor's language.
    pub title: String,
    /// What the API says of the case; none where the title says it all.
    pub detail: Option<String>,
    /// Each fault: what its field is called, and what is wrong there.
    pub faults: Vec<(String, String)>,
}

impl Refusal {
    pub fn of(error: &Error, t: &Messages) -> Refusal {
        let detail = Some(error.detail.clone()).filter(|detail| *detail != error.code.title());
        let faults: Vec<_> =
            error.faults.iter().map(|fault| (label(&fault.pointer, t), fault_text(fault, t))).collect();
        // The detail of several faults only says that there are some.
        let detail = detail.filter(|_| faults.is_empty() && speaks_english(t));
        Refusal { title: title(error.code, t), detail, faults }
    }
}

/// Whether the API's own words can be shown: they are English.
fn speaks_english(t: &Messages) -> bool {
    t.language.code == "en"
}

/// What the form calls the field at a pointer into the body of a call, or the pointer if no form has it.
fn label(pointer: &str, t: &Messages) -> String {
    let field = pointer.trim_start_matches('/');
    let outer = field.split('/').next().unwrap_or_default();
    let known = t.find(&format!("label.{field}")).or_else(|| t.find(&format!("label.{outer}")));
    known.unwrap_or(field).to_owned()
}

fn fault_text(fault: &Fault, t: &Messages) -> String {
    if OWN.contains(&fault.pointer.as_str()) {
        return fault.detail.clone();
    }
    // Of what is missing the API speaks as of a program's body.
    let missing = fault.code == Code::Required && fault.detail.starts_with("The member");
    if missing || !speaks_english(t) { title(fault.code, t) } else { fault.detail.clone() }
}

/// What a code means in the visitor's language.
fn title(code: Code, t: &Messages) -> String {
    t.find(&format!("error.{}", code.name())).unwrap_or(code.title()).to_owned()
}

/// Whether an error is to be shown as a form's refusal, rather than as a page of its own.
pub fn is_refusal(error: &Error) -> bool {
    matches!(error.code.status(), 400 | 401 | 409 | 422 | 429) || error.code == Code::ScopeMissing
}

/// Sends a page with a form: as it is, or with status and headers of why it was refused.
pub fn send(page: &impl Template, refused: Option<&Error>) -> Answered {
    let Some(error) = refused else { return shell::show(page) };
    let mut response = shell::send(page, status_of(error))?;
    headers_add(&mut response, error);
    Ok(response)
}

/// Answers a form: what it was for is done, or it was refused and is shown again, or something else went wrong.
pub async fn posted<T>(
    done: Result<T>,
    to: impl FnOnce(T) -> HttpResponse,
    again: impl AsyncFnOnce(Error) -> Answered,
) -> Answered {
    match done {
        Ok(value) => Ok(to(value)),
        Err(error) if is_refusal(&error) => again(error).await,
        Err(error) => Err(error.into()),
    }
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

/// Who is signed in, as far as that can be told: it may be just what fails. A page of another origin is not told.
async fn who(request: &HttpRequest, error: &Error) -> Option<Who> {
    if error.code == Code::OriginRefused {
        return None;
    }
    let core = &call::shared(request).ok()?.core;
    let known = request.extensions().get::<Caller>().cloned();
    let caller = match known {
        Some(caller) => caller,
        None => visit::identify(core, request.headers()).await.ok()??,
    };
    Who::of(core, &caller, caller.person()?).await.ok()
}

/// The page of an error.
pub async fn failure_page(request: &HttpRequest, error: &Error, request_id: &str) -> HttpResponse {
    let shell = Shell { who: who(request, error).await, ..Shell::open(&Look::of(request)) };
    let page = FailurePage {
        title: title(error.code, shell.t),
        detail: if error.detail == error.code.title() || !speaks_english(shell.t) {
            ""
        } else {
            &error.detail
        },
        cure: error.code.cure().replace('`', ""),
        status: error.code.status(),
        request_id,
        shell,
    };
    let status = status_of(error);
    let mut response = shell::send(&page, status).unwrap_or_else(|_| HttpResponse::new(status));
    headers_add(&mut response, error);
    response
}
