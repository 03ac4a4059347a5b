//! `undb token`.

use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::json;

use super::space::space_meant;
use super::{Database, Failure, answer, answer_secret, say};
use crate::access::Operator;
use crate::clock::Time;
use crate::error::did_you_mean;
use crate::id::{Id, SpaceId};
use crate::model::name::Name;
use crate::model::scope::Scope;
use crate::model::token::TokenStatus;
use crate::service::Core;
use crate::service::token::{
    Meant, TokenInput, Tokened, actor_text, token_create, token_id, token_list, token_revoke,
};

const DAY_SECONDS: i64 = 86_400;
const DAYS_MAX: i64 = 36_500;

#[derive(Subcommand)]
pub enum Command {
    /// Make a token, and print its secret, which is never shown again
    Create(CreateArgs),
    /// List the tokens of a space, revoked ones too
    List {
        /// The id or name of the space
        #[arg(long)]
        space: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// End a token
    Revoke {
        /// The id or name of the space
        #[arg(long)]
        space: String,
        /// The id of the token
        token: String,
    },
}

#[derive(Args)]
pub struct CreateArgs {
    /// The id or name of the space
    #[arg(long)]
    space: String,
    /// What the token is for
    #[arg(long, value_parser = Name::parse)]
    name: Name,
    /// What it may do; may be repeated [default: records:write and schema:read]
    #[arg(long = "scope", value_parser = scope_parse)]
    scopes: Vec<Scope>,
    /// A base that it is narrowed to, by id or name; may be repeated
    #[arg(long = "base")]
    bases: Vec<String>,
    /// A table that it is narrowed to, by id or name; may be repeated
    #[arg(long = "table")]
    tables: Vec<String>,
    /// Days until it ends
    #[arg(long, conflicts_with = "expires_at", value_parser = clap::value_parser!(i64).range(1..=DAYS_MAX))]
    expires_in_days: Option<i64>,
    /// When it ends, as in 2027-01-31T00:00:00Z
    #[arg(long, value_parser = time_parse)]
    expires_at: Option<Time>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn scope_parse(text: &str) -> Result<Scope, String> {
    Scope::named(text).ok_or_else(|| {
        if text.contains([',', ' ']) {
            return "that is more than one scope; repeat `--scope` for each".to_owned();
        }
        let names = Scope::ALL.map(Scope::name);
        format!("there is no such scope.{} All: {}", did_you_mean(text, names), names.join(", "))
    })
}

fn time_parse(text: &str) -> Result<Time, String> {
    Time::parse(text).ok_or_else(|| "that is no RFC 3339 time".to_owned())
}

pub fn run(command: Command, database: &Database) -> Result<(), Failure> {
    match command {
        Command::Create(args) => {
            database.with(false, async |core, operator| create(&core, operator, args).await)
        }
        Command::List { space, json } => database.with(false, async |core, operator| {
            let space = space_meant(&core, operator, &space).await?;
            list(&core, operator, space, json).await
        }),
        Command::Revoke { space, token } => database.with(false, async |core, operator| {
            let space = space_meant(&core, operator, &space).await?;
            token_revoke(&core, operator.space(space), token_id(&token)?).await?;
            say("The token is revoked.");
            Ok(())
        }),
    }
}

fn meant(texts: Vec<String>) -> Option<Meant> {
    (!texts.is_empty()).then(|| texts.into_iter().map(Some).collect())
}

async fn create(core: &Arc<Core>, operator: Operator, args: CreateArgs) -> Result<(), Failure> {
    let space = space_meant(core, operator, &args.space).await?;
    let in_days = args.expires_in_days.map(|days| core.clock.now().plus_seconds(days * DAY_SECONDS));
    let input = TokenInput {
        name: Some(args.name),
        scopes: (!args.scopes.is_empty()).then(|| args.scopes.into_iter().collect()),
        bases: meant(args.bases),
        tables: meant(args.tables),
        expires_at: args.expires_at.or(in_days),
    };
    let (made, secret) = token_create(core, operator.space(space), input.into()).await?;
    if args.json {
        return answer_secret(&json!({ "token": row(&made), "secret": secret.reveal() }).to_string());
    }
    say(&format!("Token {}. Keep its secret: it is never shown again.", made.token.id));
    answer_secret(secret.reveal())
}

async fn list(core: &Arc<Core>, operator: Operator, space: SpaceId, json: bool) -> Result<(), Failure> {
    let (tokens, _) = token_list(core, operator.space(space), None, usize::MAX).await?;
    if json {
        let rows: Vec<_> = tokens.iter().map(row).collect();
        return answer(&json!({ "tokens": rows }).to_string());
    }
    if tokens.is_empty() {
        say("The space has no tokens.");
    }
    tokens.iter().try_for_each(|one| {
        let scopes: Vec<_> = one.token.scopes.iter().map(Scope::name).collect();
        let (token, status) = (&one.token, status_text(one.status));
        answer(&format!("{}\t{status}\t{}\t{}\t{}", token.id, token.hint, scopes.join(","), token.name))
    })
}

const fn status_text(status: TokenStatus) -> &'static str {
    match status {
        TokenStatus::Active => "active",
        TokenStatus::Expired => "expired",
        TokenStatus::Revoked => "revoked",
    }
}

fn row(one: &Tokened) -> serde_json::Value {
    let token = &one.token;
    let texts = |ids: Option<Vec<String>>| ids.map_or(serde_json::Value::Null, Into::into);
    let scopes: Vec<_> = token.scopes.iter().map(Scope::name).collect();
    json!({
        "id": token.id.to_string(),
        "name": token.name.as_str(),
        "hint": token.hint,
        "scopes": scopes,
        "bases": texts(token.narrowing.bases.as_deref().map(texts_of)),
        "tables": texts(token.narrowing.tables.as_deref().map(texts_of)),
        "createdAt": token.created_at.to_string(),
        "createdBy": actor_text(token.created_by),
        "expiresAt": token.expires_at.map(|time| time.to_string()),
        "lastUsedAt": one.last_used_at.map(|time| time.to_string()),
        "status": status_text(one.status),
    })
}

fn texts_of<I: Id + ToString>(ids: &[I]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}
