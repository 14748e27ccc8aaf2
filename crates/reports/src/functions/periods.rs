//! The periods of a pivot in which a row counts, as a mask: bit 0 for all days before the first
//! period shown, then one bit per period. Rule: spec/reports.md §10.

use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, UInt16Array};
use datafusion::arrow::datatypes::{DataType, Date32Type};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::request::period::ShownPeriod;

/// Consecutive periods, as days since 1970-01-01.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct PeriodBounds {
    /// The first day of each period.
    pub(crate) firsts: Vec<i32>,
    /// The last day of the last period.
    pub(crate) last: i32,
}

impl PeriodBounds {
    /// Makes the bounds of consecutive periods.
    pub(crate) fn from_periods(periods: &[ShownPeriod]) -> Self {
        let firsts = periods.iter().map(|period| period.first.days()).collect();
        Self { firsts, last: periods.last().map_or(i32::MIN, |period| period.last.days()) }
    }

    /// Returns the position of the bit for a day; none for days after the last period.
    fn bit(&self, day: i32) -> Option<usize> {
        (day <= self.last).then(|| self.firsts.partition_point(|first| *first <= day))
    }

    /// Returns the mask with the bits of all days from `first` to `last`.
    pub(crate) fn mask(&self, first: i32, last: i32) -> u16 {
        let last = last.min(self.last);
        if last < first {
            return 0;
        }
        match (self.bit(first), self.bit(last)) {
            (Some(from), Some(to)) => (u16::MAX << from) & (u16::MAX >> (15 - to)),
            _ => 0,
        }
    }
}

/// Returns the mask of a row that counts on one day; 0 if the day is null.
pub(crate) fn period_mask_of_day(day: Expr, bounds: PeriodBounds) -> Expr {
    let signature = Signature::exact(vec![DataType::Date32], Volatility::Immutable);
    ScalarUDF::new_from_impl(PeriodOfDayFunction { bounds, signature }).call(vec![day])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct PeriodOfDayFunction {
    bounds: PeriodBounds,
    signature: Signature,
}

impl ScalarUDFImpl for PeriodOfDayFunction {
    fn name(&self) -> &str {
        "period_of_day"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::UInt16)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let days = args.args[0].to_array(args.number_rows)?;
        let days = days.as_primitive::<Date32Type>();
        let mask = |day: i32| self.bounds.bit(day).map_or(0, |bit| 1 << bit);
        let masks: UInt16Array = match days.null_count() {
            0 => days.unary(mask),
            _ => days.iter().map(|day| day.map_or(0, mask)).collect::<Vec<u16>>().into(),
        };
        Ok(ColumnarValue::Array(Arc::new(masks)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_hold_a_bit_for_each_period_with_a_day() {
        // Days 10 to 19, 20 to 29, 30 to 39.
        let bounds = PeriodBounds { firsts: vec![10, 20, 30], last: 39 };
        for (first, last, expected) in [
            (5, 5, 0b0001),
            (9, 10, 0b0011),
            (10, 10, 0b0010),
            (10, 19, 0b0010),
            (19, 20, 0b0110),
            (0, 100, 0b1111),
            (25, i32::MAX, 0b1100),
            (39, 39, 0b1000),
            (40, 41, 0),
            (12, 11, 0),
            (i32::MIN, i32::MAX, 0b1111),
        ] {
            assert_eq!(bounds.mask(first, last), expected, "{first}..{last}");
            let each = (first.max(-50)..=last.min(150)).filter_map(|day| bounds.bit(day));
            assert_eq!(each.fold(0, |mask, bit| mask | 1 << bit), expected, "{first}..{last}");
        }
    }
}
