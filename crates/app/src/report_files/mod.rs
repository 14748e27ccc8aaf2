//! Files of reports, made in the background. Rule: spec/reports.md §11.
//!
//! | module | holds |
//! | --- | --- |
//! | [`queue`] | a request for a file to a queued job |
//! | [`write`] | the rows of a report into a file |
//! | [`job`] | jobs as they are shown, cancelled and downloaded |

pub mod job;
pub mod queue;
pub mod write;
