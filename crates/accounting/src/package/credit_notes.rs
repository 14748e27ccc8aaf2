//! Rows of `credit_notes.csv`: credit notes, invoices that act as notes, and negative invoices.
//! Rule: spec/accounting.md §9.

use crate::invoice_records::InvoiceRecords;
use crate::posting::{LedgerCategory, Posting, PostingSource};
use crate::records::{CreditNote, Invoice, NoteType};

use super::field::{FieldKind::*, FieldValue, PackageColumn};

/// The columns after the common head, in order.
pub const COLUMNS: &[PackageColumn] = &[
    PackageColumn { name: "source", kind: Text },
    PackageColumn { name: "number", kind: Text },
    PackageColumn { name: "type", kind: Text },
    PackageColumn { name: "reason", kind: Text },
    PackageColumn { name: "amount", kind: Money },
    PackageColumn { name: "tax", kind: Money },
    PackageColumn { name: "total", kind: Money },
];

/// The values after the common head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditNoteDetails<'a> {
    /// `credit_note`, `credit_note_invoice` or `invoice`.
    pub source: &'static str,
    /// The note's number.
    pub number: Option<&'a str>,
    /// The note's type: `pre_payment` lowered the receivable, `post_payment` became customer
    /// credit.
    pub kind_of: Option<&'static str>,
    /// The reason for the note.
    pub reason: Option<&'a str>,
    /// The net amount.
    pub amount: i128,
    /// The tax.
    pub tax: i128,
    /// The total.
    pub total: i128,
}

pub(super) fn details<'a>(
    records: &'a InvoiceRecords,
    posting: &Posting,
) -> Option<super::RowDetails<'a>> {
    let id = posting.source_id?;
    let details = match posting.source {
        PostingSource::CreditNote => {
            details_of_note(records.credit_notes.iter().find(|note| note.id == id)?)
        }
        PostingSource::CreditNoteInvoice => {
            let note = records.credit_note_invoices.iter().find(|note| note.id == id)?;
            details_of_note_invoice(note, posting)
        }
        _ => details_of_negative_invoice(&records.invoice),
    };
    Some(super::RowDetails::CreditNote(details))
}

fn details_of_note(note: &CreditNote) -> CreditNoteDetails<'_> {
    CreditNoteDetails {
        source: "credit_note",
        number: note.number.as_deref(),
        kind_of: Some(note.note_type.as_str()),
        reason: note.reason.as_deref(),
        amount: i128::from(note.total) - i128::from(note.tax),
        tax: i128::from(note.tax),
        total: i128::from(note.total),
    }
}

fn details_of_note_invoice<'a>(note: &'a Invoice, posting: &Posting) -> CreditNoteDetails<'a> {
    let lowered_due = posting.amounts[LedgerCategory::AccountsReceivable] != 0;
    let acted = if lowered_due { NoteType::PrePayment } else { NoteType::PostPayment };
    let (total, tax) = (i128::from(note.total).abs(), i128::from(note.tax).abs());
    CreditNoteDetails {
        source: "credit_note_invoice",
        number: note.number.as_deref(),
        kind_of: Some(acted.as_str()),
        reason: note.billing_reason.as_deref(),
        amount: total - tax,
        tax,
        total,
    }
}

fn details_of_negative_invoice(invoice: &Invoice) -> CreditNoteDetails<'_> {
    let (total, tax) = (i128::from(invoice.total), i128::from(invoice.tax));
    CreditNoteDetails {
        source: "invoice",
        number: invoice.number.as_deref(),
        kind_of: None,
        reason: invoice.billing_reason.as_deref(),
        amount: total - tax,
        tax,
        total,
    }
}

impl<'a> CreditNoteDetails<'a> {
    pub(super) fn push_to(&self, fields: &mut Vec<FieldValue<'a>>) {
        fields.extend([
            FieldValue::text(self.source),
            FieldValue::optional_text(self.number),
            FieldValue::optional_text(self.kind_of),
            FieldValue::optional_text(self.reason),
            FieldValue::Money(self.amount),
            FieldValue::Money(self.tax),
            FieldValue::Money(self.total),
        ]);
    }
}
