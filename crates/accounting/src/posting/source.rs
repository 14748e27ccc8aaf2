//! Sources of postings: records, and pieces of an invoice's net.

use std::fmt;

use model::time::Instant;

/// The record that a piece of an invoice's net stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PieceId {
    /// An invoice line.
    Line(i64),
    /// An order item.
    Item(i64),
    /// The part of the net that the lines do not cover. Holds the invoice's id.
    Residual(i64),
}

impl PieceId {
    /// Returns the `id` column of the piece's recognition rows; none for a residual.
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

/// The kind of record that a posting comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PostingSource {
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
    /// An invoice that acts as a credit note on another invoice.
    CreditNoteInvoice,
    /// A refund.
    Refund,
}

/// The part of a posting that belongs to one piece of the invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PieceShare {
    /// The piece; none for contra revenue beyond the invoice.
    pub piece: Option<PieceId>,
    /// The id of the piece's plan.
    pub plan_id: Option<i64>,
    /// The id of the piece's product.
    pub product_id: Option<i64>,
    /// The piece's part of `deferred_revenue`.
    pub deferred: i128,
    /// The piece's part of `recognized_revenue`.
    pub recognized: i128,
}

/// The progress of a piece: the recognition columns of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PieceProgress {
    /// The recognition method: a method's name, `at_once`, `shipments`, or `order_item`.
    pub method: &'static str,
    /// The start and end of the period, for pieces recognized over time.
    pub period: Option<(Instant, Instant)>,
    /// The units delivered before the month.
    pub units_before: i128,
    /// The units delivered in the month.
    pub units: i128,
    /// The total units.
    pub units_total: i128,
    /// The net of the piece.
    pub net: i128,
    /// The amount recognized at the month's end.
    pub recognized_to_date: i128,
    /// The amount still deferred at the month's end.
    pub deferred_after: i128,
}
