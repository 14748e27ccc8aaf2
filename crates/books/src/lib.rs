//! The books: packages of a month, and what else is read off the ledger. Rule: spec/accounting.md.
//!
//! What is booked is decided in `accounting`; which records are read together, in
//! [`parts`]. Here rows are put in order, and files are made of them.
//!
//! | module | holds |
//! | --- | --- |
//! | [`parts`] | the records, in parts that fit into memory |
//! | [`request`] | what a package is asked for, and what is wrong with the asking |
//! | [`package`] | the ZIPs of a month |
//! | `members`, [`manifest`] | the files in them |
//! | `marked` | the same files for spreadsheet programs |
//! | `pass` | one pass over all ledgers |
//! | `ledger` | the books of one month |
//! | [`existence`] | whether a month has books in a currency |
//! | [`frozen`] | closed months as they were frozen |
//! | [`drift`] | closed months against the records as they are |
//! | [`close`] | closing and reopening |
//! | [`periods`] | the months and how they stand |
//! | [`audit`] | who closed and reopened them |
//! | [`views`] | trial balance, waterfall, aging, revenue by plan |
//! | [`explain`] | one posting, or all of an invoice, with the arithmetic |
//! | `rows`, `sorter` | rows waiting in order, in memory and on disk |
//! | `tables` | tables of the books in any format |
//! | [`error`] | why a package could not be made |

pub mod audit;
pub mod close;
pub mod drift;
pub mod error;
pub mod existence;
pub mod explain;
pub mod frozen;
mod ledger;
pub mod manifest;
mod marked;
mod members;
pub mod package;
pub mod parts;
mod pass;
pub mod periods;
pub mod request;
mod rows;
mod sorter;
mod tables;
pub mod views;

pub use error::PackageError;
pub use existence::{first_month, has_postings, what_there_is};
pub use ledger::{all_issues, currencies, issues_view, month_issues};
pub use package::{Package, PackageFile, write_package};
pub use pass::Watch;
pub use request::PackageRequest;
