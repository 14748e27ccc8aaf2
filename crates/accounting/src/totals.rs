//! Sums of postings by month and file. Parts of any split of the invoices can be merged, so several
//! threads can each sum a part. Rule: spec/accounting.md §8 no. 2.

use std::collections::BTreeMap;

use model::money::Currency;

use crate::calendar::Month;
use crate::posting::{CategoryAmounts, LedgerFile, Posting};

/// The sums of the rows of one file in one month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FileTotal {
    /// The number of rows.
    pub rows: u64,
    /// The sums of all rows.
    pub amounts: CategoryAmounts,
    /// The sums of the adjustment rows.
    pub adjustments: CategoryAmounts,
}

/// Sums by currency, month and file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PostingTotals {
    files: BTreeMap<(Currency, Month, LedgerFile), FileTotal>,
}

impl PostingTotals {
    /// Adds a posting.
    pub fn add(&mut self, posting: &Posting) {
        let key = (posting.currency, posting.month, posting.file);
        let total = self.files.entry(key).or_default();
        total.rows += 1;
        total.amounts += posting.amounts;
        if posting.adjusts_month.is_some() {
            total.adjustments += posting.amounts;
        }
    }

    /// Adds the sums of another part.
    pub fn merge(&mut self, other: &Self) {
        for (key, part) in &other.files {
            let total = self.files.entry(*key).or_default();
            total.rows += part.rows;
            total.amounts += part.amounts;
            total.adjustments += part.adjustments;
        }
    }

    /// Returns the sums of one file in one month.
    pub fn file_total(&self, currency: Currency, month: Month, file: LedgerFile) -> FileTotal {
        self.files.get(&(currency, month, file)).copied().unwrap_or_default()
    }

    /// Returns the balance before a month: the sum of all postings of earlier months.
    pub fn opening_balance(&self, currency: Currency, month: Month) -> CategoryAmounts {
        let first = LedgerFile::SubscriptionRevenue;
        let of_currency = self.files.range(..(currency, month, first)).rev();
        let earlier = of_currency.take_while(|((of, ..), _)| *of == currency);
        earlier.fold(CategoryAmounts::ZERO, |sum, (_, total)| sum + total.amounts)
    }

    /// Returns the currencies that have a posting, in order.
    pub fn currencies(&self) -> Vec<Currency> {
        let mut currencies: Vec<_> = self.files.keys().map(|(currency, ..)| *currency).collect();
        currencies.dedup();
        currencies
    }

    /// Returns true if the contract's files have no row in a month, so there is nothing to export.
    pub fn is_empty(&self, currency: Currency, month: Month) -> bool {
        LedgerFile::contract().all(|file| self.file_total(currency, month, file).rows == 0)
    }
}
