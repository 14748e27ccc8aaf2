//! Everything that is said in HTTP.
//!
//! | module | holds |
//! | --- | --- |
//! | [`endpoint`] | what one endpoint is: method, path, access, answer, documentation |
//! | [`routes`] | every endpoint, one file per area |
//! | [`router`] | the table of endpoints as a service |
//! | [`pipeline`] | the checks of a request, in their order |
//! | [`frame`] | what every answer gets: id, headers, log line, rescue from panics |
//! | [`envelope`] | errors as JSON or XML |
//! | [`accept`] | what a client takes |
//! | [`caller_headers`] | the headers that say who calls |
//! | [`content`] | how a body is written and packed |
//! | [`query`] | parameters in the query string |
//! | [`form`] | parameters in a body |
//! | [`body`] | bodies, spooled to a file or taken in whole |
//! | [`idempotency`] | the caller's key for a request that is to be done once |
//! | [`download`] | a finished file as an answer, or a range of it |
//! | [`path`] | one spelling of each path |
//! | [`turn`] | a request's place among those that are worked on |
//! | [`linger`] | bodies that are refused before they were read |
//! | [`listen`] | connections, and how they end |
//! | [`activity`] | what a connection is doing |
//! | [`unparsable`] | answers to requests that are not HTTP |

pub(crate) mod accept;
pub(crate) mod activity;
pub(crate) mod body;
pub(crate) mod caller_headers;
pub(crate) mod content;
pub(crate) mod download;
pub(crate) mod endpoint;
pub(crate) mod envelope;
pub(crate) mod form;
pub(crate) mod frame;
pub(crate) mod idempotency;
pub(crate) mod linger;
pub(crate) mod listen;
pub(crate) mod path;
pub(crate) mod pipeline;
pub(crate) mod query;
pub(crate) mod router;
pub(crate) mod routes;
pub(crate) mod turn;
pub(crate) mod unparsable;

#[cfg(test)]
mod tests;

pub use listen::serve;
pub use router::router;
pub(crate) use routes::all as endpoints;
