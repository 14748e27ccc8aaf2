//! The types of Rollbook's records: identifiers, money, the calendar, the table catalogue, and the
//! rules of one row.
//!
//! Pure and synchronous: no I/O, no SQL, no Arrow, no HTTP, no floating point. Code that depends on
//! a table's columns reads them from [`catalogue`].
//!
//! | module | holds |
//! | --- | --- |
//! | [`id`] | provider ids, revisions, the bounds of ids |
//! | [`time`] | instants, civil dates, time zones |
//! | [`clock`] | the trait through which code reads the present |
//! | [`money`] | currencies: digits, symbols, exact decimal text |
//! | [`provider`] | the tenant and its settings |
//! | [`catalogue`] | every table and column, once |
//! | [`cell`] | one stored value |
//! | [`permission`] | permissions of a credential |
//! | [`parse`] | text and JSON scalars to cells, by column type |
//! | [`suggest`] | the value that a person probably meant by a wrong input |
//! | `compact_json`, `country` | JSON kept as it was written; country codes |
//! | [`rules`] | derived defaults and rules inside one row |
//! | [`allotment`] | the shape of a membership's allotment |
//! | [`import`] | the result of an import: counts, errors, codes |
//! | [`file_format`] | the formats of files and answers |
//! | [`output`] | the columns of a result, shared by reports and file writers |

#![deny(clippy::float_arithmetic)]

pub mod allotment;
pub mod catalogue;
pub mod cell;
pub mod clock;
mod compact_json;
mod country;
pub mod file_format;
pub mod id;
pub mod import;
mod iso;
pub mod money;
pub mod output;
pub mod parse;
pub mod permission;
pub mod provider;
pub mod rules;
pub mod suggest;
pub mod time;
