//! `rollbook report`: prints or writes any report, without a server.

mod page_text;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use app::ServerSettings;
use app::jobs::row_file::WriteObserver;
use app::jobs::work::WorkFailure;
use app::report_files::write as report_file;
use app::report_pages::page_file;
use clap::{Args, ValueEnum};
use mirror::{MirrorRole, MirrorSession};
use model::clock::{Clock, SystemClock};
use model::file_format::FileFormat;
use model::id::{ProviderId, Revision};
use reports::{
    CsvDialect, FieldErrors, RawParameters, RawValue, Report, ReportError, ReportPage,
    RequestContext, parse_file, parse_page, run_page,
};

use self::page_text::PageText;
use super::CsvDialectArgs;
use super::provider::provider_id;
use crate::data_args::DataArgs;
use crate::failure::{Failure, FailureContext};
use crate::output::CommandOutput;
use crate::{opening, terminal};

/// Default number of rows of a table on a terminal.
const TABLE_ROWS: u64 = 50;

/// `rollbook report`
#[derive(Debug, Args)]
pub struct ReportArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Id of the provider
    #[arg(long, value_name = "ID", value_parser = provider_id)]
    provider: ProviderId,
    /// Name of the report, such as customers or invoices
    name: String,
    /// Columns, comma-separated [default: all; in a table those that matter most and fit]
    #[arg(long)]
    columns: Option<String>,
    /// A parameter of the report, such as status=open or created_at_timeframe=this_month; repeatable
    #[arg(long = "filter", value_name = "NAME=VALUE")]
    filters: Vec<String>,
    /// Columns to sort by, comma-separated; a leading - sorts from largest to smallest
    #[arg(long, allow_hyphen_values = true)]
    sort: Option<String>,
    /// At most this many rows, in format table, records, csv or json [default: all; 50 in table and
    /// records]
    #[arg(long)]
    limit: Option<u64>,
    /// Rows to skip
    #[arg(long)]
    offset: Option<u64>,
    /// Evaluate statuses, ages and timeframes as of this time, as in 2026-02-14T10:00:00Z
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    /// Output format [default: by the file's name; else table on a terminal, csv elsewhere]
    #[arg(long, value_enum)]
    format: Option<ReportFormat>,
    #[command(flatten)]
    dialect: CsvDialectArgs,
    /// File to write instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// For people: a table as wide as the terminal
    Table,
    /// For people: each row as lines of column and value, columns without a value left out
    Records,
    /// Comma-separated, with a header row
    Csv,
    /// Tab-separated, with a header row
    Tsv,
    /// The JSON that the server answers with
    Json,
    /// One JSON object per line
    Ndjson,
    /// Columnar, for DuckDB, Polars, Spark
    Parquet,
    /// Arrow IPC file
    Arrow,
    /// Excel workbook
    Xlsx,
}

impl ReportFormat {
    /// Returns the file format; none for `Table` and `Records`.
    fn file(self) -> Option<FileFormat> {
        Some(match self {
            Self::Table | Self::Records => return None,
            Self::Csv => FileFormat::Csv,
            Self::Tsv => FileFormat::Tsv,
            Self::Json => FileFormat::Json,
            Self::Ndjson => FileFormat::Ndjson,
            Self::Parquet => FileFormat::Parquet,
            Self::Arrow => FileFormat::Arrow,
            Self::Xlsx => FileFormat::Xlsx,
        })
    }

    /// Returns the format that the extension of a file name stands for.
    fn from_file_name(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?;
        Self::from_str(ending, true).ok().filter(|format| format.file().is_some())
    }

    fn chosen(args: &ReportArgs) -> Self {
        let named = args.output.as_deref().and_then(Self::from_file_name);
        match (args.format, named, &args.output) {
            (Some(format), ..) | (None, Some(format), _) => format,
            (None, None, None) if terminal::is_terminal() => Self::Table,
            (None, None, _) => Self::Csv,
        }
    }
}

