//! Whether an accounting package can hold anything, before all its postings are calculated.
//! Rule: spec/exports.md §10.15.

use datafusion::arrow::array::RecordBatch;
use datafusion::logical_expr::LogicalPlanBuilder;
use datafusion::prelude::col;
use futures::TryStreamExt;
use mirror::Session;
use model::money::Currency;

use crate::definition::value::text;
use crate::error::ReportError;

/// Tables whose rows are booked.
const BOOKED: [&str; 5] =
    ["invoices", "payments", "balance_transactions", "refunds", "credit_notes"];

/// Whether the provider has an invoice, and a record in this currency. A month of it may be empty
/// still, which only shows when it is booked.
pub(super) async fn has_records(
    session: &Session,
    currency: Currency,
) -> Result<bool, ReportError> {
    let issued = session.scan("invoices", "x")?;
    if !has_rows(session, issued.filter(col("x.status").not_eq(text("draft")))?).await? {
        return Ok(false);
    }
    for table in BOOKED {
        let rows = session.scan(table, "x")?.filter(col("x.currency").eq(text(currency.code())))?;
        if has_rows(session, rows).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a plan has at least one row. Stops at the first.
pub(super) async fn has_rows(
    session: &Session,
    rows: LogicalPlanBuilder,
) -> Result<bool, ReportError> {
    let mut batches = session.stream(rows.limit(0, Some(1))?.build()?);
    while let Some(batch) = batches.try_next().await? {
        if RecordBatch::num_rows(&batch) > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}
