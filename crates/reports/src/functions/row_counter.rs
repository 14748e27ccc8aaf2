//! A counter of the rows that pass through a plan, so that one plan gives both the total and the
//! first few rows.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// The number of rows that a plan has computed so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct RowCounter(Arc<AtomicU64>);

impl RowCounter {
    /// Returns the number of rows so far. It is the total once the sort above has returned its
    /// first row.
    pub(crate) fn rows(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    /// Returns `value` unchanged; each row for which it is computed is counted.
    pub(crate) fn count_rows_of(&self, value: Expr) -> Expr {
        let signature = Signature::any(1, Volatility::Volatile);
        ScalarUDF::new_from_impl(CountRowsFunction { counter: self.clone(), signature })
            .call(vec![value])
    }
}

impl PartialEq for RowCounter {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for RowCounter {}

impl Hash for RowCounter {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct CountRowsFunction {
    counter: RowCounter,
    signature: Signature,
}

impl ScalarUDFImpl for CountRowsFunction {
    fn name(&self) -> &str {
        "counted"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(types[0].clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.counter.0.fetch_add(args.number_rows as u64, Ordering::AcqRel);
        Ok(args.args[0].clone())
    }
}
