//! Setting up, signing in and out.

use actix_web::HttpResponse;
use askama::Template;

use super::Answered;
use super::failure::{Refusal, posted, send};
use super::form;
use super::message::Messages;
use super::shell::{Shell, show};
use super::visit::{LANGUAGE_COOKIE, Open, THEME_COOKIE, Visit, local, redirect};
use crate::error::{Code, Result};
use crate::http::auth::{Login, Setup, cookie_set, visitor, with_cookie};
use crate::service;
use crate::service::auth::{Credentials, SignedIn};

/// How long a browser keeps how somebody wants to see the console, in seconds: a year.
const LOOK_SECONDS: i64 = 365 * 24 * 3600;

/// Where someone is best who opens the server's address.
pub async fn home(visit: Open) -> Answered {
    let to = match visit.caller {
        Some(_) => "/spaces",
        None if service::auth::owner_exists(&visit.core).await? => "/login",
        None => "/setup",
    };
    Ok(redirect(to))
}

#[derive(Template)]
#[template(path = "setup.html")]
struct SetupPage<'a> {
    shell: Shell,
    code: &'a str,
    email: &'a str,
    refusal: Option<Refusal>,
}

/// *Create the owner*.
pub async fn setup_page(visit: Open) -> Answered {
    if service::auth::owner_exists(&visit.core).await? {
        return Ok(redirect("/login"));
    }
    let shell = Shell::of_open(&visit);
    show(&SetupPage { shell, code: visit.param("code"), email: "", refusal: None })
}

/// Makes the owner and signs them in.
pub async fn setup(visit: Open) -> Answered {
    let done = setup_done(&visit).await;
    if matches!(&done, Err(error) if error.code == Code::SetupDone) {
        return Ok(redirect("/login"));
    }
    let to = |signed| arrived(&signed, "/spaces", visit.client.secure);
    posted(done, to, async |error| {
        let (shell, form) = (Shell::of_open(&visit), &visit.form);
        let refusal = Some(Refusal::of(&error, shell.t));
        let page = SetupPage { shell, code: form.get("code"), email: form.get("email"), refusal };
        send(&page, Some(&error))
    })
    .await
}

async fn setup_done(visit: &Open) -> Result<SignedIn> {
    let (sent, _) = form::body::<Setup>(visit.form.texts(&["code", "email", "password"]))?;
    let Setup { code, email, password } = sent;
    let visitor = visitor(&visit.client, &visit.request);
    service::auth::setup(&visit.core, &code, visitor, Credentials { email, password }).await
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'a> {
    shell: Shell,
    email: &'a str,
    next: &'a str,
    refusal: Option<Refusal>,
}

/// *Sign in*.
pub async fn login_page(visit: Open) -> Answered {
    if !service::auth::owner_exists(&visit.core).await? {
        return Ok(redirect("/setup"));
    }
    if visit.caller.is_some() {
        return Ok(redirect(local(visit.param("next"))));
    }
    show(&LoginPage {
        shell: Shell::of_open(&visit),
        email: "",
        next: local(visit.param("next")),
        refusal: None,
    })
}

/// Signs in, and goes on to where the visitor wanted to be.
pub async fn login(visit: Open) -> Answered {
    let next = local(visit.form.get("next"));
    let to = |signed| arrived(&signed, next, visit.client.secure);
    posted(login_done(&visit).await, to, async |error| {
        let shell = Shell::of_open(&visit);
        let refusal = Some(Refusal::of(&error, shell.t));
        let page = LoginPage { shell, email: visit.form.get("email"), next, refusal };
        send(&page, Some(&error))
    })
    .await
}

async fn login_done(visit: &Open) -> Result<SignedIn> {
    let (sent, _) = form::body::<Login>(visit.form.texts(&["email", "password"]))?;
    let Login { email, password } = sent;
    let visitor = visitor(&visit.client, &visit.request);
    service::login::login(&visit.core, visitor, Credentials { email, password }).await
}

fn arrived(signed: &SignedIn, to: &str, secure: bool) -> HttpResponse {
    with_cookie(redirect(to), Some(signed.secret.reveal()), secure)
}

/// Signs out.
pub async fn logout(visit: Visit) -> Answered {
    service::session::logout(&visit.core, &visit.person).await?;
    Ok(with_cookie(redirect("/login?done=signed_out"), None, visit.client.secure))
}

/// Keeps language and theme in the browser, and goes back to the page.
pub async fn preferences(visit: Open) -> Answered {
    let mut response = redirect(local(visit.form.get("next")));
    let language = Messages::of(visit.form.get("language")).map(|messages| messages.language.code);
    let theme = ["light", "dark", "system"].into_iter().find(|theme| *theme == visit.form.get("theme"));
    for (name, value) in [(LANGUAGE_COOKIE, language), (THEME_COOKIE, theme)] {
        let Some(value) = value else { continue };
        cookie_set(&mut response, name, value, LOOK_SECONDS, visit.client.secure);
    }
    Ok(response)
}
