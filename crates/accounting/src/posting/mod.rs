//! A posting: one dated row of seven amounts that sums to zero. Rule: spec/accounting.md §1, §3.
//!
//! | module | holds |
//! | --- | --- |
//! | `category` | the seven categories, and amounts in them |
//! | `file` | the files of the package |
//! | `piece` | where a posting comes from |
//! | [`codec`] | postings as bytes, for frozen months and for sorting |

mod category;
pub mod codec;
mod file;
mod piece;

use model::money::Currency;
use model::time::{Date, Instant};

use crate::calendar::Month;
use crate::explain::Working;

pub use category::{Amounts, Category};
pub use file::File;
pub use piece::{PieceId, PieceShare, Progress, Source};

/// Ids that tell where a posting belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Belongs {
    /// The customer.
    pub customer_id: Option<i64>,
    /// The invoice.
    pub invoice_id: Option<i64>,
    /// The subscription.
    pub subscription_id: Option<i64>,
    /// The order.
    pub order_id: Option<i64>,
    /// The plan.
    pub plan_id: Option<i64>,
    /// The plan's product.
    pub product_id: Option<i64>,
    /// The site: the invoice's, else the subscription's, else the order's, else the customer's.
    pub site_id: Option<i64>,
}

/// One dated row of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// The file in which it is a row.
    pub file: File,
    /// Kind of the record it comes from.
    pub source: Source,
    /// Id of that record; none for residual pieces.
    pub source_id: Option<i64>,
    /// The economic month: the one that the rules give it.
    pub month: Month,
    /// Local event date; for recognition the last day of the month, or of the month to date.
    pub date: Date,
    /// Instant of the event; for recognition the last instant of the month, or `as_of`.
    pub occurred_at: Instant,
    /// Currency of the amounts.
    pub currency: Currency,
    /// The seven amounts; they sum to zero.
    pub amounts: Amounts,
    /// Where it belongs.
    pub belongs: Belongs,
    /// Month in which the invoice is booked, for postings of an invoice.
    pub booking_month: Option<Month>,
    /// The same amounts of deferred and recognized revenue, by piece.
    pub shares: Vec<PieceShare>,
    /// Recognition rows: how far the piece has come.
    pub progress: Option<Progress>,
    /// Set on adjustments: the economic month of a closed month that this row corrects. Its own
    /// `month` is then the open month in which it is booked.
    pub adjusts_month: Option<Month>,
    /// The arithmetic, when the span asked for it.
    pub workings: Vec<Working>,
}

/// What makes two postings the same: file, record, piece, economic month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PostingKey {
    /// The file.
    pub file: File,
    /// The kind of record, with the piece.
    pub source: Source,
    /// The record.
    pub source_id: Option<i64>,
    /// The economic month.
    pub month: Month,
}

/// Order of the rows of one file.
pub type RowOrder = (Instant, Option<i64>, Option<Month>, Source, Month);

impl Posting {
    /// Its key. Rule: spec/accounting.md §11.3.
    pub fn key(&self) -> PostingKey {
        let month = self.adjusts_month.unwrap_or(self.month);
        PostingKey { file: self.file, source: self.source, source_id: self.source_id, month }
    }

    /// `file:id`, with `:piece` for residual pieces, `:invoice` for notes that are invoices,
    /// `:payment` for what was paid ahead of its invoice, and `#YYYY-MM` for
    /// recognition (a piece has a posting in many months) and adjustments. Stable over runs.
    pub fn entry_id(&self) -> String {
        let mut id = format!("{}:", self.file.as_str());
        if let Some(source_id) = self.source_id {
            id.push_str(&source_id.to_string());
        }
        match self.source {
            Source::Piece(piece @ PieceId::Residual(_)) => id.push_str(&format!(":{piece}")),
            // Ids of notes and of invoices overlap.
            Source::CreditNoteInvoice | Source::Invoice if self.file == File::CreditNotes => {
                id.push_str(":invoice");
            }
            // Ids of payments and of balance transactions too.
            Source::Payment if self.file == File::AppliedBalance => id.push_str(":payment"),
            _ => {}
        }
        if self.file.is_recognition() || self.adjusts_month.is_some() {
            id.push_str(&format!("#{}", self.key().month));
        }
        id
    }

    /// Order of a file's rows: `occurred_at`, `id`, `adjusts_month`, then the source.
    pub fn row_order(&self) -> RowOrder {
        (self.occurred_at, self.source_id, self.adjusts_month, self.source, self.month)
    }

    /// Order of a package: by file, then [`Self::row_order`].
    pub fn package_order(&self) -> (File, RowOrder) {
        (self.file, self.row_order())
    }
}
