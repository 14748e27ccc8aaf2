//! Pages of reports, which are answered at once. Rule: spec/reports.md §3, §7, §12.
//!
//! | module | holds |
//! | --- | --- |
//! | [`list`] | the reports that a caller may read |
//! | [`page`] | one page of a report |
//! | [`page_file`] | writing of a page as JSON or CSV |

pub mod list;
pub mod page;
pub mod page_file;
