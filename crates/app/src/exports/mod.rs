//! Exports of every kind of record: asked for, looked at, fetched. Rule: spec/exports.md.
//!
//! | module | holds |
//! | --- | --- |
//! | `caller` | who may, and for which site |
//! | `ask` | a body to queued jobs, or the first check that fails |
//! | `package` | what the books say before a package is queued |
//! | `show` | an export as it is shown |
//! | `find` | one export, and what ends it early |
//! | `fetch` | the file of an export, or why there is none |
//! | `list` | the catalogue, and the history |
//! | `notices` | what others are told |
//! | `file` | the rows of an export into one file |

pub mod ask;
pub mod caller;
pub mod fetch;
pub mod file;
pub mod find;
pub mod list;
pub(crate) mod notices;
pub(crate) mod package;
pub mod show;
