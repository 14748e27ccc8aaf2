//! Reports that are answered at once. Rule: spec/reports.md §3, §7, §12.
//!
//! | module | holds |
//! | --- | --- |
//! | [`list`] | the reports that a caller may read |
//! | [`page`] | one page of a report |
//! | [`page_file`] | a page as the bytes of an answer or a file |

pub mod list;
pub mod page;
pub mod page_file;
