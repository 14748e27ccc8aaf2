//! Changes of customers' balances, as stored: credit is negative. Rule: spec/exports.md §10.11.

use super::super::export_filter::words_of_column;
use super::super::export_layout::{customer_fields, customer_relation_of, export_layout, text_at};
use super::super::export_type::ExportType;
use super::record_type;
use crate::definition::column::money;
use crate::definition::relation::{derived_relation, related_row};
use crate::definition::scoped_expr::column_value;
use crate::terms::credit;

pub(super) fn export_type() -> ExportType {
    let filters = vec![words_of_column("type", "b.type", ["credit", "debit"])];
    let keys = [("b.customer_id", "customer_id"), ("b.id", "id")];
    let rows = export_layout("b", "balance_transactions", column_value("c.site_id"))
        .joined([
            customer_relation_of("b.customer_id"),
            related_row("i", "invoices", "b.invoice_id"),
            derived_relation("running", keys, credit::running_balances),
        ])
        .stored("id")
        .and(customer_fields("b.customer_id"))
        .stored("type kind amount currency")
        .and([money("ending_balance", column_value("running.amount"), column_value("b.currency"))])
        .stored("invoice_id")
        .and([text_at("invoice_number", "i.number")])
        .stored("payment_id refund_id credit_note_id description date created_at updated_at");
    record_type("balance_transactions", "Balance Transactions", filters, rows)
}
