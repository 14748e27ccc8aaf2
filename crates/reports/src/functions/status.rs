//! The effective status of a customer membership: `eff(cm)`. Rule: spec/reports.md §16.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringViewArray, UInt32Array, make_view};
use datafusion::arrow::compute::{cast, concat, take};
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// Returns the effective status: `upgraded` or `downgraded` for a membership cancelled for that
/// reason, `hold` for an active one that is on hold, else the stored status.
///
/// Most reports about memberships compute it for every row. Its words have at most 12 bytes, so
/// they are stored inline in string views and can be compared and copied as 128-bit numbers.
pub(crate) fn effective_status(status: Expr, reason: Expr, is_held: Expr) -> Expr {
    let signature = Signature::any(3, Volatility::Immutable);
    ScalarUDF::new_from_impl(EffectiveStatus { signature }).call(vec![status, reason, is_held])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct EffectiveStatus {
    signature: Signature,
}

/// The words that are shown instead of a stored status.
const WORDS: [&str; 3] = ["hold", "upgraded", "downgraded"];

/// Returns the inline string view of a word of at most 12 bytes.
fn inline_view(word: &str) -> u128 {
    make_view(word.as_bytes(), 0, 0)
}

impl ScalarUDFImpl for EffectiveStatus {
    fn name(&self) -> &str {
        "effective_status"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let text = |place: usize| -> Result<ArrayRef> {
            Ok(cast(&args.args[place].to_array(args.number_rows)?, &DataType::Utf8View)?)
        };
        let (statuses, reasons) = (text(0)?, text(1)?);
        let held = args.args[2].to_array(args.number_rows)?;
        let shown =
            effective_statuses(statuses.as_string_view(), reasons.as_string_view(), |row| {
                held.is_valid(row) && held.as_boolean().value(row)
            });
        Ok(ColumnarValue::Array(Arc::new(shown?)))
    }
}

fn effective_statuses(
    statuses: &StringViewArray,
    reasons: &StringViewArray,
    is_held: impl Fn(usize) -> bool,
) -> Result<StringViewArray> {
    let [_, upgraded, downgraded] = WORDS.map(inline_view);
    let (active, cancelled) = (inline_view("active"), inline_view("cancelled"));
    // The words are appended to the statuses, so that an index can select either.
    let first_word = statuses.len() as u32;
    let places = statuses.views().iter().zip(0..).map(|(status, row)| {
        let place = row as usize;
        if statuses.is_null(place) {
            row
        } else if *status == cancelled && reasons.is_valid(place) {
            match reasons.views()[place] {
                reason if reason == upgraded => first_word + 1,
                reason if reason == downgraded => first_word + 2,
                _ => row,
            }
        } else if *status == active && is_held(place) {
            first_word
        } else {
            row
        }
    });
    let places = UInt32Array::from_iter_values(places);
    let words = StringViewArray::from_iter_values(WORDS);
    // `concat` and `take` copy the views without validating the texts again.
    let known = concat(&[statuses, &words])?;
    Ok(take(&known, &places, None)?.as_string_view().clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moved_memberships_show_where_and_held_ones_that_they_are() {
        let long = "a status of more than twelve bytes";
        let rows = [
            (Some("active"), None, false, Some("active")),
            (Some("active"), Some("upgraded"), true, Some("hold")),
            (Some("cancelled"), Some("upgraded"), true, Some("upgraded")),
            (Some("cancelled"), Some("downgraded"), false, Some("downgraded")),
            (Some("cancelled"), Some("no_auto_renew"), true, Some("cancelled")),
            (Some("cancelled"), None, true, Some("cancelled")),
            (Some("completed"), Some("upgraded"), true, Some("completed")),
            (Some("hold"), None, false, Some("hold")),
            (Some(long), None, true, Some(long)),
            (None, Some("upgraded"), true, None),
        ];
        let statuses = rows.iter().map(|row| row.0).collect::<StringViewArray>();
        let reasons = rows.iter().map(|row| row.1).collect::<StringViewArray>();
        let found = effective_statuses(&statuses, &reasons, |row| rows[row].2).unwrap();
        let expected = rows.iter().map(|row| row.3).collect::<Vec<_>>();
        assert_eq!(found.iter().collect::<Vec<_>>(), expected);
    }
}
