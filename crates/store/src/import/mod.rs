//! The write path of rows. Rows come in batches: the stored rows with a batch's ids are read at
//! once, each row is decided in memory, and the changed rows are written together. Checks between
//! rows run at the end of the call. Rule: spec/data-model.md §3.
//!
//! | module | holds |
//! | --- | --- |
//! | `import_transaction`, `import_call` | one import; the state of a call |
//! | `batch`, `batch_changes` | deciding the rows of a batch; writing them |
//! | `given_columns`, `merge` | the columns that a row of input gives; merging it into the stored row |
//! | `references`, `removed_rows`, `allotments`, `currency` | checks between rows |
//! | `parent_defaults`, `hold_bumps` | defaults from parent rows; effects of holds on their memberships |
//! | `table_plan` | the catalogue's rules for a table's rows, looked up once |
//! | `problem`, `error_messages` | collecting the errors of a call; their codes and messages |
//! | `small_amounts` | a warning for amounts that look like pounds instead of pence |
//! | `id_set`, `seen_ids`, `temp_tables` | remembering any number of rows in bounded memory |
//! | `import_session` | the statements that the databases run in their own ways |

mod allotments;
mod batch;
mod batch_changes;
mod currency;
mod error_messages;
mod given_columns;
mod hold_bumps;
mod id_set;
mod import_call;
pub(crate) mod import_session;
mod import_transaction;
mod merge;
mod parent_defaults;
mod problem;
mod references;
mod removed_rows;
mod seen_ids;
mod small_amounts;
mod table_plan;
pub(crate) mod temp_tables;

use model::catalogue::{Table, tables};

pub(crate) use import_transaction::begin;

/// Returns the number of a table in the catalogue, as the temporary tables store it.
fn number_of(table: &Table) -> i64 {
    i64::try_from(table.position).unwrap_or(i64::MAX)
}

/// Returns the table with that number.
fn table_of(number: i64) -> &'static Table {
    let position = usize::try_from(number).unwrap_or(usize::MAX);
    tables().get(position).expect("the database keeps numbers of tables that this call wrote")
}
