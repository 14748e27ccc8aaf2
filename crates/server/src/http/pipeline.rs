//! The checks of a request, in their order; the first that fails decides the answer. Rule:
//! spec/auth-and-errors.md §4. Limit, credential, provider, mode and permission (nos. 3–8) are in
//! `app::auth::admission`; the checks of parameters and objects (nos. 9, 11, 12) are in the endpoints.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::request::Parts;
use http::{HeaderValue, Request, StatusCode, Version, header};

use super::accept::Accept;
use super::body::UnreadBody;
use super::endpoint::{
    AnswerFormats, Endpoint, EndpointAction, EndpointCall, EndpointMethod, ReferenceDocuments,
    RequestOrigin,
};
use super::path::PathValues;
use super::request_slot::RequestSlot;
use super::{caller_headers, content, envelope, form, query};
use app::app::App;
use app::auth::admission;
use app::blocking::blocking;
use app::encoding::Encoding;
use app::error::{ApiError, ErrorCode};

/// Longest request line, in bytes. The HTTP parser refuses longer ones with the same answer.
const REQUEST_LINE_BYTES_MAX: usize = 64 * 1024;
/// Length of the rest of a request line beside method and address: version, spaces and line end.
const REQUEST_LINE_REST_BYTES: usize = " HTTP/1.1\r\n".len() + 1;

/// Longest method, in bytes; registered methods have at most 17.
const METHOD_BYTES_MAX: usize = 32;

/// Name of the parameter that marks a signed link.
const SIGNATURE: &str = "signature";
/// Path prefixes of the dialect of exports.
const CORE_PATH_PREFIXES: [&str; 2] = ["/api/v1/core", "/api/v1/accounting"];

/// The endpoints of one path.
pub(crate) struct Route {
    /// Endpoints, sorted by method.
    pub(crate) endpoints: Vec<Endpoint>,
}

impl Route {
    fn allow(&self) -> String {
        let methods = self.endpoints.iter().map(|endpoint| endpoint.method.allow_header());
        methods.chain(["OPTIONS"]).collect::<Vec<_>>().join(", ")
    }

    fn endpoint(&self, method: &http::Method) -> Option<&Endpoint> {
        let method = EndpointMethod::from_request_method(method)?;
        self.endpoints.iter().find(|endpoint| endpoint.method == method)
    }

    /// Returns the encoding of the answer: XML if the request asks for it and the path offers it.
    fn encoding(&self, app: &App, parts: &Parts) -> Encoding {
        if is_core_request(parts) {
            return Encoding::Core;
        }
        let offers_xml =
            |endpoint: &Endpoint| endpoint.produces == AnswerFormats::JsonOrXmlOfObject;
        if self.endpoints.iter().any(offers_xml) && query::asks_for_xml(parts) {
            Encoding::Xml(app.settings().xml.list_style)
        } else {
            Encoding::Json
        }
    }
}

/// Returns true if errors have the envelope of exports and books. Rule: spec/exports.md §2.
fn is_core_request(parts: &Parts) -> bool {
    is_core_path(parts.uri.path())
}

/// Returns true if a path belongs to the dialect of exports.
pub(crate) fn is_core_path(path: &str) -> bool {
    CORE_PATH_PREFIXES.iter().any(|start| path.starts_with(start))
}

/// Answers a request to a path that exists.
pub(crate) async fn answer_request(
    app: App,
    site: Arc<ReferenceDocuments>,
    route: Arc<Route>,
    request: Request<Body>,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let Some(origin) = parts.extensions.get::<RequestOrigin>().cloned() else {
        return envelope::error_response(&ApiError::internal(), "", Encoding::Json);
    };
    let encoding = route.encoding(&app, &parts);
    origin.exchange.note(|notes| notes.encoding = encoding);
    let path = PathValues::read(&mut parts).await;
    let body = UnreadBody { body, turn: None };
    let answer =
        check_and_answer(EndpointCall { app, site, parts, body, path }, &route, &origin).await;
    answer.unwrap_or_else(|error| envelope::error_response(&error, &origin.request_id, encoding))
}

/// Answers a request to a path that does not exist.
pub(crate) fn answer_unknown_path(parts: &Parts) -> Response {
    let request_id =
        parts.extensions.get::<RequestOrigin>().map(|origin| Arc::clone(&origin.request_id));
    let error = check_head(parts).err().unwrap_or_else(ApiError::not_found);
    let encoding = if is_core_request(parts) { Encoding::Core } else { Encoding::Json };
    envelope::error_response(&error, &request_id.unwrap_or_default(), encoding)
}

