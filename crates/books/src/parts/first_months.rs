//! The first months of a provider's books. Rule: spec/exports.md §4, spec/accounting.md §4, §11.2,
//! §12.2.

use std::collections::BTreeMap;

use accounting::plausibility::first_plausible_month;
use accounting::{Month, ProviderCalendar};
use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, TimestampMicrosecondType};
use datafusion::error::DataFusionError;
use datafusion::functions::expr_fn::coalesce;
use datafusion::functions_aggregate::expr_fn::min;
use datafusion::logical_expr::{Expr, JoinType, lit, when};
use datafusion::prelude::col;
use datafusion::scalar::ScalarValue;
use mirror::MirrorSession;
use model::money::Currency;
use model::time::Instant;

use super::error::BooksError;
use super::scan::visit_batches;

/// Returns the month of the earliest booked invoice in any currency; none if there is no invoice.
/// Blocks.
///
/// Invoices dated before 1990 are skipped, because their amounts are part of the opening balances.
/// If there are only such invoices, the books begin in January 1990.
pub fn first_invoice_month(session: &MirrorSession) -> Result<Option<Month>, BooksError> {
    let calendar = ProviderCalendar::new(session.provider().timezone.clone());
    let plausible = calendar.start_of(first_plausible_month());
    let order = session.scan("orders", "o")?.project(vec![
        col("o.id").alias("order"),
        col("o.status").eq(lit("created")).alias("is_cart"),
    ])?;
    // The invoice of an abandoned cart does not count.
    let is_of_cart = col("i.order_id")
        .is_not_null()
        .and(col("i.subscription_id").is_null())
        .and(col("is_cart").is_true());
    let is_plausible = booked_at()?.gt_eq(instant_literal(plausible));
    let earliest = session
        .scan("invoices", "i")?
        .join(order.build()?, JoinType::Left, (vec!["i.order_id"], vec!["order"]), None)?
        .filter(is_booked("i").and(is_of_cart.is_not_true()))?
        .project(vec![
            booked_at()?.alias("booked_at"),
            when(is_plausible, booked_at()?).end()?.alias("plausible"),
        ])?
        .aggregate(Vec::<Expr>::new(), vec![min(col("plausible")), min(col("booked_at"))])?;
    let mut found = None;
    visit_batches(session, earliest.build()?, |batch| {
        for row in 0..batch.num_rows() {
            let first = instant_at(batch.column(0), row);
            found = first.or(instant_at(batch.column(1), row)).or(found);
        }
        Ok(())
    })?;
    Ok(found.map(|first| calendar.month_of(first.max(plausible))))
}

/// Returns the currencies that may have postings, each with the month of its first one. Blocks.
pub fn first_posting_months(
    session: &MirrorSession,
) -> Result<BTreeMap<Currency, Month>, BooksError> {
    let calendar = ProviderCalendar::new(session.provider().timezone.clone());
    let of = |table: &str, column: &str| col(format!("{table}.{column}"));
    let is_posted = |table: &str| {
        of(table, "status").eq(lit("succeeded")).and(of(table, "deleted_at").is_null())
    };
    let given = of("b", "kind").in_list(vec![lit("adjustment"), lit("gift")], false);
    let refunded_at = coalesce(vec![col("r.succeeded_at"), col("r.created_at")]);
    let mut found: BTreeMap<Currency, Month> = BTreeMap::new();
    for (table, alias, is_wanted, at) in [
        ("invoices", "i", is_booked("i"), booked_at()?),
        ("payments", "p", is_posted("p"), col("p.date")),
        ("refunds", "r", is_posted("r"), refunded_at),
        ("balance_transactions", "b", given, col("b.date")),
    ] {
        let plan = session
            .scan(table, alias)?
            .filter(is_wanted)?
            .project(vec![of(alias, "currency").alias("currency"), at.alias("at")])?
            .aggregate(vec![col("currency")], vec![min(col("at"))])?;
        visit_batches(session, plan.build()?, |batch| {
            let codes = cast(batch.column(0), &DataType::Utf8).map_err(DataFusionError::from)?;
            let codes = codes.as_string::<i32>();
            for row in (0..codes.len()).filter(|row| codes.is_valid(*row)) {
                let currency = Currency::parse(codes.value(row));
                let Some((currency, at)) = currency.zip(instant_at(batch.column(1), row)) else {
                    continue;
                };
                let month = calendar.month_of(at);
                let first = found.entry(currency).or_insert(month);
                *first = month.min(*first);
            }
            Ok(())
        })?;
    }
    Ok(found)
}

/// Returns true if a payment succeeded at or before `until`. Such a payment always has a posting.
/// Blocks.
pub fn has_payment(
    session: &MirrorSession,
    currency: Currency,
    until: Instant,
) -> Result<bool, BooksError> {
    let wanted = col("p.status")
        .eq(lit("succeeded"))
        .and(col("p.deleted_at").is_null())
        .and(col("p.currency").eq(lit(currency.code())))
        .and(col("p.date").lt_eq(instant_literal(until)));
    let plan = session.scan("payments", "p")?.filter(wanted)?;
    let plan = plan.project(vec![col("p.id").alias("id")])?.limit(0, Some(1))?;
    let mut found = false;
    visit_batches(session, plan.build()?, |batch| {
        found |= batch.num_rows() > 0;
        Ok(())
    })?;
    Ok(found)
}

/// Returns the booking instant of the invoices `i`.
fn booked_at() -> Result<Expr, BooksError> {
    Ok(when(col("i.is_advance"), col("i.created_at")).otherwise(col("i.date"))?)
}

fn is_booked(table: &str) -> Expr {
    let is_draft = col(format!("{table}.status")).eq(lit("draft"));
    is_draft.is_not_true().and(col(format!("{table}.deleted_at")).is_null())
}

fn instant_literal(at: Instant) -> Expr {
    lit(ScalarValue::TimestampMicrosecond(Some(at.micros()), Some("UTC".into())))
}

fn instant_at(column: &dyn Array, row: usize) -> Option<Instant> {
    let instants = column.as_primitive::<TimestampMicrosecondType>();
    instants.is_valid(row).then(|| Instant::from_micros(instants.value(row)))
}
