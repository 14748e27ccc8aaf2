//! Records that settle or reverse invoices: payments, refunds, credit notes, balance transactions.

use model::money::Currency;
use model::time::Instant;

use super::{RecordCells, TableRecord};
use crate::error::AccountingError;
use crate::posting::LedgerCategory;

/// The channel of a payment or refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentChannel {
    /// Through a payment processor.
    Online,
    /// Checks, wires, transfers, cash, external.
    Offline,
}

impl PaymentChannel {
    const WORDS: [(&'static str, Self); 2] = [("online", Self::Online), ("offline", Self::Offline)];

    /// Returns the channel's word in the catalogue.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Offline => "offline",
        }
    }

    /// Returns the cash category of the channel.
    pub fn cash_category(self) -> LedgerCategory {
        match self {
            Self::Online => LedgerCategory::CashOnline,
            Self::Offline => LedgerCategory::CashOffline,
        }
    }
}

/// A payment, successful or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// `id`.
    pub id: i64,
    /// `customer_id`.
    pub customer_id: Option<i64>,
    /// `invoice_id`.
    pub invoice_id: Option<i64>,
    /// `order_id`.
    pub order_id: Option<i64>,
    /// `amount` in minor units, as all amounts are.
    pub amount: i64,
    /// `currency`.
    pub currency: Currency,
    /// True if `status` is `succeeded`.
    pub is_succeeded: bool,
    /// `type`.
    pub channel: PaymentChannel,
    /// `category`.
    pub category: &'static str,
    /// `destination`.
    pub destination: Option<Box<str>>,
    /// `reference`.
    pub reference: Option<Box<str>>,
    /// `date`.
    pub date: Instant,
    /// `deleted_at` is set.
    pub is_deleted: bool,
}

impl Payment {
    /// Returns true if the payment is in the ledger.
    pub fn is_posted(&self) -> bool {
        self.is_succeeded && !self.is_deleted
    }
}

impl TableRecord for Payment {
    const TABLE: &'static str = "payments";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "customer_id",
        "invoice_id",
        "order_id",
        "amount",
        "currency",
        "status",
        "type",
        "category",
        "destination",
        "reference",
        "date",
        "deleted_at",
    ];

    fn read(cells: &mut RecordCells<'_, '_>) -> Result<Self, AccountingError> {
        Ok(Self {
            id: cells.int()?,
            customer_id: cells.optional_int()?,
            invoice_id: cells.optional_int()?,
            order_id: cells.optional_int()?,
            amount: cells.int()?,
            currency: cells.currency()?,
            is_succeeded: cells.word()? == "succeeded",
            channel: cells.meaning(&PaymentChannel::WORDS)?,
            category: cells.word()?,
            destination: cells.optional_text()?,
            reference: cells.optional_text()?,
            date: cells.instant()?,
            is_deleted: cells.is_given()?,
        })
    }
}

/// The destination of refunded money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundDestination {
    /// Back to the card.
    Card,
    /// To the customer's credit.
    CustomerBalance,
    /// By check, wire, transfer or cash.
    Offline,
}

impl RefundDestination {
    const WORDS: [(&'static str, Self); 3] = [
        ("card", Self::Card),
        ("customer_balance", Self::CustomerBalance),
        ("offline", Self::Offline),
    ];

    /// Returns the destination's word in the catalogue.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::CustomerBalance => "customer_balance",
            Self::Offline => "offline",
        }
    }
}

/// A refund, successful or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// `id`.
    pub id: i64,
    /// `payment_id`.
    pub payment_id: Option<i64>,
    /// `customer_id`.
    pub customer_id: Option<i64>,
    /// `invoice_id`.
    pub invoice_id: Option<i64>,
    /// `credit_note_id`.
    pub credit_note_id: Option<i64>,
    /// `amount`, in minor units.
    pub amount: i64,
    /// `currency`.
    pub currency: Currency,
    /// True if `status` is `succeeded`.
    pub is_succeeded: bool,
    /// `type`.
    pub channel: PaymentChannel,
    /// `destination`.
    pub destination: RefundDestination,
    /// `reason`.
    pub reason: Option<Box<str>>,
    /// `succeeded_at`.
    pub succeeded_at: Option<Instant>,
    /// `created_at`.
    pub created_at: Instant,
    /// True if `deleted_at` is set.
    pub is_deleted: bool,
}

impl Refund {
    /// Returns true if the refund is in the ledger.
    pub fn is_posted(&self) -> bool {
        self.is_succeeded && !self.is_deleted
    }

    /// Returns the instant of the refund: `succeeded_at`, else `created_at`.
    pub fn date(&self) -> Instant {
        self.succeeded_at.unwrap_or(self.created_at)
    }

    /// Returns the category from which the refund is paid.
    pub fn paid_from(&self) -> LedgerCategory {
        match self.destination {
            RefundDestination::Card | RefundDestination::Offline => self.channel.cash_category(),
            RefundDestination::CustomerBalance => LedgerCategory::CustomerBalance,
        }
    }
}

impl TableRecord for Refund {
    const TABLE: &'static str = "refunds";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "payment_id",
        "customer_id",
        "invoice_id",
        "credit_note_id",
        "amount",
        "currency",
        "status",
        "type",
        "destination",
        "reason",
        "succeeded_at",
        "created_at",
        "deleted_at",
    ];

    fn read(cells: &mut RecordCells<'_, '_>) -> Result<Self, AccountingError> {
        Ok(Self {
            id: cells.int()?,
            payment_id: cells.optional_int()?,
            customer_id: cells.optional_int()?,
            invoice_id: cells.optional_int()?,
            credit_note_id: cells.optional_int()?,
            amount: cells.int()?,
            currency: cells.currency()?,
            is_succeeded: cells.word()? == "succeeded",
            channel: cells.meaning(&PaymentChannel::WORDS)?,
            destination: cells.meaning(&RefundDestination::WORDS)?,
            reason: cells.optional_text()?,
            succeeded_at: cells.optional_instant()?,
            created_at: cells.instant()?,
            is_deleted: cells.is_given()?,
        })
    }
}

