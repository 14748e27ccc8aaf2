//! The API reference: the OpenAPI document, the HTML page, and the root that leads to them.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::{json_response, refuse_query, response_of_type};
use crate::http::accept::Accept;
use crate::http::endpoint::{
    AnswerFormats, AnswerFuture, Endpoint, EndpointAction, EndpointCall, EndpointMethod,
};
use crate::openapi::Operation;
use app::error::{ApiError, ErrorCode};

/// Content security policy of the page, which has its own style, loads nothing and runs no script.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
);

pub(super) fn endpoints() -> Vec<Endpoint> {
    let document = json!({
        "description": "The OpenAPI 3.1 document.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    });
    let page = json!({
        "description": "A page without scripts and outside assets.",
        "content": {"text/html": {"schema": {"type": "string"}}},
    });
    let links = json!({
        "description": "Where to go on.",
        "content": {"application/json": {"schema": {
            "type": "object",
            "required": ["docs", "openapi", "reports"],
            "properties": {
                "docs": {"type": "string", "description": "This reference, for people."},
                "openapi": {"type": "string", "description": "The same for programs."},
                "reports": {"type": "string", "description": "The list of reports."},
            },
        }}},
    });
    vec![
        open("/", "root", "Where to go on; a browser is sent to `/docs`.", links, |call| {
            Box::pin(root(call))
        }),
        open("/api/openapi.json", "openapi", "This document.", document, |call| {
            Box::pin(openapi(call))
        }),
        open("/docs", "docs", "This document as a page for people.", page, |call| {
            Box::pin(docs(call))
        }),
    ]
}

fn open(
    path: &'static str,
    id: &str,
    summary: &str,
    answer: Value,
    handle: fn(EndpointCall) -> AnswerFuture,
) -> Endpoint {
    Endpoint {
        method: EndpointMethod::Get,
        path: path.to_owned(),
        template: path,
        action: EndpointAction::Anyone(Box::new(handle)),
        consumes: &[],
        produces: AnswerFormats::Fixed,
        operation: Operation {
            id: id.to_owned(),
            tag: "Server",
            summary: summary.to_owned(),
            description: String::new(),
            parameters: Vec::new(),
            request_body: None,
            answer: (200, answer),
            errors: &[ErrorCode::Throttled],
            own_permissions: None,
        },
    }
}

/// Redirects browsers to the page; answers programs with links in JSON.
async fn root(call: EndpointCall) -> Result<Response, ApiError> {
    refuse_query(&call)?;
    if Accept::read(&call.parts.headers).prefers("text/html", "application/json") {
        // Relative, so that it also works behind a proxy that adds a path prefix.
        return Ok((StatusCode::SEE_OTHER, [(header::LOCATION, "docs")]).into_response());
    }
    let base = call.app.base_url();
    let links = json!({
        "docs": format!("{base}/docs"),
        "openapi": format!("{base}/api/openapi.json"),
        "reports": format!("{base}/api/v2/reports"),
    });
    Ok(json_response(links.to_string()))
}

async fn openapi(call: EndpointCall) -> Result<Response, ApiError> {
    refuse_query(&call)?;
    Ok(json_response(call.site.openapi.clone()))
}

async fn docs(call: EndpointCall) -> Result<Response, ApiError> {
    refuse_query(&call)?;
    let mut page = response_of_type("text/html; charset=utf-8", call.site.docs.clone());
    page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, PAGE_POLICY);
    Ok(page)
}
