//! Rows of `credit_notes.csv`: credit notes, invoices that act as notes, and negative invoices.
//! Rule: spec/accounting.md §9.

use crate::grouping::InvoiceRecords;
use crate::posting::{Category, Posting, Source};
use crate::records::{CreditNote, Invoice, NoteType};

use super::field::{Column, Field, FieldKind::*};

/// The columns after the common head, in order.
pub const COLUMNS: &[Column] = &[
    Column { name: "source", kind: Text },
    Column { name: "number", kind: Text },
    Column { name: "type", kind: Text },
    Column { name: "reason", kind: Text },
    Column { name: "amount", kind: Money },
    Column { name: "tax", kind: Money },
    Column { name: "total", kind: Money },
];

/// The values after the common head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details<'a> {
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
) -> Option<super::Details<'a>> {
    let id = posting.source_id?;
    let details = match posting.source {
        Source::CreditNote => of_note(records.credit_notes.iter().find(|note| note.id == id)?),
        Source::CreditNoteInvoice => {
            let note = records.credit_note_invoices.iter().find(|note| note.id == id)?;
            of_note_invoice(note, posting)
        }
        _ => of_negative(&records.invoice),
    };
    Some(super::Details::CreditNote(details))
}

fn of_note(note: &CreditNote) -> Details<'_> {
    Details {
        source: "credit_note",
        number: note.number.as_deref(),
        kind_of: Some(note.note_type.as_str()),
        reason: note.reason.as_deref(),
        amount: i128::from(note.total) - i128::from(note.tax),
        tax: i128::from(note.tax),
        total: i128::from(note.total),
    }
}

fn of_note_invoice<'a>(note: &'a Invoice, posting: &Posting) -> Details<'a> {
    let lowered_due = posting.amounts[Category::AccountsReceivable] != 0;
    let acted = if lowered_due { NoteType::PrePayment } else { NoteType::PostPayment };
    let (total, tax) = (i128::from(note.total).abs(), i128::from(note.tax).abs());
    Details {
        source: "credit_note_invoice",
        number: note.number.as_deref(),
        kind_of: Some(acted.as_str()),
        reason: note.billing_reason.as_deref(),
        amount: total - tax,
        tax,
        total,
    }
}

fn of_negative(invoice: &Invoice) -> Details<'_> {
    let (total, tax) = (i128::from(invoice.total), i128::from(invoice.tax));
    Details {
        source: "invoice",
        number: invoice.number.as_deref(),
        kind_of: None,
        reason: invoice.billing_reason.as_deref(),
        amount: total - tax,
        tax,
        total,
    }
}

impl<'a> Details<'a> {
    pub(super) fn push_to(&self, fields: &mut Vec<Field<'a>>) {
        fields.extend([
            Field::text(self.source),
            Field::optional_text(self.number),
            Field::optional_text(self.kind_of),
            Field::optional_text(self.reason),
            Field::Money(self.amount),
            Field::Money(self.tax),
            Field::Money(self.total),
        ]);
    }
}
