//! `rollbook close`: closing, reopening and comparing of months. Rule: spec/accounting.md §11.

mod tables;

use std::path::PathBuf;

use accounting::Month;
use books::PassObserver;
use books::audit::{AuditAction, AuditFilter, audited_actions};
use books::close::{CloseError, CloseProgress, CloseRequest, close_month, reopen_month};
use books::frozen::FrozenBooks;
use books::periods::{changed_rows, drift_of_month, list_periods, period_json};
use books::request;
use books::views::ViewRequest;
use clap::{Args, Subcommand};
use files::write::FileDigest;
use mirror::MirrorRole;
use model::clock::{Clock, SystemClock};
use model::id::ProviderId;
use model::money::Currency;
use model::time::Date;
use serde_json::{Value, json};
use store::port::books::ClosedPartKind;

use super::provider::provider_id;
use super::{ListFormat, list_format, print, to_json};
use crate::data_args::DataArgs;
use crate::failure::{Failure, FailureContext};
use crate::opening;
use crate::output::CommandOutput;
use crate::progress::CountProgress;

/// Name of the caller in the audit log, unless `--by` gives one.
const DEFAULT_CALLER_NAME: &str = "command line";

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
        by: CallerArgs,
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
        by: CallerArgs,
        /// The reason, which is stored
        #[arg(long)]
        reason: String,
    },
    /// List all months: whether they are closed, by whom, and why they were reopened
    List {
        #[command(flatten)]
        of: ProviderListArgs,
    },
    /// Show how the records now differ from a closed month
    Drift {
        #[command(flatten)]
        of: MonthArgs,
        /// The currency, such as usd
        #[arg(long, value_parser = request::parse_currency)]
        currency: Currency,
    },
    /// Write the frozen package of a closed month to a file, also of an earlier closing
    Package {
        #[command(flatten)]
        of: MonthArgs,
        /// The currency, such as usd
        #[arg(long, value_parser = request::parse_currency)]
        currency: Currency,
        /// Number of an earlier closing [default: the one in force]
        #[arg(long, value_name = "N")]
        version: Option<u32>,
        /// The full bundle: also journals, trial balance, issues and manifest
        #[arg(long)]
        full: bool,
        /// File to write [default: in the current folder, accounting_MONTH_CURRENCY.zip, with _full for --full and _v1 for --version 1]
        #[arg(long, short, value_name = "FILE.zip")]
        output: Option<PathBuf>,
    },
    /// Show who closed and reopened which month, when and why
    Audit {
        #[command(flatten)]
        of: ProviderListArgs,
        /// First day, such as 2024-01-31
        #[arg(long, value_parser = date)]
        from: Option<Date>,
        /// Last day
        #[arg(long, value_parser = date)]
        to: Option<Date>,
        /// Only these: close or reopen
        #[arg(long, value_parser = action)]
        action: Option<AuditAction>,
    },
}

#[derive(Debug, Args)]
struct ProviderListArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Id of the provider
    #[arg(long, value_name = "ID", value_parser = provider_id)]
    provider: ProviderId,
    /// Format of the output [default: table on a terminal, else json]
    #[arg(long, value_enum)]
    format: Option<ListFormat>,
}

#[derive(Debug, Args)]
struct MonthArgs {
    #[command(flatten)]
    of: ProviderListArgs,
    /// The month, such as 2024-01
    #[arg(long, value_parser = request::parse_month)]
    month: Month,
}

#[derive(Debug, Args)]
struct CallerArgs {
    /// Name of the person who does this [default: command line]
    #[arg(long)]
    by: Option<String>,
}

impl CallerArgs {
    fn name(&self) -> String {
        self.by.clone().unwrap_or_else(|| DEFAULT_CALLER_NAME.to_owned())
    }
}

fn date(text: &str) -> Result<Date, String> {
    Date::parse(text).ok_or_else(|| "write a date as in 2024-01-31".to_owned())
}

fn action(word: &str) -> Result<AuditAction, String> {
    AuditAction::parse(word).ok_or_else(|| "write close or reopen".to_owned())
}

