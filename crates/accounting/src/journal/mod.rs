//! Double entry: the ledger as journals for other programs. Rule: spec/accounting.md §10.2, §10.3.
//!
//! | module | holds |
//! | --- | --- |
//! | [`lines`] | the rows of `journal.csv` |
//! | [`hledger`] | `journal.hledger` |
//! | [`beancount`] | `journal.beancount` |

pub mod beancount;
pub mod hledger;
pub mod lines;

use crate::posting::{File, Posting, Source};

pub use lines::{JournalLine, journal_lines};

/// A short description of a posting: `payment 7`, `recognized revenue of line 10`.
pub fn description_of(posting: &Posting) -> String {
    let id = posting.source_id.map(|id| format!(" {id}")).unwrap_or_default();
    match (posting.file, posting.source) {
        (File::CreditNotes, Source::Invoice) => format!("negative invoice{id}"),
        (File::CreditNotes, Source::CreditNoteInvoice) => format!("credit note invoice{id}"),
        (File::CreditNotes, _) => format!("credit note{id}"),
        (_, Source::Piece(piece)) => format!("recognized revenue of {}", piece_name(piece)),
        (File::Uncollectible, _) => format!("write-off of invoice{id}"),
        (File::Voided, _) => format!("void of invoice{id}"),
        (_, Source::Invoice | Source::CreditNoteInvoice) => format!("invoice{id}"),
        (_, Source::Payment) => format!("payment{id}"),
        (_, Source::Refund) => format!("refund{id}"),
        (_, Source::CreditNote) => format!("credit note{id}"),
        (File::BalanceAdjustments, _) => format!("balance adjustment{id}"),
        (_, Source::BalanceTransaction) => format!("applied balance{id}"),
    }
}

fn piece_name(piece: crate::posting::PieceId) -> String {
    use crate::posting::PieceId;
    match piece {
        PieceId::Line(id) => format!("line {id}"),
        PieceId::Item(id) => format!("order item {id}"),
        PieceId::Residual(invoice) => format!("the rest of invoice {invoice}"),
    }
}

/// Postings that a journal shows, in file order: those that move something.
fn entries(postings: &[Posting]) -> Vec<&Posting> {
    let mut entries: Vec<_> = postings.iter().filter(|p| !p.amounts.is_zero()).collect();
    entries.sort_by_key(|posting| posting.package_order());
    entries
}