async fn check_and_answer(
    call: EndpointCall,
    route: &Route,
    origin: &RequestOrigin,
) -> Result<Response, ApiError> {
    check_head(&call.parts)?;
    if let Some(endpoint) = route.endpoints.first() {
        origin.exchange.note(|notes| notes.route = Some(endpoint.template));
    }
    if call.parts.method == http::Method::OPTIONS {
        return Ok(options_response(&route.allow()));
    }
    let Some(endpoint) = route.endpoint(&call.parts.method) else {
        let error = ApiError::new(ErrorCode::MethodNotAllowed, "This method is not allowed here.");
        return Err(ApiError { allow: Some(route.allow()), ..error });
    };
    match &endpoint.action {
        EndpointAction::Probe(handle) => handle(call).await,
        EndpointAction::Linked(_, handle, _) if query::has_parameter(&call.parts, SIGNATURE) => {
            handle(call).await
        }
        _ => answer_in_slot(call, endpoint, origin).await,
    }
}

/// Answers a request that counts as one of the concurrent requests of its provider: every request
/// but probes and signed links.
async fn answer_in_slot(
    mut call: EndpointCall,
    endpoint: &Endpoint,
    origin: &RequestOrigin,
) -> Result<Response, ApiError> {
    let turn = RequestSlot::acquire(call.app.request_slots())?;
    call.body.turn = Some(turn.clone());
    match &endpoint.action {
        EndpointAction::Probe(handle) => handle(call).await,
        EndpointAction::Anyone(handle) => {
            admission::admit_public_request(&call.app, origin.address, &origin.exchange)?;
            handle(call).await
        }
        EndpointAction::Admitted(required, handle)
        | EndpointAction::Linked(required, _, handle) => {
            let required = *required;
            let site = match endpoint.produces {
                AnswerFormats::Core => query::site_parameter(&call.parts),
                _ => None,
            };
            let (app, origin) = (call.app.clone(), origin.clone());
            let headers = call.parts.headers.clone();
            let admitted = blocking(move || {
                let caller = caller_headers::read(&headers);
                admission::admit(&app, required, &caller, site, origin.address, &origin.exchange)
            });
            let admitted = admitted.await?;
            turn.assign_to(admitted.provider.id)?;
            if !endpoint.consumes.is_empty() {
                content::read_content_headers(&call.parts.headers, endpoint.consumes)?;
            }
            if !endpoint.produces.waits_for_object() {
                Accept::read(&call.parts.headers).require_any_of(endpoint.produces)?;
            }
            if endpoint.produces != AnswerFormats::Core {
                check_content_length(&call, endpoint)?;
            }
            if endpoint.method != EndpointMethod::Get && endpoint.operation.request_body.is_none() {
                form::refuse_body(&call.app, std::mem::take(&mut call.body)).await?;
            }
            handle(call, admitted).await
        }
    }
}

fn options_response(allow: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    if let Ok(allow) = HeaderValue::from_str(allow) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

/// Checks the head of a request against the rules of HTTP.
fn check_head(parts: &Parts) -> Result<(), ApiError> {
    check_request_line(parts)?;
    if parts.method.as_str().len() > METHOD_BYTES_MAX {
        let message = format!("The method is longer than {METHOD_BYTES_MAX} bytes.");
        return Err(ApiError::request(message));
    }
    // RFC 9112 §3.2. HTTP/2 has a pseudo-header for the host.
    let hosts = parts.headers.get_all(header::HOST).iter().count();
    match parts.version {
        Version::HTTP_11 if hosts != 1 => {
            Err(ApiError::request("A request in HTTP/1.1 has exactly one Host header."))
        }
        _ => Ok(()),
    }
}

fn check_request_line(parts: &Parts) -> Result<(), ApiError> {
    let uri = &parts.uri;
    let address_bytes = uri.path_and_query().map_or(0, |address| address.as_str().len());
    let line_bytes = parts.method.as_str().len() + address_bytes + REQUEST_LINE_REST_BYTES;
    if line_bytes <= REQUEST_LINE_BYTES_MAX {
        return Ok(());
    }
    Err(ApiError::new(ErrorCode::UriTooLong, "The request line is longer than 64 KiB."))
}

/// Fails if `Content-Length` announces a body that is too large. Bodies without that header are cut
/// off while they are read.
fn check_content_length(call: &EndpointCall, endpoint: &Endpoint) -> Result<(), ApiError> {
    let bytes_max = match endpoint.consumes {
        [] => form::BODY_BYTES_MAX,
        _ => call.app.settings().import.max_body_bytes,
    };
    let length = call.parts.headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_none_or(|bytes| bytes <= bytes_max) {
        return Ok(());
    }
    let message = format!("The body is larger than {bytes_max} bytes.");
    Err(ApiError::new(ErrorCode::RequestTooLarge, message))
}
