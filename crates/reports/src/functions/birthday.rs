//! Age and days until the next birthday. Rule: spec/reports.md §17.4.

use std::sync::Arc;

use datafusion::arrow::array::{AsArray, Int64Array};
use datafusion::arrow::datatypes::{DataType, Date32Type};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use model::time::Date;

/// Returns the age in completed years at `today` of a person born on `birth`.
pub(crate) fn age(birth: Expr, today: Date) -> Expr {
    call(birth, today, BirthdayResult::Age)
}

/// Returns the number of days from `today` to the next birthday; 0 on the birthday itself.
pub(crate) fn days_until_birthday(birth: Expr, today: Date) -> Expr {
    call(birth, today, BirthdayResult::DaysUntilBirthday)
}

fn call(birth: Expr, today: Date, answer: BirthdayResult) -> Expr {
    let signature = Signature::exact(vec![DataType::Date32], Volatility::Immutable);
    ScalarUDF::new_from_impl(BirthdayFunction { today, answer, signature }).call(vec![birth])
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum BirthdayResult {
    Age,
    DaysUntilBirthday,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct BirthdayFunction {
    today: Date,
    answer: BirthdayResult,
    signature: Signature,
}

impl ScalarUDFImpl for BirthdayFunction {
    fn name(&self) -> &str {
        match self.answer {
            BirthdayResult::Age => "age",
            BirthdayResult::DaysUntilBirthday => "days_until_birthday",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let values = args.args[0].to_array(args.number_rows)?;
        let today = self.today;
        let answers: Int64Array = values.as_primitive::<Date32Type>().unary(|days| {
            let birth = Date::from_days(days);
            match self.answer {
                BirthdayResult::Age => years_completed(birth, today),
                BirthdayResult::DaysUntilBirthday => days_until_next_birthday(birth, today),
            }
        });
        Ok(ColumnarValue::Array(Arc::new(answers)))
    }
}

/// Returns the birthday in `year`. A birthday on 29 February falls on the 28th in common years.
fn birthday_in(birth: Date, year: i16) -> Date {
    Date::new(year, birth.month(), birth.day()).or_else(|| Date::new(year, 2, 28)).unwrap_or(birth)
}

fn years_completed(birth: Date, today: Date) -> i64 {
    let years = i64::from(today.year()) - i64::from(birth.year());
    if today < birthday_in(birth, today.year()) { years - 1 } else { years }
}

fn days_until_next_birthday(birth: Date, today: Date) -> i64 {
    let this_year = birthday_in(birth, today.year());
    let next = if this_year < today { birthday_in(birth, today.year() + 1) } else { this_year };
    i64::from(next.days()) - i64::from(today.days())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn birthdays_on_leap_days_are_kept_on_the_28th() {
        for (birth, today, age, days) in [
            ("2000-02-14", "2026-02-14", 26, 0),
            ("2000-02-15", "2026-02-14", 25, 1),
            ("2000-02-13", "2026-02-14", 26, 364),
            ("2000-02-29", "2026-02-27", 25, 1),
            ("2000-02-29", "2026-02-28", 26, 0),
            ("2000-02-29", "2024-02-28", 23, 1),
            ("2000-02-29", "2024-02-29", 24, 0),
            ("2000-02-29", "2023-03-01", 23, 365),
            ("2000-12-31", "2026-01-01", 25, 364),
            ("2026-02-14", "2026-02-14", 0, 0),
        ] {
            let (born, now) = (Date::parse(birth).unwrap(), Date::parse(today).unwrap());
            assert_eq!(years_completed(born, now), age, "{birth} {today}");
            assert_eq!(days_until_next_birthday(born, now), days, "{birth} {today}");
        }
    }
}
