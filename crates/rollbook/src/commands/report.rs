//! `rollbook report`: any report, without a server.

use std::fs;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use mirror::{Role, Session};
use model::clock::{Clock, SystemClock};
use model::id::ProviderId;
use reports::{
    FieldErrors, Page, RawParameters, RawValue, Report, ReportError, RequestContext, parse_page,
    run_page,
};
use server::operations::page_file;

use super::print;
use super::provider::provider_id;
use crate::cli::DataArgs;
use crate::failure::{Doing, Failure};
use crate::{opened, terminal};

/// Rows taken at a time where all are asked for.
const ROWS_AT_A_TIME: u64 = 10_000;
/// Rows of a table on a terminal, unless asked for more.
const TABLE_ROWS: u64 = 50;

/// `rollbook report`
#[derive(Debug, Args)]
pub struct ReportArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Whose records
    #[arg(long, value_name = "ID", value_parser = provider_id)]
    provider: ProviderId,
    /// Name of the report, as in customers or invoices
    name: String,
    /// Columns, comma-separated [default: all]
    #[arg(long)]
    columns: Option<String>,
    /// Any parameter of the report, as in created_at_timeframe=this_month; repeatable
    #[arg(long = "filter", value_name = "NAME=VALUE")]
    filters: Vec<String>,
    /// Columns to sort by, comma-separated; a leading - means largest first
    #[arg(long, allow_hyphen_values = true)]
    sort: Option<String>,
    /// Rows at most [default: all; 50 as a table]
    #[arg(long)]
    limit: Option<u64>,
    /// Rows to skip
    #[arg(long)]
    offset: Option<u64>,
    /// The present, for statuses, ages and timeframes
    #[arg(long, value_name = "INSTANT")]
    as_of: Option<String>,
    /// How to print it [default: table on a terminal, else csv]
    #[arg(long, value_enum)]
    format: Option<ReportFormat>,
    /// File to write instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// For people, within the terminal's width
    Table,
    /// As the server writes it
    Csv,
    /// As the server writes it
    Json,
}

pub(super) fn run(args: ReportArgs) -> Result<(), Failure> {
    let report = find(&args.name)?;
    let parameters = parameters(&args)?;
    let format = match (args.format, &args.output) {
        (Some(format), _) => format,
        (None, None) if terminal::is_terminal() => ReportFormat::Table,
        (None, _) => ReportFormat::Csv,
    };
    let (folder, settings) = super::open(&args.data)?;
    let store = opened::open_store(&folder, &settings)?;
    let reads = opened::open_reads(&folder, &settings, &store, Role::Reader)?;
    let session = reads.mirror.session(args.provider)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.doing(|| "start".to_owned())?;
    let reader = Reader {
        session: &session,
        report,
        parameters,
        page_size_max: settings.reports.max_page_size,
    };
    let page = runtime.block_on(reader.read(format))?;
    let bytes = match format {
        ReportFormat::Json => page_file::json(&page),
        ReportFormat::Csv => {
            page_file::csv(&page, settings.files.csv_formula_guard, settings.reports.csv_bom)
        }
        ReportFormat::Table => page_file::csv(&page, false, false),
    };
    let bytes = bytes.doing(|| "write the report".to_owned())?;
    let text = match format {
        ReportFormat::Table => table(&bytes, &page)?,
        _ => String::from_utf8_lossy(&bytes).into_owned(),
    };
    let is_open_line = format == ReportFormat::Json && args.output.is_none();
    let text = if is_open_line { text + "\n" } else { text };
    match &args.output {
        Some(path) => fs::write(path, text).doing(|| format!("write {}", path.display())),
        None => print(&text),
    }
}

fn find(name: &str) -> Result<&'static Report, Failure> {
    reports::find(name).ok_or_else(|| {
        let names: Vec<_> = reports::catalogue().iter().map(|report| report.name()).collect();
        Failure::usage(format!("there is no report {name:?}"))
            .hint(format!("the reports are {}", names.join(", ")))
    })
}

