//! A function that tests if an id is in a large list, without an expression for each id.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, BooleanArray, BooleanBufferBuilder};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::exec_err;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// The largest number of bits per id for which a bitmap from the first to the last id is kept.
const BITS_PER_ID_MAX: u64 = 64;

/// Returns a condition that is true if `value` is one of `ids`, and null if it is null. `ids` must
/// be sorted.
pub(crate) fn is_in_ids(value: Expr, ids: &[i64]) -> Expr {
    let signature = Signature::exact(vec![DataType::Int64], Volatility::Immutable);
    let ids = Arc::new(IdLookup::from_sorted(ids));
    ScalarUDF::new_from_impl(InIdsFunction { ids, signature }).call(vec![value])
}

#[derive(Debug)]
enum IdLookup {
    /// A bitmap with one bit for each number from `first`.
    Bits { first: i64, bits: BooleanBuffer },
    /// The ids, sorted.
    List(Vec<i64>),
}

impl IdLookup {
    fn from_sorted(ids: &[i64]) -> Self {
        let (Some(&first), Some(&last)) = (ids.first(), ids.last()) else {
            return Self::List(vec![]);
        };
        let span = last.abs_diff(first).saturating_add(1);
        if span > BITS_PER_ID_MAX.saturating_mul(ids.len() as u64) {
            return Self::List(ids.to_vec());
        }
        let mut bits = BooleanBufferBuilder::new(span as usize);
        bits.append_n(span as usize, false);
        for id in ids {
            bits.set_bit(id.abs_diff(first) as usize, true);
        }
        Self::Bits { first, bits: bits.finish() }
    }

    fn contains(&self, id: i64) -> bool {
        match self {
            Self::Bits { first, bits } => {
                let place = id.abs_diff(*first) as usize;
                id >= *first && place < bits.len() && bits.value(place)
            }
            Self::List(ids) => ids.binary_search(&id).is_ok(),
        }
    }
}

#[derive(Debug)]
struct InIdsFunction {
    ids: Arc<IdLookup>,
    signature: Signature,
}

impl PartialEq for InIdsFunction {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.ids, &other.ids)
    }
}

impl Eq for InIdsFunction {}

impl Hash for InIdsFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.ids).hash(state);
    }
}

impl ScalarUDFImpl for InIdsFunction {
    fn name(&self) -> &str {
        "among"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let Some(value) = args.args.first() else { return exec_err!("among has one argument") };
        let values = value.to_array(args.number_rows)?;
        let values = values.as_primitive::<Int64Type>();
        let bits =
            BooleanBuffer::collect_bool(values.len(), |row| self.ids.contains(values.value(row)));
        Ok(ColumnarValue::Array(Arc::new(BooleanArray::new(bits, values.nulls().cloned()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_whether_they_lie_close_or_far_apart() {
        let close = [-3, -1, 0, 7];
        let far = [i64::MIN, -1, 5, 1 << 40, i64::MAX];
        assert!(matches!(IdLookup::from_sorted(&close), IdLookup::Bits { .. }));
        assert!(matches!(IdLookup::from_sorted(&far), IdLookup::List(_)));
        for ids in [&close[..], &far[..], &[], &[9]] {
            let held = IdLookup::from_sorted(ids);
            let asked = close.iter().chain(&far).copied().chain(-10..20);
            for id in asked {
                assert_eq!(held.contains(id), ids.contains(&id), "{id} in {ids:?}");
            }
        }
    }
}
