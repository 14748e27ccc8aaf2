//! The HTTP interface: listening, request checks, endpoints and the form of answers.
//!
//! | module | holds |
//! | --- | --- |
//! | [`endpoint`] | the definition of one endpoint: method, path, access, answer, documentation |
//! | [`routes`] | every endpoint, one file per area |
//! | [`router`] | the router that is built from the table of endpoints |
//! | [`pipeline`] | the checks of a request, in their order |
//! | [`request_layer`] | the outermost layer: request id, standard headers, log line, panics |
//! | [`envelope`] | errors as JSON or XML |
//! | [`status`] | the HTTP status of each error code |
//! | [`accept`] | the `Accept` header |
//! | [`caller_headers`] | the headers that say who calls |
//! | [`content`] | `Content-Type` and `Content-Encoding` of a body |
//! | [`query`] | parameters in the query string |
//! | [`form`] | parameters in a body |
//! | [`body`] | reading of bodies, into a file or into memory |
//! | [`idempotency`] | the `Idempotency-Key` header |
//! | [`download`] | a finished file as an answer, or a range of it |
//! | [`path`] | normal form of paths, and their variable parts |
//! | [`request_slot`] | a request's slot among the requests that run at once |
//! | [`drain`] | draining of bodies that were refused before they were read |
//! | [`listen`] | connections: limits, timeouts, shutdown |
//! | [`activity`] | idle time of a connection |
//! | [`unparsable`] | answers to requests that cannot be parsed as HTTP |

pub(crate) mod accept;
pub(crate) mod activity;
pub(crate) mod body;
pub(crate) mod caller_headers;
pub(crate) mod content;
pub(crate) mod download;
pub(crate) mod drain;
pub(crate) mod endpoint;
pub(crate) mod envelope;
pub(crate) mod form;
pub(crate) mod idempotency;
pub(crate) mod listen;
pub(crate) mod path;
pub(crate) mod pipeline;
pub(crate) mod query;
pub(crate) mod request_layer;
pub(crate) mod request_slot;
pub(crate) mod router;
pub(crate) mod routes;
pub(crate) mod status;
pub(crate) mod unparsable;

#[cfg(test)]
mod tests;

pub use listen::serve;
pub use router::router;
pub(crate) use routes::all_endpoints as endpoints;
