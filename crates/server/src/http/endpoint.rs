//! What one endpoint is. Each stands in the table once; router, permissions and OpenAPI document
//! are made from the table, so none can lack one of them.

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

/// One endpoint.
pub(crate) struct Endpoint {
    /// How it is called. `Get` brings HEAD along.
    pub(crate) method: Method,
    /// Where. A variable part stands in braces: `/api/v2/jobs/{id}`.
    pub(crate) path: String,
    /// The path with its variable part in braces: one word for logs and figures.
    pub(crate) template: &'static str,
    /// Who may call it, and what it does.
    pub(crate) action: Action,
    /// What its body may be written in; none = it takes no body.
    pub(crate) consumes: &'static [Format],
    /// What it answers with.
    pub(crate) produces: Produces,
    /// What the OpenAPI document says about it.
    pub(crate) operation: Operation,
}

/// A method that endpoints have.
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

/// What an endpoint answers with, as far as `Accept` decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Produces {
    /// JSON.
    Json,
    /// JSON or CSV.
    JsonOrCsv,
    /// JSON, about an object that the path names: the endpoint itself looks at `Accept`, once it
    /// has found the object.
    JsonOfObject,
    /// As `JsonOfObject`, or XML; errors too.
    JsonOrXmlOfObject,
    /// JSON in the dialect of `/api/v1/core`, or a file, whatever `Accept` says; the endpoint itself
    /// looks at its body. Rule: spec/exports.md §2.
    Core,
    /// One type for people or machines that is sent whatever `Accept` says.
    Fixed,
}

/// An answer in the making.
pub(crate) type Answer = BoxFuture<'static, Result<Response, ApiError>>;

/// Who may call an endpoint, and what it does.
pub(crate) enum Action {
    /// Anyone, uncounted: probes, and links that carry their own signature.
    Probe(Box<dyn Fn(Call) -> Answer + Send + Sync>),
    /// Anyone, counted by address, apart from requests that ask for a credential.
    Anyone(Box<dyn Fn(Call) -> Answer + Send + Sync>),
    /// Whoever has a link with a signature, uncounted; else as `Admitted`.
    Linked(
        Requirement,
        Box<dyn Fn(Call) -> Answer + Send + Sync>,
        Box<dyn Fn(Call, Admitted) -> Answer + Send + Sync>,
    ),
    /// Whoever has a credential that fulfils the requirement.
    Admitted(Requirement, Box<dyn Fn(Call, Admitted) -> Answer + Send + Sync>),
}

/// One request on its way to an endpoint.
pub(crate) struct Call {
    /// The server's state.
    pub(crate) app: App,
    /// What is the same for all requests.
    pub(crate) site: Arc<Site>,
    /// Head of the request.
    pub(crate) parts: Parts,
    /// Its body.
    pub(crate) body: Unread,
    /// The variable parts of its path, decoded.
    pub(crate) path: PathValues,
}

/// Documents made from the table once.
pub(crate) struct Site {
    /// The OpenAPI document.
    pub(crate) openapi: Bytes,
    /// The same for people.
    pub(crate) docs: Bytes,
}

/// What the frame knows about a request before anything is checked.
#[derive(Clone)]
pub(crate) struct Origin {
    /// Id of the request.
    pub(crate) request_id: Arc<str>,
    /// Address that it counts for.
    pub(crate) address: IpAddr,
    /// Notes for the answer's headers and the log.
    pub(crate) exchange: Arc<Exchange>,
}

impl Endpoint {
    /// The endpoint as the OpenAPI document sees it.
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
    /// What `Accept` must allow one of; empty = nothing.
    pub(crate) fn media_types(self) -> &'static [&'static str] {
        match self {
            Self::Core | Self::Fixed => &[],
            Self::Json | Self::JsonOfObject => &["application/json"],
            Self::JsonOrCsv => &["application/json", "text/csv"],
            Self::JsonOrXmlOfObject => &["application/json", "application/xml"],
        }
    }

    /// Whether `Accept` is looked at by the endpoint itself.
    pub(crate) fn waits_for_object(self) -> bool {
        matches!(self, Self::JsonOfObject | Self::JsonOrXmlOfObject)
    }
}

impl Method {
    /// The endpoint's method that serves a request's method.
    pub(crate) fn serving(method: &http::Method) -> Option<Self> {
        match *method {
            http::Method::GET | http::Method::HEAD => Some(Self::Get),
            http::Method::POST => Some(Self::Post),
            http::Method::PUT => Some(Self::Put),
            http::Method::DELETE => Some(Self::Delete),
            _ => None,
        }
    }

    /// Its name in the OpenAPI document.
    pub(crate) fn openapi_name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Delete => "delete",
        }
    }

    /// Its name in requests.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }

    /// What `Allow` says of it.
    pub(crate) fn allows(self) -> &'static str {
        match self {
            Self::Get => "GET, HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}