pub(crate) fn run(args: CloseArgs) -> Result<(), Failure> {
    match args.command {
        CloseCommand::Month { of, by, include_earlier, note } => {
            let closed = close(&of, &by, include_earlier, note)?;
            print_answer(&of.of, &closed, || Ok(tables::closed_month(&closed)))
        }
        CloseCommand::Reopen { of, by, reason } => {
            let opened = reopen(&of, &by, &reason)?;
            print_answer(&of.of, &opened, || {
                Ok(tables::months_table(std::slice::from_ref(&opened)))
            })
        }
        CloseCommand::List { of } => {
            let months = list(&of)?;
            print_answer(&of, &months, || Ok(tables::months_table(&months)))
        }
        CloseCommand::Drift { of, currency } => drift(&of, currency),
        CloseCommand::Package { of, currency, version, full, output } => {
            let kind = if full { ClosedPartKind::Full } else { ClosedPartKind::Contract };
            package(&of, currency, version, kind, output)
        }
        CloseCommand::Audit { of, from, to, action } => {
            audit(&of, AuditFilter { from, to, action })
        }
    }
}

/// Prints an answer as a table or as JSON.
fn print_answer(
    args: &ProviderListArgs,
    answer: &impl serde::Serialize,
    table: impl FnOnce() -> Result<String, Failure>,
) -> Result<(), Failure> {
    match list_format(args.format) {
        ListFormat::Table => print(&table()?),
        ListFormat::Json => print(&to_json(answer)?),
    }
}

fn close(
    args: &MonthArgs,
    by: &CallerArgs,
    includes_earlier: bool,
    note: Option<String>,
) -> Result<Value, Failure> {
    let (folder, settings) = super::open_folder(&args.of.data)?;
    let store = opening::open_store(&folder, &settings)?;
    let reads = opening::open_mirror(&folder, &settings, &store, MirrorRole::Reader)?;
    let session = reads.mirror.session(args.of.provider)?;
    let request = CloseRequest {
        month: args.month,
        note,
        includes_earlier,
        by: by.name(),
        now: SystemClock.now(),
        settings: settings.accounting.for_provider(args.of.provider),
        has_formula_guard: settings.files.csv_formula_guard,
    };
    let progress = CountProgress::begin("invoices");
    let observer = PassObserver { progress: &|done| progress.set(done), is_canceled: &|| false };
    let begun = |turn: CloseProgress| {
        if turn.count > 1 {
            progress.say(&format!("closing {} ({} of {})", turn.month, turn.number, turn.count));
        }
    };
    let made = close_month(&session, store.as_ref(), &request, reads.temp.path(), &begun, observer);
    drop(progress);
    made.map_err(|error| refused(error, args.month))?;
    Ok(period_json(&FrozenBooks::load(store.as_ref(), args.of.provider)?, args.month)?)
}

fn reopen(args: &MonthArgs, by: &CallerArgs, reason: &str) -> Result<Value, Failure> {
    let (folder, settings) = super::open_folder(&args.of.data)?;
    let store = opening::open_store(&folder, &settings)?;
    let (provider, now) = (args.of.provider, SystemClock.now());
    opening::find_provider(store.as_ref(), provider)?;
    reopen_month(store.as_ref(), provider, args.month, &by.name(), reason, now)
        .map_err(|error| refused(error, args.month))?;
    Ok(period_json(&FrozenBooks::load(store.as_ref(), provider)?, args.month)?)
}

fn list(args: &ProviderListArgs) -> Result<Vec<Value>, Failure> {
    let (folder, settings) = super::open_folder(&args.data)?;
    let store = opening::open_store(&folder, &settings)?;
    let reads = opening::open_mirror(&folder, &settings, &store, MirrorRole::Reader)?;
    let session = reads.mirror.session(args.provider)?;
    Ok(list_periods(&session, store.as_ref(), SystemClock.now())?)
}

fn drift(args: &MonthArgs, currency: Currency) -> Result<(), Failure> {
    let (folder, settings) = super::open_folder(&args.of.data)?;
    let store = opening::open_store(&folder, &settings)?;
    let reads = opening::open_mirror(&folder, &settings, &store, MirrorRole::Reader)?;
    let session = reads.mirror.session(args.of.provider)?;
    let request = ViewRequest {
        session: &session,
        store: store.as_ref(),
        folder: reads.temp.path(),
        settings: settings.accounting.for_provider(args.of.provider),
        currency,
        now: SystemClock.now(),
        is_canceled: &|| false,
    };
    let report = drift_of_month(&request, args.month, 0..u64::MAX)?
        .ok_or_else(|| refused(CloseError::Open, args.month))?;
    let frozen = FrozenBooks::load(store.as_ref(), args.of.provider)?;
    let rows = report.rows.iter().map(|row| {
        let changed = changed_rows(&session, store.as_ref(), &frozen, row)?;
        Ok(report.row_json(row, changed))
    });
    let answer = json!({
        "month": args.month.to_string(), "currency": currency.code(),
        "data": rows.collect::<Result<Vec<_>, Failure>>()?, "sums": report.sums_json(),
    });
    print_answer(&args.of, &answer, || Ok(tables::drift_tables(&report)))
}

