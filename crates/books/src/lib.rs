//! The books: closings, accounting packages, and reports from the ledger.
//! Rule: spec/accounting.md.
//!
//! `accounting` decides what is booked. [`parts`] decides which records are read together. This
//! crate sorts the rows and writes them to files.
//!
//! | module | holds |
//! | --- | --- |
//! | [`parts`] | reading of the records in parts that fit into memory |
//! | [`request`] | requests for an accounting package, and their checks |
//! | `package_file` | the ZIPs on disk |
//! | [`package`] | the ZIPs of a month |
//! | `members`, [`manifest`] | the files in the ZIPs |
//! | `byte_order_marks` | the same files with byte-order marks, for spreadsheet programs |
//! | `pass` | a pass over all ledgers |
//! | `ledger` | the books of one month |
//! | [`books_coverage`] | the rule by which a month has books in a currency |
//! | [`frozen`] | the frozen data of closed months |
//! | [`drift`] | the comparison of closed months with the present records |
//! | [`close`] | closing and reopening of months |
//! | [`periods`] | the months with their states and their drift |
//! | [`audit`] | the audit log of closings and reopenings |
//! | [`views`] | trial balance, waterfall, aging, revenue by plan |
//! | [`explain`] | explanations of postings |
//! | `rows`, `sorter` | stored rows of a package, and their external sort |
//! | `tables` | writing of tables in any format |
//! | [`error`] | the errors of the books |

pub mod audit;
pub mod books_coverage;
mod byte_order_marks;
pub mod close;
pub mod drift;
pub mod error;
pub mod explain;
pub mod frozen;
mod ledger;
pub mod manifest;
mod members;
pub mod package;
mod package_file;
pub mod parts;
mod pass;
pub mod periods;
pub mod request;
mod rows;
mod sorter;
mod tables;
pub mod views;

pub use books_coverage::{describe_currencies, first_books_month, has_postings};
pub use error::PackageError;
pub use ledger::{all_issues, currencies, issues_view, month_issues};
pub use package::write_package;
pub use package_file::{PackageFile, WrittenPackage};
pub use pass::PassObserver;
pub use request::PackageRequest;
