//! The ledger: turns records into dated postings in seven categories, and postings into reports.
//! Rule: spec/accounting.md.
//!
//! Pure functions of records, time zone and settings. The crate does not know where the rows come
//! from; it has no clock, no I/O, no file format, and no floating point. Bad records cause no
//! errors: they are booked by a stated rule and listed as [`Issue`]s.
//!
//! Read rows with [`records::RecordReader`], put them into [`RecordTables`], and [`group_records`] them. Then call
//! [`LedgerRules::invoice_ledger`] for each invoice and [`LedgerRules::unlinked_ledger`] for the other records. Invoices are
//! independent of each other: threads may work on parts in parallel, and the results of the parts
//! can be added.
//!
//! | module | holds |
//! | --- | --- |
//! | [`records`] | the records, and their readers for stored cells |
//! | [`settings`] | settings of a provider's books (§2) |
//! | [`calendar`] | months, horizons, positions in the provider's zone (§1) |
//! | [`arithmetic`] | rounding and splitting (§1, §6.2) |
//! | [`posting`] | a posting, its category, file and key (§1, §3) |
//! | [`booking`] | the invoices in the books: booking date and class (§4) |
//! | [`invoice_records`] | one invoice with all records that act on it |
//! | [`grouping`] | records grouped by invoice (§3, §4, §6.4, §7.4) |
//! | [`recognition`] | movement from deferred to recognized revenue (§7) |
//! | [`invoice_ledger`] | the events of one invoice, from booking to recognition (§5, §6) |
//! | [`unlinked`] | postings of records that are linked to no invoice |
//! | [`issue`] | suspicious records (§12.2) |
//! | [`plausibility`] | implausible dates and currencies (§12.2) |
//! | [`invariants`] | invariants that hold for any records (§8) |
//! | [`explain`] | the calculation behind a posting (§13) |
//! | [`totals`], [`trial_balance`] | sums by month and file; opening and closing balances (§8, §10.2) |
//! | [`package`] | the typed rows of the package's files (§9) |
//! | [`journal`] | journal lines, hledger, Beancount (§10) |
//! | [`drift`] | closed months compared with fresh postings (§11.3) |
//! | [`reconciliation`] | figures that agree if the records are complete (§8) |
//! | [`aging`], [`waterfall`], [`revenue_by_group`] | further reports (§13) |

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
pub mod invoice_ledger;
pub mod invoice_records;
pub mod issue;
pub mod journal;
pub mod package;
pub mod plausibility;
pub mod posting;
pub mod recognition;
pub mod reconciliation;
pub mod records;
pub mod revenue_by_group;
pub mod settings;
pub mod totals;
pub mod trial_balance;
pub mod unlinked;
pub mod waterfall;

pub use booking::{InvoiceBooking, InvoiceClass};
pub use calendar::{Horizon, LedgerSpan, Month, ProviderCalendar};
pub use error::AccountingError;
pub use grouping::{GroupedRecords, UnlinkedRecords, group_records};
pub use invoice_ledger::{InvoiceLedger, LedgerRules};
pub use invoice_records::{InvoiceRecords, InvoiceRefund};
pub use issue::{Issue, IssueCode};
pub use posting::{CategoryAmounts, LedgerCategory, LedgerFile, Posting, PostingSource};
pub use records::RecordTables;
pub use settings::LedgerSettings;
pub use totals::PostingTotals;
pub use trial_balance::TrialBalance;
pub use unlinked::UnlinkedLedger;
