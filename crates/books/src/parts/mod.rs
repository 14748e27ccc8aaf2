//! Reads the records of the books from a session, in parts that fit into memory. Rule:
//! spec/accounting.md §1, §14.
//!
//! The crate `accounting` alone decides what is booked. This module decides which records are read
//! together: invoices in ranges of ids, invoices that other records link as one part, and records
//! without an invoice in parts of their own. Every record of a table is in exactly one part.
//!
//! | module | holds |
//! | --- | --- |
//! | `cells` | reads records from batches |
//! | `scan` | reads the rows of a table with given keys |
//! | `invoice_links` | invoices that must be read together |
//! | [`book_parts`] | the parts of the books |
//! | `load` | loads the records of one part |
//! | [`origin`] | loads the part that contains a given record |
//! | [`mod@source_row`] | one stored row as it is |
//! | [`mod@names`] | names of plans, products, sites |
//! | [`worker_threads`] | processes all parts on several threads |
//! | [`mod@first_months`] | the first months of the books |
//! | [`table`] | rows of the books to record batches |
//! | [`error`] | errors of this module |

pub mod book_parts;
mod cells;
pub mod error;
pub mod first_months;
mod invoice_links;
mod load;
pub mod names;
pub mod origin;
mod scan;
pub mod source_row;
pub mod table;
pub mod worker_threads;

pub use book_parts::{BookParts, INVOICES_PER_PART};
pub use error::BooksError;
pub use first_months::{first_invoice_month, first_posting_months, has_payment};
pub use load::LoadedPart;
pub use names::{ids_referring_to, read_names};
pub use origin::{PostingOrigin, load_origin};
pub use source_row::read_source_row;
pub use table::{BookTableBuilder, BookTableColumn, output_columns, table_columns};
pub use worker_threads::process_parts_in_parallel;
