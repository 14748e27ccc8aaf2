//! Payments, also those before the invoice, and applied balance. Rule: spec/accounting.md §6.1.

use std::collections::BTreeMap;

use model::time::Instant;

use super::{InvoiceLedgerBuilder, InvoicePostingDraft, PaymentCredit};
use crate::issue::IssueCode;
use crate::posting::CalculationStep;
use crate::posting::{CategoryAmounts, LedgerCategory, LedgerFile, PostingSource};
use crate::records::{BalanceKind, BalanceTransaction, Payment};

impl InvoiceLedgerBuilder<'_> {
    pub(super) fn apply_payment(&mut self, payment: &Payment) {
        let amount = i128::from(payment.amount);
        let due = if self.is_booked { self.receivable } else { 0 };
        let applied = if self.is_booked { amount.min(due.max(0)) } else { 0 };
        self.receivable -= applied;
        if amount != applied {
            self.credit_of_payments.push(PaymentCredit {
                payment_id: payment.id,
                customer_id: payment.customer_id,
                amount: amount - applied,
            });
        }
        let late = match (self.is_void, self.is_written_off) {
            (true, _) => Some(IssueCode::PaymentOnVoid),
            (_, true) => Some(IssueCode::PaymentAfterWriteOff),
            _ => None,
        };
        if let Some(code) = late {
            self.report_at(code, "payments", payment.id, payment.date, amount);
        }
        let entry = InvoicePostingDraft {
            file: LedgerFile::PaymentsReceived,
            source: PostingSource::Payment,
            id: payment.id,
            at: payment.date,
            customer_id: payment.customer_id,
            amounts: CategoryAmounts::from_entries([
                (payment.channel.cash_category(), amount),
                (LedgerCategory::AccountsReceivable, -applied),
                (LedgerCategory::CustomerBalance, applied - amount),
            ]),
            shares: Vec::new(),
        };
        self.post(entry, || vec![CalculationStep::Paid { amount, due, applied }]);
    }

    /// Settles the invoice, at its booking, with the customer credit from payments made before it.
    pub(super) fn settle_from_payments_ahead(&mut self) {
        self.is_booked = true;
        let mut credits = std::mem::take(&mut self.credit_of_payments);
        for credit in &mut credits {
            let (due, amount) = (self.receivable, credit.amount);
            let applied = amount.min(due.max(0));
            if applied == 0 {
                continue;
            }
            self.receivable -= applied;
            credit.amount -= applied;
            let entry = InvoicePostingDraft {
                file: LedgerFile::AppliedBalance,
                source: PostingSource::Payment,
                id: credit.payment_id,
                at: self.booking.instant,
                customer_id: credit.customer_id,
                amounts: CategoryAmounts::from_entries([
                    (LedgerCategory::CustomerBalance, applied),
                    (LedgerCategory::AccountsReceivable, -applied),
                ]),
                shares: Vec::new(),
            };
            self.post(entry, || {
                vec![CalculationStep::SettledByPaymentAhead { amount, due, applied }]
            });
        }
        self.credit_of_payments = credits;
    }

    /// Returns the customer credit that the invoice will use once it is booked: payments made
    /// ahead, and balance transactions already recorded as applied to it.
    pub(super) fn waiting_credit(&self) -> Vec<(Option<i64>, i128)> {
        let mut waiting: BTreeMap<Option<i64>, i128> = BTreeMap::new();
        let mut due = self.receivable.max(0);
        for credit in &self.credit_of_payments {
            let applied = credit.amount.min(due);
            due -= applied;
            let customer = credit.customer_id.or(self.belongs.customer_id);
            *waiting.entry(customer).or_default() -= applied;
        }
        let recorded = self.records.applications.iter();
        for transaction in recorded.filter(|t| self.span.until.includes(t.date)) {
            let customer = Some(transaction.customer_id);
            *waiting.entry(customer).or_default() -= i128::from(transaction.amount);
        }
        waiting.into_iter().collect()
    }

    pub(super) fn apply_balance(&mut self, transaction: &BalanceTransaction, at: Instant) {
        let (id, amount) = (transaction.id, i128::from(transaction.amount));
        self.receivable -= amount;
        let due_after = self.receivable;
        let has_wrong_sign = match transaction.kind {
            BalanceKind::AppliedToInvoice => amount < 0,
            _ => amount > 0,
        };
        if has_wrong_sign {
            self.report_at(IssueCode::BalanceSign, "balance_transactions", id, at, amount);
        }
        if due_after < 0 && amount > 0 {
            let code = IssueCode::OverappliedBalance;
            self.report_at(code, "balance_transactions", id, at, due_after);
        }
        let entry = InvoicePostingDraft {
            file: LedgerFile::AppliedBalance,
            source: PostingSource::BalanceTransaction,
            id,
            at,
            customer_id: Some(transaction.customer_id),
            amounts: CategoryAmounts::from_entries([
                (LedgerCategory::CustomerBalance, amount),
                (LedgerCategory::AccountsReceivable, -amount),
            ]),
            shares: Vec::new(),
        };
        self.post(entry, || vec![CalculationStep::Applied { amount, due_after }]);
    }
}
