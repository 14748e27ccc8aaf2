//! Grouped reports, computed in one pass over the matching rows.
//!
//! Rows are grouped by keys that are cheap to compare, and names are joined to the groups
//! afterwards. Groups that become equal by this are merged. All measures, their periods and the
//! sums before the first period are tallied in the same pass ([`crate::functions::tally`]).
//!
//! | module | holds |
//! | --- | --- |
//! | `layout` | the query: dimensions, measures, periods, currency |
//! | `tallies` | the tallies that the measures need |
//! | `keys` | the keys of groups, and the names that are joined to them |
//! | `result_columns` | columns, expressions, sort keys and headers of the result |
//! | `table` | the shown columns of the result and the hidden ones |
//! | `page_rows` | the rows of one page, collected while all groups are counted |
//! | `run` | runs one page, or all groups |

mod keys;
mod layout;
mod page_rows;
mod result_columns;
pub(crate) mod run;
mod table;
mod tallies;