pub(crate) fn run(args: ReportArgs) -> Result<(), Failure> {
    let report = find(&args.name)?;
    let parameters = parameters(&args)?;
    let format = ReportFormat::chosen(&args);
    if args.dialect.word().is_some() && !matches!(format, ReportFormat::Csv | ReportFormat::Tsv) {
        return Err(Failure::usage("--csv-dialect is for csv and tsv").hint("add --format csv"));
    }
    let (folder, settings) = super::open_folder(&args.data)?;
    let store = opening::open_store(&folder, &settings)?;
    let reads = opening::open_mirror(&folder, &settings, &store, MirrorRole::Reader)?;
    let session = reads.mirror.session(args.provider)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.doing(|| "start".to_owned())?;
    let settings = settings.server_settings();
    let asked = ReportRun { session: &session, report, parameters, settings: &settings };
    let paging = ["limit", "offset", "page", "page_size"];
    let is_page = asked.parameters.iter().any(|(name, _)| paging.contains(&name.as_str()));
    match format.file() {
        Some(format) if !is_page => {
            let whole = asked.write_all_rows(format, reads.temp.path(), args.output.as_deref());
            runtime.block_on(whole)
        }
        Some(format) => {
            let page = runtime.block_on(asked.page())?;
            let bytes = asked.page_bytes(&page, format, args.dialect.dialect())?;
            write_output(&bytes, args.output.as_deref(), reads.temp.path())
        }
        None => {
            let text = runtime.block_on(asked.page_text(format))?;
            write_output(text.as_bytes(), args.output.as_deref(), reads.temp.path())
        }
    }
}

/// Writes the bytes to the file, or to standard output.
fn write_output(bytes: &[u8], output: Option<&Path>, temp: &Path) -> Result<(), Failure> {
    let mut output = CommandOutput::begin(output, temp)?;
    output.work_file().write_all(bytes).doing(|| "write the report".to_owned())?;
    output.finish()
}

fn find(name: &str) -> Result<&'static Report, Failure> {
    reports::find_report(name).ok_or_else(|| {
        let names: Vec<_> =
            reports::report_catalogue().iter().map(|report| report.name()).collect();
        Failure::usage(format!("there is no report {name:?}"))
            .hint(format!("the reports are {}", names.join(", ")))
    })
}

fn parameters(args: &ReportArgs) -> Result<RawParameters, Failure> {
    let mut all = RawParameters::new();
    let mut add = |name: &str, value: &str| {
        all.push((name.to_owned(), RawValue::Text(value.to_owned())));
    };
    let given = [
        ("columns", args.columns.as_deref()),
        ("sort", args.sort.as_deref()),
        ("as_of", args.as_of.as_deref()),
        ("csv_dialect", args.dialect.word()),
    ];
    for (name, value) in given {
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
        if name.trim() == "format" {
            return Err(Failure::usage("--filter format=… would change nothing")
                .hint(format!("write --format {value}")));
        }
        add(name.trim(), value);
    }
    Ok(all)
}

/// A report with its parameters, at one revision.
struct ReportRun<'a> {
    session: &'a MirrorSession,
    pub report: &'static Report,
    parameters: RawParameters,
    settings: &'a ServerSettings,
}