/// The effect of a credit note on its invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteType {
    /// The note lowers the receivable.
    PrePayment,
    /// The note becomes customer credit.
    PostPayment,
}

impl NoteType {
    const WORDS: [(&'static str, Self); 2] =
        [("pre_payment", Self::PrePayment), ("post_payment", Self::PostPayment)];

    /// Returns the type's word in the catalogue.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PrePayment => "pre_payment",
            Self::PostPayment => "post_payment",
        }
    }
}

/// A credit note: a reduction of an invoice after it was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditNote {
    /// `id`.
    pub id: i64,
    /// `number`.
    pub number: Option<Box<str>>,
    /// `invoice_id`.
    pub invoice_id: i64,
    /// `customer_id`.
    pub customer_id: i64,
    /// `type`.
    pub note_type: NoteType,
    /// True if `status` is `issued`.
    pub is_issued: bool,
    /// `reason`.
    pub reason: Option<Box<str>>,
    /// `amount`: the net, in minor units, as all amounts are.
    pub amount: i64,
    /// `tax`.
    pub tax: i64,
    /// `total`.
    pub total: i64,
    /// `currency`.
    pub currency: Currency,
    /// `refund_id`.
    pub refund_id: Option<i64>,
    /// `date`.
    pub date: Instant,
    /// True if `deleted_at` is set.
    pub is_deleted: bool,
}

impl CreditNote {
    /// Returns true if the note is in the ledger, provided that its invoice is.
    pub fn is_posted(&self) -> bool {
        self.is_issued && !self.is_deleted
    }
}

impl TableRecord for CreditNote {
    const TABLE: &'static str = "credit_notes";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "number",
        "invoice_id",
        "customer_id",
        "type",
        "status",
        "reason",
        "amount",
        "tax",
        "total",
        "currency",
        "refund_id",
        "date",
        "deleted_at",
    ];

    fn read(cells: &mut RecordCells<'_, '_>) -> Result<Self, AccountingError> {
        Ok(Self {
            id: cells.int()?,
            number: cells.optional_text()?,
            invoice_id: cells.int()?,
            customer_id: cells.int()?,
            note_type: cells.meaning(&NoteType::WORDS)?,
            is_issued: cells.word()? == "issued",
            reason: cells.optional_text()?,
            amount: cells.int()?,
            tax: cells.int()?,
            total: cells.int()?,
            currency: cells.currency()?,
            refund_id: cells.optional_int()?,
            date: cells.instant()?,
            is_deleted: cells.is_given()?,
        })
    }
}

/// The kind of a balance transaction: the reason why a customer's credit changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BalanceKind {
    /// Given or taken by hand, without a document.
    Adjustment,
    /// Caused by a payment.
    Payment,
    /// Caused by a refund.
    Refund,
    /// Caused by a credit note.
    CreditNote,
    /// Applied to an invoice.
    AppliedToInvoice,
    /// Taken back from an invoice.
    UnappliedFromInvoice,
    /// Given as a gift.
    Gift,
}

impl BalanceKind {
    const WORDS: [(&'static str, Self); 7] = [
        ("adjustment", Self::Adjustment),
        ("payment", Self::Payment),
        ("refund", Self::Refund),
        ("credit_note", Self::CreditNote),
        ("applied_to_invoice", Self::AppliedToInvoice),
        ("unapplied_from_invoice", Self::UnappliedFromInvoice),
        ("gift", Self::Gift),
    ];

    /// Returns the kind's word in the catalogue.
    pub fn as_str(self) -> &'static str {
        let found = Self::WORDS.iter().find(|(_, kind)| *kind == self);
        found.map_or("adjustment", |(word, _)| word)
    }

    /// Returns true if the transaction acts on an invoice.
    pub fn is_application(self) -> bool {
        matches!(self, Self::AppliedToInvoice | Self::UnappliedFromInvoice)
    }

    /// Returns true if the credit was given or taken without a document.
    pub fn is_adjustment(self) -> bool {
        matches!(self, Self::Adjustment | Self::Gift)
    }
}

/// A change of a customer's credit balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceTransaction {
    /// `id`.
    pub id: i64,
    /// `customer_id`.
    pub customer_id: i64,
    /// `type`: `credit` or `debit`.
    pub direction: &'static str,
    /// `kind`.
    pub kind: BalanceKind,
    /// `amount` with the stored sign: credit negative, debit positive.
    pub amount: i64,
    /// `currency`.
    pub currency: Currency,
    /// `invoice_id`.
    pub invoice_id: Option<i64>,
    /// `description`.
    pub description: Option<Box<str>>,
    /// `date`.
    pub date: Instant,
}

impl TableRecord for BalanceTransaction {
    const TABLE: &'static str = "balance_transactions";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "customer_id",
        "type",
        "kind",
        "amount",
        "currency",
        "invoice_id",
        "description",
        "date",
    ];

    fn read(cells: &mut RecordCells<'_, '_>) -> Result<Self, AccountingError> {
        Ok(Self {
            id: cells.int()?,
            customer_id: cells.int()?,
            direction: cells.word()?,
            kind: cells.meaning(&BalanceKind::WORDS)?,
            amount: cells.int()?,
            currency: cells.currency()?,
            invoice_id: cells.optional_int()?,
            description: cells.optional_text()?,
            date: cells.instant()?,
        })
    }
}
