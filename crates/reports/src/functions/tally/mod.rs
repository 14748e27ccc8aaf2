//! Exact sums of a group, over all rows and per period of a pivot, in one pass.
//!
//! The bits of a mask ([`super::periods`]) give the periods in which a row counts. Per group, a
//! tally keeps the sum over all rows and, for the periods, the difference from each one to the
//! next. A row that counts in a run of periods changes only two differences, however long the run
//! is. [`tally_cell`] adds the differences up. Tallies can be added, so groups can be merged.
//!
//! | module | holds |
//! | --- | --- |
//! | `aggregate` | the aggregate function |
//! | `groups` | the accumulator that holds the tallies of all groups |
//! | `cell` | functions that read sums and means from tallies |

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::DataFusionError;

use crate::error::AmountOutOfRangeError;
use crate::functions::amount_sum::AMOUNT_SUM_TYPE;

mod aggregate;
mod cell;
mod groups;

pub(crate) use aggregate::{merge_tallies, tally};
pub(crate) use cell::{rounded_mean, tally_cell};

/// The position of the sum over all rows.
pub(crate) const SUM_OF_ALL: usize = 0;
/// The position of the sum before the first period. The periods follow it.
pub(crate) const SUM_BEFORE: usize = 1;
/// The position of the sum in the first period.
pub(crate) const FIRST_PERIOD_SUM: usize = 2;

/// The input of the aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum TallyInput {
    /// Values, with masks if there are periods.
    Rows,
    /// Tallies.
    Tallies,
}

fn item() -> FieldRef {
    Arc::new(Field::new_list_field(AMOUNT_SUM_TYPE, false))
}

fn tally_type(width: usize) -> DataType {
    DataType::FixedSizeList(item(), i32::try_from(width).unwrap_or_default())
}

fn out_of_range_error() -> DataFusionError {
    DataFusionError::External(Box::new(AmountOutOfRangeError))
}
