//! Open receivables by age at the end of a day. Rule: spec/accounting.md §13.

use model::money::Currency;
use model::time::Date;

use crate::invoice_ledger::InvoiceLedger;
use crate::invoice_records::InvoiceRecords;
use crate::posting::{CategoryAmounts, LedgerCategory, Posting, PostingLinks};

/// The age buckets: not yet due, then days past due 1–30, 31–60, 61–90, 91–120, over 120.
pub const BUCKETS: [&str; 6] =
    ["not_yet_due", "days_1_30", "days_31_60", "days_61_90", "days_91_120", "days_over_120"];

/// The row of one invoice that is not settled: money is due or was overpaid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgingRow {
    /// The invoice's id.
    pub invoice_id: i64,
    /// The invoice's number.
    pub invoice_number: Option<Box<str>>,
    /// The local date of the invoice's booking.
    pub invoice_date: Date,
    /// The date on which the invoice is due.
    pub due_date: Option<Date>,
    /// The ids of the customer, subscription, plan and product. The caller looks up their names.
    pub belongs: PostingLinks,
    /// The invoice's total in minor units.
    pub total: i128,
    /// Accounts receivable at the end of the day.
    pub accounts_receivable: i128,
    /// The same amount in its bucket, in the order of [`BUCKETS`].
    pub buckets: [i128; 6],
}

/// The totals of the rows, and the credit of all customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AgingTotals {
    /// The sum of all receivables, which is the closing balance of the day.
    pub accounts_receivable: i128,
    /// The sums by bucket.
    pub buckets: [i128; 6],
    /// The customer balance at the end of the day, in the stored sign.
    pub customer_balance: i128,
}

/// Returns the row of one invoice; none if nothing is due or overpaid. `ledger` must reach to the
/// end of `as_of` ([`crate::Horizon::end_of_day`]).
///
/// An invoice of a later day has no row. Amounts paid ahead of it are customer credit until its
/// day.
pub fn build_aging_row(
    records: &InvoiceRecords,
    ledger: &InvoiceLedger,
    as_of: Date,
) -> Option<AgingRow> {
    let posted = ledger.postings.iter().fold(CategoryAmounts::ZERO, |sum, p| sum + p.amounts);
    let receivable = posted[LedgerCategory::AccountsReceivable];
    if receivable == 0 {
        return None;
    }
    let invoice = &records.invoice;
    let due = invoice.due_date.unwrap_or(ledger.booking.date);
    let mut buckets = [0; 6];
    buckets[bucket_of(i64::from(as_of.days()) - i64::from(due.days()))] = receivable;
    let belongs = ledger.postings.first().map(|posting| posting.links).unwrap_or_default();
    Some(AgingRow {
        invoice_id: invoice.id,
        invoice_number: invoice.number.clone(),
        invoice_date: ledger.booking.date,
        due_date: invoice.due_date,
        belongs: PostingLinks { customer_id: Some(invoice.customer_id), ..belongs },
        total: i128::from(invoice.total),
        accounts_receivable: receivable,
        buckets,
    })
}

fn bucket_of(days_past: i64) -> usize {
    match days_past {
        ..=0 => 0,
        1..=30 => 1,
        31..=60 => 2,
        61..=90 => 3,
        91..=120 => 4,
        _ => 5,
    }
}

impl AgingTotals {
    /// Adds a row.
    pub fn add_row(&mut self, row: &AgingRow) {
        self.accounts_receivable += row.accounts_receivable;
        for (sum, amount) in self.buckets.iter_mut().zip(row.buckets) {
            *sum += amount;
        }
    }

    /// Adds the credit that a posting moves. Postings in a currency other than `currency` are
    /// ignored.
    pub fn add_credit(&mut self, posting: &Posting, currency: Currency) {
        if posting.currency == currency {
            self.customer_balance += posting.amounts[LedgerCategory::CustomerBalance];
        }
    }

    /// Adds the totals of another part.
    pub fn merge(&mut self, other: &Self) {
        self.accounts_receivable += other.accounts_receivable;
        self.customer_balance += other.customer_balance;
        for (sum, amount) in self.buckets.iter_mut().zip(other.buckets) {
            *sum += amount;
        }
    }
}
