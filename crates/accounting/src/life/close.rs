//! Write-offs, voids and early ends of subscriptions. Rule: spec/accounting.md §6.5, §6.6, §2.

use model::time::Instant;

use super::{Entry, Life, timeline};
use crate::calendar::Position;
use crate::explain::Working;
use crate::issue::IssueCode;
use crate::posting::{Amounts, Category, File, Source};

impl Life<'_> {
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
        let reversal = self.reverse(due - tax, at);
        self.receivable -= due;
        let entry = Entry {
            file: File::Uncollectible,
            source: Source::Invoice,
            id,
            at,
            customer_id: None,
            amounts: Amounts::of([
                (Category::AccountsReceivable, -due),
                (Category::DeferredRevenue, reversal.deferred),
                (Category::Taxes, tax),
                (Category::RecognizedRevenue, reversal.recognized),
            ]),
            shares: reversal.shares,
        };
        let written_off = [Working::WrittenOff { due }, tax_working];
        self.post(entry, || written_off.into_iter().chain(reversal.working).collect());
    }

    pub(super) fn void(&mut self, at: Instant) {
        let id = self.records.invoice.id;
        if self.records.invoice.voided_at.is_none() {
            let amount = self.receivable;
            self.report_at(IssueCode::VoidedAtMissing, "invoices", id, at, amount);
        }
        self.is_void = true;
        let look = self.look();
        let month = Position::event(at, look.calendar).month;
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
        let entry = Entry {
            file: File::Voided,
            source: Source::Invoice,
            id,
            at,
            customer_id: None,
            amounts: Amounts::of([
                (Category::CustomerBalance, due - left),
                (Category::AccountsReceivable, -due),
                (Category::DeferredRevenue, deferred),
                (Category::Taxes, self.tax),
                (Category::RecognizedRevenue, recognized),
            ]),
            shares,
        };
        self.taken_from_deferred += deferred;
        self.receivable = 0;
        self.tax = 0;
        self.post(entry, || vec![Working::Voided { due, left }]);
    }

    pub(super) fn end_subscription(&mut self, subscription: i64, at: Instant) {
        let look = self.look();
        let position = Position::event(at, look.calendar);
        for piece in &mut self.pieces {
            if timeline::ended(piece, self.directory) == Some((subscription, at)) {
                piece.finish(&position, &look);
            }
        }
    }
}
