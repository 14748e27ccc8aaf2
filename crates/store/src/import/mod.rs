//! What imports into every database have in common: one row at a time, no database in it.
//! Rule: spec/data-model.md §3.
//!
//! | module | holds |
//! | --- | --- |
//! | `given`, `merge` | what a row of input says, and what becomes of a stored row that it meets |
//! | `plan` | what the catalogue asks of a table's rows |
//! | `problem`, `complaints` | what is wrong with a call, and how it is said |
//! | `small_amounts` | what looks like pounds where pence are expected |
//! | `id_set` | many ids in little memory |

mod complaints;
pub(crate) mod given;
pub(crate) mod id_set;
pub(crate) mod merge;
pub(crate) mod plan;
pub(crate) mod problem;
pub(crate) mod small_amounts;
