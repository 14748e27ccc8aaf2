//! The trial balance of a month: opening balances, movement by file, closing balances.
//! Rule: spec/accounting.md §10.2.

use model::money::Currency;

use crate::calendar::Month;
use crate::invariants::BrokenInvariant;
use crate::package::field::{FieldKind, FieldValue, PackageColumn};
use crate::posting::{CategoryAmounts, LedgerCategory, LedgerFile};
use crate::totals::PostingTotals;

/// The balances of a month in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialBalance {
    /// The month.
    pub month: Month,
    /// The currency.
    pub currency: Currency,
    /// The balances before the month.
    pub opening: CategoryAmounts,
    /// The movement of each file, in the order of [`LedgerFile::ALL`].
    pub files: [CategoryAmounts; 14],
    /// The number of rows of each file.
    pub row_counts: [u64; 14],
    /// The part of the movement that corrects closed months.
    pub adjustments: CategoryAmounts,
    /// The movement of all files together.
    pub movement: CategoryAmounts,
    /// The balances after the month.
    pub closing: CategoryAmounts,
}

/// One row of the trial balance: a category, or the total, whose amounts are all zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialBalanceRow<'a> {
    /// The category's name, or `total`.
    pub category: &'static str,
    /// The account of the category; empty for the total.
    pub account: &'a str,
    /// The balance before the month.
    pub opening: i128,
    /// The movement of each file, in the order of [`LedgerFile::ALL`].
    pub files: [i128; 14],
    /// The part of the movement that corrects closed months.
    pub adjustments_included: i128,
    /// The movement of all files together.
    pub movement: i128,
    /// The balance after the month.
    pub closing: i128,
}

/// The columns of `trial_balance.csv`, in order.
pub fn trial_balance_columns() -> Vec<PackageColumn> {
    let text = |name| PackageColumn { name, kind: FieldKind::Text };
    let money = |name| PackageColumn { name, kind: FieldKind::Money };
    let head = [text("category"), text("account"), money("opening")];
    let files = LedgerFile::ALL.map(|file| money(file.as_str()));
    let tail = ["adjustments_included", "movement", "closing"].map(money);
    head.into_iter().chain(files).chain(tail).chain([text("currency")]).collect()
}

impl TrialBalanceRow<'_> {
    /// Returns the values, one per column of [`trial_balance_columns`]. Amounts are in `currency`.
    pub fn fields<'f>(&'f self, currency: &'f Currency) -> Vec<FieldValue<'f>> {
        let account = match self.account {
            "" => FieldValue::Empty,
            account => FieldValue::text(account),
        };
        let mut fields =
            vec![FieldValue::text(self.category), account, FieldValue::Money(self.opening)];
        fields.extend(self.files.map(FieldValue::Money));
        fields.extend(
            [self.adjustments_included, self.movement, self.closing].map(FieldValue::Money),
        );
        fields.push(FieldValue::text(currency.code()));
        fields
    }
}

impl TrialBalance {
    /// Returns the trial balance of `month`.
    pub fn from_totals(totals: &PostingTotals, currency: Currency, month: Month) -> Self {
        let files = LedgerFile::ALL.map(|file| totals.file_total(currency, month, file));
        let movement = files.iter().fold(CategoryAmounts::ZERO, |sum, file| sum + file.amounts);
        let adjustments =
            files.iter().fold(CategoryAmounts::ZERO, |sum, file| sum + file.adjustments);
        let opening = totals.opening_balance(currency, month);
        Self {
            month,
            currency,
            opening,
            files: files.map(|file| file.amounts),
            row_counts: files.map(|file| file.rows),
            adjustments,
            movement,
            closing: opening + movement,
        }
    }

    /// Returns the movement of a file.
    pub fn file_movement(&self, file: LedgerFile) -> CategoryAmounts {
        self.files[file.position()]
    }

    /// Returns the movement of the contract's eleven files.
    pub fn contract_movement(&self) -> CategoryAmounts {
        LedgerFile::contract()
            .fold(CategoryAmounts::ZERO, |sum, file| sum + self.file_movement(file))
    }

    /// Returns the movement of the other files.
    pub fn other_movement(&self) -> CategoryAmounts {
        self.movement - self.contract_movement()
    }

    /// Returns one row per category and the row of the total.
    pub fn rows<'a>(
        &self,
        accounts: &'a crate::settings::JournalAccounts,
    ) -> Vec<TrialBalanceRow<'a>> {
        let line = |category: &'static str, account, pick: &dyn Fn(&CategoryAmounts) -> i128| {
            TrialBalanceRow {
                category,
                account,
                opening: pick(&self.opening),
                files: self.files.map(|file| pick(&file)),
                adjustments_included: pick(&self.adjustments),
                movement: pick(&self.movement),
                closing: pick(&self.closing),
            }
        };
        let categories = LedgerCategory::ALL.into_iter().map(|category| {
            line(category.as_str(), accounts.account_of_category(category), &|amounts| {
                amounts[category]
            })
        });
        categories.chain([line("total", "", &CategoryAmounts::sum)]).collect()
    }

    /// Checks that every column sums to zero and that opening balance + movement = closing balance.
    pub fn check(&self) -> Result<(), BrokenInvariant> {
        let columns = [("opening", self.opening), ("closing", self.closing)];
        for (what, amounts) in columns.into_iter().chain(self.files.map(|file| ("file", file))) {
            if amounts.sum() != 0 {
                return Err(BrokenInvariant::TieOut { what, left: amounts.sum(), right: 0 });
            }
        }
        for category in LedgerCategory::ALL {
            let by_file: i128 = self.files.iter().map(|file| file[category]).sum();
            let (left, right) = (self.opening[category] + by_file, self.closing[category]);
            if left != right {
                return Err(BrokenInvariant::TieOut { what: category.as_str(), left, right });
            }
        }
        Ok(())
    }
}
