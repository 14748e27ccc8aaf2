//! Postings of records that are linked to no invoice. Rule: spec/accounting.md §3, §6.4.

use model::money::Currency;
use model::time::Instant;

use crate::calendar::{Month, Span};
use crate::explain::Working;
use crate::grouping::UntiedRecords;
use crate::issue::{Issue, IssueCode};
use crate::life::Books;
use crate::posting::{Amounts, Belongs, Category, File, Posting, Source};
use crate::records::{BalanceTransaction, Directory};
use crate::settings::BalanceAdjustments;

/// The ledger of records that are linked to no invoice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UntiedLedger {
    /// Postings.
    pub postings: Vec<Posting>,
    /// The issues found.
    pub issues: Vec<Issue>,
}

struct Row {
    file: File,
    source: Source,
    id: i64,
    at: Instant,
    currency: Currency,
    customer_id: Option<i64>,
    order_id: Option<i64>,
    amounts: Amounts,
    amount: i128,
}

impl Books {
    /// Calculates the ledger of records that are linked to no invoice.
    pub fn untied(
        &self,
        records: &UntiedRecords,
        directory: &Directory,
        span: &Span,
    ) -> UntiedLedger {
        let mut ledger = UntiedLedger::default();
        let payments = records.payments.iter().map(|payment| {
            let amount = i128::from(payment.amount);
            Row {
                file: File::PaymentsReceived,
                source: Source::Payment,
                id: payment.id,
                at: payment.date,
                currency: payment.currency,
                customer_id: payment.customer_id,
                order_id: payment.order_id,
                amounts: Amounts::of([
                    (payment.channel.cash(), amount),
                    (Category::CustomerBalance, -amount),
                ]),
                amount,
            }
        });
        let refunds = records.refunds.iter().map(|refund| {
            let amount = i128::from(refund.amount);
            Row {
                file: File::RefundsMade,
                source: Source::Refund,
                id: refund.id,
                at: refund.date(),
                currency: refund.currency,
                customer_id: refund.customer_id,
                order_id: None,
                amounts: Amounts::of([
                    (refund.paid_from(), -amount),
                    (Category::CustomerBalance, amount),
                ]),
                amount,
            }
        });
        let are_adjustments_booked =
            self.settings.balance_adjustments == BalanceAdjustments::ContraRevenue;
        let adjustments = records.adjustments.iter().filter(|_| are_adjustments_booked);
        let rows = payments.chain(refunds).chain(adjustments.map(adjustment));
        for row in rows.filter(|row| span.until.includes(row.at)) {
            ledger.postings.push(self.untied_posting(row, directory, span));
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

    fn untied_posting(&self, row: Row, directory: &Directory, span: &Span) -> Posting {
        let date = self.calendar.date_of(row.at);
        Posting {
            file: row.file,
            source: row.source,
            source_id: Some(row.id),
            month: Month::of(date),
            date,
            occurred_at: row.at,
            currency: row.currency,
            amounts: row.amounts,
            belongs: Belongs {
                customer_id: row.customer_id,
                order_id: row.order_id,
                site_id: directory.customer_site(row.customer_id),
                ..Belongs::default()
            },
            booking_month: None,
            shares: Vec::new(),
            progress: None,
            adjusts_month: None,
            workings: match span.explains {
                true => vec![Working::Untied { amount: row.amount }],
                false => Vec::new(),
            },
        }
    }
}

/// Returns the row of credit given away, which reduces revenue.
fn adjustment(transaction: &BalanceTransaction) -> Row {
    let amount = i128::from(transaction.amount);
    Row {
        file: File::BalanceAdjustments,
        source: Source::BalanceTransaction,
        id: transaction.id,
        at: transaction.date,
        currency: transaction.currency,
        customer_id: Some(transaction.customer_id),
        order_id: None,
        amounts: Amounts::of([
            (Category::CustomerBalance, amount),
            (Category::RecognizedRevenue, -amount),
        ]),
        amount,
    }
}
