//! The trial balance of a month: opening, what each file moves, closing.
//! Rule: spec/accounting.md §10.2.

use model::money::Currency;

use crate::calendar::Month;
use crate::invariants::BrokenInvariant;
use crate::package::field::{Column, Field, FieldKind};
use crate::posting::{Amounts, Category, File};
use crate::totals::Totals;

/// The balances of a month in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialBalance {
    /// The month.
    pub month: Month,
    /// The currency.
    pub currency: Currency,
    /// Balances before the month.
    pub opening: Amounts,
    /// What each file moves, in the order of [`File::ALL`].
    pub files: [Amounts; 14],
    /// Rows of each file.
    pub row_counts: [u64; 14],
    /// What of it corrects closed months.
    pub adjustments: Amounts,
    /// All files together.
    pub movement: Amounts,
    /// Balances after the month.
    pub closing: Amounts,
}

/// One line of the trial balance: a category, or the total of zeros.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialBalanceRow<'a> {
    /// The category's name, or `total`.
    pub category: &'static str,
    /// Its account; empty for the total.
    pub account: &'a str,
    /// Balance before the month.
    pub opening: i128,
    /// What each file moves, in the order of [`File::ALL`].
    pub files: [i128; 14],
    /// What of it corrects closed months.
    pub adjustments_included: i128,
    /// All files together.
    pub movement: i128,
    /// Balance after the month.
    pub closing: i128,
}

/// The columns of `trial_balance.csv`, in order.
pub fn columns() -> Vec<Column> {
    let text = |name| Column { name, kind: FieldKind::Text };
    let money = |name| Column { name, kind: FieldKind::Money };
    let head = [text("category"), text("account"), money("opening")];
    let files = File::ALL.map(|file| money(file.as_str()));
    let tail = ["adjustments_included", "movement", "closing"].map(money);
    head.into_iter().chain(files).chain(tail).chain([text("currency")]).collect()
}

impl TrialBalanceRow<'_> {
    /// The values, one per column of [`columns`]; amounts are in `currency`.
    pub fn fields<'f>(&'f self, currency: &'f Currency) -> Vec<Field<'f>> {
        let account = match self.account {
            "" => Field::Empty,
            account => Field::text(account),
        };
        let mut fields = vec![Field::text(self.category), account, Field::Money(self.opening)];
        fields.extend(self.files.map(Field::Money));
        fields.extend([self.adjustments_included, self.movement, self.closing].map(Field::Money));
        fields.push(Field::text(currency.code()));
        fields
    }
}

impl TrialBalance {
    /// The trial balance of `month`.
    pub fn of(totals: &Totals, currency: Currency, month: Month) -> Self {
        let files = File::ALL.map(|file| totals.file(currency, month, file));
        let movement = files.iter().fold(Amounts::ZERO, |sum, file| sum + file.amounts);
        let adjustments = files.iter().fold(Amounts::ZERO, |sum, file| sum + file.adjustments);
        let opening = totals.opening(currency, month);
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

    /// What a file moves.
    pub fn file(&self, file: File) -> Amounts {
        let position = File::ALL.iter().position(|known| *known == file);
        position.and_then(|at| self.files.get(at)).copied().unwrap_or_default()
    }

    /// Movement of the contract's files alone.
    pub fn eleven_files(&self) -> Amounts {
        File::CONTRACT.into_iter().fold(Amounts::ZERO, |sum, file| sum + self.file(file))
    }

    /// Movement of the other files.
    pub fn rest(&self) -> Amounts {
        self.movement - self.eleven_files()
    }

    /// Seven lines and the total of zeros.
    pub fn rows<'a>(&self, accounts: &'a crate::settings::Accounts) -> Vec<TrialBalanceRow<'a>> {
        let line =
            |category: &'static str, account, pick: &dyn Fn(&Amounts) -> i128| TrialBalanceRow {
                category,
                account,
                opening: pick(&self.opening),
                files: self.files.map(|file| pick(&file)),
                adjustments_included: pick(&self.adjustments),
                movement: pick(&self.movement),
                closing: pick(&self.closing),
            };
        let categories = Category::ALL.into_iter().map(|category| {
            line(category.as_str(), accounts.of(category), &|amounts| amounts[category])
        });
        categories.chain([line("total", "", &Amounts::sum)]).collect()
    }

    /// Checks that every column sums to zero and that closing = opening + movement.
    pub fn check(&self) -> Result<(), BrokenInvariant> {
        let columns = [("opening", self.opening), ("closing", self.closing)];
        for (what, amounts) in columns.into_iter().chain(self.files.map(|file| ("file", file))) {
            if amounts.sum() != 0 {
                return Err(BrokenInvariant::TieOut { what, left: amounts.sum(), right: 0 });
            }
        }
        for category in Category::ALL {
            let by_file: i128 = self.files.iter().map(|file| file[category]).sum();
            let (left, right) = (self.opening[category] + by_file, self.closing[category]);
            if left != right {
                return Err(BrokenInvariant::TieOut { what: category.as_str(), left, right });
            }
        }
        Ok(())
    }
}
