//! Exact sums of a group, over all rows and per period of a pivot, in one pass.
//!
//! A row says in which periods it counts by the bits of a mask ([`super::periods`]). A tally keeps
//! per group the sum over all rows, and for the periods the differences from one to the next: a
//! row that counts in a run of periods changes two of them, however long the run. [`cell`] adds
//! the differences up. Tallies are added like numbers, so groups can be merged into larger ones.
//!
//! | module | holds |
//! | --- | --- |
//! | `aggregate` | the aggregate function |
//! | `groups` | the tallies of all groups while they are made |
//! | `cell` | sums and means read from tallies |

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::DataFusionError;

use crate::definition::value::WIDE;
use crate::error::AmountOutOfRange;

mod aggregate;
mod cell;
mod groups;

pub(crate) use aggregate::{merged, tally};
pub(crate) use cell::{cell, rounded_mean};

/// Position of the sum over all rows.
pub(crate) const ALL: usize = 0;
/// Position of the sum before the first period; the periods follow it.
pub(crate) const BEFORE: usize = 1;
/// Position of the sum in the first period.
pub(crate) const FIRST: usize = 2;

/// What the rows of the aggregate are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Input {
    /// Values, perhaps with masks.
    Rows,
    /// Tallies.
    Tallies,
}

fn item() -> FieldRef {
    Arc::new(Field::new_list_field(WIDE, false))
}

fn list_type(width: usize) -> DataType {
    DataType::FixedSizeList(item(), i32::try_from(width).unwrap_or_default())
}

fn out_of_range() -> DataFusionError {
    DataFusionError::External(Box::new(AmountOutOfRange))
}
