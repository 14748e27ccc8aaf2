//! The names of an export's files among the job's files.

/// The part of a download without `bundle`.
pub(crate) const MAIN_PART: &str = "file";

/// The part with the full bundle of an accounting package.
pub(crate) const FULL_BUNDLE_PART: &str = "full";
