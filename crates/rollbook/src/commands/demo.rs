//! `rollbook demo`: generated records of a studio and a publisher, served from a temporary folder
//! or written as import files.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant as Stopwatch;

use app::imports::{self as operation, ImportAnswer};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use files::read::ImportMode;
use mirror::MirrorRole;
use model::clock::{Clock, SystemClock};
use model::id::ProviderId;
use model::permission::Permissions;
use model::provider::Provider;
use model::time::{Date, Instant, Zone};
use store::Store;
use store::token::TokenGrant;

use super::serve::{app_parts, serve};
use super::{effective_settings, import, print, token};
use crate::config::SettingFlag;
use crate::failure::{Failure, FailureContext};
use crate::folder::DataFolder;
use crate::progress::ImportProgress;
use crate::terminal::say;
use crate::{logging, opening};
use demo::files::{ImportFileWriter, write_readme};
use demo::memberships::MembershipGenerator;
use demo::{DemoBusinesses, ROWS, SEED, TODAY};
use model::file_format::FileFormat;

/// `rollbook demo`
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", conflicts_with = "write")]
    listen: String,
    /// Seed of the generator: the same seed gives the same records
    #[arg(long, default_value_t = SEED)]
    seed: u64,
    /// Approximate number of rows to generate
    #[arg(long, default_value_t = ROWS)]
    rows: u64,
    /// Last day of the generated records [default: today; with --write 2026-06-30]
    #[arg(long, value_name = "DATE", value_parser = date)]
    today: Option<Date>,
    /// Write the sample data as import files to this folder, instead of starting a server
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
    /// Format of the files that --write writes
    #[arg(long, value_parser = sample_format(), default_value = "ndjson", requires = "write")]
    format: FileFormat,
    /// Kind of sample data
    #[arg(long, value_enum, default_value = "business", hide = true)]
    shape: DemoShape,
    /// Providers of the shape memberships
    #[arg(long, default_value_t = 20, hide = true)]
    providers: u64,
    /// Customer memberships of provider 1 in the shape memberships [default: an even share]
    #[arg(long, hide = true)]
    largest: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DemoShape {
    /// A studio and a publisher
    Business,
    /// Customer memberships of many providers, with their customers and plans
    Memberships,
}

fn date(text: &str) -> Result<Date, String> {
    Date::parse(text).ok_or_else(|| "expected a date such as 2026-06-30".to_owned())
}

/// The formats that sample data is written in.
fn sample_format() -> impl TypedValueParser<Value = FileFormat> {
    let words = PossibleValuesParser::new([
        PossibleValue::new("ndjson").help("One JSON object per line"),
        PossibleValue::new("csv").help("Comma-separated, with a header"),
    ]);
    words.map(|word| if word == "csv" { FileFormat::Csv } else { FileFormat::Ndjson })
}

pub(crate) fn run(args: DemoArgs) -> Result<(), Failure> {
    match (&args.write, args.shape) {
        (Some(folder), DemoShape::Business) => write_business(&args, folder),
        (Some(folder), DemoShape::Memberships) => write_memberships(&args, folder),
        (None, DemoShape::Memberships) => {
            Err(Failure::usage("--shape memberships needs --write DIR"))
        }
        (None, DemoShape::Business) => serve_business(&args),
    }
}

impl DemoArgs {
    /// Returns noon of the requested day; `otherwise` if none is given.
    fn now(&self, otherwise: Instant) -> Instant {
        match self.today {
            Some(day) => Zone::utc().start_of(day).plus_seconds(12 * 3600),
            None => otherwise,
        }
    }
}

fn write_business(args: &DemoArgs, folder: &Path) -> Result<(), Failure> {
    let business = DemoBusinesses::new(args.seed, args.rows, args.now(TODAY));
    let providers = business.providers();
    let mut rows = 0;
    for provider in &providers {
        rows += write_import_files(&business, provider, folder, args.format)?;
    }
    write_readme(folder, &providers).doing(|| format!("write to {}", folder.display()))?;
    say(&format!("{rows} rows of 2 providers in {}: see README.md there", folder.display()));
    Ok(())
}

fn write_import_files(
    business: &DemoBusinesses,
    provider: &Provider,
    folder: &Path,
    format: FileFormat,
) -> Result<u64, Failure> {
    let folder = folder.join(format!("provider-{}", provider.id));
    let work = || {
        let mut files = ImportFileWriter::create(&folder, format)?;
        business.generate(provider, &mut files)?;
        files.finish()
    };
    work().doing(|| format!("write to {}", folder.display()))
}

fn write_memberships(args: &DemoArgs, folder: &Path) -> Result<(), Failure> {
    let largest = args.largest.unwrap_or(args.rows / args.providers.max(1));
    let now = args.now(TODAY);
    let shape = MembershipGenerator::new(args.seed, now, args.rows, args.providers, largest);
    let providers: Vec<Provider> = shape.providers().collect();
    let mut rows = 0;
    for provider in &providers {
        let folder = folder.join(format!("provider-{}", provider.id));
        let work = || {
            let mut files = ImportFileWriter::create(&folder, args.format)?;
            shape.generate(provider, &mut files)?;
            files.finish()
        };
        rows += work().doing(|| format!("write to {}", folder.display()))?;
    }
    write_readme(folder, &providers).doing(|| format!("write to {}", folder.display()))?;
    say(&format!("{rows} rows of {} providers in {}", providers.len(), folder.display()));
    Ok(())
}

