//! The books through the program: packages, control totals, other accounting tools. Rule:
//! spec/accounting.md.
//!
//! | module | holds |
//! | --- | --- |
//! | `archive` | a package as read by independent readers |
//! | `records` | small sets of records |
//! | `package` | the files of a month |
//! | `demo` | the demo business |
//! | `published` | real records with published totals |
//! | `tools` | hledger and Beancount |
//! | `existence` | which months have a package |
//! | `extremes` | implausible dates |
//! | `closing` | closed months |
//! | `routes` | the books over HTTP |
//! | `refusals` | bad requests, and records with issues |

mod archive;
mod closing;
mod demo;
mod existence;
mod extremes;
mod package;
mod published;
pub(crate) mod records;
mod refusals;
mod routes;
mod tools;
