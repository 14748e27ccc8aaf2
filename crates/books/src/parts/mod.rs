//! The books' records, out of a session, in parts that fit into memory.
//! Rule: spec/accounting.md §1, §14.
//!
//! What is booked is decided in `accounting` alone. Here it is decided which records are read
//! together: invoices in ranges of ids, those that other records tie together as one part, and
//! what is tied to no invoice in parts of its own. Every record of a table is in exactly one part.
//!
//! | module | holds |
//! | --- | --- |
//! | `cells` | batches to records |
//! | `scan` | which rows of a table are read |
//! | `ties` | invoices that must be read together |
//! | [`parts`] | the parts, and how many |
//! | `load` | the records of one part |
//! | [`origin`] | the part that holds one record |
//! | [`mod@source_row`] | one stored row as it is |
//! | [`mod@names`] | names of plans, products, sites |
//! | [`drive`] | all parts, on several threads |
//! | [`mod@first_months`] | the months in which the books begin |
//! | [`table`] | rows of the books to record batches |
//! | [`error`] | what can go wrong |

mod cells;
pub mod drive;
pub mod error;
pub mod first_months;
mod load;
pub mod names;
pub mod origin;
pub mod parts;
mod scan;
pub mod source_row;
pub mod table;
mod ties;

pub use drive::each_part;
pub use error::BooksError;
pub use first_months::{first_invoice_month, first_months, has_payment};
pub use load::LoadedPart;
pub use names::{ids_naming, names};
pub use origin::{Origin, load_origin};
pub use parts::{INVOICES_PER_PART, Parts};
pub use source_row::source_row;
pub use table::{TableBuilder, TableColumn, output_columns, table_columns};
