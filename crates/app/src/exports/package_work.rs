//! The work of an accounting package job: the ZIPs of a month. Rule: spec/exports.md §9, §10.15.

use std::sync::atomic::{AtomicU64, Ordering};

use mirror::MirrorSession;
use reports::exports::{AccountingPackageRequest as Asked, ExportRequest};
use serde_json::{Value, json};
use store::port::jobs::Job;

use super::package::package_request;
use super::parts::{CONTENT_TYPE, manifest_head};
use super::parts::{FULL_BUNDLE_PART, MAIN_PART};
use crate::app::App;
use crate::jobs::attempt::RunningAttempt;
use crate::jobs::row_file::WriteObserver as _;
use crate::jobs::work::{JobOutput, JobOutputFile};
use crate::jobs::work_failure::WorkFailure;
use books::parts::BooksError;
use books::{PackageError, PackageFile, PassObserver, WrittenPackage, write_package};

/// Writes the package's ZIPs.
pub(super) async fn make_package_files(
    app: &App,
    job: &Job,
    attempt: &RunningAttempt,
    session: MirrorSession,
    request: &ExportRequest,
    asked: &Asked,
) -> Result<JobOutput, WorkFailure> {
    let wanted = package_request(app.settings(), &session, request, asked)
        .map_err(|problem| WorkFailure::permanent("internal_error", problem))?;
    let (observer, revision) = (attempt.clone(), session.revision());
    observer.begin(None, revision);
    let store = app.clone();
    let writing = tokio::task::spawn_blocking(move || {
        let done = AtomicU64::new(0);
        let progress = |invoices: u64| {
            let before = done.fetch_max(invoices, Ordering::AcqRel);
            observer.add_rows(invoices.saturating_sub(before));
        };
        let is_canceled = || observer.is_canceled();
        let told = PassObserver { progress: &progress, is_canceled: &is_canceled };
        write_package(&session, store.store(), &wanted, observer.folder(), told)
    });
    match writing.await {
        Ok(written) => Ok(package_output(job, request, written.map_err(failure_of_package)?)),
        Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
        Err(_) => Err(WorkFailure::Canceled),
    }
}

fn failure_of_package(error: PackageError) -> WorkFailure {
    match error {
        error if error.is_canceled() => WorkFailure::Canceled,
        PackageError::NothingToExport => WorkFailure::permanent(
            "nothing_to_export",
            "Nothing is posted in this currency up to the month's end.",
        ),
        PackageError::File(error) => error.into(),
        PackageError::Books(BooksError::Mirror(error)) => error.into(),
        error if error.code() == "disk_full" => WorkFailure::disk_full(),
        error => WorkFailure::transient(error.code(), &error),
    }
}

fn package_output(job: &Job, request: &ExportRequest, package: WrittenPackage) -> JobOutput {
    let rows = package.rows;
    let manifest = package_manifest(job, request, &package, rows);
    let mut files = vec![made_file(MAIN_PART, package.contract)];
    files.extend(package.full.map(|file| made_file(FULL_BUNDLE_PART, file)));
    JobOutput { files, manifest, rows, revision: package.revision }
}

fn made_file(part: &'static str, file: PackageFile) -> JobOutputFile {
    JobOutputFile {
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
fn package_manifest(
    job: &Job,
    request: &ExportRequest,
    package: &WrittenPackage,
    rows: u64,
) -> Value {
    let contract = &package.contract;
    let mut manifest = serde_json::Map::new();
    manifest.insert("manifest_version".to_owned(), json!(1));
    manifest.extend(manifest_head(job, request));
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
