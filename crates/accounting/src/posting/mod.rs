//! A posting: one dated row of seven amounts that sums to zero. Rule: spec/accounting.md §1, §3.
//!
//! | module | holds |
//! | --- | --- |
//! | `calculation` | the steps of the calculation behind a posting |
//! | `category` | the seven categories, and amounts in them |
//! | `ledger_file` | the files of the package |
//! | `source` | the source of a posting |
//! | [`codec`] | binary encoding of postings, for frozen months and for sorting |

mod calculation;
mod category;
pub mod codec;
mod ledger_file;
mod source;

use model::money::Currency;
use model::time::{Date, Instant};

use crate::calendar::Month;

pub use calculation::CalculationStep;
pub use category::{CategoryAmounts, LedgerCategory};
pub use ledger_file::LedgerFile;
pub use source::{PieceId, PieceProgress, PieceShare, PostingSource};

/// The ids of the records that a posting is linked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PostingLinks {
    /// The customer's id.
    pub customer_id: Option<i64>,
    /// The invoice's id.
    pub invoice_id: Option<i64>,
    /// The subscription's id.
    pub subscription_id: Option<i64>,
    /// The order's id.
    pub order_id: Option<i64>,
    /// The plan's id.
    pub plan_id: Option<i64>,
    /// The id of the plan's product.
    pub product_id: Option<i64>,
    /// The id of the site: the invoice's, else the subscription's, else the order's, else the
    /// customer's.
    pub site_id: Option<i64>,
}

/// One dated entry of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// The file that has the posting as a row.
    pub file: LedgerFile,
    /// The kind of the source record.
    pub source: PostingSource,
    /// The id of the source record; none for residual pieces.
    pub source_id: Option<i64>,
    /// The economic month, which the rules assign.
    pub month: Month,
    /// The local date of the event. For recognition: the last day of the month, or of the month to
    /// date.
    pub date: Date,
    /// The instant of the event. For recognition: the last instant of the month, or `as_of`.
    pub occurred_at: Instant,
    /// The currency of the amounts.
    pub currency: Currency,
    /// The seven amounts; they sum to zero.
    pub amounts: CategoryAmounts,
    /// The ids of the linked records.
    pub links: PostingLinks,
    /// The month of the invoice's booking, for postings of an invoice.
    pub booking_month: Option<Month>,
    /// The amounts of deferred and recognized revenue by piece.
    pub shares: Vec<PieceShare>,
    /// The progress of the piece, for recognition postings.
    pub progress: Option<PieceProgress>,
    /// The economic month of a closed month that this posting corrects, for adjustments. Its own
    /// `month` is then the open month in which it is booked.
    pub adjusts_month: Option<Month>,
    /// The steps of the calculation, if the span asks for them.
    pub calculation: Vec<CalculationStep>,
}

/// The identity of a posting: file, record, piece, economic month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PostingKey {
    /// The package file.
    pub file: LedgerFile,
    /// The kind of the source record, with the piece.
    pub source: PostingSource,
    /// The id of the source record.
    pub source_id: Option<i64>,
    /// The economic month.
    pub month: Month,
}

/// The sort key of the rows of one file.
pub type RowOrder = (Instant, Option<i64>, Option<Month>, PostingSource, Month);

impl Posting {
    /// Returns the posting's key. Rule: spec/accounting.md §11.3.
    pub fn key(&self) -> PostingKey {
        let month = self.adjusts_month.unwrap_or(self.month);
        PostingKey { file: self.file, source: self.source, source_id: self.source_id, month }
    }

    /// Returns the entry id, which is stable over runs: `file:id`. Residual pieces add `:piece`,
    /// invoices among the credit notes add `:invoice`, and payments made ahead of their invoice add
    /// `:payment`. Recognition (a piece has postings in many months) and adjustments add
    /// `#YYYY-MM`.
    pub fn entry_id(&self) -> String {
        let mut id = format!("{}:", self.file.as_str());
        if let Some(source_id) = self.source_id {
            id.push_str(&source_id.to_string());
        }
        match self.source {
            PostingSource::Piece(piece @ PieceId::Residual(_)) => id.push_str(&format!(":{piece}")),
            // Credit notes and invoices have overlapping ids.
            PostingSource::CreditNoteInvoice | PostingSource::Invoice
                if self.file == LedgerFile::CreditNotes =>
            {
                id.push_str(":invoice");
            }
            // Payments and balance transactions have overlapping ids.
            PostingSource::Payment if self.file == LedgerFile::AppliedBalance => {
                id.push_str(":payment")
            }
            _ => {}
        }
        if self.file.is_recognition() || self.adjusts_month.is_some() {
            id.push_str(&format!("#{}", self.key().month));
        }
        id
    }

    /// Returns the sort key of a file's rows: `occurred_at`, `id`, `adjusts_month`, then the
    /// source.
    pub fn row_order(&self) -> RowOrder {
        (self.occurred_at, self.source_id, self.adjusts_month, self.source, self.month)
    }

    /// Returns the sort key of a package: the file, then [`Self::row_order`].
    pub fn package_order(&self) -> (LedgerFile, RowOrder) {
        (self.file, self.row_order())
    }
}
