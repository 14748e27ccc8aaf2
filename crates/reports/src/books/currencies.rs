//! The currencies that a provider's books may have postings in.

use std::collections::BTreeSet;

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::Expr;
use datafusion::prelude::col;
use mirror::Session;
use model::money::Currency;

use super::error::BooksError;
use super::scan::each_batch;

/// Currencies of invoices, payments, refunds and balance transactions, in order. Blocks.
pub fn currencies(session: &Session) -> Result<Vec<Currency>, BooksError> {
    let mut found = BTreeSet::new();
    for table in ["invoices", "payments", "refunds", "balance_transactions"] {
        let codes = vec![col("t.currency").alias("currency")];
        let plan = session.scan(table, "t")?.project(codes)?;
        let plan = plan.aggregate(vec![col("currency")], Vec::<Expr>::new())?.build()?;
        each_batch(session, plan, |batch| {
            let text = cast(batch.column(0), &DataType::Utf8).map_err(DataFusionError::from)?;
            let text = text.as_string::<i32>();
            let codes =
                (0..text.len()).filter(|row| text.is_valid(*row)).map(|row| text.value(row));
            found.extend(codes.filter_map(Currency::parse));
            Ok(())
        })?;
    }
    Ok(found.into_iter().collect())
}
