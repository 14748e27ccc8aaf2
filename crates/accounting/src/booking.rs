//! Which invoices are in the books, when, and in which class. Rule: spec/accounting.md §4.

use model::time::{Date, Instant};

use crate::calendar::{Calendar, Month};
use crate::grouping::InvoiceRecords;
use crate::records::{Directory, Invoice, InvoiceStatus, Order};

/// Which files an invoice belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum InvoiceClass {
    /// Of an order.
    Order,
    /// Of a subscription or membership.
    Subscription,
    /// Everything else: manual, drop-in, store.
    Other,
}

/// When an invoice is booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Booking {
    /// The instant.
    pub instant: Instant,
    /// Its local date.
    pub date: Date,
    /// Its local month.
    pub month: Month,
}

impl Booking {
    /// When `invoice` is booked.
    pub fn of(invoice: &Invoice, calendar: &Calendar) -> Self {
        let instant = booked_at(invoice);
        let date = calendar.date_of(instant);
        Self { instant, date, month: Month::of(date) }
    }
}

/// The booking instant: `date`, for advance invoices `created_at`.
pub fn booked_at(invoice: &Invoice) -> Instant {
    if invoice.is_advance { invoice.created_at } else { invoice.date }
}

/// Whether an invoice is in the books; `order` is the one it names.
pub fn is_booked(invoice: &Invoice, order: Option<&Order>) -> bool {
    let is_cart = is_of_order(invoice) && order.is_some_and(Order::is_abandoned);
    invoice.status != InvoiceStatus::Draft && !invoice.is_deleted && !is_cart
}

fn is_of_order(invoice: &Invoice) -> bool {
    invoice.order_id.is_some() && invoice.subscription_id.is_none()
}

/// The class of an invoice. Negative invoices have one too: it decides on their recognition file.
pub fn class_of(records: &InvoiceRecords, directory: &Directory) -> InvoiceClass {
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
