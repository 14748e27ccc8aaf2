//! A checked request to plans, and what they answer to a page.
//!
//! A page is computed in two phases. First, the rows that match: their number, and the ids of the
//! page in order; only what filters and sort need is joined. Then the page's rows: base rows by
//! id (kept from the first phase where that had to compute them), each relation by the keys that
//! these rows hold, and the columns over both. A file by id is computed like that in slices; one in
//! another order is all one plan, which sorts on disk.
//!
//! | module | holds |
//! | --- | --- |
//! | `scope` | what expressions of one request may depend on |
//! | `base` | the rows that a report counts |
//! | `needs` | which columns of which relations a set of expressions reads |
//! | `predicates` | filters as expressions |
//! | `flat` | names that no two columns of a join share |
//! | `identity` | who `me` is |
//! | `matching` | the plan of all matching rows, their number, the page's |
//! | `gather` | the rows of given ids with everything their columns need |
//! | `fetch` | the rows of given ids as the answer shows them |
//! | `slices` | all rows, one slice after the other |
//! | `grouped` | grouped reports, in one pass |
//! | `output` | the answer's columns, headers and batch types |
//! | `batches` | the batch layout of answers |
//! | `run` | the two phases of a page |
//! | `whole` | all rows of a report |

pub(crate) mod base;
pub(crate) mod batches;
pub(crate) mod fetch;
pub(crate) mod flat;
pub(crate) mod gather;
pub(crate) mod grouped;
pub(crate) mod identity;
pub(crate) mod matching;
pub(crate) mod needs;
pub(crate) mod output;
pub(crate) mod predicates;
pub(crate) mod run;
pub(crate) mod scope;
pub(crate) mod slices;
pub(crate) mod whole;
