//! The router, built from the table of endpoints.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::routing::any;
use http::{
    Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Version, header,
};
use tower::ServiceBuilder;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::drain;
use super::endpoint::{Endpoint, ReferenceDocuments};
use super::pipeline::{self, Route};
use super::{path, request_layer, routes};
use crate::{docs_page, openapi};
use app::app::App;

/// Least size of an answer that is compressed.
const COMPRESSED_BYTES_MIN: u64 = 1024;

/// Returns the service for the whole HTTP interface.
///
/// The peer's address is read from `axum::extract::ConnectInfo`, which [`super::serve`] sets.
pub fn router(app: App) -> Router {
    router_for_endpoints(app, routes::all_endpoints())
}

/// Returns a router over `endpoints` only.
pub(crate) fn router_for_endpoints(app: App, endpoints: Vec<Endpoint>) -> Router {
    let public_url = app.settings().server.public_url.clone();
    let entries = endpoints.iter().map(Endpoint::entry);
    let document = openapi::document_of_endpoints(entries, public_url.as_deref());
    let docs = docs_page::render(&document);
    let site =
        Arc::new(ReferenceDocuments { openapi: document.to_string().into(), docs: docs.into() });

    let mut by_path: BTreeMap<String, Vec<Endpoint>> = BTreeMap::new();
    for endpoint in endpoints {
        app.metrics().register_route(endpoint.template, endpoint.method.as_str());
        by_path.entry(endpoint.path.clone()).or_default().push(endpoint);
    }
    let unknown = |request: Request<Body>| async move {
        let (parts, _) = request.into_parts();
        pipeline::answer_unknown_path(&parts)
    };
    let mut table = Router::new().fallback(unknown);
    for (path, mut endpoints) in by_path {
        endpoints.sort_by_key(|endpoint| endpoint.method);
        let (app, site, route) = (app.clone(), Arc::clone(&site), Arc::new(Route { endpoints }));
        let handle = move |request: Request<Body>| {
            pipeline::answer_request(app.clone(), Arc::clone(&site), Arc::clone(&route), request)
        };
        table = table.route(&path, any(handle));
    }
    // Paths must be normalized before the table looks them up, so this layer wraps the table.
    let spelled = ServiceBuilder::new()
        .map_request(normalized)
        .map_request(drain::drain_when_dropped)
        .service(table);
    let cors = cors(&app.settings().server.cors_origins);
    let layers = ServiceBuilder::new()
        // Outermost, so that every answer of the layers below gets its headers and log line.
        .layer(axum::middleware::from_fn_with_state(app, request_layer::complete_request))
        .option_layer(cors)
        .layer(CompressionLayer::new().compress_when(
            // A file's ranges and digest are those of its uncompressed bytes.
            SizeAbove::new(COMPRESSED_BYTES_MIN).and(is_not_download),
        ));
    Router::new().fallback_service(spelled).layer(layers)
}

fn is_not_download(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    !headers.contains_key(header::ACCEPT_RANGES)
}

fn normalized(mut request: Request<Body>) -> Request<Body> {
    if let Some(uri) = path::normalize(request.uri()) {
        *request.uri_mut() = uri;
    }
    request
}

/// Returns the CORS layer that lets browsers of exactly these origins call the API and read its
/// answers; none if the list is empty.
fn cors(origins: &[String]) -> Option<CorsLayer> {
    const EXPOSED: [HeaderName; 7] = [
        HeaderName::from_static("x-request-id"),
        HeaderName::from_static("rollbook-revision"),
        HeaderName::from_static("ratelimit-limit"),
        HeaderName::from_static("ratelimit-remaining"),
        HeaderName::from_static("ratelimit-reset"),
        header::RETRY_AFTER,
        header::ALLOW,
    ];
    const SENT: [HeaderName; 7] = [
        header::AUTHORIZATION,
        header::ACCEPT,
        header::CONTENT_TYPE,
        HeaderName::from_static("teamup-provider-id"),
        HeaderName::from_static("teamup-request-mode"),
        HeaderName::from_static("idempotency-key"),
        HeaderName::from_static("x-request-id"),
    ];
    let origins: Vec<HeaderValue> =
        origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
    if origins.is_empty() {
        return None;
    }
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers(SENT)
        .expose_headers(EXPOSED);
    Some(layer)
}
