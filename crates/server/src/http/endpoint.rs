//! The definition of one endpoint. Every endpoint stands in the table once; the router, the
//! permissions and the OpenAPI document are all made from that table.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Bytes;
use axum::response::Response;
use files::format::Format;
use futures::future::BoxFuture;
use http::request::Parts;

use crate::http::body::Unread;
use crate::http::path::PathValues;
use crate::openapi::{Entry, Operation};
use app::app::App;
use app::auth::admission::{Admitted, Requirement};
use app::error::ApiError;
use app::exchange::Exchange;

/// The definition of one endpoint.
pub(crate) struct Endpoint {
    /// Method. `Get` serves HEAD too.
    pub(crate) method: Method,
    /// Path. A variable part stands in braces: `/api/v2/jobs/{id}`.
    pub(crate) path: String,
    /// Path with every variable part in braces, for logs and metrics: one text per endpoint, so
    /// that labels stay few.
    pub(crate) template: &'static str,
    /// Access rule and handler.
    pub(crate) action: Action,
    /// Formats that its body may have; empty = it takes no body.
    pub(crate) consumes: &'static [Format],
    /// Media types that it answers with.
    pub(crate) produces: Produces,
    /// Description in the OpenAPI document.
    pub(crate) operation: Operation,
}

/// HTTP method of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Method {
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
pub(crate) enum Produces {
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
pub(crate) type Answer = BoxFuture<'static, Result<Response, ApiError>>;

/// The access rule of an endpoint, with its handler.
pub(crate) enum Action {
    /// Open to anyone and not rate-limited: probes, and links that carry their own signature.
    Probe(Box<dyn Fn(Call) -> Answer + Send + Sync>),
    /// Open to anyone, rate-limited by address, separately from requests that need a credential.
    Anyone(Box<dyn Fn(Call) -> Answer + Send + Sync>),
    /// Open to holders of a signed link, not rate-limited; without a signature like `Admitted`.
    Linked(
        Requirement,
        Box<dyn Fn(Call) -> Answer + Send + Sync>,
        Box<dyn Fn(Call, Admitted) -> Answer + Send + Sync>,
    ),
    /// Open to callers whose credential meets the requirement.
    Admitted(Requirement, Box<dyn Fn(Call, Admitted) -> Answer + Send + Sync>),
}

/// One request, as its endpoint receives it.
pub(crate) struct Call {
    /// State of the server.
    pub(crate) app: App,
    /// Documents that are the same for all requests.
    pub(crate) site: Arc<Site>,
    /// Head of the request.
    pub(crate) parts: Parts,
    /// Body of the request.
    pub(crate) body: Unread,
    /// Variable parts of the path, decoded.
    pub(crate) path: PathValues,
}

/// Documents that are rendered once, from the table of endpoints.
pub(crate) struct Site {
    /// The OpenAPI document.
    pub(crate) openapi: Bytes,
    /// The HTML page with the same content.
    pub(crate) docs: Bytes,
}

/// Facts about a request that are known before any check.
#[derive(Clone)]
pub(crate) struct Origin {
    /// Id of the request.
    pub(crate) request_id: Arc<str>,
    /// Address that the request counts for.
    pub(crate) address: IpAddr,
    /// Notes for the headers of the answer and for the log.
    pub(crate) exchange: Arc<Exchange>,
}

impl Endpoint {
    /// Returns the endpoint's entry in the OpenAPI document.
    pub(crate) fn entry(&self) -> Entry<'_> {
        let required = match &self.action {
            Action::Admitted(required, _) | Action::Linked(required, ..) => Some(*required),
            Action::Probe(_) | Action::Anyone(_) => None,
        };
        let method = self.method.openapi_name();
        Entry {
            method,
            path: &self.path,
            required,
            produces: self.produces,
            operation: &self.operation,
        }
    }
}

impl Produces {
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

impl Method {
    /// Returns the endpoint method that serves a request's method; none if no endpoint can have it.
    pub(crate) fn serving(method: &http::Method) -> Option<Self> {
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
    pub(crate) fn allows(self) -> &'static str {
        match self {
            Self::Get => "GET, HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}
