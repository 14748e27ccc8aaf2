//! The month in which a provider's books begin. Rule: spec/exports.md §4, spec/accounting.md §4.

use accounting::{Calendar, Month};
use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::TimestampMicrosecondType;
use datafusion::functions_aggregate::expr_fn::min;
use datafusion::logical_expr::{Expr, JoinType, lit, when};
use datafusion::prelude::col;
use datafusion::scalar::ScalarValue;
use mirror::Session;
use model::money::Currency;
use model::time::Instant;

use super::error::BooksError;
use super::scan::each_batch;

/// The month of the earliest booked invoice, in any currency; none without an invoice. Blocks.
pub fn first_invoice_month(session: &Session) -> Result<Option<Month>, BooksError> {
    let order = session.scan("orders", "o")?.project(vec![
        col("o.id").alias("order"),
        col("o.status").eq(lit("created")).alias("is_cart"),
    ])?;
    let booked_at = when(col("i.is_advance"), col("i.created_at")).otherwise(col("i.date"))?;
    // An abandoned cart's invoice is none.
    let is_of_cart = col("i.order_id")
        .is_not_null()
        .and(col("i.subscription_id").is_null())
        .and(col("is_cart").is_true());
    let is_booked = col("i.status")
        .not_eq(lit("draft"))
        .and(col("i.deleted_at").is_null())
        .and(is_of_cart.is_not_true());
    let earliest = session
        .scan("invoices", "i")?
        .join(order.build()?, JoinType::Left, (vec!["i.order_id"], vec!["order"]), None)?
        .filter(is_booked)?
        .aggregate(Vec::<Expr>::new(), vec![min(booked_at)])?;
    let mut found = None;
    each_batch(session, earliest.build()?, |batch| {
        let instants = batch.column(0).as_primitive::<TimestampMicrosecondType>();
        let rows = (0..instants.len()).filter(|row| instants.is_valid(*row));
        found = rows.map(|row| Instant::from_micros(instants.value(row))).chain(found).min();
        Ok(())
    })?;
    let calendar = Calendar::new(session.provider().timezone.clone());
    Ok(found.map(|instant| calendar.month_of(instant)))
}

/// Whether a payment succeeded between two instants, both included: a posting in any case. Blocks.
pub fn has_payment(
    session: &Session,
    currency: Currency,
    (from, until): (Instant, Instant),
) -> Result<bool, BooksError> {
    let instant =
        |at: Instant| lit(ScalarValue::TimestampMicrosecond(Some(at.micros()), Some("UTC".into())));
    let wanted = col("p.status")
        .eq(lit("succeeded"))
        .and(col("p.deleted_at").is_null())
        .and(col("p.currency").eq(lit(currency.code())))
        .and(col("p.date").gt_eq(instant(from)))
        .and(col("p.date").lt_eq(instant(until)));
    let plan = session.scan("payments", "p")?.filter(wanted)?;
    let plan = plan.project(vec![col("p.id").alias("id")])?.limit(0, Some(1))?;
    let mut found = false;
    each_batch(session, plan.build()?, |batch| {
        found |= batch.num_rows() > 0;
        Ok(())
    })?;
    Ok(found)
}
