//! Exports of every kind of record: requests, lists and downloads. Rule: spec/exports.md.
//!
//! | module | holds |
//! | --- | --- |
//! | `export_caller` | the checks of a caller |
//! | `submit` | the checks of a request, and its jobs |
//! | `package` | the checks of a request for an accounting package |
//! | `show` | the JSON of an export |
//! | `find` | look-up, cancellation and removal of one export |
//! | `download` | download of an export's file |
//! | `parts` | the names of an export's files |
//! | `list` | the catalogue, and the history |
//! | `notices` | webhook events and mails about an export |
//! | `work`, `package_work` | the work of an export job, and of a package's |
//! | `file` | writing of an export into one file |

pub mod download;
pub mod export_caller;
pub mod file;
pub mod find;
pub mod list;
pub(crate) mod notices;
pub(crate) mod package;
pub(crate) mod package_work;
pub mod parts;
pub mod show;
pub mod submit;
pub(crate) mod work;
