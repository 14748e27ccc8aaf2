//! The HTTP server: who may ask, what is asked, and how it is answered.
//!
//! Must not know: SQL, Arrow kernels, how a mirror or a store works inside. Axum and everything
//! that is said in HTTP stays in `http`.
//!
//! | module | holds |
//! | --- | --- |
//! | [`settings`] | every setting with its default |
//! | [`app`] | what every request works with |
//! | [`auth`] | credentials, providers, modes, permissions |
//! | [`rate_limit`] | how many requests each identity made |
//! | `places` | a bounded number of places, shared out |
//! | [`address`] | whose address a request comes from |
//! | [`error`] | the codes a request can be refused with |
//! | [`encoding`] | JSON, or XML where it is offered |
//! | [`exchange`] | what is learned about a request on its way |
//! | [`metrics`] | figures for Prometheus |
//! | [`backup_mark`] | when the data folder was last copied |
//! | [`operations`] | use cases, one per file |
//! | [`jobs`] | work in the background, and the files it makes |
//! | `crash` | where tests let a process end |
//! | [`notify`] | what others are told: webhooks and mails |
//! | `http` | routes, checks, headers, connections |
//! | [`openapi`], `docs_page` | the reference, for programs and for people |

pub mod address;
pub mod app;
pub mod auth;
pub mod backup_mark;
mod crash;
mod docs_page;
pub mod encoding;
pub mod error;
pub mod exchange;
mod http;
pub mod jobs;
pub mod metrics;
pub mod notify;
pub mod openapi;
pub mod operations;
mod places;
pub mod rate_limit;
pub mod settings;

pub use self::http::{router, serve};
pub use app::{App, AppParts};
pub use auth::token as credentials;
pub use metrics::BuildInfo;
pub use settings::{ServerSettings, SettingsError};