fn package(
    args: &MonthArgs,
    currency: Currency,
    version: Option<u32>,
    kind: ClosedPartKind,
    output: Option<PathBuf>,
) -> Result<(), Failure> {
    let (folder, settings) = super::open_folder(&args.of.data)?;
    let store = opening::open_store(&folder, &settings)?;
    opening::find_provider(store.as_ref(), args.of.provider)?;
    let frozen = FrozenBooks::load(store.as_ref(), args.of.provider)?;
    let (month, versions) = (args.month, frozen.versions(args.month));
    let known: Vec<String> = versions.iter().map(|known| known.version.to_string()).collect();
    let closing = match version {
        None => frozen.closing(month),
        Some(version) => versions.into_iter().find(|known| known.version == version),
    };
    let closing = closing.ok_or_else(|| {
        let failure = refused(CloseError::Open, month);
        if known.is_empty() {
            failure
        } else {
            Failure::new(format!("there is no such closing of {month}"))
                .hint(format!("it has been closed as version {}", known.join(", ")))
        }
    })?;
    let Some(part) = frozen.part(closing, currency, kind)? else {
        let code = currency.code();
        return Err(Failure::new(format!("the closed month {month} has no books in {code}")));
    };
    let is_full = kind == ClosedPartKind::Full;
    let name = match version {
        None => request::package_file_name(month, currency, is_full),
        Some(version) => request::closing_file_name(month, currency, is_full, version.into()),
    };
    let path = output.unwrap_or_else(|| PathBuf::from(&name));
    let temp = folder.temp_dir()?;
    let mut output = CommandOutput::begin(Some(&path), temp.path())?;
    let copied = std::io::copy(&mut frozen.reader(closing, &part), output.work_file());
    copied.doing(|| format!("read the closed month {month}"))?;
    let is_standard = output.is_standard();
    output.finish()?;
    if is_standard {
        return Ok(());
    }
    let digest = FileDigest { bytes: part.bytes, sha256: part.sha256 };
    let (path, hash) = (path.display(), digest.sha256_hex());
    let answer = json!({
        "file": path.to_string(), "version": closing.version, "bytes": part.bytes, "sha256": hash,
    });
    let told =
        format!("{path}: version {}, {} bytes, SHA-256 {hash}\n", closing.version, part.bytes);
    print_answer(&args.of, &answer, || Ok(told))
}

fn audit(args: &ProviderListArgs, filter: AuditFilter) -> Result<(), Failure> {
    let (folder, settings) = super::open_folder(&args.data)?;
    let store = opening::open_store(&folder, &settings)?;
    let reads = opening::open_mirror(&folder, &settings, &store, MirrorRole::Reader)?;
    let session = reads.mirror.session(args.provider)?;
    let entries = audited_actions(&session, store.as_ref(), filter)?;
    let rows = entries.iter().map(|entry| {
        json!({
            "at": entry.at.to_string(), "action": entry.action.as_str(),
            "period": entry.period.to_string(), "version": entry.version, "who": entry.who,
            "reason": entry.reason, "rev": entry.rev,
        })
    });
    let answer: Vec<Value> = rows.collect();
    print_answer(args, &answer, || Ok(tables::audit_table(&entries)))
}

fn refused(error: CloseError, month: Month) -> Failure {
    match error {
        CloseError::NotSequential { open } => {
            let open = match open.as_slice() {
                [first, .., last] => format!("{first} to {last} ({} months)", open.len()),
                some => some.iter().map(ToString::to_string).collect(),
            };
            Failure::new(format!("earlier months are open: {open}"))
                .hint("close them first, or with --include-earlier")
        }
        CloseError::Package(error) => error.into(),
        error => Failure::new(format!("{month}: {error}")),
    }
}
