//! The use cases of Rollbook: who may do what, reports, exports, imports, the books, webhooks, and
//! the work in the background. The HTTP server, the worker and the command line call them.
//!
//! Must not know: HTTP servers, routes, SQL, Arrow kernels, how a mirror or a store works inside.
//!
//! | module | holds |
//! | --- | --- |
//! | [`app`] | what every request and every job works with |
//! | [`settings`] | every setting with its default |
//! | [`error`] | the codes a request can be refused with |
//! | [`auth`] | credentials, providers, modes, permissions |
//! | [`report_pages`] | pages of reports, and the list of reports |
//! | [`report_files`] | files of reports, made in the background |
//! | [`exports`] | exports of every kind of record |
//! | [`imports`] | records that are sent to Rollbook |
//! | [`usage_answers`] | how much of a membership is used and left |
//! | [`book_answers`] | questions about the books |
//! | [`webhooks`] | the webhooks of a provider |
//! | [`jobs`] | work in the background, and the files it makes |
//! | [`notify`] | webhooks and mails on their way out |
//! | [`lists`] | lists in pages, in both dialects |
//! | [`requester`] | who asked for work in the background |
//! | [`rate_limit`], [`places`] | how many requests an identity, and all together, may have |
//! | [`address`] | whose address a request comes from |
//! | [`exchange`], [`encoding`] | what is learned about a request, and how it is answered |
//! | [`metrics`] | figures for Prometheus |
//! | [`blocking`] | work that waits for a disk or a lock |
//! | [`backup_mark`] | when the data folder was last copied |
//! | [`crash`] | points at which tests end the process |

pub mod address;
pub mod app;
pub mod auth;
pub mod backup_mark;
pub mod blocking;
pub mod book_answers;
pub mod crash;
pub mod encoding;
pub mod error;
pub mod exchange;
pub mod exports;
pub mod imports;
pub mod jobs;
pub mod lists;
pub mod metrics;
pub mod notify;
pub mod places;
pub mod rate_limit;
pub mod report_files;
pub mod report_pages;
pub mod requester;
pub mod settings;
pub mod usage_answers;
pub mod webhooks;

pub use app::{App, AppParts};
pub use auth::token as credentials;
pub use metrics::BuildInfo;
pub use settings::{ServerSettings, SettingsError};
