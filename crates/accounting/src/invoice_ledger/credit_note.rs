//! Credit notes, and invoices that act as notes. Rule: spec/accounting.md §6.3.

use model::time::Instant;

use super::{InvoiceLedgerBuilder, InvoicePostingDraft};
use crate::issue::IssueCode;
use crate::posting::CalculationStep;
use crate::posting::{CategoryAmounts, LedgerCategory, LedgerFile, PostingSource};
use crate::records::{CreditNote, Invoice, NoteType};

/// A credit note in one of its two forms: a row of `credit_notes` or an invoice.
#[derive(Debug, Clone, Copy)]
pub(super) enum NoteTerms<'a> {
    Note(&'a CreditNote),
    Invoice(&'a Invoice),
}

impl NoteTerms<'_> {
    pub(super) fn id(&self) -> i64 {
        match self {
            Self::Note(note) => note.id,
            Self::Invoice(invoice) => invoice.id,
        }
    }

    pub(super) fn is_invoice(&self) -> bool {
        matches!(self, Self::Invoice(_))
    }

    fn table(&self) -> &'static str {
        match self {
            Self::Note(_) => "credit_notes",
            Self::Invoice(_) => "invoices",
        }
    }

    fn source(&self) -> PostingSource {
        match self {
            Self::Note(_) => PostingSource::CreditNote,
            Self::Invoice(_) => PostingSource::CreditNoteInvoice,
        }
    }

    fn customer_id(&self) -> i64 {
        match self {
            Self::Note(note) => note.customer_id,
            Self::Invoice(invoice) => invoice.customer_id,
        }
    }

    /// Returns total and tax.
    fn amounts(&self) -> (i128, i128) {
        match self {
            Self::Note(note) => (i128::from(note.total), i128::from(note.tax)),
            Self::Invoice(note) => (i128::from(note.total).abs(), i128::from(note.tax).abs()),
        }
    }
}

impl InvoiceLedgerBuilder<'_> {
    pub(super) fn apply_credit_note(&mut self, note: &NoteTerms<'_>, at: Instant) {
        let (id, table) = (note.id(), note.table());
        let (total, tax) = note.amounts();
        if self.is_void {
            self.report_at(IssueCode::CreditNoteOnVoidInvoice, table, id, at, total);
            return;
        }
        if let NoteTerms::Note(row) = note {
            let sum = i128::from(row.amount) + tax;
            if sum != total {
                let code = IssueCode::CreditNoteTotalMismatch;
                self.report_at(code, table, id, at, total - sum);
            }
        }
        let lowers_due = match note {
            NoteTerms::Note(note) => note.note_type == NoteType::PrePayment,
            NoteTerms::Invoice(_) => self.receivable > 0,
        };
        let receivable = if lowers_due { total.min(self.receivable.max(0)) } else { 0 };
        self.tax -= tax;
        let reversal = self.reverse_net(total - tax, at);
        self.receivable -= receivable;
        if reversal.beyond > 0 {
            let code = IssueCode::CreditNoteExceedsInvoice;
            self.report_at(code, table, id, at, reversal.beyond);
        }
        let entry = InvoicePostingDraft {
            file: LedgerFile::CreditNotes,
            source: note.source(),
            id,
            at,
            customer_id: Some(note.customer_id()),
            amounts: CategoryAmounts::from_entries([
                (LedgerCategory::CustomerBalance, receivable - total),
                (LedgerCategory::AccountsReceivable, -receivable),
                (LedgerCategory::DeferredRevenue, reversal.deferred),
                (LedgerCategory::Taxes, tax),
                (LedgerCategory::RecognizedRevenue, reversal.recognized),
            ]),
            shares: reversal.shares,
        };
        let credited = CalculationStep::Credited { total, receivable };
        self.post(entry, || reversal.working.into_iter().chain([credited]).collect());
    }
}
