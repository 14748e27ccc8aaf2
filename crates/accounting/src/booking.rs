//! The invoices that are in the books, their booking date, and their class.
//! Rule: spec/accounting.md §4.

use model::time::{Date, Instant};

use crate::calendar::{Month, ProviderCalendar};
use crate::invoice_records::InvoiceRecords;
use crate::records::{Directory, Invoice, InvoiceStatus, Order};

/// The class of an invoice. It decides which files list the invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum InvoiceClass {
    /// An invoice of an order.
    Order,
    /// An invoice of a subscription or membership.
    Subscription,
    /// Any other invoice: manual, drop-in, store.
    Other,
}

/// The booking date of an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvoiceBooking {
    /// The instant of the booking.
    pub instant: Instant,
    /// The local date of the booking.
    pub date: Date,
    /// The local month of the booking.
    pub month: Month,
}

impl InvoiceBooking {
    /// Returns the booking date of `invoice`.
    pub fn from_invoice(invoice: &Invoice, calendar: &ProviderCalendar) -> Self {
        let instant = booked_at(invoice);
        let date = calendar.date_of(instant);
        Self { instant, date, month: Month::from_date(date) }
    }
}

/// Returns the booking instant: `date`, or `created_at` for advance invoices.
pub fn booked_at(invoice: &Invoice) -> Instant {
    if invoice.is_advance { invoice.created_at } else { invoice.date }
}

/// Returns true if an invoice is in the books. `order` is the order that the invoice names.
pub fn is_booked(invoice: &Invoice, order: Option<&Order>) -> bool {
    let is_cart = is_of_order(invoice) && order.is_some_and(Order::is_abandoned);
    invoice.status != InvoiceStatus::Draft && !invoice.is_deleted && !is_cart
}

fn is_of_order(invoice: &Invoice) -> bool {
    invoice.order_id.is_some() && invoice.subscription_id.is_none()
}

/// Returns the class of an invoice. For negative invoices, too, it decides on the recognition file.
pub fn classify_invoice(records: &InvoiceRecords, directory: &Directory) -> InvoiceClass {
    let invoice = &records.invoice;
    if is_of_order(invoice) {
        return InvoiceClass::Order;
    }
    let is_subscribed = records.lines.iter().any(|line| {
        let subscription = line.subscription_id.or(invoice.subscription_id);
        let has_plan =
            subscription.is_some() && directory.plan_of(line.plan_id, subscription).is_some();
        has_plan || line.customer_membership_id.or(invoice.customer_membership_id).is_some()
    });
    if is_subscribed { InvoiceClass::Subscription } else { InvoiceClass::Other }
}
