//! `rollbook accounting`: writes the accounting package of a month, without a server. Rule:
//! spec/accounting.md §10, spec/exports.md §10.15.

use std::fs;
use std::path::{Path, PathBuf};

use accounting::{Month, ProviderCalendar};
use books::frozen::FrozenBooks;
use books::request::{self, MonthRefusal, PackageRequest, check_month, resolve_as_of};
use books::{
    PackageError, PackageFile, PassObserver, WrittenPackage, describe_currencies,
    first_books_month, write_package,
};
use clap::Args;
use mirror::{MirrorRole, MirrorSession};
use model::clock::{Clock, SystemClock};
use model::id::ProviderId;
use model::money::Currency;
use model::time::Instant;
use reports::CsvDialect;

use store::Store;

use super::provider::provider_id;
use super::{CsvDialectArgs, print};
use crate::config::ProgramSettings;
use crate::data_args::DataArgs;
use crate::failure::{Failure, FailureContext};
use crate::opening;
use crate::output::CommandOutput;
use crate::progress::CountProgress;
use crate::terminal::count_with_noun;

/// `rollbook accounting`
#[derive(Debug, Args)]
pub struct AccountingArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Id of the provider
    #[arg(long, value_name = "ID", value_parser = provider_id)]
    provider: ProviderId,
    /// The month, such as 2024-01
    #[arg(long, value_parser = request::parse_month)]
    month: Month,
    /// The currency, such as usd
    #[arg(long, value_parser = request::parse_currency)]
    currency: Currency,
    /// Only postings of this site
    #[arg(long, value_name = "ID")]
    site: Option<i64>,
    /// Include postings up to this time of the month [default: all; in the current month, up to now]
    #[arg(long, value_name = "TIME", value_parser = parse_instant)]
    as_of: Option<Instant>,
    /// Add journals, trial balance, issues and manifest
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    dialect: CsvDialectArgs,
    /// File to write [default: in the current folder, accounting_MONTH_CURRENCY.zip, or accounting_MONTH_CURRENCY_full.zip with --full]
    #[arg(long, short, value_name = "FILE.zip")]
    output: Option<PathBuf>,
}

/// Parses an instant that is given as an argument.
pub(super) fn parse_instant(text: &str) -> Result<Instant, String> {
    Instant::parse(text).ok_or_else(|| "write it as in 2024-01-31T12:00:00Z".to_owned())
}

pub(crate) fn run(args: AccountingArgs) -> Result<(), Failure> {
    let (folder, settings) = super::open_folder(&args.data)?;
    let store = opening::open_store(&folder, &settings)?;
    let reads = opening::open_mirror(&folder, &settings, &store, MirrorRole::Reader)?;
    let session = reads.mirror.session(args.provider)?;
    let request = checked_request(&args, &session, store.as_ref(), &settings)?;
    let progress = CountProgress::begin("invoices");
    let observer = PassObserver { progress: &|done| progress.set(done), is_canceled: &|| false };
    let folder = reads.temp.path();
    let package = write_package(&session, store.as_ref(), &request, folder, observer);
    drop(progress);
    let package = match package {
        Err(PackageError::NothingToExport) => {
            let frozen = FrozenBooks::load(store.as_ref(), args.provider)?;
            return Err(no_postings(&session, &frozen, &request)?);
        }
        made => made?,
    };
    let file = package.full.as_ref().unwrap_or(&package.contract);
    let path = args.output.clone().unwrap_or_else(|| PathBuf::from(&file.name));
    let output = CommandOutput::begin(Some(&path), reads.temp.path())?;
    let is_standard = output.is_standard();
    copy_to_output(file, output)?;
    if is_standard {
        return Ok(());
    }
    print(&summary(&package, file, &path, request.currency))
}

