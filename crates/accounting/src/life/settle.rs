//! Payments and applied balance. Rule: spec/accounting.md §6.1.

use super::{Entry, Life};
use crate::explain::Working;
use crate::issue::IssueCode;
use crate::posting::{Amounts, Category, File, Source};
use crate::records::{BalanceKind, BalanceTransaction, Payment};

impl Life<'_> {
    pub(super) fn pay(&mut self, payment: &Payment) {
        let amount = i128::from(payment.amount);
        let due = self.receivable;
        let applied = amount.min(due.max(0));
        self.receivable -= applied;
        if amount != applied {
            self.credit_of_payments.push((payment.id, amount - applied));
        }
        let late = match (self.is_void, self.is_written_off) {
            (true, _) => Some(IssueCode::PaymentOnVoid),
            (_, true) => Some(IssueCode::PaymentAfterWriteOff),
            _ => None,
        };
        if let Some(code) = late {
            self.report_at(code, "payments", payment.id, payment.date, amount);
        }
        let entry = Entry {
            file: File::PaymentsReceived,
            source: Source::Payment,
            id: payment.id,
            at: payment.date,
            customer_id: payment.customer_id,
            amounts: Amounts::of([
                (payment.channel.cash(), amount),
                (Category::AccountsReceivable, -applied),
                (Category::CustomerBalance, applied - amount),
            ]),
            shares: Vec::new(),
        };
        self.post(entry, || vec![Working::Paid { amount, due, applied }]);
    }

    pub(super) fn apply_balance(&mut self, transaction: &BalanceTransaction) {
        let amount = i128::from(transaction.amount);
        let (id, at) = (transaction.id, transaction.date);
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
        let entry = Entry {
            file: File::AppliedBalance,
            source: Source::BalanceTransaction,
            id,
            at,
            customer_id: Some(transaction.customer_id),
            amounts: Amounts::of([
                (Category::CustomerBalance, amount),
                (Category::AccountsReceivable, -amount),
            ]),
            shares: Vec::new(),
        };
        self.post(entry, || vec![Working::Applied { amount, due_after }]);
    }
}
