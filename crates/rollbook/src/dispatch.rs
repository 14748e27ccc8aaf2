//! Calls the command that was given.

use crate::cli::{Cli, Command};
use crate::failure::Failure;
use crate::{commands, file_handles};

/// Runs one command.
pub fn run(cli: Cli) -> Result<(), Failure> {
    file_handles::raise_limit()?;
    match cli.command {
        Command::Demo(args) => commands::demo::run(args),
        Command::Serve(args) => commands::serve::run(args),
        Command::Worker(args) => commands::worker::run(args),
        Command::Import(args) => commands::import::run(args),
        Command::Provider(args) => commands::provider::run(args),
        Command::Token(args) => commands::token::run(args),
        Command::Webhook(args) => commands::webhook::run(args),
        Command::Report(args) => commands::report::run(args),
        Command::Export(args) => commands::export::run(args),
        Command::Usage(args) => commands::usage::run(args),
        Command::Accounting(args) => commands::accounting::run(args),
        Command::Ledger(args) => commands::ledger::run(args),
        Command::Close(args) => commands::close::run(args),
        Command::Mirror(args) => commands::mirror::run(args),
        Command::Move(args) => commands::move_store::run(args),
        Command::Backup(args) => commands::backup::run(args),
        Command::AdoptFiles(args) => commands::adopt_files::run(args),
        Command::Doctor(args) => commands::doctor::run(args),
        Command::Schema(args) => commands::schema::run(args),
        Command::Openapi => commands::openapi::run(),
        Command::Completions(args) => commands::completions::run(args),
    }
}
