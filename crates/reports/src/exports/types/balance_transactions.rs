//! Changes of customers' balances, as stored: credit is negative. Rule: spec/exports.md §10.11.

use super::super::export_type::ExportType;
use super::super::filter::one_of;
use super::super::layout::{customer, customer_row, layout, text_at};
use super::records;
use crate::definition::column::money;
use crate::definition::relation::{derived, row};
use crate::definition::value::at;
use crate::terms::credit;

pub(super) fn export_type() -> ExportType {
    let filters = vec![one_of("type", "b.type", ["credit", "debit"])];
    let keys = [("b.customer_id", "customer_id"), ("b.id", "id")];
    let rows = layout("b", "balance_transactions", at("c.site_id"))
        .joined([
            customer_row("b.customer_id"),
            row("i", "invoices", "b.invoice_id"),
            derived("running", keys, credit::running_balances),
        ])
        .stored("id")
        .and(customer("b.customer_id"))
        .stored("type kind amount currency")
        .and([money("ending_balance", at("running.amount"), at("b.currency"))])
        .stored("invoice_id")
        .and([text_at("invoice_number", "i.number")])
        .stored("payment_id refund_id credit_note_id description date created_at updated_at");
    records("balance_transactions", "Balance Transactions", filters, rows)
}
