//! Where a posting comes from: records, and pieces of an invoice's net.

use std::fmt;

use model::time::Instant;

/// What a piece of an invoice's net stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PieceId {
    /// An invoice line.
    Line(i64),
    /// An order item.
    Item(i64),
    /// What the lines do not explain, of the invoice with this id.
    Residual(i64),
}

impl PieceId {
    /// The `id` column of its recognition rows; none for a residual.
    pub fn source_id(self) -> Option<i64> {
        match self {
            Self::Line(id) | Self::Item(id) => Some(id),
            Self::Residual(_) => None,
        }
    }
}

impl fmt::Display for PieceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(id) | Self::Item(id) => id.fmt(f),
            Self::Residual(invoice) => write!(f, "residual-{invoice}"),
        }
    }
}

/// What kind of record a posting comes from, where the file alone does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The invoice itself.
    Invoice,
    /// A piece of an invoice.
    Piece(PieceId),
    /// A payment.
    Payment,
    /// A balance transaction.
    BalanceTransaction,
    /// A row of `credit_notes`.
    CreditNote,
    /// An invoice that acts as a note on another.
    CreditNoteInvoice,
    /// A refund.
    Refund,
}

/// The part of a posting that belongs to one piece of the invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PieceShare {
    /// The piece; none for contra revenue beyond the invoice.
    pub piece: Option<PieceId>,
    /// Its plan.
    pub plan_id: Option<i64>,
    /// Its product.
    pub product_id: Option<i64>,
    /// Its part of `deferred_revenue`.
    pub deferred: i128,
    /// Its part of `recognized_revenue`.
    pub recognized: i128,
}

/// How far a piece has come: the further columns of a recognition row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// How it is recognized: a method's name, `at_once`, `shipments`, `order_item`.
    pub method: &'static str,
    /// Start and end of the period; time pieces only.
    pub period: Option<(Instant, Instant)>,
    /// Units delivered before the month.
    pub units_before: i128,
    /// Units delivered in the month.
    pub units: i128,
    /// Units in all.
    pub units_total: i128,
    /// Net of the piece.
    pub net: i128,
    /// Recognized at the month's end.
    pub recognized_to_date: i128,
    /// Still deferred at the month's end.
    pub deferred_after: i128,
}
