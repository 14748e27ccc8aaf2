//! The type in which amounts are added.

use datafusion::arrow::datatypes::DataType;

/// The data type of sums. DataFusion's 64-bit `sum`, `+` and `-` wrap silently.
pub(crate) const AMOUNT_SUM_TYPE: DataType = DataType::Decimal128(38, 0);