fn serve_business(args: &DemoArgs) -> Result<(), Failure> {
    let began = Stopwatch::now();
    let outer = tempfile::Builder::new()
        .prefix("rollbook-demo-")
        .permissions(std::fs::Permissions::from_mode(0o700))
        .tempdir();
    let outer = outer.doing(|| "create a temporary folder".to_owned())?;
    let folder = DataFolder::created(outer.path())?;
    let listen = || SettingFlag {
        name: "--listen".to_owned(),
        key: "server.listen".to_owned(),
        value: args.listen.clone(),
    };
    let resolved = effective_settings(&folder, &[], vec![listen()])?;
    let is_log_asked_for = *resolved.origin("log.filter") != crate::config::SettingOrigin::Default;
    let mut settings = resolved.settings;
    // Generated data must not leave the temporary folder.
    (settings.store.url, settings.files.dir) = (None, None);
    if !is_log_asked_for {
        settings.log.filter = "warn".to_owned();
    }
    logging::install(&settings.log)?;
    let _lock = folder.lock()?;
    let store = opening::create_store(&folder, &settings)?;
    let rows = import_businesses(args, &folder, &store)?;
    let reads = opening::open_mirror(&folder, &settings, &store, MirrorRole::Writer)?;
    reads.mirror.refresh()?;
    let tokens = [token_for(&store, 1)?, token_for(&store, 2)?];
    let reload = || Ok(effective_settings(&folder, &[], vec![listen()])?.settings);
    let files = opening::open_files_folder(&folder, &settings, &store)?;
    let parts = app_parts(&folder, store, &reads, files, &settings);
    serve(parts, &reload, |address| {
        let millis = began.elapsed().as_millis();
        print(&welcome(address, rows, &tokens, millis))
    })
}

/// Generates both businesses and imports them in the same way as any other records.
fn import_businesses(
    args: &DemoArgs,
    folder: &DataFolder,
    store: &Arc<dyn Store>,
) -> Result<u64, Failure> {
    let now = args.now(SystemClock.now());
    let business = DemoBusinesses::new(args.seed, args.rows, now);
    let temp = folder.temp_dir()?;
    let mut rows = 0;
    for provider in business.providers() {
        say(&format!("generating {}", provider.name));
        rows += write_import_files(&business, &provider, temp.path(), FileFormat::Ndjson)?;
        store.create_provider(&provider)?;
        let files = temp.path().join(format!("provider-{}", provider.id));
        let sources = import::import_sources(&[files], provider.id, None, ImportMode::Upsert)?;
        let progress = ImportProgress::begin(import::names_and_sizes(&sources));
        let whole = import::import_all(provider.id, sources, now, temp.path());
        match operation::run_import(store.as_ref(), &whole, &progress)? {
            ImportAnswer::Done(_) => {}
            ImportAnswer::Invalid(errors) => return Err(import::import_errors_failure(&errors)),
            ImportAnswer::KeyConflict => return Err(Failure::new("the import was refused")),
        }
    }
    Ok(rows)
}

fn token_for(store: &Arc<dyn Store>, provider: i64) -> Result<String, Failure> {
    let grant = TokenGrant {
        name: Some("demo".to_owned()),
        email: None,
        providers: vec![ProviderId(provider)],
        permissions: Permissions::default_for_new_token(),
        read_only: false,
        customer_id: None,
        expires_at: None,
    };
    token::create_token(store.as_ref(), &grant, SystemClock.now())
}

fn welcome(address: &str, rows: u64, tokens: &[String; 2], millis: u128) -> String {
    let [studio, publisher] = tokens;
    let curl = format!("curl -s -H 'Authorization: Token {studio}'");
    let reports = format!("{address}/api/v2/reports");
    let row = r#"{"id":9000001,"first_name":"Ada","last_name":"Example"}"#;
    format!(
        "Rollbook demo: {rows} rows of sample data of a studio and a publisher, ready in {millis} ms\n\
         \n\
         address    {address}\n\
         reference  {address}/docs\n\
         token      {studio}   (Northlight Studio)\n\
         token      {publisher}   (Harbour Press)\n\
         \n\
         Credit of customers:\n  \
         {curl} '{reports}/customer_credits/data?limit=3'\n\
         Invoices paid in the last 30 days, as CSV:\n  \
         {curl} '{reports}/invoices/data?format=csv&paid_at_timeframe=last_30_days&limit=10'\n\
         Write a customer, and read it back at once:\n  \
         {curl} -H 'Content-Type: application/x-ndjson' -d '{row}' {address}/api/v1/import/customers \
         && {curl} '{reports}/customers/data?ids=9000001&columns=full_name'\n\
         \n\
         Press Ctrl-C to stop; the sample data is then deleted.\n"
    )
}
