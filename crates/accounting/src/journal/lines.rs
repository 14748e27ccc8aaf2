//! The rows of `journal.csv`: one row per non-zero category of a posting. A posting with several
//! pieces has one row per piece. Rule: spec/accounting.md §10.2.

use std::borrow::Cow;

use model::money::Currency;
use model::time::{Date, Instant};

use super::description_of;
use crate::calendar::Month;
use crate::package::field::{Column, Field, FieldKind::*};
use crate::posting::{Belongs, Category, File, PieceId, Posting, Source};
use crate::settings::Accounts;

/// The columns of `journal.csv`, in order.
pub const COLUMNS: &[Column] = &[
    Column { name: "entry_id", kind: Text },
    Column { name: "line_no", kind: Int },
    Column { name: "date", kind: Date },
    Column { name: "occurred_at", kind: Instant },
    Column { name: "file", kind: Text },
    Column { name: "source_id", kind: Int },
    Column { name: "piece_id", kind: Text },
    Column { name: "account", kind: Text },
    Column { name: "category", kind: Text },
    Column { name: "debit", kind: Money },
    Column { name: "credit", kind: Money },
    Column { name: "currency", kind: Text },
    Column { name: "customer_id", kind: Int },
    Column { name: "invoice_id", kind: Int },
    Column { name: "plan_id", kind: Int },
    Column { name: "product_id", kind: Int },
    Column { name: "site_id", kind: Int },
    Column { name: "adjusts_month", kind: Text },
    Column { name: "description", kind: Text },
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
    pub file: File,
    /// The id of the source record.
    pub source_id: Option<i64>,
    /// The id of the piece.
    pub piece_id: Option<PieceId>,
    /// The name of the account.
    pub account: &'a str,
    /// The category.
    pub category: Category,
    /// The amount if it is a debit, else 0; minor units.
    pub debit: i128,
    /// The amount if it is a credit, else 0; minor units.
    pub credit: i128,
    /// The currency.
    pub currency: Currency,
    /// The ids of linked records. Plan and product are those of the piece.
    pub belongs: Belongs,
    /// The month that an adjustment corrects.
    pub adjusts_month: Option<Month>,
    /// A short description.
    pub description: String,
}

impl JournalLine<'_> {
    /// Returns the values, one per column of [`COLUMNS`].
    pub fn fields(&self) -> Vec<Field<'_>> {
        let month = self.adjusts_month.map(|month| Field::Text(Cow::Owned(month.to_string())));
        let piece = self.piece_id.map(|piece| Field::Text(Cow::Owned(piece.to_string())));
        let belongs = &self.belongs;
        vec![
            Field::text(&self.entry_id),
            Field::Int(i128::from(self.line_no)),
            Field::Date(self.date),
            Field::Instant(self.occurred_at),
            Field::text(self.file.as_str()),
            Field::optional_int(self.source_id),
            piece.unwrap_or(Field::Empty),
            Field::text(self.account),
            Field::text(self.category.as_str()),
            Field::Money(self.debit),
            Field::Money(self.credit),
            Field::text(self.currency.code()),
            Field::optional_int(belongs.customer_id),
            Field::optional_int(belongs.invoice_id),
            Field::optional_int(belongs.plan_id),
            Field::optional_int(belongs.product_id),
            Field::optional_int(belongs.site_id),
            month.unwrap_or(Field::Empty),
            Field::text(&self.description),
        ]
    }
}

/// Returns the lines of a posting; empty if all amounts are zero.
pub fn journal_lines<'a>(posting: &Posting, accounts: &'a Accounts) -> Vec<JournalLine<'a>> {
    let (entry_id, description) = (posting.entry_id(), description_of(posting));
    let parts = Category::ALL.into_iter().flat_map(|category| parts(posting, category));
    let numbered = (1..).zip(parts.filter(|part| part.amount != 0));
    let line = |(line_no, part): (u32, Part)| JournalLine {
        entry_id: entry_id.clone(),
        line_no,
        date: posting.date,
        occurred_at: posting.occurred_at,
        file: posting.file,
        source_id: posting.source_id,
        piece_id: part.piece,
        account: accounts.of(part.category),
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

struct Part {
    category: Category,
    piece: Option<PieceId>,
    amount: i128,
    belongs: Belongs,
}

fn parts(posting: &Posting, category: Category) -> Vec<Part> {
    let is_by_piece = matches!(category, Category::DeferredRevenue | Category::RecognizedRevenue);
    if !is_by_piece || posting.shares.is_empty() {
        let piece = match posting.source {
            Source::Piece(piece) => Some(piece),
            _ => None,
        };
        let amount = posting.amounts[category];
        return vec![Part { category, piece, amount, belongs: posting.belongs }];
    }
    let part = |share: &crate::posting::PieceShare| Part {
        category,
        piece: share.piece,
        amount: match category {
            Category::DeferredRevenue => share.deferred,
            _ => share.recognized,
        },
        belongs: Belongs {
            plan_id: share.plan_id,
            product_id: share.product_id,
            ..posting.belongs
        },
    };
    posting.shares.iter().map(part).collect()
}
