//! The file of an export, whole or in ranges, for one or many downloads. Rule: spec/exports.md §6.

use std::sync::Arc;

use axum::response::Response;
use http::Method;
use http::request::Parts;

use super::admitted;
use crate::http::download::{self, OnComplete, Refused};
use crate::http::endpoint::Call;
use crate::http::routes::{at_revision, request_id};
use crate::http::{envelope, query};
use app::app::App;
use app::auth::admission::Admitted;
use app::blocking::blocking;
use app::encoding::Encoding;
use app::error::{ApiError, ErrorCode};
use app::exports::caller::QueryNames;
use app::exports::fetch::{self, Fetched};
use app::jobs::link_transfers;

const OF_FILE: QueryNames = QueryNames { always: &["site_id"], added: &["bundle"] };

/// Answers a caller with a credential.
pub(super) async fn asked(call: Call, who: Admitted) -> Result<Response, ApiError> {
    let admitted = admitted(&call, who, OF_FILE, false);
    let uuid = call.path.get("uuid").to_owned();
    let (app, parts) = (call.app, call.parts);
    let (caller, query) = admitted.await?;
    let asker = app.clone();
    let fetched = blocking(move || fetch::of_caller(&asker, &caller, &uuid, &query)).await?;
    send(app, parts, fetched).await
}

/// Answers the holder of a signed link.
pub(super) async fn linked(call: Call) -> Result<Response, ApiError> {
    let query = query::parse(call.parts.uri.query())?;
    let uuid = call.path.get("uuid").to_owned();
    let (app, parts) = (call.app, call.parts);
    let asker = app.clone();
    let fetched = blocking(move || fetch::of_link(&asker, &uuid, &query)).await?;
    send(app, parts, fetched).await
}

async fn send(app: App, parts: Parts, fetched: Fetched) -> Result<Response, ApiError> {
    let fetched = Arc::new(fetched);
    let on_complete = match parts.method == Method::HEAD {
        true => Box::new(|| ()) as OnComplete,
        false => counted(app.clone(), Arc::clone(&fetched)),
    };
    match download::answer(&fetched.file, &parts.headers, on_complete).await {
        Ok(response) => {
            let revision = fetched.job.progress.revision;
            Ok(match revision {
                Some(revision) => at_revision(response, revision),
                None => response,
            })
        }
        Err(Refused::RangeOutside) => {
            let message = "The range lies outside the file.";
            let error = ApiError::new(ErrorCode::RangeNotSatisfiable, message);
            let answer = envelope::render(&error, &request_id(&parts), Encoding::Core);
            Ok(download::outside(&fetched.file, answer))
        }
        Err(Refused::Unreadable) => Err(Refused::unreadable()),
        Err(Refused::Missing) => Err(blocking(move || fetch::lose(&app, &fetched.job)).await?),
    }
}

/// Returns the callback that counts the download when its last byte has been sent.
fn counted(app: App, fetched: Arc<Fetched>) -> OnComplete {
    Box::new(move || {
        if fetched.is_linked && !fetched.is_once {
            return link_transfers::add(&app, fetched.job.id);
        }
        tokio::task::spawn_blocking(move || {
            if let Err(error) = fetch::count(&app, &fetched) {
                app::error::log("download_uncounted", &error);
            }
        });
    })
}
