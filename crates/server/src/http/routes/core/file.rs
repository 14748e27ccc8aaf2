//! The file of an export, whole or in ranges, for one or many downloads. Rule: spec/exports.md §6.

use std::sync::Arc;

use axum::response::Response;
use http::Method;
use http::request::Parts;

use super::admit_caller;
use crate::http::download::{self, DownloadRefusal, OnComplete};
use crate::http::endpoint::EndpointCall;
use crate::http::routes::{request_id, with_revision};
use crate::http::{envelope, query};
use app::app::App;
use app::auth::admission::AdmittedRequest;
use app::blocking::blocking;
use app::encoding::Encoding;
use app::error::{ApiError, ErrorCode};
use app::exports::download::{
    ExportDownload, count_download, download_for_caller, download_for_link, record_lost_file,
};
use app::exports::export_caller::AllowedParameters;
use app::jobs::link_transfers;

const OF_FILE: AllowedParameters = AllowedParameters { always: &["site_id"], added: &["bundle"] };

/// Answers a caller with a credential.
pub(super) async fn download_as_caller(
    call: EndpointCall,
    who: AdmittedRequest,
) -> Result<Response, ApiError> {
    let admitted = admit_caller(&call, who, OF_FILE, false);
    let uuid = call.path.get("uuid").to_owned();
    let (app, parts) = (call.app, call.parts);
    let (caller, query) = admitted.await?;
    let asker = app.clone();
    let fetched = blocking(move || download_for_caller(&asker, &caller, &uuid, &query)).await?;
    send(app, parts, fetched).await
}

/// Answers the holder of a signed link.
pub(super) async fn download_by_link(call: EndpointCall) -> Result<Response, ApiError> {
    let query = query::parse(call.parts.uri.query())?;
    let uuid = call.path.get("uuid").to_owned();
    let (app, parts) = (call.app, call.parts);
    let asker = app.clone();
    let fetched = blocking(move || download_for_link(&asker, &uuid, &query)).await?;
    send(app, parts, fetched).await
}

async fn send(app: App, parts: Parts, fetched: ExportDownload) -> Result<Response, ApiError> {
    let fetched = Arc::new(fetched);
    let on_complete = if parts.method == Method::HEAD {
        Box::new(|| ()) as OnComplete
    } else {
        count_when_sent(app.clone(), Arc::clone(&fetched))
    };
    match download::download_response(&fetched.file, &parts.headers, on_complete).await {
        Ok(response) => {
            let revision = fetched.job.progress.revision;
            Ok(match revision {
                Some(revision) => with_revision(response, revision),
                None => response,
            })
        }
        Err(DownloadRefusal::RangeOutside) => {
            let message = "The range lies outside the file.";
            let error = ApiError::new(ErrorCode::RangeNotSatisfiable, message);
            let answer = envelope::error_response(&error, &request_id(&parts), Encoding::Core);
            Ok(download::with_file_size(&fetched.file, answer))
        }
        Err(DownloadRefusal::Unreadable) => Err(DownloadRefusal::unreadable()),
        Err(DownloadRefusal::Missing) => {
            Err(blocking(move || record_lost_file(&app, &fetched.job)).await?)
        }
    }
}

/// Returns the callback that counts the download when its last byte has been sent.
fn count_when_sent(app: App, fetched: Arc<ExportDownload>) -> OnComplete {
    Box::new(move || {
        if fetched.is_linked && !fetched.is_once {
            return link_transfers::count_link_transfer(&app, fetched.job.id);
        }
        tokio::task::spawn_blocking(move || {
            if let Err(error) = count_download(&app, &fetched) {
                app::error::log_error("download_uncounted", &error);
            }
        });
    })
}
