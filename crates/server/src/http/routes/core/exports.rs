//! The catalogue of exports, their history, and requests for new ones. Rule: spec/exports.md §2,
//! §4, §7.1.

use axum::response::Response;

use super::{admitted, body, json};
use crate::http::endpoint::Call;
use crate::http::idempotency;
use crate::http::routes::request_id;
use app::auth::admission::Admitted;
use app::blocking::blocking;
use app::error::ApiError;
use app::exports::ask::{self, Asked};
use app::exports::caller::{QueryNames, SITE_ONLY};
use app::exports::list::{self, History};

const OF_LIST: QueryNames =
    QueryNames { always: &["site_id"], added: &["history", "page", "limit", "object", "state"] };

pub(super) async fn listed(call: Call, who: Admitted) -> Result<Response, ApiError> {
    let (admitted, app) = (admitted(&call, who, OF_LIST, false), call.app.clone());
    drop(call);
    let (caller, query) = admitted.await?;
    let history = History::read(&query)?;
    let listed = blocking(move || match history {
        Some(asked) => list::history(&app, &caller, &asked),
        None => list::catalogue(&app, &caller),
    });
    Ok(json(&listed.await?))
}

pub(super) async fn asked(call: Call, who: Admitted) -> Result<Response, ApiError> {
    let admitted = admitted(&call, who, SITE_ONLY, true);
    let Call { app, parts, body, .. } = call;
    let (caller, _) = admitted.await?;
    let request_id = request_id(&parts);
    let body = body::read(&app, &parts.headers, body).await?;
    let key = idempotency::read(&parts.headers)
        .map_err(|problem| ApiError::parameter("Idempotency-Key", problem))?;
    let answer = ask::run(&app, caller, Asked { body, key, request_id }).await?;
    Ok(super::super::json(answer))
}