fn parameters(args: &ReportArgs) -> Result<RawParameters, Failure> {
    let mut all = RawParameters::new();
    let mut add = |name: &str, value: &str| {
        all.push((name.to_owned(), RawValue::Text(value.to_owned())));
    };
    for (name, value) in [("columns", &args.columns), ("sort", &args.sort), ("as_of", &args.as_of)]
    {
        if let Some(value) = value {
            add(name, value);
        }
    }
    for (name, value) in [("limit", args.limit), ("offset", args.offset)] {
        if let Some(value) = value {
            add(name, &value.to_string());
        }
    }
    for filter in &args.filters {
        let (name, value) = filter.split_once('=').ok_or_else(|| {
            Failure::usage(format!("--filter {filter} has no value"))
                .hint("write --filter name=value, as in --filter status=paid")
        })?;
        add(name.trim(), value);
    }
    Ok(all)
}

struct Reader<'a> {
    session: &'a Session,
    report: &'static Report,
    parameters: RawParameters,
    page_size_max: u32,
}

impl Reader<'_> {
    /// One page where one is asked for, else every row, all from one revision.
    async fn read(&self, format: ReportFormat) -> Result<Page, Failure> {
        let paging = ["limit", "offset", "page", "page_size"];
        let is_page = self.parameters.iter().any(|(name, _)| paging.contains(&name.as_str()));
        if is_page {
            return self.page(&[]).await;
        }
        if format == ReportFormat::Table {
            return self.page(&[("limit", TABLE_ROWS.min(self.page_size_max.into()))]).await;
        }
        let size = ROWS_AT_A_TIME;
        let mut all = self.page_of(size, &[("limit", size), ("offset", 0)]).await?;
        let mut offset = size;
        while offset < all.total {
            let next = self.page_of(size, &[("limit", size), ("offset", offset)]).await?;
            all.batches.extend(next.batches);
            offset += size;
        }
        Ok(all)
    }

    async fn page(&self, window: &[(&str, u64)]) -> Result<Page, Failure> {
        self.page_of(self.page_size_max.into(), window).await
    }

    async fn page_of(&self, size_max: u64, window: &[(&str, u64)]) -> Result<Page, Failure> {
        let mut parameters = self.parameters.clone();
        for (name, value) in window {
            parameters.push(((*name).to_owned(), RawValue::Text(value.to_string())));
        }
        let context = RequestContext {
            now: SystemClock.now(),
            page_size_max: u32::try_from(size_max).unwrap_or(u32::MAX),
            identity_name: None,
        };
        let request = parse_page(self.report, &parameters, self.session.provider(), &context);
        let page = run_page(self.session, &request.map_err(refused)?).await;
        page.map_err(|error| match error {
            ReportError::Mirror(error) => error.into(),
            ReportError::Refused(errors) => refused(errors),
            ReportError::TooManyColumns { .. } => {
                Failure::new("cannot compute the report").because(error)
            }
        })
    }
}

fn refused(errors: FieldErrors) -> Failure {
    let count: usize = errors.0.values().map(Vec::len).sum();
    let what =
        if count == 1 { "1 parameter is".to_owned() } else { format!("{count} parameters are") };
    let mut failure = Failure::usage(format!("{what} wrong"));
    for (field, messages) in &errors.0 {
        for message in messages {
            failure = failure.detail(format!("{field}: {message}"));
        }
    }
    failure
}

/// The page's CSV as a table, with a line that says how much of the report it is.
fn table(csv: &[u8], page: &Page) -> Result<String, Failure> {
    let mut reader = csv::ReaderBuilder::new().has_headers(true).from_reader(csv);
    let header: Vec<String> = match reader.headers() {
        Ok(header) => header.iter().map(str::to_owned).collect(),
        Err(error) => return Err(Failure::new("cannot show the report").because(error)),
    };
    let mut rows: Vec<Vec<String>> = Vec::new();
    for record in reader.records() {
        let record = record.doing(|| "show the report".to_owned())?;
        rows.push(record.iter().map(str::to_owned).collect());
    }
    let shown = rows.len();
    let table = terminal::table(header, rows);
    let more = if (shown as u64) < page.total { "; --limit and --offset show others" } else { "" };
    Ok(format!("{table}{shown} of {} rows{more}\n", page.total))
}