impl ReportRun<'_> {
    fn context(&self) -> RequestContext {
        RequestContext { now: SystemClock.now(), page_size_max: u32::MAX, caller_name: None }
    }

    /// Writes every row to standard output, or to a file that appears only when it is complete.
    async fn write_all_rows(
        &self,
        format: FileFormat,
        temp: &Path,
        output: Option<&Path>,
    ) -> Result<(), Failure> {
        let provider = self.session.provider();
        let request = parse_file(self.report, &self.parameters, provider, &self.context());
        let request = request.map_err(parameter_failure)?;
        let output = CommandOutput::begin(output, temp)?;
        let observer = Arc::new(NoProgress);
        let (settings, session, made) = (self.settings, self.session, output.work_path());
        let write =
            report_file::write_report(settings, session, &request, format, made, temp, observer);
        write.await.map_err(stop_failure)?;
        output.finish()
    }

    /// Returns the page as text. Without requested columns, a table shows the brief columns.
    async fn page_text(mut self, format: ReportFormat) -> Result<String, Failure> {
        let has_columns = self.parameters.iter().any(|(name, _)| name == "columns");
        let brief = self.report.brief_columns();
        let is_brief = format == ReportFormat::Table && !has_columns && !brief.is_empty();
        if is_brief {
            self.parameters.push(("columns".to_owned(), RawValue::Text(brief.join(","))));
        }
        let page = self.page().await?;
        let named: Vec<&str> = if has_columns || is_brief {
            self.keys_named()
        } else {
            page.headers.iter().map(|header| header.key.as_str()).collect()
        };
        let shown = PageText::from_page(&page, &named)?;
        Ok(match format {
            ReportFormat::Records => shown.records(),
            _ => shown.table(is_brief.then(|| self.report.default_column_count())),
        })
    }

    /// Returns the keys of the columns that the parameters name.
    fn keys_named(&self) -> Vec<&'static str> {
        let lists = self.parameters.iter().filter(|(name, _)| name == "columns");
        let texts = lists.filter_map(|(_, value)| match value {
            RawValue::Text(text) => Some(text.split(',')),
            _ => None,
        });
        texts.flatten().flat_map(|name| self.report.keys_named(name.trim())).collect()
    }

    /// Returns the requested page; one of [`TABLE_ROWS`] rows if no size is requested.
    async fn page(&self) -> Result<ReportPage, Failure> {
        let mut parameters = self.parameters.clone();
        let has = |name: &str| self.parameters.iter().any(|(given, _)| given == name);
        if !has("limit") && !has("page_size") {
            parameters.push(("limit".to_owned(), RawValue::Text(TABLE_ROWS.to_string())));
        }
        let provider = self.session.provider();
        let request = parse_page(self.report, &parameters, provider, &self.context());
        let page = run_page(self.session, &request.map_err(parameter_failure)?).await;
        page.map_err(|error| match error {
            ReportError::Mirror(error) => error.into(),
            ReportError::Refused(errors) => parameter_failure(errors),
            error => Failure::new("cannot compute the report").because(error),
        })
    }

    fn page_bytes(
        &self,
        page: &ReportPage,
        format: FileFormat,
        dialect: Option<CsvDialect>,
    ) -> Result<Vec<u8>, Failure> {
        let settings = self.settings;
        let bytes = match format {
            FileFormat::Json => page_file::page_json(page),
            FileFormat::Csv => {
                let has_bom = settings.reports.has_bom(dialect);
                page_file::page_csv(page, settings.files.csv_formula_guard, has_bom)
            }
            _ => {
                return Err(Failure::usage(
                    "--limit and --offset need format table, records, csv or json",
                )
                .hint("leave out --limit and --offset to write every row"));
            }
        };
        let mut bytes = bytes.doing(|| "write the report".to_owned())?;
        if format == FileFormat::Json {
            bytes.push(b'\n');
        }
        Ok(bytes)
    }
}

/// A progress observer that shows nothing and never cancels.
struct NoProgress;

impl WriteObserver for NoProgress {
    fn begin(&self, _rows_total: Option<u64>, _revision: Revision) {}
    fn add_rows(&self, _rows: u64) {}
    fn is_canceled(&self) -> bool {
        false
    }
}

pub(super) fn stop_failure(stop: WorkFailure) -> Failure {
    match stop {
        WorkFailure::Failed { message, .. } | WorkFailure::Transient { message, .. } => {
            Failure::new(message)
        }
        WorkFailure::Canceled => Failure::new("the work was stopped"),
    }
}

/// Returns the failure for invalid parameters, with a line for each.
pub(super) fn parameter_failure(errors: FieldErrors) -> Failure {
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
