//! The outermost layer of the server: gives every answer its request id and standard headers,
//! writes the log line, records metrics, and turns panics into errors. Rule:
//! spec/auth-and-errors.md §5–§8.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, HttpBody};
use axum::extract::{ConnectInfo, State};
use axum::middleware::Next;
use axum::response::Response;
use futures::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use tracing::Instrument;

use super::endpoint::RequestOrigin;
use super::envelope;
use super::routes::probes;
use app::address;
use app::app::App;
use app::blocking::panic_message;
use app::error::ApiError;
use app::exchange::Exchange;
use app::rate_limit::{RateKey, RateState};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const RATE_REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RATE_RESET: HeaderName = HeaderName::from_static("ratelimit-reset");
const VARY: &str =
    "Accept, Accept-Encoding, Authorization, TeamUp-Provider-ID, Teamup-Request-Mode";
const VARY_WITH_CORS: &str =
    "Accept, Accept-Encoding, Authorization, TeamUp-Provider-ID, Teamup-Request-Mode, Origin";
const REQUEST_ID_BYTES_MAX: usize = 128;
/// Longest path in the log, in characters; longer ones are cut.
const LOGGED_PATH_CHARS_MAX: usize = 512;
/// Longest method in the log, in characters; longer ones are cut.
const LOGGED_METHOD_CHARS_MAX: usize = 32;

/// Runs the request and completes its answer: headers, log line, metrics. A panic becomes an
/// internal error.
pub(crate) async fn complete_request(
    State(app): State<App>,
    mut request: Request<Body>,
    next: Next,
) -> Response {
    let began = Instant::now();
    let origin = request_origin(&app, &request);
    let method = request.method().clone();
    let path: String = request.uri().path().chars().take(LOGGED_PATH_CHARS_MAX).collect();
    request.extensions_mut().insert(origin.clone());

    let span = tracing::info_span!("request", request_id = %origin.request_id);
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone()).await;
    let mut response = answer.unwrap_or_else(|panic| {
        app.metrics().count_panic();
        let said = panic_message(panic.as_ref());
        ignore_panics(|| {
            span.in_scope(|| tracing::error!(code = "panic", said, "a request ended in a panic"));
        });
        let encoding = origin.exchange.notes().encoding;
        envelope::error_response(&ApiError::internal(), &origin.request_id, encoding)
    });

    set_headers(&app, &origin, response.headers_mut());
    let response = if method == Method::HEAD { without_body(response) } else { response };
    let status = response.status().as_u16();
    ignore_panics(|| record_request(&app, &origin, &method, &path, status, began));
    response
}

/// Runs `work` and ignores a panic in it: a log line that cannot be written must not cost the
/// client its answer.
fn ignore_panics(work: impl FnOnce()) {
    // The panic hook has printed the panic already, where that is possible.
    let _ = std::panic::catch_unwind(AssertUnwindSafe(work));
}

fn request_origin(app: &App, request: &Request<Body>) -> RequestOrigin {
    let headers = request.headers();
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
    let forwarded = headers.get_all(FORWARDED_FOR).iter();
    let forwarded: Vec<&str> = forwarded.map(|value| value.to_str().unwrap_or_default()).collect();
    let trusted = &app.settings().server.trusted_proxies;
    if !forwarded.is_empty()
        && !address::is_in_networks(trusted, peer)
        && app.is_first_untrusted_proxy()
    {
        tracing::warn!(
            %peer,
            "X-Forwarded-For is not believed, so that all clients behind this address share its \
             rate limit: if it is a proxy of yours, name it in server.trusted_proxies"
        );
    }
    RequestOrigin {
        request_id: request_id_of_client(headers).unwrap_or_else(|| new_request_id(app)),
        address: address::client_address(peer, forwarded.into_iter(), trusted),
        exchange: Arc::new(Exchange::default()),
    }
}

/// Returns the request id that the client sent, if it matches `^[A-Za-z0-9._-]{1,128}$`.
fn request_id_of_client(headers: &HeaderMap) -> Option<Arc<str>> {
    let mut values = headers.get_all(REQUEST_ID).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let is_taken = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let id = value.to_str().ok()?;
    let fits = (1..=REQUEST_ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(is_taken);
    fits.then(|| id.into())
}

/// Returns a new request id.
pub(crate) fn new_request_id(app: &App) -> Arc<str> {
    app.new_uuid().to_string().into()
}

fn set_headers(app: &App, origin: &RequestOrigin, headers: &mut HeaderMap) {
    if let Ok(id) = HeaderValue::from_str(&origin.request_id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let has_cors = !app.settings().server.cors_origins.is_empty();
    let vary = if has_cors { VARY_WITH_CORS } else { VARY };
    headers.insert(header::VARY, HeaderValue::from_static(vary));
    let rate = origin.exchange.notes().rate;
    let rate = rate.or_else(|| app.limiter().peek(&RateKey::for_address(origin.address)));
    if let Some(RateState { limit, remaining, reset_s }) = rate {
        headers.insert(RATE_LIMIT, limit.into());
        headers.insert(RATE_REMAINING, remaining.into());
        headers.insert(RATE_RESET, reset_s.into());
    }
}

/// Removes the body of an answer to HEAD and keeps its length. The router has done both for its own
/// answers already.
fn without_body(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    if let Some(bytes) = body.size_hint().exact() {
        parts.headers.entry(header::CONTENT_LENGTH).or_insert(bytes.into());
    }
    Response::from_parts(parts, Body::empty())
}

/// Writes one log line and counts the request in the metrics. Neither may contain query values,
/// bodies or credentials.
fn record_request(
    app: &App,
    origin: &RequestOrigin,
    method: &Method,
    path: &str,
    status: u16,
    began: Instant,
) {
    let duration = began.elapsed();
    let notes = origin.exchange.notes();
    let identity = notes.identity.map(tracing::field::display);
    let shown: String = method.as_str().chars().take(LOGGED_METHOD_CHARS_MAX).collect();
    let route = notes.route.unwrap_or("unknown");
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                target: "rollbook::access",
                request_id = %origin.request_id,
                method = shown,
                path,
                status,
                duration_ms = duration.as_micros() as f64 / 1000.0,
                identity,
                provider = notes.provider.map(|id| id.0),
                "answered"
            )
        };
    }
    // Probes come every few seconds, so only failing ones are logged at info.
    if probes::PATHS.contains(&route) && status < 400 {
        line!(debug)
    } else {
        line!(info)
    }
    app.metrics().count_request(route, method_label(method), status, duration.as_secs_f64());
}

/// Returns the metrics label of a method. Unknown methods share one label, so that clients cannot
/// create new ones.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