/// Returns the request after the same checks that a server makes.
fn checked_request(
    args: &AccountingArgs,
    session: &MirrorSession,
    store: &dyn Store,
    settings: &ProgramSettings,
) -> Result<PackageRequest, Failure> {
    let calendar = ProviderCalendar::new(session.provider().timezone.clone());
    let now = SystemClock.now();
    let frozen = FrozenBooks::load(store, args.provider)?;
    let first = first_books_month(session, &frozen)?;
    check_month(args.month, first, calendar.month_of(now)).map_err(|refusal| match refusal {
        MonthRefusal::OutsideWindow(message) => Failure::usage(format!("--month: {message}")),
        MonthRefusal::NothingToExport => {
            Failure::new("there are no books yet: they begin with the first invoice")
        }
    })?;
    if args.as_of.is_some() && frozen.is_closed(args.month) {
        return Err(Failure::usage(format!("--as-of: the month {} is closed", args.month)));
    }
    let as_of = resolve_as_of(args.as_of, args.month, &calendar, now)
        .map_err(|message| Failure::usage(format!("--as-of: {message}")))?;
    Ok(PackageRequest {
        month: args.month,
        currency: args.currency,
        site_id: args.site,
        as_of,
        reaches_now: args.as_of.is_none() && calendar.month_of(now) == args.month,
        settings: settings.accounting.for_provider(args.provider),
        has_formula_guard: settings.files.csv_formula_guard,
        has_bom: args.dialect.dialect().is_some_and(CsvDialect::has_bom),
        has_full_bundle: args.full,
    })
}

/// Returns the failure for a month without postings. The hint names what has postings, if anything.
fn no_postings(
    session: &MirrorSession,
    frozen: &FrozenBooks<'_>,
    request: &PackageRequest,
) -> Result<Failure, Failure> {
    let (month, code) = (request.month, request.currency.code());
    let of_site = request.site_id.map(|site| format!(" at site {site}")).unwrap_or_default();
    let failure = Failure::new(format!(
        "there is nothing to export for {month} in {code}: nothing was posted{of_site} up to then"
    ));
    Ok(match describe_currencies(session, frozen)? {
        Some(known) => failure.hint(format!("there are postings in {known}")),
        None => failure,
    })
}

/// Copies a finished package to its destination.
fn copy_to_output(file: &PackageFile, mut output: CommandOutput) -> Result<(), Failure> {
    let what = || "write the package".to_owned();
    let mut made = fs::File::open(&file.path).doing(what)?;
    std::io::copy(&mut made, output.work_file()).doing(what)?;
    output.finish()
}

/// Returns a summary for the terminal: the files of the package with their rows, and the opening,
/// movement and closing amounts.
fn summary(
    package: &WrittenPackage,
    file: &PackageFile,
    output: &Path,
    currency: Currency,
) -> String {
    let mut text = String::new();
    let manifest = &package.manifest;
    for member in manifest["files"].as_array().into_iter().flatten() {
        let (rows, name) = (member["rows"].as_u64(), member["name"].as_str().unwrap_or_default());
        match rows.filter(|_| name.ends_with(".csv")) {
            Some(1) => text.push_str(&format!("        1 row   {name}\n")),
            Some(rows) => text.push_str(&format!("{rows:>9} rows  {name}\n")),
            None => text.push_str(&format!("{:>16}{name}\n", "")),
        }
    }
    for name in ["opening", "movement", "closing"] {
        let amounts = manifest[name].as_object().into_iter().flatten();
        let shown = amounts.filter_map(|(category, minor)| {
            let minor: i128 = minor.as_str()?.parse().ok()?;
            (minor != 0).then(|| format!("{category} {}", currency.decimal(minor)))
        });
        text.push_str(&format!("{name:>9}: {}\n", shown.collect::<Vec<_>>().join(", ")));
    }
    match manifest["issue_count"].as_u64().unwrap_or_default() {
        0 => {}
        count => {
            let (records, verb) =
                (count_with_noun(count, "record"), if count == 1 { "looks" } else { "look" });
            let place = if package.full.is_some() { "issues.csv" } else { "--full" };
            text.push_str(&format!("{:>10}{records} {verb} wrong: see {place}\n", ""));
        }
    }
    let (path, bytes) = (output.display(), file.digest.bytes);
    text.push_str(&format!("{path}: {bytes} bytes, SHA-256 {}\n", file.digest.sha256_hex()));
    text
}
