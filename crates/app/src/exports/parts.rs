//! The files of an export: their names among the job's files, their type, their manifest.

use reports::exports::ExportRequest;
use serde_json::{Map, Value, json};
use store::port::jobs::Job;

/// The part of a download without `bundle`.
pub(crate) const MAIN_PART: &str = "file";

/// The part with the full bundle of an accounting package.
pub(crate) const FULL_BUNDLE_PART: &str = "full";

/// The content type of every export. Rule: spec/exports.md §6.
pub(crate) const CONTENT_TYPE: &str = "application/force-download";

/// Returns the manifest's fields that identify the export.
pub(super) fn manifest_head(job: &Job, request: &ExportRequest) -> Map<String, Value> {
    let mut head = Map::new();
    head.insert("uuid".to_owned(), json!(job.uuid));
    head.insert("object".to_owned(), json!(request.object()));
    head.insert("schema".to_owned(), json!(request.export_type().schema()));
    head
}
