//! The console: pages for people. Each is made here whole, and works without scripts but for the grid; forms post back to
//! the same use cases that the API calls, with the proofs of the session, so that the console can do nothing that the API
//! can't. The samples that fill a new space are its one convenience: a base, three tables and their records, made by the use
//! cases that the API's own calls for these run.
//!
//! `visit.rs` is what a handler is handed; `shell.rs` is what every page shows around its own part; `templates/` has one
//! file a page; `assets/` the style and the ES modules; `messages/` every word of it, one file a language.

mod account;
mod asset;
mod auth;
mod base;
mod failure;
mod form;
mod message;
mod sample;
mod shell;
mod space;
mod table;
mod table_api;
mod token;
mod visit;

use actix_web::http::Method;

use super::problem::Problem;
use super::router::Incoming;
use super::routes::Page;

pub use self::failure::{failure_page, is_wanted};

use self::visit::{Open, Visit};

/// What a handler of the console answers; an error becomes a page.
type Answered = Result<actix_web::HttpResponse, Problem>;

/// A page for those who are signed in. Others are sent to sign in, and come back.
fn page<F, Fut>(method: Method, path: &str, handler: F) -> Page
where
    F: Fn(Visit) -> Fut + Copy + Send + Sync + 'static,
    Fut: Future<Output = Answered> + 'static,
{
    let answer = move |incoming: Incoming| async move {
        match Visit::judge(incoming).await? {
            Ok(visit) => handler(visit).await,
            Err(elsewhere) => Ok(elsewhere),
        }
    };
    Page::new(method, path, answer)
}

/// A page for anyone.
fn open<F, Fut>(method: Method, path: &str, handler: F) -> Page
where
    F: Fn(Open) -> Fut + Copy + Send + Sync + 'static,
    Fut: Future<Output = Answered> + 'static,
{
    let answer = move |incoming: Incoming| async move { handler(Open::judge(incoming).await?).await };
    Page::new(method, path, answer)
}

/// All pages of the console.
pub fn pages() -> Vec<Page> {
    let (get, post) = (Method::GET, Method::POST);
    vec![
        Page::new(get.clone(), "/assets/{version}/{file}", |incoming| async move { asset::send(&incoming) }),
        open(get.clone(), "/", auth::home),
        open(get.clone(), "/setup", auth::setup_page),
        open(post.clone(), "/setup", auth::setup),
        open(get.clone(), "/login", auth::login_page),
        open(post.clone(), "/login", auth::login),
        page(post.clone(), "/logout", auth::logout),
        open(post.clone(), "/preferences", auth::preferences),
        page(get.clone(), "/account", account::account_page),
        page(post.clone(), "/account/password", account::password_update),
        page(post.clone(), "/account/sessions/{session}/end", account::session_delete),
        page(get.clone(), "/spaces", space::spaces_page),
        page(post.clone(), "/spaces", space::space_create),
        page(get.clone(), "/spaces/new", space::space_new_page),
        page(get.clone(), "/spaces/{space}", space::space_page),
        page(get.clone(), "/spaces/{space}/settings", space::settings_page),
        page(post.clone(), "/spaces/{space}/settings", space::space_update),
        page(post.clone(), "/spaces/{space}/delete", space::space_delete),
        page(get.clone(), "/spaces/{space}/settings/tokens", token::tokens_page),
        page(post.clone(), "/spaces/{space}/settings/tokens", token::token_create),
        page(get.clone(), "/spaces/{space}/settings/tokens/new", token::token_new_page),
        page(get.clone(), "/spaces/{space}/settings/tokens/{token}", token::token_page),
        page(post.clone(), "/spaces/{space}/settings/tokens/{token}", token::token_update),
        page(post.clone(), "/spaces/{space}/settings/tokens/{token}/rotate", token::token_rotate),
        page(post.clone(), "/spaces/{space}/settings/tokens/{token}/revoke", token::token_revoke),
        page(post.clone(), "/spaces/{space}/bases", base::base_create),
        page(get.clone(), "/spaces/{space}/bases/{base}", base::base_page),
        page(post.clone(), "/spaces/{space}/bases/{base}", base::base_update),
        page(post.clone(), "/spaces/{space}/bases/{base}/delete", base::base_delete),
        page(post.clone(), "/spaces/{space}/bases/{base}/tables", table::table_create),
        page(get.clone(), "/spaces/{space}/bases/{base}/tables/{table}", table::table_page),
        page(get.clone(), "/spaces/{space}/bases/{base}/tables/{table}/api", table_api::table_api_page),
        page(get.clone(), "/spaces/{space}/bases/{base}/tables/{table}/settings", table::settings_page),
        page(post.clone(), "/spaces/{space}/bases/{base}/tables/{table}/settings", table::table_update),
        page(post, "/spaces/{space}/bases/{base}/tables/{table}/delete", table::table_delete),
    ]
}
