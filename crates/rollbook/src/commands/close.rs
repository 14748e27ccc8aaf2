//! `rollbook close`: closed months. Rule: spec/accounting.md §11.

use accounting::Month;
use clap::{Args, Subcommand};
use mirror::Role;
use model::clock::{Clock, SystemClock};
use model::id::ProviderId;
use model::money::Currency;
use serde_json::{Value, json};
use server::operations::books::Watch;
use server::operations::books::close::{CloseError, CloseRequest, close_month, reopen_month};
use server::operations::books::frozen::FrozenBooks;
use server::operations::books::periods::{changed_rows, closed, drift_of, periods};
use server::operations::books::request;

use super::provider::provider_id;
use super::{print, to_json};
use crate::cli::DataArgs;
use crate::failure::Failure;
use crate::opened;
use crate::progress::CountProgress;

/// Who closes where nobody is named.
const BY: &str = "command line";

/// `rollbook close`
#[derive(Debug, Args)]
pub struct CloseArgs {
    #[command(subcommand)]
    command: CloseCommand,
}

#[derive(Debug, Subcommand)]
enum CloseCommand {
    /// Close a month: its postings and packages no longer change
    Month {
        #[command(flatten)]
        of: MonthArgs,
        #[command(flatten)]
        by: ByArgs,
        /// Close the open months before it first
        #[arg(long)]
        include_earlier: bool,
        /// A note to keep with it
        #[arg(long)]
        note: Option<String>,
    },
    /// Reopen the latest closed month
    Reopen {
        #[command(flatten)]
        of: MonthArgs,
        #[command(flatten)]
        by: ByArgs,
        /// The reason, which is stored
        #[arg(long)]
        reason: String,
    },
    /// List all months and whether they are closed
    List {
        #[command(flatten)]
        of: ProviderArgs,
    },
    /// Show how the records now differ from a closed month
    Drift {
        #[command(flatten)]
        of: MonthArgs,
        /// The currency, such as usd
        #[arg(long, value_parser = request::parse_currency)]
        currency: Currency,
    },
}

#[derive(Debug, Args)]
struct ProviderArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Id of the provider
    #[arg(long, value_name = "ID", value_parser = provider_id)]
    provider: ProviderId,
}

#[derive(Debug, Args)]
struct MonthArgs {
    #[command(flatten)]
    of: ProviderArgs,
    /// The month, such as 2024-01
    #[arg(long, value_parser = request::parse_month)]
    month: Month,
}

#[derive(Debug, Args)]
struct ByArgs {
    /// Name of the person who does this [default: command line]
    #[arg(long)]
    by: Option<String>,
}

impl ByArgs {
    fn name(&self) -> &str {
        self.by.as_deref().unwrap_or(BY)
    }
}

pub(super) fn run(args: CloseArgs) -> Result<(), Failure> {
    let answer = match args.command {
        CloseCommand::Month { of, by, include_earlier, note } => {
            close(&of, &by, include_earlier, note)?
        }
        CloseCommand::Reopen { of, by, reason } => reopen(&of, &by, &reason)?,
        CloseCommand::List { of } => list(&of)?,
        CloseCommand::Drift { of, currency } => drift(&of, currency)?,
    };
    print(&to_json(&answer)?)
}

fn close(
    args: &MonthArgs,
    by: &ByArgs,
    includes_earlier: bool,
    note: Option<String>,
) -> Result<Value, Failure> {
    let (folder, settings) = super::open(&args.of.data)?;
    let store = opened::open_store(&folder, &settings)?;
    let reads = opened::open_reads(&folder, &settings, &store, Role::Reader)?;
    let session = reads.mirror.session(args.of.provider)?;
    let request = CloseRequest {
        month: args.month,
        note,
        includes_earlier,
        by: by.name().to_owned(),
        now: SystemClock.now(),
        settings: settings.accounting.of(args.of.provider),
        has_formula_guard: settings.files.csv_formula_guard,
    };
    let progress = CountProgress::begin("invoices");
    let watch = Watch { progress: &|done| progress.set(done), is_canceled: &|| false };
    let made = close_month(&session, store.as_ref(), &request, reads.temp.path(), watch);
    drop(progress);
    let closing = made.map_err(|error| refused(error, args.month))?;
    Ok(closed(&FrozenBooks::of(store.as_ref(), args.of.provider)?, &closing)?)
}

fn reopen(args: &MonthArgs, by: &ByArgs, reason: &str) -> Result<Value, Failure> {
    let (folder, settings) = super::open(&args.of.data)?;
    let store = opened::open_store(&folder, &settings)?;
    let (provider, now) = (args.of.provider, SystemClock.now());
    opened::provider(store.as_ref(), provider)?;
    let closing = reopen_month(store.as_ref(), provider, args.month, by.name(), reason, now)
        .map_err(|error| refused(error, args.month))?;
    Ok(closed(&FrozenBooks::of(store.as_ref(), provider)?, &closing)?)
}

fn list(args: &ProviderArgs) -> Result<Value, Failure> {
    let (folder, settings) = super::open(&args.data)?;
    let store = opened::open_store(&folder, &settings)?;
    let reads = opened::open_reads(&folder, &settings, &store, Role::Reader)?;
    let session = reads.mirror.session(args.provider)?;
    Ok(Value::Array(periods(&session, store.as_ref(), SystemClock.now())?))
}

fn drift(args: &MonthArgs, currency: Currency) -> Result<Value, Failure> {
    let (folder, settings) = super::open(&args.of.data)?;
    let store = opened::open_store(&folder, &settings)?;
    let reads = opened::open_reads(&folder, &settings, &store, Role::Reader)?;
    let session = reads.mirror.session(args.of.provider)?;
    let books = settings.accounting.of(args.of.provider);
    let watch = Watch { progress: &|_| (), is_canceled: &|| false };
    let of = (args.month, currency);
    let report = drift_of(&session, store.as_ref(), &books, of, reads.temp.path(), watch)?
        .ok_or_else(|| refused(CloseError::Open, args.month))?;
    let frozen = FrozenBooks::of(store.as_ref(), args.of.provider)?;
    let closing = frozen.closing(args.month);
    let mut rows = Vec::new();
    for row in &report.rows {
        let changed = match closing {
            Some(closing) => changed_rows(&session, store.as_ref(), closing, row)?,
            None => Vec::new(),
        };
        rows.push(report.row_json(row, changed));
    }
    Ok(json!({
        "month": args.month.to_string(), "currency": currency.code(), "data": rows,
        "sums": report.sums_json(),
    }))
}

fn refused(error: CloseError, month: Month) -> Failure {
    match error {
        CloseError::NotSequential { open } => {
            let open: Vec<_> = open.iter().map(ToString::to_string).collect();
            Failure::new(format!("earlier months are open: {}", open.join(", ")))
                .hint("close them first, or with --include-earlier")
        }
        CloseError::Package(error) => error.into(),
        error => Failure::new(format!("{month}: {error}")),
    }
}
