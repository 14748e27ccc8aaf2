//! Invoices and their lines.

use model::money::Currency;
use model::time::{Date, Instant};

use super::{RecordCells, TableRecord};
use crate::error::AccountingError;

/// The status of an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvoiceStatus {
    /// Not issued yet. No rule applies to it.
    Draft,
    /// Issued.
    Open,
    /// Settled.
    Paid,
    /// Issued and overdue.
    PastDue,
    /// Reversed as a whole.
    Void,
    /// Written off.
    Uncollectible,
}

impl InvoiceStatus {
    const WORDS: [(&'static str, Self); 6] = [
        ("draft", Self::Draft),
        ("open", Self::Open),
        ("paid", Self::Paid),
        ("past_due", Self::PastDue),
        ("void", Self::Void),
        ("uncollectible", Self::Uncollectible),
    ];

    /// Returns the status word in the catalogue.
    pub fn as_str(self) -> &'static str {
        let found = Self::WORDS.iter().find(|(_, status)| *status == self);
        found.map_or("draft", |(word, _)| word)
    }
}

/// An invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    /// `id`.
    pub id: i64,
    /// `number`.
    pub number: Option<Box<str>>,
    /// `customer_id`.
    pub customer_id: i64,
    /// `subscription_id`.
    pub subscription_id: Option<i64>,
    /// `order_id`.
    pub order_id: Option<i64>,
    /// `customer_membership_id`.
    pub customer_membership_id: Option<i64>,
    /// `site_id`.
    pub site_id: Option<i64>,
    /// `status`.
    pub status: InvoiceStatus,
    /// `billing_reason`.
    pub billing_reason: Option<Box<str>>,
    /// `currency`.
    pub currency: Currency,
    /// `subtotal` in minor units, as all amounts are.
    pub subtotal: i64,
    /// `discount`.
    pub discount: i64,
    /// `tax`.
    pub tax: i64,
    /// `total`.
    pub total: i64,
    /// `amount_remaining`.
    pub amount_remaining: i64,
    /// `is_advance`.
    pub is_advance: bool,
    /// `date`.
    pub date: Instant,
    /// `created_at`.
    pub created_at: Instant,
    /// `due_date`.
    pub due_date: Option<Date>,
    /// `period_start`.
    pub period_start: Option<Instant>,
    /// `period_end`.
    pub period_end: Option<Instant>,
    /// `voided_at`.
    pub voided_at: Option<Instant>,
    /// `uncollectible_at`.
    pub uncollectible_at: Option<Instant>,
    /// `is_credit_note`.
    pub is_credit_note: bool,
    /// `refunded_invoice_id`.
    pub refunded_invoice_id: Option<i64>,
    /// True if `deleted_at` is set.
    pub is_deleted: bool,
}

impl TableRecord for Invoice {
    const TABLE: &'static str = "invoices";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "number",
        "customer_id",
        "subscription_id",
        "order_id",
        "customer_membership_id",
        "site_id",
        "status",
        "billing_reason",
        "currency",
        "subtotal",
        "discount",
        "tax",
        "total",
        "amount_remaining",
        "is_advance",
        "date",
        "created_at",
        "due_date",
        "period_start",
        "period_end",
        "voided_at",
        "uncollectible_at",
        "is_credit_note",
        "refunded_invoice_id",
        "deleted_at",
    ];

    fn read(cells: &mut RecordCells<'_, '_>) -> Result<Self, AccountingError> {
        Ok(Self {
            id: cells.int()?,
            number: cells.optional_text()?,
            customer_id: cells.int()?,
            subscription_id: cells.optional_int()?,
            order_id: cells.optional_int()?,
            customer_membership_id: cells.optional_int()?,
            site_id: cells.optional_int()?,
            status: cells.meaning(&InvoiceStatus::WORDS)?,
            billing_reason: cells.optional_text()?,
            currency: cells.currency()?,
            subtotal: cells.int()?,
            discount: cells.int()?,
            tax: cells.int()?,
            total: cells.int()?,
            amount_remaining: cells.int()?,
            is_advance: cells.bool()?,
            date: cells.instant()?,
            created_at: cells.instant()?,
            due_date: cells.optional_date()?,
            period_start: cells.optional_instant()?,
            period_end: cells.optional_instant()?,
            voided_at: cells.optional_instant()?,
            uncollectible_at: cells.optional_instant()?,
            is_credit_note: cells.bool()?,
            refunded_invoice_id: cells.optional_int()?,
            is_deleted: cells.is_given()?,
        })
    }
}

/// One line of an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceLine {
    /// `id`.
    pub id: i64,
    /// `invoice_id`.
    pub invoice_id: i64,
    /// `subscription_id`.
    pub subscription_id: Option<i64>,
    /// `plan_id`.
    pub plan_id: Option<i64>,
    /// `customer_membership_id`.
    pub customer_membership_id: Option<i64>,
    /// `order_item_id`.
    pub order_item_id: Option<i64>,
    /// `description`.
    pub description: Option<Box<str>>,
    /// `amount`: after discount, before tax; negative for proration credits.
    pub amount: i64,
    /// `currency`.
    pub currency: Currency,
    /// `period_start`.
    pub period_start: Option<Instant>,
    /// `period_end`.
    pub period_end: Option<Instant>,
}

impl TableRecord for InvoiceLine {
    const TABLE: &'static str = "invoice_lines";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "invoice_id",
        "subscription_id",
        "plan_id",
        "customer_membership_id",
        "order_item_id",
        "description",
        "amount",
        "currency",
        "period_start",
        "period_end",
    ];

    fn read(cells: &mut RecordCells<'_, '_>) -> Result<Self, AccountingError> {
        Ok(Self {
            id: cells.int()?,
            invoice_id: cells.int()?,
            subscription_id: cells.optional_int()?,
            plan_id: cells.optional_int()?,
            customer_membership_id: cells.optional_int()?,
            order_item_id: cells.optional_int()?,
            description: cells.optional_text()?,
            amount: cells.int()?,
            currency: cells.currency()?,
            period_start: cells.optional_instant()?,
            period_end: cells.optional_instant()?,
        })
    }
}
