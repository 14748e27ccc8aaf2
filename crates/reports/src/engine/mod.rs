//! Plans of checked requests, and the pages and rows that they produce.
//!
//! A page is computed in two phases. The first phase finds the matching rows: their number, and the
//! ids of the page in order. It joins only what filters and sort need. The second phase reads the
//! page's rows: base rows by id (unless the first phase had to compute them), each relation by the
//! keys in these rows, and the columns over both. A file in order of id is computed like this in
//! slices. A file in another order is a single plan, which sorts on disk.
//!
//! | module | holds |
//! | --- | --- |
//! | `base` | the base rows of a report |
//! | `needs` | the columns that a set of expressions reads |
//! | `predicates` | filters as expressions |
//! | `join_names` | unique column names for joins |
//! | `resolve_me` | resolves `me` |
//! | `matching` | first phase: all matching rows, their number, the ids of a page |
//! | `gather` | the rows with given ids and everything their columns need |
//! | `fetch` | second phase: the rows with given ids, with all columns |
//! | `slices` | all rows, one slice after another |
//! | `grouped` | grouped reports, in one pass |
//! | `output` | columns, headers and batch types of a result |
//! | `batches` | the batch layout of results |
//! | `run` | runs the two phases of a page |
//! | `all_rows` | all rows of a report |

pub(crate) mod all_rows;
pub(crate) mod base;
pub(crate) mod batches;
pub(crate) mod fetch;
pub(crate) mod gather;
pub(crate) mod grouped;
pub(crate) mod join_names;
pub(crate) mod matching;
pub(crate) mod needs;
pub(crate) mod output;
pub(crate) mod predicates;
pub(crate) mod resolve_me;
pub(crate) mod run;
pub(crate) mod slices;
