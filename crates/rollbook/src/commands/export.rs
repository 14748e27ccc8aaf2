//! `rollbook export`: writes the records of one type to a file, without a server. Rule:
//! spec/product.md.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use app::ServerSettings;
use app::exports::file;
use clap::Args;
use mirror::{MirrorRole, MirrorSession};
use model::clock::{Clock, SystemClock};
use model::id::ProviderId;
use reports::FieldErrors;
use reports::exports::{
    ExportContext, ExportErrors, ExportRequest, export_has_rows, find_export_type,
    parse_export_body,
};
use serde_json::{Map, Value};

use super::CsvDialectArgs;
use super::provider::provider_id;
use super::report::{parameter_failure, stop_failure};
use crate::data_args::DataArgs;
use crate::failure::{Failure, FailureContext};
use crate::opening;
use crate::output::CommandOutput;
use crate::progress::RowProgress;
use crate::terminal::count_with_noun;

/// `rollbook export`
#[derive(Debug, Args)]
pub struct ExportArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Id of the provider
    #[arg(long, value_name = "ID", value_parser = provider_id)]
    provider: ProviderId,
    /// Type of records, such as invoices or customers
    object: String,
    /// First day or time, such as 2024-01-01 or 2024-01-01T12:00:00Z
    #[arg(long, value_name = "WHEN")]
    from: String,
    /// Last day or time, included
    #[arg(long, value_name = "WHEN")]
    to: String,
    /// full_data: records created in the range; modified_data: records changed in it
    /// [default: full_data]
    #[arg(long)]
    mode: Option<String>,
    /// A filter of the type, such as status=paid; repeatable
    #[arg(long = "filter", value_name = "NAME=VALUE")]
    filters: Vec<String>,
    /// Columns, comma-separated [default: all]
    #[arg(long)]
    columns: Option<String>,
    /// One row per record, or per line of an invoice or order [default: record]
    #[arg(long, value_name = "record|line")]
    row_per: Option<String>,
    /// Metadata as columns (wide) or as rows (long) [default: wide]
    #[arg(long, value_name = "wide|long")]
    layout: Option<String>,
    /// Include deleted records
    #[arg(long)]
    include_deleted: bool,
    /// csv, ndjson, parquet or xlsx [default: by the file's name, else csv]
    #[arg(long)]
    format: Option<String>,
    #[command(flatten)]
    dialect: CsvDialectArgs,
    /// File to write; - is standard output [default: TYPE_FROM_TO.FORMAT in the current folder]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) fn run(args: ExportArgs) -> Result<(), Failure> {
    let body = request_body(&args)?;
    let (folder, settings) = super::open_folder(&args.data)?;
    let store = opening::open_store(&folder, &settings)?;
    let reads = opening::open_mirror(&folder, &settings, &store, MirrorRole::Reader)?;
    let session = reads.mirror.session(args.provider)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.doing(|| "start".to_owned())?;
    let settings = settings.server_settings();
    runtime.block_on(async {
        let request = request(&session, &settings, &body).await?;
        write(&settings, &session, &request, args.output.as_deref(), reads.temp.path()).await
    })
}

/// Returns the request body that an API client would send.
fn request_body(args: &ExportArgs) -> Result<Map<String, Value>, Failure> {
    let is_package = find_export_type(&args.object).is_some_and(|kind| kind.is_package());
    if is_package {
        return Err(Failure::usage("the accounting package is not made by this command")
            .hint("`rollbook accounting` makes it"));
    }
    let mut body = Map::new();
    let mut add = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            body.insert(name.to_owned(), Value::from(value));
        }
    };
    let ending = args.output.as_deref().and_then(Path::extension).and_then(|text| text.to_str());
    let named = ending.filter(|ending| ["ndjson", "parquet", "xlsx"].contains(ending));
    add("object", Some(&args.object));
    add("date_from", Some(&args.from));
    add("date_to", Some(&args.to));
    add("mode", args.mode.as_deref());
    add("columns", args.columns.as_deref());
    add("row_per", args.row_per.as_deref());
    add("layout", args.layout.as_deref());
    let format = args.format.as_deref().or(named);
    if args.dialect.word().is_some() && format.is_some_and(|format| format != "csv") {
        return Err(Failure::usage("--csv-dialect is for csv").hint("add --format csv"));
    }
    add("format", format);
    add("csv_dialect", args.dialect.word());
    for filter in &args.filters {
        let (name, value) = filter.split_once('=').ok_or_else(|| {
            Failure::usage(format!("--filter {filter} has no value"))
                .hint("write --filter name=value, as in --filter status=paid")
        })?;
        add(name.trim(), Some(value));
    }
    if args.include_deleted {
        body.insert("include_deleted".to_owned(), Value::Bool(true));
    }
    Ok(body)
}

async fn request(
    session: &MirrorSession,
    settings: &ServerSettings,
    body: &Map<String, Value>,
) -> Result<ExportRequest, Failure> {
    let failed =
        |error: reports::ReportError| Failure::new("reading the records failed").because(error);
    let sites = reports::exports::site_ids(session).await.map_err(failed)?;
    let context = ExportContext {
        now: SystemClock.now(),
        is_strict: false,
        range_months_max: settings.exports.rules(session.provider().id).max_range_months,
        sites: &sites,
        first_month: None,
        last_closed: None,
    };
    let parsed =
        parse_export_body(body, session.provider(), &context).map_err(|errors| match errors {
            ExportErrors::Fields(fields) => parameter_failure(fields),
            ExportErrors::Range => {
                let months = context.range_months_max;
                let mut errors = FieldErrors::default();
                errors.push(
                    "date_to",
                    format!("not before date_from, and at most {months} months later"),
                );
                parameter_failure(errors).hint("--set exports.max_range_months=0 lifts the limit")
            }
        })?;
    let request = parsed.requests.into_iter().next();
    let request = request.ok_or_else(|| Failure::usage("give one type of records"))?;
    if !request.ignored_filters().is_empty() {
        let names = request.ignored_filters().join(", ");
        let object = request.object();
        return Err(Failure::usage(format!("{names}: no filter of {object}"))
            .hint("leave it out: it would change nothing"));
    }
    if export_has_rows(session, &request).await.map_err(failed)? {
        Ok(request)
    } else {
        Err(Failure::new("there is nothing to export").hint("try a wider range or fewer filters"))
    }
}

/// Writes the file completely or not at all.
async fn write(
    settings: &ServerSettings,
    session: &MirrorSession,
    request: &ExportRequest,
    output: Option<&Path>,
    temp: &Path,
) -> Result<(), Failure> {
    let named = PathBuf::from(request.file_name(&session.provider().timezone));
    let path = output.unwrap_or(&named);
    let output = CommandOutput::begin(Some(path), temp)?;
    let observer = Arc::new(RowProgress::begin());
    let written =
        file::write_export(settings, session, request, output.work_path(), temp, observer).await;
    let written = written.map_err(stop_failure)?;
    let is_standard = output.is_standard();
    output.finish()?;
    if is_standard {
        return Ok(());
    }
    let rows = count_with_noun(written.file.totals.rows(), "row");
    let bytes = count_with_noun(written.file.bytes, "byte");
    let (path, sha256) = (path.display(), &written.file.sha256);
    super::print(&format!("{path}: {rows}, {bytes}, SHA-256 {sha256}\n"))
}
