//! Background jobs: they are claimed and run, and their files are published.
//! Rule: spec/reports.md §11; spec/exports.md §5.
//!
//! | module | holds |
//! | --- | --- |
//! | `runner` | the loops that claim jobs |
//! | `supervisor`, `loop_counts` | restarts and counts of background loops |
//! | `store_call` | calls of the store by the loops |
//! | `claimed_jobs` | runs of jobs that were claimed together |
//! | `finish_attempts` | publication of files, and storing of outcomes |
//! | `attempt` | one attempt: its heartbeat, its progress and its cancellation |
//! | `work` | the interface of a kind of job, and its results |
//! | `row_file` | writing of rows into a file, with its hash and totals |
//! | `folder` | the folder of unfinished and published files |
//! | `folder_marker` | the marker file of the folder |
//! | `early_removal` | removal of a job's files before they expire |
//! | `lost_files` | published files that are missing |
//! | `manifest` | the manifest of a file |
//! | `kinds` | the work of each kind of job |
//! | `work_failure` | the reasons why work ends without its files |
//! | `download_link` | signed download links |
//! | `link_transfers`, `link_counts` | downloads by signed links, counted and stored in batches |
//! | `verified_files` | verification of files before they are sent |
//! | [`stored_file`] | a published file, ready to be sent |
//! | `cleanup` | cleanup of expired files and jobs |

pub(crate) mod attempt;
mod claimed_jobs;
mod cleanup;
pub(crate) mod download_link;
pub(crate) mod early_removal;
mod finish_attempts;
pub mod folder;
pub mod folder_marker;
mod kinds;
pub(crate) mod link_counts;
pub mod link_transfers;
pub mod loop_counts;
pub mod lost_files;
pub(crate) mod manifest;
pub mod row_file;
pub mod runner;
mod store_call;
pub mod stored_file;
pub mod supervisor;
mod verified_files;
pub mod work;
pub mod work_failure;

pub use folder::{FilesFolder, free_bytes};
pub use folder_marker::{FolderError, UnmarkedFolder};
pub use link_transfers::store_link_transfers;
pub use runner::{Workers, start_workers};
