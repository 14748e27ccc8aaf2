//! Postings of records that are linked to no invoice. Rule: spec/accounting.md §3, §6.4.

use model::money::Currency;
use model::time::Instant;

use crate::calendar::{LedgerSpan, Month};
use crate::grouping::UnlinkedRecords;
use crate::invoice_ledger::LedgerRules;
use crate::issue::{Issue, IssueCode};
use crate::posting::CalculationStep;
use crate::posting::{
    CategoryAmounts, LedgerCategory, LedgerFile, Posting, PostingLinks, PostingSource,
};
use crate::records::{BalanceTransaction, Directory};
use crate::settings::BalanceAdjustments;

/// The ledger of records that are linked to no invoice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnlinkedLedger {
    /// Postings.
    pub postings: Vec<Posting>,
    /// The issues found.
    pub issues: Vec<Issue>,
}

struct UnlinkedPostingDraft {
    file: LedgerFile,
    source: PostingSource,
    id: i64,
    at: Instant,
    currency: Currency,
    customer_id: Option<i64>,
    order_id: Option<i64>,
    amounts: CategoryAmounts,
    amount: i128,
}

impl LedgerRules {
    /// Calculates the ledger of records that are linked to no invoice.
    pub fn unlinked_ledger(
        &self,
        records: &UnlinkedRecords,
        directory: &Directory,
        span: &LedgerSpan,
    ) -> UnlinkedLedger {
        let mut ledger = UnlinkedLedger::default();
        let payments = records.payments.iter().map(|payment| {
            let amount = i128::from(payment.amount);
            UnlinkedPostingDraft {
                file: LedgerFile::PaymentsReceived,
                source: PostingSource::Payment,
                id: payment.id,
                at: payment.date,
                currency: payment.currency,
                customer_id: payment.customer_id,
                order_id: payment.order_id,
                amounts: CategoryAmounts::from_entries([
                    (payment.channel.cash_category(), amount),
                    (LedgerCategory::CustomerBalance, -amount),
                ]),
                amount,
            }
        });
        let refunds = records.refunds.iter().map(|refund| {
            let amount = i128::from(refund.amount);
            UnlinkedPostingDraft {
                file: LedgerFile::RefundsMade,
                source: PostingSource::Refund,
                id: refund.id,
                at: refund.date(),
                currency: refund.currency,
                customer_id: refund.customer_id,
                order_id: None,
                amounts: CategoryAmounts::from_entries([
                    (refund.paid_from(), -amount),
                    (LedgerCategory::CustomerBalance, amount),
                ]),
                amount,
            }
        });
        let are_adjustments_booked =
            self.settings.balance_adjustments == BalanceAdjustments::ContraRevenue;
        let adjustments = records.adjustments.iter().filter(|_| are_adjustments_booked);
        let rows = payments.chain(refunds).chain(adjustments.map(draft_adjustment));
        for row in rows.filter(|row| span.until.includes(row.at)) {
            ledger.postings.push(self.unlinked_posting(row, directory, span));
        }
        for transaction in records.adjustments.iter().filter(|t| span.until.includes(t.date)) {
            let amount = i128::from(transaction.amount);
            let disagrees = match transaction.direction {
                "credit" => amount > 0,
                _ => amount < 0,
            };
            if disagrees {
                ledger.issues.push(Issue {
                    code: IssueCode::BalanceSign,
                    table: "balance_transactions",
                    id: transaction.id,
                    month: self.calendar.month_of(transaction.date),
                    currency: Some(transaction.currency),
                    amount,
                });
            }
        }
        ledger
    }

    fn unlinked_posting(
        &self,
        row: UnlinkedPostingDraft,
        directory: &Directory,
        span: &LedgerSpan,
    ) -> Posting {
        let date = self.calendar.date_of(row.at);
        Posting {
            file: row.file,
            source: row.source,
            source_id: Some(row.id),
            month: Month::from_date(date),
            date,
            occurred_at: row.at,
            currency: row.currency,
            amounts: row.amounts,
            links: PostingLinks {
                customer_id: row.customer_id,
                order_id: row.order_id,
                site_id: directory.customer_site(row.customer_id),
                ..PostingLinks::default()
            },
            booking_month: None,
            shares: Vec::new(),
            progress: None,
            adjusts_month: None,
            calculation: if span.explains {
                vec![CalculationStep::Untied { amount: row.amount }]
            } else {
                Vec::new()
            },
        }
    }
}

/// Returns the row of credit given away, which reduces revenue.
fn draft_adjustment(transaction: &BalanceTransaction) -> UnlinkedPostingDraft {
    let amount = i128::from(transaction.amount);
    UnlinkedPostingDraft {
        file: LedgerFile::BalanceAdjustments,
        source: PostingSource::BalanceTransaction,
        id: transaction.id,
        at: transaction.date,
        currency: transaction.currency,
        customer_id: Some(transaction.customer_id),
        order_id: None,
        amounts: CategoryAmounts::from_entries([
            (LedgerCategory::CustomerBalance, amount),
            (LedgerCategory::RecognizedRevenue, -amount),
        ]),
        amount,
    }
}
