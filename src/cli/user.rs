//! `undb user`.

use std::io::BufRead;

use clap::Subcommand;
use serde_json::json;

use super::{Database, Failure, answer, say};
use crate::access::Password;
use crate::model::user::Email;
use crate::service::auth::user_create;

#[derive(Subcommand)]
pub enum Command {
    /// Make someone who can sign in; the first one owns the server
    Create {
        #[arg(long, value_parser = Email::parse)]
        email: Email,
        /// Read the password from standard input, without asking for it
        #[arg(long)]
        password_stdin: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub fn run(command: Command, database: &Database) -> Result<(), Failure> {
    let Command::Create { email, password_stdin, json } = command;
    let password = password_read(password_stdin)?;
    database.with(true, async |core, _| {
        let user = user_create(&core, email, password, false).await?;
        let row = json!({
            "id": user.id.to_string(),
            "email": user.email.as_str(),
            "owner": user.owner,
            "createdAt": user.created_at.to_string(),
        });
        say(if user.owner { "This is the owner of the server." } else { "A user was made." });
        answer(&if json { row.to_string() } else { user.id.to_string() })
    })
}

/// From `UNDB_PASSWORD`, else a line of standard input. Never an argument: all of the machine could read it.
fn password_read(from_stdin: bool) -> Result<Password, Failure> {
    let text = match std::env::var("UNDB_PASSWORD") {
        Ok(text) if !from_stdin => text,
        _ => {
            if !from_stdin {
                say("The password, as one line of standard input:");
            }
            let mut line = String::new();
            let read = std::io::stdin().lock().read_line(&mut line);
            read.map_err(|error| Failure::Failed(format!("The password can't be read: {error}.")))?;
            line.trim_end_matches(['\r', '\n']).to_owned()
        }
    };
    Password::parse(&text).map_err(Failure::Usage)
}
