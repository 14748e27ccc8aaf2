//! The use cases of Rollbook: authorization, reports, exports, imports, the books, webhooks and
//! background jobs. The HTTP server, the worker and the command line call them.
//!
//! Must not know: HTTP servers, routes, SQL, Arrow kernels, how a mirror or a store works inside.
//!
//! | module | holds |
//! | --- | --- |
//! | [`app`] | the state that all requests and jobs share |
//! | [`settings`] | every setting with its default |
//! | [`error`] | the error answers of the API |
//! | [`auth`] | credentials, providers, modes, permissions |
//! | [`report_pages`] | pages of reports, and the list of reports |
//! | [`report_files`] | files of reports, made by jobs |
//! | [`exports`] | exports of every kind of record |
//! | [`imports`] | imports of records |
//! | [`usage_answers`] | usage of customer memberships |
//! | [`book_answers`] | answers to requests about the books |
//! | [`webhooks`] | the webhooks of a provider |
//! | [`jobs`] | background jobs, and the files they make |
//! | [`notify`] | sending of webhooks and mails |
//! | [`lists`] | paged lists, in both dialects |
//! | [`requester`] | the caller of a job, as it is stored with the job |
//! | [`rate_limit`], [`fair_slots`] | limits of requests: per caller, and of all at once |
//! | [`address`] | the address that a request comes from |
//! | [`exchange`], [`encoding`] | facts about a request, and the encoding of its answer |
//! | [`metrics`] | metrics for Prometheus |
//! | [`blocking`] | work on blocking threads |
//! | [`last_backup`] | the time of the last backup of the data folder |

pub mod address;
pub mod app;
pub mod auth;
pub mod blocking;
pub mod book_answers;
pub mod encoding;
pub mod error;
pub mod exchange;
pub mod exports;
pub mod fair_slots;
pub mod imports;
pub mod jobs;
pub mod last_backup;
pub mod lists;
pub mod metrics;
pub mod notify;
pub mod rate_limit;
pub mod report_files;
pub mod report_pages;
pub mod requester;
pub mod settings;
pub mod usage_answers;
pub mod webhooks;

pub use app::{App, AppParts};
pub use auth::token as tokens;
pub use metrics::BuildInfo;
pub use settings::{ServerSettings, SettingsError};
