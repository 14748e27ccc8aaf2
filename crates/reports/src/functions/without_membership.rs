//! A list of memberships without a given one. Rule: spec/reports.md §16 `eff_others`.

use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, ListArray, UInt32Array};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::exec_err;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// Returns the elements of `list` whose first field differs from `id`; an empty list for null.
pub(crate) fn without_membership(list: Expr, id: Expr) -> Expr {
    let signature = Signature::any(2, Volatility::Immutable);
    ScalarUDF::new_from_impl(WithoutMembershipFunction { signature }).call(vec![list, id])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct WithoutMembershipFunction {
    signature: Signature,
}

impl ScalarUDFImpl for WithoutMembershipFunction {
    fn name(&self) -> &str {
        "without"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(types[0].clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let lists = args.args[0].to_array(args.number_rows)?;
        let ids = args.args[1].to_array(args.number_rows)?;
        let (lists, ids) = (lists.as_list::<i32>(), ids.as_primitive::<Int64Type>());
        let Some(elements) = lists.values().as_struct_opt() else {
            return exec_err!("without: expected a list of objects");
        };
        let element_ids = elements.column(0).as_primitive::<Int64Type>();
        let mut kept: Vec<u32> = Vec::new();
        let mut lengths = Vec::with_capacity(lists.len());
        for row in 0..lists.len() {
            let before = kept.len();
            if lists.is_valid(row) {
                let (first, last) = (lists.value_offsets()[row], lists.value_offsets()[row + 1]);
                let span = u32::try_from(first).unwrap_or(0)..u32::try_from(last).unwrap_or(0);
                kept.extend(span.filter(|index| {
                    let index = *index as usize;
                    ids.is_null(row) || element_ids.value(index) != ids.value(row)
                }));
            }
            lengths.push(kept.len() - before);
        }
        let values = take(elements, &UInt32Array::from(kept), None)?;
        let DataType::List(field) = lists.data_type() else {
            return exec_err!("without: expected a list");
        };
        let offsets = OffsetBuffer::from_lengths(lengths);
        let lists = ListArray::try_new(Arc::clone(field), offsets, values, None)?;
        Ok(ColumnarValue::Array(Arc::new(lists)))
    }
}
