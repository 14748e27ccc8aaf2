//! The HTTP server: routes, the checks of a request, headers, connections, and the reference.
//!
//! Must not know: SQL, Arrow kernels, how a mirror or a store works inside. The use cases are in
//! `app`; this is the only crate that sees axum.
//!
//! | module | holds |
//! | --- | --- |
//! | `http` | routes, checks, headers, connections |
//! | [`openapi`], `docs_page` | the reference, for programs and for people |

mod docs_page;
mod http;
pub mod openapi;

pub use self::http::{router, serve};
