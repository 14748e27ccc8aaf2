//! The arguments, as data. What each command does is in `commands`.
//! Rule: spec/product.md, "Command line".

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use crate::commands::accounting::AccountingArgs;
pub use crate::commands::adopt_files::AdoptFilesArgs;
pub use crate::commands::backup::BackupArgs;
pub use crate::commands::close::CloseArgs;
pub use crate::commands::completions::CompletionsArgs;
pub use crate::commands::demo::DemoArgs;
pub use crate::commands::doctor::DoctorArgs;
pub use crate::commands::export::ExportArgs;
pub use crate::commands::import::ImportArgs;
pub use crate::commands::ledger::LedgerArgs;
pub use crate::commands::mirror::MirrorArgs;
pub use crate::commands::move_store::MoveArgs;
pub use crate::commands::provider::ProviderArgs;
pub use crate::commands::report::ReportArgs;
pub use crate::commands::schema::SchemaArgs;
pub use crate::commands::serve::ServeArgs;
pub use crate::commands::token::TokenArgs;
pub use crate::commands::usage::UsageArgs;
pub use crate::commands::webhook::WebhookArgs;
pub use crate::commands::worker::WorkerArgs;

/// Reports, usage and books of membership and subscription businesses.
#[derive(Debug, Parser)]
#[command(name = "rollbook", version = crate::build_info::VERSION, max_term_width = 100, arg_required_else_help = true)]
pub struct Cli {
    /// Show what an error came from
    #[arg(long, short, global = true)]
    pub verbose: bool,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// One command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve a made-up studio and publisher from a throw-away folder, with lines to try
    Demo(DemoArgs),
    /// Serve the API
    Serve(ServeArgs),
    /// Work off jobs (files made in the background) beside a server
    Worker(WorkerArgs),
    /// Import records, all or nothing
    Import(ImportArgs),
    /// Create, list or change providers (the businesses)
    Provider(ProviderArgs),
    /// Create, list or revoke tokens
    Token(TokenArgs),
    /// Add, list, try or remove webhooks: who is told how exports go
    Webhook(WebhookArgs),
    /// Print a report, without a server
    Report(ReportArgs),
    /// Write records of one kind to a file, without a server
    Export(ExportArgs),
    /// Print how much of a membership is used and left, and why
    Usage(UsageArgs),
    /// Make the accounting package of a month, without a server
    Accounting(AccountingArgs),
    /// Print every posting of an invoice, with the rule and the arithmetic behind it
    Ledger(LedgerArgs),
    /// Close months of the books, open them again, see what changed in them since
    Close(CloseArgs),
    /// Look after the mirror, the columnar cache of the store
    Mirror(MirrorArgs),
    /// Move all records, jobs and tokens of a data folder into a PostgreSQL database
    Move(MoveArgs),
    /// Copy a data folder while it is in use
    Backup(BackupArgs),
    /// Make this node's folder of files the one that all nodes use, when the one of before is gone
    AdoptFiles(AdoptFilesArgs),
    /// Check folder, store, mirror, configuration, clock, mail and webhooks; say what is wrong and how to mend it
    Doctor(DoctorArgs),
    /// Print the catalogue of tables
    Schema(SchemaArgs),
    /// Print the OpenAPI document
    Openapi,
    /// Print shell completions
    Completions(CompletionsArgs),
}

/// Where the records are.
#[derive(Debug, Clone, Args)]
pub struct DataArgs {
    /// Data folder
    #[arg(long, value_name = "DIR", env = "ROLLBOOK_DATA", hide_env_values = true)]
    pub data: PathBuf,
    /// Set any setting, over rollbook.toml and the environment; repeatable
    #[arg(long = "set", value_name = "SECTION.KEY=VALUE")]
    pub settings: Vec<String>,
}
