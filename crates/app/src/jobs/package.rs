//! The work of an accounting package job: the ZIPs of a month. Rule: spec/exports.md §9, §10.15.

use std::sync::atomic::{AtomicU64, Ordering};

use mirror::Session;
use reports::exports::{ExportRequest, Package as Asked};
use serde_json::{Value, json};
use store::port::jobs::Job;

use super::attempt::Attempt;
use super::export::{CONTENT_TYPE, head};
use super::row_file::Watch as _;
use super::work::{Made, MadeFile, Stop};
use crate::app::App;
use crate::exports::fetch::{FULL, MAIN};
use crate::exports::package::wanted;
use books::{Package, PackageError, PackageFile, Watch, write_package};

/// Writes the package's ZIPs.
pub(super) async fn make(
    app: &App,
    job: &Job,
    attempt: &Attempt,
    session: Session,
    request: &ExportRequest,
    asked: &Asked,
) -> Result<Made, Stop> {
    let wanted = wanted(app.settings(), &session, request, asked)
        .map_err(|problem| Stop::failed("internal_error", problem))?;
    let (watch, revision) = (attempt.clone(), session.revision());
    watch.begin(None, revision);
    let store = app.clone();
    let writing = tokio::task::spawn_blocking(move || {
        let done = AtomicU64::new(0);
        let progress = |invoices: u64| {
            let before = done.fetch_max(invoices, Ordering::AcqRel);
            watch.add_rows(invoices.saturating_sub(before));
        };
        let is_canceled = || watch.is_told_to_stop();
        let told = Watch { progress: &progress, is_canceled: &is_canceled };
        write_package(&session, store.store(), &wanted, watch.folder(), told)
    });
    match writing.await {
        Ok(written) => Ok(made(job, request, written.map_err(stopped)?)),
        Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
        Err(_) => Err(Stop::Told),
    }
}

fn stopped(error: PackageError) -> Stop {
    match error {
        error if error.is_canceled() => Stop::Told,
        PackageError::NothingToExport => Stop::failed(
            "nothing_to_export",
            "Nothing is posted in this currency up to the month's end.",
        ),
        PackageError::File(error) => error.into(),
        error if error.code() == "disk_full" => {
            Stop::failed("disk_full", "There is no room for the file.")
        }
        error => Stop::broken(error.code(), &error),
    }
}

fn made(job: &Job, request: &ExportRequest, package: Package) -> Made {
    let rows = package.rows;
    let manifest = manifest(job, request, &package, rows);
    let mut files = vec![made_file(MAIN, package.contract)];
    files.extend(package.full.map(|file| made_file(FULL, file)));
    Made { files, manifest, rows, revision: package.revision }
}

fn made_file(part: &'static str, file: PackageFile) -> MadeFile {
    MadeFile {
        part,
        path: file.path,
        name: file.name,
        content_type: CONTENT_TYPE,
        bytes: file.digest.bytes,
        sha256: file.digest.sha256_hex(),
    }
}

/// Returns the export's manifest, which includes the package's own. In `files`, the ZIPs come
/// before their members.
fn manifest(job: &Job, request: &ExportRequest, package: &Package, rows: u64) -> Value {
    let contract = &package.contract;
    let mut manifest = serde_json::Map::new();
    manifest.insert("manifest_version".to_owned(), json!(1));
    manifest.extend(head(job, request));
    manifest.insert("format".to_owned(), json!(request.format().word()));
    manifest.insert("filters".to_owned(), Value::Object(request.filters()));
    manifest.insert("rows".to_owned(), json!(rows));
    manifest.insert("bytes".to_owned(), json!(contract.digest.bytes));
    manifest.insert("sha256".to_owned(), json!(contract.digest.sha256_hex()));
    manifest.extend(package.manifest.as_object().cloned().unwrap_or_default());
    let zips = std::iter::once(contract).chain(&package.full);
    let zips = zips.map(|file| {
        json!({"name": file.name, "bytes": file.digest.bytes, "sha256": file.digest.sha256_hex()})
    });
    let members = package.manifest["files"].as_array().cloned().unwrap_or_default();
    manifest.insert("files".to_owned(), zips.chain(members).collect());
    manifest.insert("complete".to_owned(), json!(true));
    manifest.insert("created_at".to_owned(), json!(request.now()));
    Value::Object(manifest)
}
