//! Rows of `credit_notes.csv`: credit notes, invoices that act as notes, and negative invoices.
//! Rule: spec/accounting.md §9.

use crate::invoice_records::InvoiceRecords;
use crate::posting::{LedgerCategory, Posting, PostingSource};
use crate::records::{CreditNote, Invoice, NoteType};

use super::field::{FieldValue, detail_columns};

/// The values of one row about a note.
pub(super) struct NoteSummary<'a> {
    source: &'static str,
    number: Option<&'a str>,
    note_type: Option<NoteType>,
    reason: Option<&'a str>,
    tax: i128,
    total: i128,
}

detail_columns! {
    (note: NoteSummary<'a>)
    "source": Text = note.source,
    "number": Text = note.number,
    // `pre_payment` lowered the receivable, `post_payment` became customer credit.
    "type": Text = note.note_type.map(NoteType::as_str),
    "reason": Text = note.reason,
    "amount": Money = note.total - note.tax,
    "tax": Money = note.tax,
    "total": Money = note.total,
}

pub(super) fn details_of_credit<'a>(
    records: &'a InvoiceRecords,
    posting: &Posting,
) -> Option<Vec<FieldValue<'a>>> {
    let id = posting.source_id?;
    let summary = match posting.source {
        PostingSource::CreditNote => {
            summarize_note(records.credit_notes.iter().find(|note| note.id == id)?)
        }
        PostingSource::CreditNoteInvoice => {
            let note = records.credit_note_invoices.iter().find(|note| note.id == id)?;
            summarize_note_invoice(note, posting)
        }
        _ => summarize_negative_invoice(&records.invoice),
    };
    Some(details(summary))
}

fn summarize_note(note: &CreditNote) -> NoteSummary<'_> {
    NoteSummary {
        source: "credit_note",
        number: note.number.as_deref(),
        note_type: Some(note.note_type),
        reason: note.reason.as_deref(),
        tax: i128::from(note.tax),
        total: i128::from(note.total),
    }
}

fn summarize_note_invoice<'a>(note: &'a Invoice, posting: &Posting) -> NoteSummary<'a> {
    let lowered_due = posting.amounts[LedgerCategory::AccountsReceivable] != 0;
    NoteSummary {
        source: "credit_note_invoice",
        number: note.number.as_deref(),
        note_type: Some(if lowered_due { NoteType::PrePayment } else { NoteType::PostPayment }),
        reason: note.billing_reason.as_deref(),
        tax: i128::from(note.tax).abs(),
        total: i128::from(note.total).abs(),
    }
}

fn summarize_negative_invoice(invoice: &Invoice) -> NoteSummary<'_> {
    NoteSummary {
        source: "invoice",
        number: invoice.number.as_deref(),
        note_type: None,
        reason: invoice.billing_reason.as_deref(),
        tax: i128::from(invoice.tax),
        total: i128::from(invoice.total),
    }
}
