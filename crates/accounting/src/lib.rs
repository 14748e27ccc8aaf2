//! The books: from records to dated postings in seven categories, and what is read off them.
//! Rule: spec/accounting.md.
//!
//! Pure functions of records, time zone and settings. It does not know where the rows come from, no
//! clock, no I/O, no file format, and no floating point. Bad records never fail: they are booked by
//! a stated rule and listed as [`Issue`]s.
//!
//! Read rows with [`records::Reader`], put them into [`Tables`], [`group`] them, and ask
//! [`Books::invoice`] for each invoice and [`Books::untied`] for the rest. Invoices are independent
//! of one another: many threads may work on parts, and every figure that is read off adds up.
//!
//! | module | holds |
//! | --- | --- |
//! | [`records`] | the records, and how they come out of stored cells |
//! | [`settings`] | how the books are kept (§2) |
//! | [`calendar`] | months, horizons, positions in the provider's zone (§1) |
//! | [`arithmetic`] | rounding and sharing (§1, §6.2) |
//! | [`posting`] | a posting, its category, file and key (§1, §3) |
//! | [`booking`] | which invoices are in the books, when, in which class (§4) |
//! | [`grouping`] | who belongs to whom (§3, §4, §6.4, §7.4) |
//! | [`recognition`] | from deferred to recognized (§7) |
//! | [`life`] | the life of one invoice (§5, §6) |
//! | [`untied`] | what is tied to no invoice |
//! | [`issue`] | what looks wrong (§12.2) |
//! | [`plausibility`] | dates that nobody can have meant (§12.2) |
//! | [`invariants`] | what holds for any records (§8) |
//! | [`explain`] | the arithmetic behind a posting (§13) |
//! | [`totals`], [`trial_balance`] | sums by month and file; opening and closing balances (§8, §10.2) |
//! | [`package`] | the typed rows of the files (§9) |
//! | [`journal`] | journal lines, hledger, Beancount (§10) |
//! | [`drift`] | closed months against fresh postings (§11.3) |
//! | [`reconciliation`] | what should agree when records are complete (§8) |
//! | [`aging`], [`waterfall`], [`revenue_by_plan`] | further reports (§13) |

#![deny(clippy::float_arithmetic)]

pub mod aging;
pub mod arithmetic;
pub mod booking;
pub mod calendar;
pub mod drift;
pub mod error;
pub mod explain;
pub mod grouping;
pub mod invariants;
pub mod issue;
pub mod journal;
pub mod life;
pub mod package;
pub mod plausibility;
pub mod posting;
pub mod recognition;
pub mod reconciliation;
pub mod records;
pub mod revenue_by_plan;
pub mod settings;
pub mod totals;
pub mod trial_balance;
pub mod untied;
pub mod waterfall;

pub use booking::{Booking, InvoiceClass};
pub use calendar::{Calendar, Horizon, Month, Span};
pub use error::AccountingError;
pub use grouping::{Grouped, InvoiceRecords, Tables, UntiedRecords, group};
pub use issue::{Issue, IssueCode};
pub use life::{Books, InvoiceLedger};
pub use posting::{Amounts, Category, File, Posting, Source};
pub use settings::Settings;
pub use totals::Totals;
pub use trial_balance::TrialBalance;
pub use untied::UntiedLedger;
