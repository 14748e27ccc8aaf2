//! Write-offs, voids and early ends of subscriptions. Rule: spec/accounting.md §6.5, §6.6, §2.

use model::time::Instant;

use super::{InvoiceLedgerBuilder, InvoicePostingDraft, timeline};
use crate::calendar::RecognitionPosition;
use crate::issue::IssueCode;
use crate::posting::CalculationStep;
use crate::posting::{CategoryAmounts, LedgerCategory, LedgerFile, PostingSource};

impl InvoiceLedgerBuilder<'_> {
    pub(super) fn write_off(&mut self, at: Instant) {
        let id = self.records.invoice.id;
        if self.records.invoice.uncollectible_at.is_none() {
            let amount = self.receivable;
            self.report_at(IssueCode::UncollectibleAtMissing, "invoices", id, at, amount);
        }
        self.is_written_off = true;
        let due = self.receivable.max(0);
        if due == 0 {
            return;
        }
        let (tax, tax_working) = self.take_tax(due);
        let reversal = self.reverse_net(due - tax, at);
        self.receivable -= due;
        let entry = InvoicePostingDraft {
            file: LedgerFile::Uncollectible,
            source: PostingSource::Invoice,
            id,
            at,
            customer_id: None,
            amounts: CategoryAmounts::from_entries([
                (LedgerCategory::AccountsReceivable, -due),
                (LedgerCategory::DeferredRevenue, reversal.deferred),
                (LedgerCategory::Taxes, tax),
                (LedgerCategory::RecognizedRevenue, reversal.recognized),
            ]),
            shares: reversal.shares,
        };
        let written_off = [CalculationStep::WrittenOff { due }, tax_working];
        self.post(entry, || written_off.into_iter().chain(reversal.working).collect());
    }

    pub(super) fn apply_void(&mut self, at: Instant) {
        let id = self.records.invoice.id;
        if self.records.invoice.voided_at.is_none() {
            let amount = self.receivable;
            self.report_at(IssueCode::VoidedAtMissing, "invoices", id, at, amount);
        }
        self.is_void = true;
        let look = self.movement_context();
        let month = RecognitionPosition::at_event(at, look.calendar).month;
        let due = self.receivable;
        let mut shares = Vec::with_capacity(self.pieces.len());
        let (mut deferred, mut recognized) = (0, 0);
        for piece in &mut self.pieces {
            // In the month of the void, no piece moves any more.
            piece.advance_months(month, &look);
            if (piece.deferred, piece.recognized) != (0, 0) {
                shares.push(piece.share(piece.deferred, piece.recognized));
            }
            deferred += piece.deferred;
            recognized += piece.recognized;
            piece.take_all_back(month);
        }
        let left = self.tax + deferred + recognized;
        let entry = InvoicePostingDraft {
            file: LedgerFile::Voided,
            source: PostingSource::Invoice,
            id,
            at,
            customer_id: None,
            amounts: CategoryAmounts::from_entries([
                (LedgerCategory::CustomerBalance, due - left),
                (LedgerCategory::AccountsReceivable, -due),
                (LedgerCategory::DeferredRevenue, deferred),
                (LedgerCategory::Taxes, self.tax),
                (LedgerCategory::RecognizedRevenue, recognized),
            ]),
            shares,
        };
        self.taken_from_deferred += deferred;
        self.receivable = 0;
        self.tax = 0;
        self.post(entry, || vec![CalculationStep::Voided { due, left }]);
    }

    pub(super) fn end_subscription(&mut self, subscription: i64, at: Instant) {
        let look = self.movement_context();
        let position = RecognitionPosition::at_event(at, look.calendar);
        for piece in &mut self.pieces {
            if timeline::early_end(piece, self.directory) == Some((subscription, at)) {
                piece.finish(&position, &look);
            }
        }
    }
}
