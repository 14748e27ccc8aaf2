//! `rollbook import`. Rule: spec/data-model.md §3.

use std::fs;
use std::path::{Path, PathBuf};

use app::imports::{self as operation, Import, ImportAnswer, ImportSource, ImportTarget};
use clap::Args;
use files::format::ImportFileName;
use files::read::{ImportMode, UnpackLimits};
use model::catalogue::{self, Table};
use model::clock::{Clock, SystemClock};
use model::id::ProviderId;
use model::import::{ImportError, ImportErrors, ImportOutcome};
use model::suggest;
use model::time::Instant;

use super::provider::provider_id;
use super::{ListFormat, list_format, print, to_json};
use crate::data_args::DataArgs;
use crate::failure::{Failure, FailureContext};
use crate::progress::ImportProgress;
use crate::{opening, terminal};

/// Number of errors that are printed.
const ERRORS_SHOWN: usize = 20;

/// `rollbook import`
#[derive(Debug, Args)]
pub struct ImportArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Id of the provider whose records these are
    #[arg(long, value_name = "ID", value_parser = provider_id)]
    provider: ProviderId,
    /// Files such as customers.csv, invoices.ndjson.gz, payments.parquet.zst: the name says which
    /// table. A folder stands for every file in it. Everything is stored, or nothing
    #[arg(value_name = "FILE_OR_DIR", required = true)]
    files: Vec<PathBuf>,
    /// The table of all given files, whatever they are called
    #[arg(long)]
    table: Option<String>,
    /// Delete the rows with the ids in the files, instead of writing rows
    #[arg(long, requires = "table")]
    delete: bool,
    /// Output format of the counts [default: table on a terminal, else json]
    #[arg(long, value_enum)]
    format: Option<ListFormat>,
}

pub(crate) fn run(args: ImportArgs) -> Result<(), Failure> {
    let table = args.table.as_deref().map(known_table).transpose()?;
    let mode = if args.delete { ImportMode::Delete } else { ImportMode::Upsert };
    let sources = import_sources(&args.files, args.provider, table, mode)?;
    let (folder, settings) = super::open_folder(&args.data)?;
    let store = opening::open_store(&folder, &settings)?;
    if store.snapshot()?.provider(args.provider)?.is_none() {
        return Err(Failure::provider_unknown(args.provider));
    }
    let temp = folder.temp_dir()?;
    let progress = ImportProgress::begin(names_and_sizes(&sources));
    let import = import_all(args.provider, sources, SystemClock.now(), temp.path());
    let answer = operation::run_import(store.as_ref(), &import, &progress)?;
    drop(progress);
    match answer {
        ImportAnswer::Done(outcome) => {
            for warning in &outcome.warnings {
                terminal::say(&format!("warning: {}", warning.message));
            }
            print(&summary(&outcome, list_format(args.format))?)
        }
        ImportAnswer::Invalid(errors) => Err(import_errors_failure(&errors)),
        ImportAnswer::KeyConflict => Err(Failure::new("the import was refused")),
    }
}

/// Imports all files in one commit, without limits of size or time.
pub(super) fn import_all(
    provider: ProviderId,
    sources: Vec<ImportSource>,
    now: Instant,
    temp_dir: &Path,
) -> Import {
    Import {
        provider,
        now,
        key: None,
        sources,
        bounds: UnpackLimits::default(),
        temp_dir: temp_dir.to_owned(),
        time_max: None,
        waits_without_limit: true,
    }
}

fn known_table(name: &str) -> Result<&'static Table, Failure> {
    catalogue::table(name).ok_or_else(|| {
        let names: Vec<_> = catalogue::tables().iter().map(|table| table.name).collect();
        let meant = suggest::did_you_mean(name, names.iter().copied());
        Failure::usage(format!("there is no table {name:?}{meant}"))
            .hint(format!("the tables are {}", names.join(", ")))
    })
}

/// Returns the files to read; those of a folder in the order of their names.
pub(super) fn import_sources(
    paths: &[PathBuf],
    provider: ProviderId,
    table: Option<&'static Table>,
    mode: ImportMode,
) -> Result<Vec<ImportSource>, Failure> {
    let mut sources = Vec::new();
    for path in paths {
        if !path.is_dir() {
            sources.push(source(path, table, mode)?);
            continue;
        }
        for file in files_in(path, provider)? {
            sources.push(source(&file, table, mode)?);
        }
    }
    Ok(sources)
}

