//! Grouped reports: one pass over the matching rows, whatever is asked for.
//!
//! Rows are grouped by what is cheap to compare, and names are joined to the groups afterwards; if
//! that makes groups equal, they are merged. All measures, their periods and the sums before the
//! first period are tallied in the same pass ([`crate::functions::tally`]).
//!
//! | module | holds |
//! | --- | --- |
//! | `layout` | what is asked for: dimensions, measures, periods, currency |
//! | `tallies` | which tallies the measures need |
//! | `keys` | by what rows are grouped, and which names are joined afterwards |
//! | `answer` | columns, expressions, sort keys and headers of the answer |
//! | `table` | the answer's columns and the hidden ones beside them |
//! | `first` | the groups of one page, while the rest is counted |
//! | `run` | one page |

mod answer;
mod first;
mod keys;
mod layout;
pub(crate) mod run;
mod table;
mod tallies;
