//! Exact sums of a group, over all rows and per period of a pivot, in one pass.
//!
//! The bits of a mask ([`super::periods`]) give the periods in which a row counts. Per group, a
//! tally keeps the sum over all rows and, for the periods, the difference from each one to the
//! next. A row that counts in a run of periods changes only two differences, however long the run
//! is. [`cell`] adds the differences up. Tallies can be added, so groups can be merged.
//!
//! | module | holds |
//! | --- | --- |
//! | `aggregate` | the aggregate function |
//! | `groups` | the accumulator that holds the tallies of all groups |
//! | `cell` | functions that read sums and means from tallies |

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

/// The position of the sum over all rows.
pub(crate) const ALL: usize = 0;
/// The position of the sum before the first period. The periods follow it.
pub(crate) const BEFORE: usize = 1;
/// The position of the sum in the first period.
pub(crate) const FIRST: usize = 2;

/// The input of the aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Input {
    /// Values, with masks if there are periods.
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
