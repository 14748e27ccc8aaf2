//! Functions that read sums and means from tallies.

use std::sync::Arc;

use datafusion::arrow::array::{AsArray, Decimal128Array, Int64Array};
use datafusion::arrow::datatypes::{DataType, Decimal128Type};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::{SUM_BEFORE, SUM_OF_ALL, out_of_range_error};
use crate::functions::amount_sum::AMOUNT_SUM_TYPE;

/// The largest amount with 38 digits.
const AMOUNT_MAX: u128 = 10_u128.pow(38) - 1;

/// Returns one sum of a tally. `position` is [`SUM_OF_ALL`], [`SUM_BEFORE`], or a period counted from
/// [`FIRST`].
pub(crate) fn tally_cell(tally: Expr, position: usize) -> Expr {
    let signature = Signature::any(1, Volatility::Immutable);
    ScalarUDF::new_from_impl(TallyCellFunction { position, signature }).call(vec![tally])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct TallyCellFunction {
    position: usize,
    signature: Signature,
}

impl ScalarUDFImpl for TallyCellFunction {
    fn name(&self) -> &str {
        "cell"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(AMOUNT_SUM_TYPE)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let tallies = args.args[0].to_array(args.number_rows)?;
        let tallies = tallies.as_fixed_size_list();
        let width = usize::try_from(tallies.value_length()).unwrap_or_default();
        let sums = tallies.values().as_primitive::<Decimal128Type>().values();
        let checked_sums = sums.chunks_exact(width).map(|sums| {
            let parts = match self.position {
                SUM_OF_ALL => &sums[SUM_OF_ALL..=SUM_OF_ALL],
                position => &sums[SUM_BEFORE..=position],
            };
            let sum = parts.iter().try_fold(0_i128, |sum, part| sum.checked_add(*part));
            sum.filter(|sum| sum.unsigned_abs() <= AMOUNT_MAX).ok_or_else(out_of_range_error)
        });
        let amounts = checked_sums.collect::<Result<Vec<i128>>>()?;
        let cells = Decimal128Array::from(amounts).with_precision_and_scale(38, 0)?;
        Ok(ColumnarValue::Array(Arc::new(cells)))
    }
}

/// Returns the mean of values from their sum and their number, rounded half up; null if there are
/// none.
pub(crate) fn rounded_mean(sum: Expr, count: Expr) -> Expr {
    let signature = Signature::exact(vec![AMOUNT_SUM_TYPE, AMOUNT_SUM_TYPE], Volatility::Immutable);
    ScalarUDF::new_from_impl(RoundedMeanFunction { signature }).call(vec![sum, count])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct RoundedMeanFunction {
    signature: Signature,
}

impl ScalarUDFImpl for RoundedMeanFunction {
    fn name(&self) -> &str {
        "rounded_mean"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let sums = args.args[0].to_array(args.number_rows)?;
        let counts = args.args[1].to_array(args.number_rows)?;
        let sums = sums.as_primitive::<Decimal128Type>().values().iter();
        let counts = counts.as_primitive::<Decimal128Type>().values().iter();
        let means: Int64Array =
            sums.zip(counts).map(|(sum, count)| divide_mean(*sum, *count)).collect();
        Ok(ColumnarValue::Array(Arc::new(means)))
    }
}

/// The mean of 64-bit numbers fits into 64 bits, and twice their sum fits into 128 bits for any
/// number of rows below 2^63.
fn divide_mean(sum: i128, count: i128) -> Option<i64> {
    (count > 0).then(|| i64::try_from((2 * sum + count).div_euclid(2 * count)).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_round_half_up() {
        for (sum, count, expected) in [
            (0, 0, None),
            (3, 2, Some(2)),
            (5, 2, Some(3)),
            (-3, 2, Some(-1)),
            (-5, 2, Some(-2)),
            (4, 3, Some(1)),
            (5, 3, Some(2)),
            (7, 7, Some(1)),
        ] {
            assert_eq!(divide_mean(sum, count), expected, "{sum} / {count}");
        }
    }
}
