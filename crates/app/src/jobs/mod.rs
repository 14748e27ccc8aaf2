//! Work in the background: jobs are claimed, run, and their files published.
//! Rule: spec/reports.md §11; spec/exports.md §5.
//!
//! | module | holds |
//! | --- | --- |
//! | `runner` | the loops that claim jobs |
//! | `alive` | loops that must not end |
//! | `together` | jobs that were claimed together, while they are made |
//! | `ending` | their files put in place, and the store told |
//! | `attempt` | one attempt: its heartbeat, its progress, whether it is to stop |
//! | `work` | what a kind of job does, and what it answers |
//! | `row_file` | rows on their way into a file, hashed and counted as they pass |
//! | `folder` | files that are being made, and files that are there |
//! | `mark` | whose a folder of files is, and which one |
//! | `file_end` | the end of a job's files before their time |
//! | `lost` | a file that is not where it was put |
//! | `manifest` | what a file says about itself |
//! | `report` | the work of a report's job |
//! | `export` | the work of an export's job |
//! | `package` | the work of an accounting package's job |
//! | `link` | signed addresses of files |
//! | `link_transfers` | transfers by those, counted together |
//! | `checked` | files whose bytes were looked at |
//! | [`stored_file`] | a finished file, as it can be sent |
//! | `sweep` | files and jobs whose time is over |

pub mod alive;
pub(crate) mod attempt;
mod checked;
mod ending;
pub(crate) mod export;
pub(crate) mod file_end;
pub mod folder;
pub(crate) mod link;
pub mod link_transfers;
pub mod lost;
pub(crate) mod manifest;
pub mod mark;
pub(crate) mod package;
pub(crate) mod report;
pub mod row_file;
pub mod runner;
pub mod stored_file;
mod sweep;
mod together;
pub mod work;

pub use folder::{FilesFolder, free_bytes};
pub use link_transfers::store_link_transfers;
pub use mark::{FolderError, Unmarked};
pub use runner::{Workers, start};
