//! Figures that agree if the records are complete. Differences are listed as issues, not corrected.
//! Rule: spec/accounting.md §8 no. 9, 10.

use std::collections::BTreeMap;

use model::money::Currency;

use crate::calendar::{Horizon, Month};
use crate::invoice_ledger::{InvoiceLedger, LedgerRules};
use crate::invoice_records::InvoiceRecords;
use crate::issue::{Issue, IssueCode};
use crate::posting::{LedgerCategory, Posting};
use crate::records::{BalanceTransaction, InvoiceStatus};
use crate::settings::BalanceAdjustments;

/// The credit of customers by the ledger and by the balance transactions, in one currency. Parts
/// can be merged in any split. Memory: one entry per customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerCredit {
    currency: Currency,
    customers: BTreeMap<Option<i64>, CreditSums>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct CreditSums {
    ledger: i128,
    recorded: i128,
}

impl CustomerCredit {
    /// Returns an empty instance.
    pub fn new(currency: Currency) -> Self {
        Self { currency, customers: BTreeMap::new() }
    }

    /// Adds the credit that a posting moves.
    pub fn add_posting(&mut self, posting: &Posting) {
        let amount = posting.amounts[LedgerCategory::CustomerBalance];
        if posting.currency == self.currency && amount != 0 {
            self.customers.entry(posting.links.customer_id).or_default().ledger += amount;
        }
    }

    /// Adds a balance transaction of any kind, if it is within the horizon.
    pub fn add_transaction(
        &mut self,
        transaction: &BalanceTransaction,
        until: Horizon,
        books: &LedgerRules,
    ) {
        let is_excluded = transaction.kind.is_adjustment()
            && books.settings.balance_adjustments == BalanceAdjustments::Excluded;
        let is_inside = until.includes(transaction.date);
        if transaction.currency == self.currency && is_inside && !is_excluded {
            let customer = Some(transaction.customer_id);
            self.customers.entry(customer).or_default().recorded += i128::from(transaction.amount);
        }
    }

    /// Adds the credit that waits for an invoice that is not booked yet; no balance transaction
    /// records it.
    pub fn add_waiting_credit(&mut self, ledger: &InvoiceLedger, currency: Currency) {
        for (customer, amount) in &ledger.waiting_credit {
            if currency == self.currency {
                self.customers.entry(*customer).or_default().recorded += amount;
            }
        }
    }

    /// Adds the sums of another part.
    pub fn merge(&mut self, other: &Self) {
        for (customer, part) in &other.customers {
            let credit = self.customers.entry(*customer).or_default();
            credit.ledger += part.ledger;
            credit.recorded += part.recorded;
        }
    }

    /// Returns an issue for each customer whose credit differs. Payments without a customer have id
    /// 0.
    pub fn differences(&self, month: Month) -> Vec<Issue> {
        let differing = self.customers.iter().filter(|(_, c)| c.ledger != c.recorded);
        let issue = |(customer, credit): (&Option<i64>, &CreditSums)| Issue {
            code: IssueCode::CustomerBalanceDifference,
            table: "customers",
            id: customer.unwrap_or(0),
            month,
            currency: Some(self.currency),
            amount: credit.ledger - credit.recorded,
        };
        differing.map(issue).collect()
    }
}

/// Returns an issue if the invoice's receivable differs from its `amount_remaining`. `ledger` must
/// reach to the present. An invoice of a later day is not compared.
pub fn check_receivable(
    records: &InvoiceRecords,
    ledger: &InvoiceLedger,
    month: Month,
) -> Option<Issue> {
    if !ledger.is_inside {
        return None;
    }
    let invoice = &records.invoice;
    let is_due = matches!(invoice.status, InvoiceStatus::Open | InvoiceStatus::PastDue);
    let recorded = if is_due { i128::from(invoice.amount_remaining) } else { 0 };
    let posted: i128 =
        ledger.postings.iter().map(|p| p.amounts[LedgerCategory::AccountsReceivable]).sum();
    (posted != recorded).then(|| Issue {
        code: IssueCode::ArDifference,
        table: "invoices",
        id: invoice.id,
        month,
        currency: Some(invoice.currency),
        amount: posted - recorded,
    })
}
