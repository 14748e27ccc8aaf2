//! The command line arguments. The commands themselves are in `commands`. Rule: spec/product.md,
//! "Command line".

use clap::{Parser, Subcommand};

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
pub use crate::commands::provider::ProviderCommandArgs;
pub use crate::commands::report::ReportArgs;
pub use crate::commands::schema::SchemaArgs;
pub use crate::commands::serve::ServeArgs;
pub use crate::commands::token::TokenArgs;
pub use crate::commands::usage::UsageArgs;
pub use crate::commands::webhook::WebhookArgs;
pub use crate::commands::worker::WorkerArgs;

/// Reports, usage and accounting for membership and subscription businesses.
#[derive(Debug, Parser)]
#[command(name = "rollbook", version = crate::build_info::VERSION, max_term_width = 100, arg_required_else_help = true)]
pub struct Cli {
    /// Show the causes of an error
    #[arg(long, short, global = true)]
    pub verbose: bool,
    /// The command to run
    #[command(subcommand)]
    pub command: Command,
}

/// One command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a demo server with generated sample data
    Demo(DemoArgs),
    /// Start the API server
    Serve(ServeArgs),
    /// Run background jobs (files of reports and exports), beside a server or instead of it
    Worker(WorkerArgs),
    /// Import records: all of them, or none when one has an error
    Import(ImportArgs),
    /// Create, list or change providers: the businesses whose records are kept
    Provider(ProviderCommandArgs),
    /// Create, list or revoke tokens: the credentials for the API
    Token(TokenArgs),
    /// Add, list, test or remove webhooks: addresses that are notified about exports
    Webhook(WebhookArgs),
    /// Print a report, or write it to a file, without a server
    Report(ReportArgs),
    /// Export records of one type to a file, without a server
    Export(ExportArgs),
    /// Show how much of a membership is used and left, and why
    Usage(UsageArgs),
    /// Create the accounting package of a month, without a server
    Accounting(AccountingArgs),
    /// Show every posting (journal entry) of an invoice, with the rule and the calculation behind it
    Ledger(LedgerArgs),
    /// Close and reopen months of the books, and see what has changed in closed ones
    Close(CloseArgs),
    /// Check or rebuild the mirror: the copy of the records that reports read
    Mirror(MirrorArgs),
    /// Move all records, jobs and tokens of a data folder to a PostgreSQL database
    Move(MoveArgs),
    /// Back up a data folder, also while it is in use
    Backup(BackupArgs),
    /// Replace a lost shared file folder with this node's
    AdoptFiles(AdoptFilesArgs),
    /// Check folder, store, mirror, configuration, clock, mail and webhooks; say what is wrong and how to mend it
    Doctor(DoctorArgs),
    /// Print the tables and columns that can be imported
    Schema(SchemaArgs),
    /// Print the OpenAPI document
    Openapi,
    /// Print shell completions
    Completions(CompletionsArgs),
}
