//! Files of reports, made by background jobs. Rule: spec/reports.md §11.
//!
//! | module | holds |
//! | --- | --- |
//! | [`queue`] | the checks of a request, and its job |
//! | `work` | the work of a report job |
//! | [`mod@write`] | writing of a report into a file |
//! | [`job`] | jobs: their JSON, cancellation and download |

pub mod job;
pub mod queue;
pub(crate) mod work;
pub mod write;
