//! The parts of an import that do not depend on the database. They work on one row at a time.
//! Rule: spec/data-model.md §3.
//!
//! | module | holds |
//! | --- | --- |
//! | `given_columns`, `merge` | the columns that a row of input gives; merging it into the stored row |
//! | `table_plan` | the catalogue's rules for a table's rows, looked up once |
//! | `problem`, `error_messages` | collecting the errors of a call; their codes and messages |
//! | `small_amounts` | a warning for amounts that look like pounds instead of pence |
//! | `id_set` | many ids in little memory |

mod error_messages;
pub(crate) mod given_columns;
pub(crate) mod id_set;
pub(crate) mod merge;
pub(crate) mod problem;
pub(crate) mod small_amounts;
pub(crate) mod table_plan;
