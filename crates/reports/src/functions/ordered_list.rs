//! Lists of a group's values in a given order.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, UInt32Array};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef, Int64Type};
use datafusion::common::exec_err;
use datafusion::error::Result;
use datafusion::functions::expr_fn::named_struct;
use datafusion::functions_aggregate::expr_fn::array_agg;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, lit,
};

/// Aggregates the values of a group with their places, as input for [`list_in_order`]. Places are
/// ids, or what [`super::instant_id_key`] makes, and never null.
pub(crate) fn collect_with_places(place: Expr, value: Expr) -> Expr {
    // An ordered aggregate would work row by row; sorting each list afterwards is many times
    // faster.
    array_agg(named_struct(vec![lit("place"), place, lit("value"), value]))
}

/// Returns the list of the values that [`collect_with_places`] collected, ascending by place; null
/// if there were none.
pub(crate) fn list_in_order(collected: Expr) -> Expr {
    let signature = Signature::any(1, Volatility::Immutable);
    ScalarUDF::new_from_impl(ListInOrderFunction { signature }).call(vec![collected])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ListInOrderFunction {
    signature: Signature,
}

impl ScalarUDFImpl for ListInOrderFunction {
    fn name(&self) -> &str {
        "list_in_order"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        value_field(&types[0]).map(DataType::List)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let argument = args.args[0].to_array(args.number_rows)?;
        let field = value_field(argument.data_type())?;
        let lists = argument.as_list::<i32>();
        let pairs = lists.values().as_struct();
        let order = positions_in_order(lists, pairs.column(0))?;
        let values = take(pairs.column(1), &order, None)?;
        let lengths = lists.value_offsets().windows(2).map(|ends| (ends[1] - ends[0]) as usize);
        let offsets = OffsetBuffer::from_lengths(lengths);
        let ordered = ListArray::try_new(field, offsets, values, lists.nulls().cloned())?;
        Ok(ColumnarValue::Array(Arc::new(ordered)))
    }
}

/// Returns the field of the values in a list of places and values.
fn value_field(lists: &DataType) -> Result<FieldRef> {
    match lists {
        DataType::List(pair) => match pair.data_type() {
            DataType::Struct(fields) if fields.len() == 2 => {
                let kind = fields[1].data_type().clone();
                Ok(Arc::new(Field::new_list_field(kind, true)))
            }
            other => exec_err!("list_in_order: a list of {other}"),
        },
        other => exec_err!("list_in_order: {other}"),
    }
}

/// Returns the positions of all elements, those of each list ascending by place.
fn positions_in_order(lists: &ListArray, places: &ArrayRef) -> Result<UInt32Array> {
    let ends = lists.value_offsets();
    let (first, last) = (ends[0], ends[ends.len() - 1]);
    let mut positions: Vec<u32> = (first as u32..last as u32).collect();
    let place: Box<dyn Fn(u32) -> i128 + '_> = match places.data_type() {
        DataType::Int64 => {
            let places = places.as_primitive::<Int64Type>();
            Box::new(|position| places.value(position as usize).into())
        }
        DataType::Decimal128(..) => {
            let places = places.as_primitive::<Decimal128Type>();
            Box::new(|position| places.value(position as usize))
        }
        other => return exec_err!("list_in_order: places are {other}"),
    };
    for ends in ends.windows(2) {
        let list = &mut positions[(ends[0] - first) as usize..(ends[1] - first) as usize];
        if !list.is_sorted_by_key(|position| place(*position)) {
            list.sort_by_key(|position| place(*position));
        }
    }
    Ok(positions.into())
}
