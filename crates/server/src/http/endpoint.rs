//! The definition of one endpoint. Every endpoint stands in the table once; the router, the
//! permissions and the OpenAPI document are all made from that table.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Bytes;
use axum::response::Response;
use futures::future::BoxFuture;
use http::request::Parts;
use model::file_format::FileFormat;

use crate::http::body::UnreadBody;
use crate::http::path::PathValues;
use crate::openapi::{EndpointEntry, Operation};
use app::app::App;
use app::auth::admission::{AdmittedRequest, Requirement};
use app::error::ApiError;
use app::exchange::Exchange;

/// The definition of one endpoint.
pub(crate) struct Endpoint {
    /// Method. `Get` serves HEAD too.
    pub(crate) method: EndpointMethod,
    /// Path. A variable part stands in braces: `/api/v2/jobs/{id}`.
    pub(crate) path: String,
    /// Path with every variable part in braces, for logs and metrics: one text per endpoint, so
    /// that labels stay few.
    pub(crate) template: &'static str,
    /// Access rule and handler.
    pub(crate) action: EndpointAction,
    /// Formats that its body may have; empty = it takes no body.
    pub(crate) consumes: &'static [FileFormat],
    /// Media types that it answers with.
    pub(crate) produces: AnswerFormats,
    /// Description in the OpenAPI document.
    pub(crate) operation: Operation,
}

/// HTTP method of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum EndpointMethod {
    /// Reads.
    Get,
    /// Writes.
    Post,
    /// Replaces.
    Put,
    /// Removes.
    Delete,
}

/// The media types that an endpoint answers with, and who checks `Accept`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AnswerFormats {
    /// JSON.
    Json,
    /// JSON or CSV.
    JsonOrCsv,
    /// JSON, about an object that the path names. The endpoint checks `Accept` itself, after it has
    /// found the object.
    JsonOfObject,
    /// JSON or XML, otherwise like `JsonOfObject`. Errors have the same format.
    JsonOrXmlOfObject,
    /// JSON in the dialect of `/api/v1/core`, or a file, regardless of `Accept`. The endpoint
    /// checks its body itself. Rule: spec/exports.md §2.
    Core,
    /// One fixed media type, regardless of `Accept`.
    Fixed,
}

/// Future of an endpoint's answer.
pub(crate) type AnswerFuture = BoxFuture<'static, Result<Response, ApiError>>;

/// The access rule of an endpoint, with its handler.
pub(crate) enum EndpointAction {
    /// Open to anyone and not rate-limited.
    Probe(Box<dyn Fn(EndpointCall) -> AnswerFuture + Send + Sync>),
    /// Open to anyone, rate-limited by address, separately from requests that need a credential.
    Anyone(Box<dyn Fn(EndpointCall) -> AnswerFuture + Send + Sync>),
    /// Open to holders of a signed link, whose requests are limited by job; without a signature
    /// like `Admitted`.
    Linked(
        Requirement,
        Box<dyn Fn(EndpointCall) -> AnswerFuture + Send + Sync>,
        Box<dyn Fn(EndpointCall, AdmittedRequest) -> AnswerFuture + Send + Sync>,
    ),
    /// Open to callers whose credential meets the requirement.
    Admitted(Requirement, Box<dyn Fn(EndpointCall, AdmittedRequest) -> AnswerFuture + Send + Sync>),
}

/// One request, as its endpoint receives it.
pub(crate) struct EndpointCall {
    /// State of the server.
    pub(crate) app: App,
    /// Documents that are the same for all requests.
    pub(crate) site: Arc<ReferenceDocuments>,
    /// Head of the request.
    pub(crate) parts: Parts,
    /// Body of the request.
    pub(crate) body: UnreadBody,
    /// Variable parts of the path, decoded.
    pub(crate) path: PathValues,
}

/// Documents that are rendered once, from the table of endpoints.
pub(crate) struct ReferenceDocuments {
    /// The OpenAPI document.
    pub(crate) openapi: Bytes,
    /// The HTML page with the same content.
    pub(crate) docs: Bytes,
}

/// Facts about a request that are known before any check.
#[derive(Clone)]
pub(crate) struct RequestOrigin {
    /// Id of the request.
    pub(crate) request_id: Arc<str>,
    /// Address that the request counts for.
    pub(crate) address: IpAddr,
    /// Notes for the headers of the answer and for the log.
    pub(crate) exchange: Arc<Exchange>,
}

impl Endpoint {
    /// Returns the endpoint's entry in the OpenAPI document.
    pub(crate) fn entry(&self) -> EndpointEntry<'_> {
        let required = match &self.action {
            EndpointAction::Admitted(required, _) | EndpointAction::Linked(required, ..) => {
                Some(*required)
            }
            EndpointAction::Probe(_) | EndpointAction::Anyone(_) => None,
        };
        let method = self.method.openapi_name();
        EndpointEntry {
            method,
            path: &self.path,
            required,
            produces: self.produces,
            operation: &self.operation,
        }
    }
}

impl AnswerFormats {
    /// Returns the media types of which `Accept` must allow one; empty = `Accept` is not checked.
    pub(crate) fn media_types(self) -> &'static [&'static str] {
        match self {
            Self::Core | Self::Fixed => &[],
            Self::Json | Self::JsonOfObject => &["application/json"],
            Self::JsonOrCsv => &["application/json", "text/csv"],
            Self::JsonOrXmlOfObject => &["application/json", "application/xml"],
        }
    }

    /// Returns true if the endpoint checks `Accept` itself.
    pub(crate) fn waits_for_object(self) -> bool {
        matches!(self, Self::JsonOfObject | Self::JsonOrXmlOfObject)
    }
}

impl EndpointMethod {
    /// Returns the endpoint method that serves a request's method; none if no endpoint can have it.
    pub(crate) fn from_request_method(method: &http::Method) -> Option<Self> {
        match *method {
            http::Method::GET | http::Method::HEAD => Some(Self::Get),
            http::Method::POST => Some(Self::Post),
            http::Method::PUT => Some(Self::Put),
            http::Method::DELETE => Some(Self::Delete),
            _ => None,
        }
    }

    /// Returns the name in the OpenAPI document.
    pub(crate) fn openapi_name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Delete => "delete",
        }
    }

    /// Returns the name in requests.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }

    /// Returns the methods that the `Allow` header lists for it.
    pub(crate) fn allow_header(self) -> &'static str {
        match self {
            Self::Get => "GET, HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}
