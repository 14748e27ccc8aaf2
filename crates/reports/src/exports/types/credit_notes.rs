//! Credit notes of every status. The vendor documents two names for the type; both are accepted.
//! Rule: spec/exports.md §10.12.

use datafusion::functions::expr_fn::coalesce;
use datafusion::prelude::col;

use super::super::export_filter::{currency_filter, text_filter};
use super::super::export_layout::{
    customer_fields, customer_relation_of, export_layout, id_at, text_at,
};
use super::super::export_type::ExportType;
use super::record_type;
use crate::definition::relation::related_row;
use crate::definition::scoped_expr::scoped_expr;

pub(super) fn export_type() -> ExportType {
    let filters = vec![currency_filter("n.currency"), text_filter("reason", "n.reason")];
    let site = scoped_expr(|_| coalesce(vec![col("i.site_id"), col("c.site_id")]));
    let rows = export_layout("n", "credit_notes", site)
        .joined([
            customer_relation_of("n.customer_id"),
            related_row("i", "invoices", "n.invoice_id"),
        ])
        .stored("id number invoice_id")
        .and([text_at("invoice_number", "i.number")])
        .and(customer_fields("n.customer_id"))
        .and([id_at("subscription_id", "i.subscription_id"), id_at("order_id", "i.order_id")])
        .stored(
            "type status reason amount tax total currency refund_id date created_at updated_at \
             deleted_at",
        );
    let notes = record_type("credit_note", "Credit Notes", filters, rows);
    ExportType { aliases: &["credit_notes"], ..notes }
}
