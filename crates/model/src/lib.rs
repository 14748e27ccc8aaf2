//! What Rollbook's records are: types, money, calendar, the table catalogue and the rules of a row.
//!
//! Pure and synchronous: no I/O, no SQL, no Arrow, no HTTP, no floating point. Everything that
//! depends on a table's shape derives from [`catalogue`].
//!
//! | module | holds |
//! | --- | --- |
//! | [`id`] | provider ids, revisions, the bounds of ids |
//! | [`time`] | instants, civil dates, time zones |
//! | [`clock`] | the port through which the present is read |
//! | [`money`] | currencies: digits, symbols, exact decimal text |
//! | [`provider`] | the tenant and its settings |
//! | [`catalogue`] | every table and column, once |
//! | [`cell`] | one stored value |
//! | [`permission`] | what a credential may do |
//! | [`parse`] | text and JSON scalars to cells, by column type |
//! | [`suggest`] | what somebody probably meant who wrote something else |
//! | `free_json`, `country` | JSON that is kept as it was written; codes of countries |
//! | [`rules`] | derived defaults and rules inside one row |
//! | [`allotment`] | the shape of a membership's allotment |
//! | [`import`] | what an import answers: counts, errors, codes |
//! | [`output`] | the shape of an answer's rows, shared by reports and file writers |

#![deny(clippy::float_arithmetic)]

pub mod allotment;
pub mod catalogue;
pub mod cell;
pub mod clock;
mod country;
mod free_json;
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
