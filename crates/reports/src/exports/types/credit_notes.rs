//! Credit notes of every status. The vendor documents two names for the type; both are accepted.
//! Rule: spec/exports.md §10.12.

use datafusion::functions::expr_fn::coalesce;
use datafusion::prelude::col;

use super::super::export_type::ExportType;
use super::super::filter::{currency, exact};
use super::super::layout::{customer, customer_row, id_at, layout, text_at};
use super::records;
use crate::definition::relation::row;
use crate::definition::value::value;

pub(super) fn export_type() -> ExportType {
    let filters = vec![currency("n.currency"), exact("reason", "n.reason")];
    let site = value(|_| coalesce(vec![col("i.site_id"), col("c.site_id")]));
    let rows = layout("n", "credit_notes", site)
        .joined([customer_row("n.customer_id"), row("i", "invoices", "n.invoice_id")])
        .stored("id number invoice_id")
        .and([text_at("invoice_number", "i.number")])
        .and(customer("n.customer_id"))
        .and([id_at("subscription_id", "i.subscription_id"), id_at("order_id", "i.order_id")])
        .stored(
            "type status reason amount tax total currency refund_id date created_at updated_at \
             deleted_at",
        );
    let notes = records("credit_note", "Credit Notes", filters, rows);
    ExportType { aliases: &["credit_notes"], ..notes }
}
