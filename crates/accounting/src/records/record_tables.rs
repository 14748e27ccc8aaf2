//! The rows of a part of the books, before they are grouped.

use super::{
    BalanceTransaction, CreditNote, Directory, Invoice, InvoiceLine, Order, OrderItem, Payment,
    Refund, Shipment,
};

/// Rows of the tables, in any order.
#[derive(Debug, Clone, Default)]
pub struct RecordTables {
    /// Rows of `invoices`.
    pub invoices: Vec<Invoice>,
    /// Rows of `invoice_lines`.
    pub lines: Vec<InvoiceLine>,
    /// Rows of `orders`.
    pub orders: Vec<Order>,
    /// Rows of `order_items`.
    pub order_items: Vec<OrderItem>,
    /// Rows of `payments`.
    pub payments: Vec<Payment>,
    /// Rows of `payments` outside this part that refunds of this part reference. They are looked
    /// up, but not posted.
    pub refunded_payments: Vec<Payment>,
    /// Rows of `refunds`.
    pub refunds: Vec<Refund>,
    /// Rows of `credit_notes`.
    pub credit_notes: Vec<CreditNote>,
    /// Rows of `balance_transactions`.
    pub balance_transactions: Vec<BalanceTransaction>,
    /// Rows of `shipments`.
    pub shipments: Vec<Shipment>,
    /// Records that are looked up by id.
    pub directory: Directory,
}
