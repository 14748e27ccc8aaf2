//! Exact quotients, rounded half up. Rule: spec/exports.md §10.13.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, Decimal128Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Decimal128Type};
use datafusion::common::exec_err;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::functions::amount_sum::AMOUNT_SUM_TYPE;

/// Returns `numerator / denominator` with four decimals; null if the denominator is 0.
pub(crate) fn quotient_with_four_decimals(numerator: Expr, denominator: Expr) -> Expr {
    ratio(numerator, denominator, FRACTION_PRECISION, FRACTION_DIGITS)
}

/// Returns `numerator / denominator` as a whole number; null if the denominator is 0.
pub(crate) fn rounded_quotient(numerator: Expr, denominator: Expr) -> Expr {
    ratio(numerator, denominator, 38, 0)
}

/// The data type of fractions.
pub(crate) const FRACTION: DataType =
    DataType::Decimal128(FRACTION_PRECISION, FRACTION_DIGITS as i8);

const FRACTION_PRECISION: u8 = 18;
const FRACTION_DIGITS: u8 = 4;

fn ratio(numerator: Expr, denominator: Expr, precision: u8, digits: u8) -> Expr {
    let signature = Signature::any(2, Volatility::Immutable);
    ScalarUDF::new_from_impl(RatioFunction { precision, digits, signature })
        .call(vec![numerator, denominator])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct RatioFunction {
    precision: u8,
    digits: u8,
    signature: Signature,
}

impl ScalarUDFImpl for RatioFunction {
    fn name(&self) -> &str {
        "ratio"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Decimal128(self.precision, self.digits as i8))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let wide = |value: &ColumnarValue| -> Result<ArrayRef> {
            Ok(cast(&value.to_array(args.number_rows)?, &AMOUNT_SUM_TYPE)?)
        };
        let (numerators, denominators) = (wide(&args.args[0])?, wide(&args.args[1])?);
        let numerators = numerators.as_primitive::<Decimal128Type>().iter();
        let denominators = denominators.as_primitive::<Decimal128Type>().iter();
        let scale = 10_i128.pow(u32::from(self.digits));
        let limit = 10_i128.pow(u32::from(self.precision));
        let mut ratios = Vec::with_capacity(args.number_rows);
        for pair in numerators.zip(denominators) {
            ratios.push(match pair {
                (Some(_), Some(0)) | (None, _) | (_, None) => None,
                (Some(numerator), Some(denominator)) => {
                    let ratio = divide_half_up(numerator, denominator, scale);
                    match ratio.filter(|ratio| ratio.unsigned_abs() < limit.unsigned_abs()) {
                        Some(ratio) => Some(ratio),
                        None => return exec_err!("{numerator} / {denominator} is out of range"),
                    }
                }
            });
        }
        let ratios = Decimal128Array::from(ratios)
            .with_precision_and_scale(self.precision, self.digits as i8)?;
        Ok(ColumnarValue::Array(Arc::new(ratios)))
    }
}

/// Returns `floor(numerator × scale / denominator + 1/2)`; none on overflow of 128 bits.
fn divide_half_up(numerator: i128, denominator: i128, scale: i128) -> Option<i128> {
    let sign = denominator.signum();
    let (numerator, denominator) = (numerator * sign, denominator * sign);
    let doubled = numerator.checked_mul(scale)?.checked_mul(2)?.checked_add(denominator)?;
    Some(doubled.div_euclid(denominator.checked_mul(2)?))
}

#[cfg(test)]
mod tests {
    use super::divide_half_up;

    #[test]
    fn halves_are_rounded_up() {
        for (numerator, denominator, scale, expected) in [
            (1, 3, 10_000, 3333),
            (2, 3, 10_000, 6667),
            (1, 8, 1, 0),
            (1, 2, 1, 1),
            (3, 2, 1, 2),
            (-1, 2, 1, 0),
            (-3, 2, 1, -1),
            (-3, -2, 1, 2),
            (1, 20_000, 10_000, 1),
            (i128::from(i64::MAX), 1, 10_000, i128::from(i64::MAX) * 10_000),
        ] {
            assert_eq!(divide_half_up(numerator, denominator, scale), Some(expected));
        }
        assert_eq!(divide_half_up(i128::MAX, 1, 10_000), None);
    }
}
