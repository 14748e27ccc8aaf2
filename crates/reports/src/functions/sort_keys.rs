//! Sort keys of texts and amounts. Rule: spec/reports.md §5.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, StringViewBuilder};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Int64Type};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use model::money::Currency;

use crate::functions::amount_sum::AMOUNT_SUM_TYPE;

/// Returns the text in lower case, by the full Unicode mapping.
pub(crate) fn lower_case(text: Expr) -> Expr {
    ScalarUDF::new_from_impl(LowerCaseFunction {
        signature: Signature::any(1, Volatility::Immutable),
    })
    .call(vec![text])
}

/// Returns an amount in ten-thousandths of the major unit, which can be compared between
/// currencies. `amount` is in minor units.
pub(crate) fn comparable_amount(amount: Expr, currency: Expr) -> Expr {
    ScalarUDF::new_from_impl(ComparableAmountFunction {
        signature: Signature::any(2, Volatility::Immutable),
    })
    .call(vec![amount, currency])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct LowerCaseFunction {
    signature: Signature,
}

impl ScalarUDFImpl for LowerCaseFunction {
    fn name(&self) -> &str {
        "lower_case"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let values = texts(&args.args[0], args.number_rows)?;
        let texts = values.as_string_view();
        if texts.iter().flatten().all(is_lower_case) {
            return Ok(ColumnarValue::Array(values));
        }
        let mut lower = StringViewBuilder::with_capacity(texts.len());
        let mut folded = String::new();
        for text in texts {
            match text {
                None => lower.append_null(),
                Some(text) if text.is_ascii() => {
                    folded.clear();
                    folded.push_str(text);
                    folded.make_ascii_lowercase();
                    lower.append_value(&folded);
                }
                Some(text) => lower.append_value(text.to_lowercase()),
            }
        }
        Ok(ColumnarValue::Array(Arc::new(lower.finish())))
    }
}

fn is_lower_case(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase())
}

fn texts(value: &ColumnarValue, rows: usize) -> Result<ArrayRef> {
    Ok(cast(&value.to_array(rows)?, &DataType::Utf8View)?)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ComparableAmountFunction {
    signature: Signature,
}

/// The number of decimal digits of the currency that has the most.
const DIGITS_MAX: u32 = 4;

impl ScalarUDFImpl for ComparableAmountFunction {
    fn name(&self) -> &str {
        "decimal_value"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(AMOUNT_SUM_TYPE)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let amounts = args.args[0].to_array(args.number_rows)?;
        let currencies = texts(&args.args[1], args.number_rows)?;
        let currencies = currencies.as_string_view();
        let mut scales = AmountScales { last: None };
        let mut scaled = |amount: Option<i128>, row: usize| {
            let currency = currencies.is_valid(row).then(|| currencies.value(row));
            amount.map(|amount| amount.saturating_mul(scales.scale_for(currency)))
        };
        let values: Decimal128Array = if *amounts.data_type() == DataType::Int64 {
            let amounts = amounts.as_primitive::<Int64Type>().iter().enumerate();
            amounts.map(|(row, amount)| scaled(amount.map(i128::from), row)).collect()
        } else {
            let amounts = cast(&amounts, &AMOUNT_SUM_TYPE)?;
            let amounts = amounts.as_primitive::<Decimal128Type>().iter().enumerate();
            amounts.map(|(row, amount)| scaled(amount, row)).collect()
        };
        Ok(ColumnarValue::Array(Arc::new(values.with_precision_and_scale(38, 0)?)))
    }
}

/// The factors by currency. The last one is kept, because neighbouring rows mostly share their
/// currency.
struct AmountScales {
    last: Option<(String, i128)>,
}

impl AmountScales {
    fn scale_for(&mut self, currency: Option<&str>) -> i128 {
        let Some(code) = currency else { return 1 };
        if let Some((_, scale)) = self.last.as_ref().filter(|(known, _)| known == code) {
            return *scale;
        }
        let digits = Currency::parse(code).map_or(2, |currency| currency.digits());
        let scale = 10_i128.pow(DIGITS_MAX.saturating_sub(digits));
        self.last = Some((code.to_owned(), scale));
        scale
    }
}
