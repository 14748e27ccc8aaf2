//! The status under which a customer membership is shown: `eff(cm)`. Rule: spec/reports.md §16.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringViewArray, make_view};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// The reason of a cancelled membership that was upgraded or downgraded; hold for an active one
/// that is held; else the stored status.
///
/// It is asked for every row of most reports about memberships: these words are short enough to
/// stand in a view itself, so they are compared and copied as numbers.
pub(crate) fn effective_status(status: Expr, reason: Expr, is_held: Expr) -> Expr {
    let signature = Signature::any(3, Volatility::Immutable);
    ScalarUDF::new_from_impl(EffectiveStatus { signature }).call(vec![status, reason, is_held])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct EffectiveStatus {
    signature: Signature,
}

/// The view of a word of at most 12 bytes.
fn word(word: &str) -> u128 {
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
        let shown = shown(statuses.as_string_view(), reasons.as_string_view(), |row| {
            held.is_valid(row) && held.as_boolean().value(row)
        });
        Ok(ColumnarValue::Array(Arc::new(shown?)))
    }
}

fn shown(
    statuses: &StringViewArray,
    reasons: &StringViewArray,
    is_held: impl Fn(usize) -> bool,
) -> Result<StringViewArray> {
    let (active, cancelled, hold) = (word("active"), word("cancelled"), word("hold"));
    let moves = [word("upgraded"), word("downgraded")];
    let views = statuses.views().iter().enumerate().map(|(row, status)| {
        let reason = reasons.views()[row];
        if *status == cancelled && moves.contains(&reason) && reasons.is_valid(row) {
            reason
        } else if *status == active && is_held(row) {
            hold
        } else {
            *status
        }
    });
    let views = views.collect::<Vec<u128>>();
    let (buffers, nulls) = (statuses.data_buffers().to_vec(), statuses.nulls().cloned());
    Ok(StringViewArray::try_new(views.into(), buffers, nulls)?)
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
        let found = shown(&statuses, &reasons, |row| rows[row].2).unwrap();
        let expected = rows.iter().map(|row| row.3).collect::<Vec<_>>();
        assert_eq!(found.iter().collect::<Vec<_>>(), expected);
    }
}
