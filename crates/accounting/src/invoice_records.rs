//! A booked invoice with all records that act on it.

use crate::recognition::shipments::ShipmentChange;
use crate::records::{
    BalanceTransaction, CreditNote, Invoice, InvoiceLine, Order, OrderItem, Payment, Refund,
};

/// A booked invoice with all records that act on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceRecords {
    /// The invoice.
    pub invoice: Invoice,
    /// The invoice's lines.
    pub lines: Vec<InvoiceLine>,
    /// The invoice's order.
    pub order: Option<Order>,
    /// The order's items.
    pub order_items: Vec<OrderItem>,
    /// Posted payments linked to the invoice.
    pub payments: Vec<Payment>,
    /// Balance transactions that apply credit to the invoice or take it back.
    pub applications: Vec<BalanceTransaction>,
    /// Posted credit notes on the invoice, from `credit_notes`.
    pub credit_notes: Vec<CreditNote>,
    /// Invoices that act as credit notes on this invoice.
    pub credit_note_invoices: Vec<Invoice>,
    /// Posted refunds of the invoice.
    pub refunds: Vec<InvoiceRefund>,
    /// Shipments that are paid for by the invoice.
    pub shipments: Vec<ShipmentChange>,
}

/// A refund of an invoice, with its link to a credit note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceRefund {
    /// The refund.
    pub refund: Refund,
    /// True if a credit note has already moved the amount to customer credit.
    pub pays_out_note: bool,
}

impl InvoiceRecords {
    /// Returns the records of an invoice that nothing acts on.
    pub fn new(invoice: Invoice) -> Self {
        Self {
            invoice,
            lines: Vec::new(),
            order: None,
            order_items: Vec::new(),
            payments: Vec::new(),
            applications: Vec::new(),
            credit_notes: Vec::new(),
            credit_note_invoices: Vec::new(),
            refunds: Vec::new(),
            shipments: Vec::new(),
        }
    }
}
