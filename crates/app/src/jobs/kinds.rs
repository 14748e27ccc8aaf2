//! The work of each kind of job.

use store::port::jobs::{Job, JobKind};

use super::work::JobWork;
use crate::exports::work::ExportWork;
use crate::report_files::work::ReportWork;

/// Returns the work of a job's kind.
pub(crate) fn work_of_job(job: &Job) -> &'static dyn JobWork {
    match job.kind {
        JobKind::Report => &ReportWork,
        JobKind::Export => &ExportWork,
    }
}
