//! Every endpoint, one file per area.

mod books;
mod core;
mod discovery;
mod import;
mod jobs;
pub(crate) mod probes;
mod reference;
mod reports;
mod usage;

use ::reports::request::{MessageStyle, Parameters, RawParameters};
use axum::body::Body;
use axum::response::Response;
use http::request::Parts;
use http::{HeaderName, HeaderValue, header};
use model::id::Revision;

use super::endpoint::{Endpoint, EndpointCall, RequestOrigin};
use super::query;
use app::error::ApiError;

const REVISION: HeaderName = HeaderName::from_static("rollbook-revision");

/// Returns the table of endpoints, each once.
pub(crate) fn all_endpoints() -> Vec<Endpoint> {
    let areas = [
        reports::endpoints(),
        usage::endpoints(),
        jobs::endpoints(),
        core::endpoints(),
        books::endpoints(),
        core::webhooks::endpoints(),
        discovery::endpoints(),
        import::endpoints(),
        probes::endpoints(),
        reference::endpoints(),
    ];
    areas.into_iter().flatten().collect()
}

/// Returns an answer with this media type.
fn response_of_type(content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn json_response(body: impl Into<Body>) -> Response {
    response_of_type("application/json", body)
}

/// Adds the revision that an answer was computed from.
fn with_revision(mut response: Response, revision: Revision) -> Response {
    response.headers_mut().insert(REVISION, revision.0.into());
    response
}

/// Fails if there is a query, for endpoints that take none.
fn refuse_query(call: &EndpointCall) -> Result<(), ApiError> {
    let given = query::parse(call.parts.uri.query())?;
    refuse_parameters(&given)
}

/// Fails if there is a parameter.
fn refuse_parameters(given: &RawParameters) -> Result<(), ApiError> {
    Parameters::new(given, MessageStyle::Sentence).finish().map_err(ApiError::parameters)
}

/// Returns the id of a request.
fn request_id(parts: &Parts) -> String {
    let origin = parts.extensions.get::<RequestOrigin>();
    origin.map(|origin| origin.request_id.to_string()).unwrap_or_default()
}
