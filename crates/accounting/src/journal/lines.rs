//! The rows of `journal.csv`: one row per non-zero category of a posting. A posting with several
//! pieces has one row per piece. Rule: spec/accounting.md §10.2.

use std::borrow::Cow;

use model::money::Currency;
use model::time::{Date, Instant};

use super::description_of;
use crate::calendar::Month;
use crate::package::field::{FieldKind::*, FieldValue, PackageColumn};
use crate::posting::{LedgerCategory, LedgerFile, PieceId, Posting, PostingLinks, PostingSource};
use crate::settings::JournalAccounts;

/// The columns of `journal.csv`, in order.
pub const COLUMNS: &[PackageColumn] = &[
    PackageColumn { name: "entry_id", kind: Text },
    PackageColumn { name: "line_no", kind: Int },
    PackageColumn { name: "date", kind: Date },
    PackageColumn { name: "occurred_at", kind: Instant },
    PackageColumn { name: "file", kind: Text },
    PackageColumn { name: "source_id", kind: Int },
    PackageColumn { name: "piece_id", kind: Text },
    PackageColumn { name: "account", kind: Text },
    PackageColumn { name: "category", kind: Text },
    PackageColumn { name: "debit", kind: Money },
    PackageColumn { name: "credit", kind: Money },
    PackageColumn { name: "currency", kind: Text },
    PackageColumn { name: "customer_id", kind: Int },
    PackageColumn { name: "invoice_id", kind: Int },
    PackageColumn { name: "plan_id", kind: Int },
    PackageColumn { name: "product_id", kind: Int },
    PackageColumn { name: "site_id", kind: Int },
    PackageColumn { name: "adjusts_month", kind: Text },
    PackageColumn { name: "description", kind: Text },
];

/// One line of a journal entry. The lines of an entry sum to zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalLine<'a> {
    /// The id of the entry.
    pub entry_id: String,
    /// The number of the line in its entry, from 1.
    pub line_no: u32,
    /// The local date of the event.
    pub date: Date,
    /// The instant of the event.
    pub occurred_at: Instant,
    /// The file that has the posting as a row.
    pub file: LedgerFile,
    /// The id of the source record.
    pub source_id: Option<i64>,
    /// The id of the piece.
    pub piece_id: Option<PieceId>,
    /// The name of the account.
    pub account: &'a str,
    /// The category.
    pub category: LedgerCategory,
    /// The amount if it is a debit, else 0; minor units.
    pub debit: i128,
    /// The amount if it is a credit, else 0; minor units.
    pub credit: i128,
    /// The currency.
    pub currency: Currency,
    /// The ids of linked records. Plan and product are those of the piece.
    pub belongs: PostingLinks,
    /// The month that an adjustment corrects.
    pub adjusts_month: Option<Month>,
    /// A short description.
    pub description: String,
}

impl JournalLine<'_> {
    /// Returns the values, one per column of [`COLUMNS`].
    pub fn fields(&self) -> Vec<FieldValue<'_>> {
        let month = self.adjusts_month.map(|month| FieldValue::Text(Cow::Owned(month.to_string())));
        let piece = self.piece_id.map(|piece| FieldValue::Text(Cow::Owned(piece.to_string())));
        let belongs = &self.belongs;
        vec![
            FieldValue::text(&*self.entry_id),
            FieldValue::Int(i128::from(self.line_no)),
            FieldValue::Date(self.date),
            FieldValue::Instant(self.occurred_at),
            FieldValue::text(self.file.as_str()),
            FieldValue::int(self.source_id.map(i128::from)),
            piece.unwrap_or(FieldValue::Empty),
            FieldValue::text(self.account),
            FieldValue::text(self.category.as_str()),
            FieldValue::Money(self.debit),
            FieldValue::Money(self.credit),
            FieldValue::text(self.currency.code()),
            FieldValue::int(belongs.customer_id.map(i128::from)),
            FieldValue::int(belongs.invoice_id.map(i128::from)),
            FieldValue::int(belongs.plan_id.map(i128::from)),
            FieldValue::int(belongs.product_id.map(i128::from)),
            FieldValue::int(belongs.site_id.map(i128::from)),
            month.unwrap_or(FieldValue::Empty),
            FieldValue::text(&*self.description),
        ]
    }
}

/// Returns the lines of a posting; empty if all amounts are zero.
pub fn journal_lines<'a>(posting: &Posting, accounts: &'a JournalAccounts) -> Vec<JournalLine<'a>> {
    let (entry_id, description) = (posting.entry_id(), description_of(posting));
    let parts = LedgerCategory::ALL.into_iter().flat_map(|category| parts(posting, category));
    let numbered = (1..).zip(parts.filter(|part| part.amount != 0));
    let line = |(line_no, part): (u32, JournalLinePart)| JournalLine {
        entry_id: entry_id.clone(),
        line_no,
        date: posting.date,
        occurred_at: posting.occurred_at,
        file: posting.file,
        source_id: posting.source_id,
        piece_id: part.piece,
        account: accounts.account_of_category(part.category),
        category: part.category,
        debit: part.amount.max(0),
        credit: -part.amount.min(0),
        currency: posting.currency,
        belongs: part.belongs,
        adjusts_month: posting.adjusts_month,
        description: description.clone(),
    };
    numbered.map(line).collect()
}

struct JournalLinePart {
    category: LedgerCategory,
    piece: Option<PieceId>,
    amount: i128,
    belongs: PostingLinks,
}

fn parts(posting: &Posting, category: LedgerCategory) -> Vec<JournalLinePart> {
    let is_by_piece =
        matches!(category, LedgerCategory::DeferredRevenue | LedgerCategory::RecognizedRevenue);
    if !is_by_piece || posting.shares.is_empty() {
        let piece = match posting.source {
            PostingSource::Piece(piece) => Some(piece),
            _ => None,
        };
        let amount = posting.amounts[category];
        return vec![JournalLinePart { category, piece, amount, belongs: posting.links }];
    }
    let part = |share: &crate::posting::PieceShare| JournalLinePart {
        category,
        piece: share.piece,
        amount: match category {
            LedgerCategory::DeferredRevenue => share.deferred,
            _ => share.recognized,
        },
        belongs: PostingLinks {
            plan_id: share.plan_id,
            product_id: share.product_id,
            ..posting.links
        },
    };
    posting.shares.iter().map(part).collect()
}
