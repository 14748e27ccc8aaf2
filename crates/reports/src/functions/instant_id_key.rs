//! An instant and an id as one number that sorts like the pair. The engine finds the smallest
//! number of a group much faster than the first row by two columns.

use std::sync::Arc;

use datafusion::arrow::array::{AsArray, Decimal128Array, Int64Array};
use datafusion::arrow::compute::binary;
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Int64Type, TimestampMicrosecondType};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use mirror::schema::instant;
use model::id::MAX_ID;

use crate::functions::amount_sum::AMOUNT_SUM_TYPE;

/// Ids are at least 0 and smaller than this.
const IDS: i128 = MAX_ID as i128 + 1;

/// Returns the pair of an instant and an id as one number.
pub(crate) fn instant_id_key(at: Expr, id: Expr) -> Expr {
    let signature = Signature::exact(vec![instant(), DataType::Int64], Volatility::Immutable);
    ScalarUDF::new_from_impl(InstantIdKeyFunction { signature }).call(vec![at, id])
}

/// Returns the id of a number made by [`instant_id_key`].
pub(crate) fn id_of_key(place: Expr) -> Expr {
    let signature = Signature::exact(vec![AMOUNT_SUM_TYPE], Volatility::Immutable);
    ScalarUDF::new_from_impl(IdOfKeyFunction { signature }).call(vec![place])
}

fn encode_key(micros: i64, id: i64) -> i128 {
    i128::from(micros) * IDS + i128::from(id)
}

fn decode_id(number: i128) -> i64 {
    i64::try_from(number.rem_euclid(IDS)).unwrap_or_default()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct InstantIdKeyFunction {
    signature: Signature,
}

impl ScalarUDFImpl for InstantIdKeyFunction {
    fn name(&self) -> &str {
        "place"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(AMOUNT_SUM_TYPE)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let instants = args.args[0].to_array(args.number_rows)?;
        let ids = args.args[1].to_array(args.number_rows)?;
        let instants = instants.as_primitive::<TimestampMicrosecondType>();
        let ids = ids.as_primitive::<Int64Type>();
        let places: Decimal128Array = binary(instants, ids, encode_key)?;
        Ok(ColumnarValue::Array(Arc::new(places.with_precision_and_scale(38, 0)?)))
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct IdOfKeyFunction {
    signature: Signature,
}

impl ScalarUDFImpl for IdOfKeyFunction {
    fn name(&self) -> &str {
        "id_of"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let places = args.args[0].to_array(args.number_rows)?;
        let ids: Int64Array = places.as_primitive::<Decimal128Type>().unary(decode_id);
        Ok(ColumnarValue::Array(Arc::new(ids)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_sort_like_their_pairs() {
        let pairs = [(-5, 7), (-5, MAX_ID), (-1, 1), (0, 1), (0, 2), (1, 1), (i64::MAX, MAX_ID)];
        let numbers = pairs.map(|(micros, id)| encode_key(micros, id));
        assert!(numbers.is_sorted());
        assert_eq!(numbers.map(decode_id), pairs.map(|(_, id)| id));
        assert!(numbers[6] < 10_i128.pow(38));
    }
}