/// Returns the files of a folder by name. If it has a folder for the provider, as `rollbook demo
/// --write` creates, returns the files in that.
fn files_in(folder: &Path, provider: ProviderId) -> Result<Vec<PathBuf>, Failure> {
    let own = folder.join(format!("provider-{provider}"));
    let folder = if own.is_dir() { own.as_path() } else { folder };
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = entries.doing(|| format!("read the folder {}", folder.display()))?;
    let is_hidden = |path: &Path| {
        path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
    };
    let paths = entries.into_iter().map(|entry| entry.path());
    let (mut folders, mut files): (Vec<PathBuf>, Vec<PathBuf>) =
        paths.filter(|path| !is_hidden(path)).partition(|path| path.is_dir());
    folders.sort_unstable();
    files.sort_unstable();
    match (folders.first(), files.is_empty()) {
        (Some(inner), _) => Err(Failure::new(format!("{} has folders inside", folder.display()))
            .hint(format!("give the folders with the files, as in {}", inner.display()))),
        (None, true) => Err(Failure::new(format!("{} holds no files", folder.display()))),
        (None, false) => Ok(files),
    }
}

fn source(
    path: &Path,
    table: Option<&'static Table>,
    mode: ImportMode,
) -> Result<ImportSource, Failure> {
    if !path.exists() {
        return Err(Failure::new(format!("there is no file {}", path.display())));
    }
    let name = path.file_name().and_then(|name| name.to_str()).and_then(ImportFileName::parse);
    let name = name.ok_or_else(|| not_an_import_file(path))?;
    let table = match (table, catalogue::table(name.stem)) {
        (Some(table), _) | (None, Some(table)) => table,
        (None, None) => return Err(names_no_table(path, name.stem)),
    };
    let (format, compression) = (name.format, name.compression);
    Ok(ImportSource {
        path: path.to_owned(),
        target: ImportTarget::Table(table, mode),
        format,
        compression,
    })
}

fn not_an_import_file(path: &Path) -> Failure {
    let failure = Failure::new(format!("{} is not an import file", path.display()));
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    if ["xlsx", "xls", "xlsm", "ods"].contains(&extension.to_ascii_lowercase().as_str()) {
        return failure.hint("workbooks are not read: save each sheet as \"CSV UTF-8\"");
    }
    failure.hint("files end in .csv, .ndjson or .parquet, each also with .gz or .zst")
}

fn names_no_table(path: &Path, stem: &str) -> Failure {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let names = || catalogue::tables().iter().map(|table| table.name);
    let meant = suggest::closest_name(stem, names()).unwrap_or("customers");
    let ending = file.strip_prefix(stem).unwrap_or_default();
    Failure::new(format!("cannot tell which table {} is for", path.display())).hint(format!(
        "rename it after its table, as in {meant}{ending}, or give --table; the tables are {}",
        names().collect::<Vec<_>>().join(", ")
    ))
}

/// Returns the names and sizes of the files, for the progress display.
pub(super) fn names_and_sizes(sources: &[ImportSource]) -> Vec<(String, u64)> {
    let described = sources.iter().map(|source| {
        let name = source.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (name, fs::metadata(&source.path).map_or(0, |metadata| metadata.len()))
    });
    described.collect()
}

fn summary(outcome: &ImportOutcome, format: ListFormat) -> Result<String, Failure> {
    if format == ListFormat::Json {
        return to_json(outcome);
    }
    let rows = outcome.tables.iter().map(|(table, counts)| {
        let counts =
            [counts.received, counts.inserted, counts.updated, counts.unchanged, counts.deleted];
        std::iter::once(table.clone()).chain(counts.map(|count| count.to_string()))
    });
    let header = ["table", "received", "inserted", "updated", "unchanged", "deleted"];
    let table = terminal::table(header, rows);
    Ok(format!("{table}revision {}\n", outcome.revision))
}

/// Returns the failure for invalid rows, with the first errors.
pub(super) fn import_errors_failure(errors: &ImportErrors) -> Failure {
    let count = errors.error_count;
    let what = if errors.is_full() {
        format!("at least {count} errors, the rest was not looked at")
    } else {
        terminal::count_with_noun(count, "error")
    };
    let message = format!("the import has {what}; nothing was stored");
    let mut failure = Failure::new(message);
    for error in errors.errors.iter().take(ERRORS_SHOWN) {
        failure = failure.detail(error_line(error));
    }
    let shown = errors.errors.len().min(ERRORS_SHOWN) as u64;
    match count - shown.min(count) {
        0 => failure,
        more => failure.detail(format!("and {more} more")),
    }
}

fn error_line(error: &ImportError) -> String {
    let code = serde_json::to_value(error.code).unwrap_or_default();
    let mut place = Vec::new();
    place.extend(error.table.clone());
    place.extend(error.line.map(|line| format!("line {line}")));
    place.extend(error.id.map(|id| format!("id {id}")));
    place.extend(error.column.clone());
    let code = code.as_str().unwrap_or_default();
    format!("{}: {} ({code})", place.join(", "), error.message)
}
