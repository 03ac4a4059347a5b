//! `undb types`: asks a running server for a table's typed document and prints its types for a language.
//!
//! `shape.rs` reads the document, `words.rs` finds names, and each language has a file of its own.

mod ask;
mod python;
mod rust;
mod shape;
#[cfg(test)]
mod tests;
mod typescript;
mod words;

use clap::{Args, ValueEnum};

use self::ask::Server;
use self::shape::{Object, shapes};
use super::{Failure, answer};

#[derive(Args)]
pub struct TypesArgs {
    /// Where the server is, as in http://127.0.0.1:3721
    #[arg(long)]
    url: String,
    /// The table: its id or name
    #[arg(long)]
    table: String,
    /// The base of the table, by id or name, where the name of the table alone is not clear
    #[arg(long)]
    base: Option<String>,
    /// The language of the types
    #[arg(long, value_enum)]
    lang: Language,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Language {
    Typescript,
    Python,
    Rust,
}

impl Language {
    fn render(self, objects: &[Object]) -> String {
        match self {
            Language::Typescript => typescript::render(objects),
            Language::Python => python::render(objects),
            Language::Rust => rust::render(objects),
        }
    }
}

pub fn run(args: &TypesArgs) -> Result<(), Failure> {
    let server = Server::new(&args.url, std::env::var("UNDB_TOKEN").ok())?;
    let document = server.table_document(&args.table, args.base.as_deref())?;
    let objects = shapes(&document);
    if objects.is_empty() {
        return Err(Failure::Failed(
            "The server's document describes no records: is it newer than this program?".into(),
        ));
    }
    answer(args.lang.render(&objects).trim_end())
}
