//! The seven categories of the ledger, and amounts in them. Rule: spec/accounting.md §1.

use std::fmt;
use std::ops::{Add, AddAssign, Index, IndexMut, Neg, Sub};

/// A category of the ledger: one amount column. Debit is positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LedgerCategory {
    /// Cash from payments that were not made online.
    CashOffline,
    /// Cash from payments that were made online.
    CashOnline,
    /// Prepaid customer credit. A negative amount is owed to the customer.
    CustomerBalance,
    /// Amounts invoiced and not settled.
    AccountsReceivable,
    /// Amounts invoiced and not delivered, without tax.
    DeferredRevenue,
    /// Tax that was invoiced.
    Taxes,
    /// Earned revenue. A negative amount is income.
    RecognizedRevenue,
}

impl LedgerCategory {
    /// All categories, in the order of the columns.
    pub const ALL: [Self; 7] = [
        Self::CashOffline,
        Self::CashOnline,
        Self::CustomerBalance,
        Self::AccountsReceivable,
        Self::DeferredRevenue,
        Self::Taxes,
        Self::RecognizedRevenue,
    ];

    /// Returns the name of the category's column.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CashOffline => "cash_offline",
            Self::CashOnline => "cash_online",
            Self::CustomerBalance => "customer_balance",
            Self::AccountsReceivable => "accounts_receivable",
            Self::DeferredRevenue => "deferred_revenue",
            Self::Taxes => "taxes",
            Self::RecognizedRevenue => "recognized_revenue",
        }
    }
}

/// Seven amounts in minor units, one per category.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct CategoryAmounts([i128; 7]);

impl CategoryAmounts {
    /// Zero in every category.
    pub const ZERO: Self = Self([0; 7]);

    /// Returns the given amounts. Amounts of the same category are added.
    pub fn from_entries<const N: usize>(amounts: [(LedgerCategory, i128); N]) -> Self {
        let mut all = Self::ZERO;
        for (category, amount) in amounts {
            all[category] += amount;
        }
        all
    }

    /// Returns the sum over the categories, which is zero for a posting.
    pub fn sum(&self) -> i128 {
        self.0.iter().sum()
    }

    /// Returns true if every category is zero.
    pub fn is_zero(&self) -> bool {
        self.0 == [0; 7]
    }

    /// Returns the categories that are not zero, in order.
    pub fn non_zero(&self) -> impl Iterator<Item = (LedgerCategory, i128)> {
        LedgerCategory::ALL.into_iter().map(|c| (c, self[c])).filter(|(_, amount)| *amount != 0)
    }
}

impl Index<LedgerCategory> for CategoryAmounts {
    type Output = i128;

    fn index(&self, category: LedgerCategory) -> &i128 {
        &self.0[category as usize]
    }
}

impl IndexMut<LedgerCategory> for CategoryAmounts {
    fn index_mut(&mut self, category: LedgerCategory) -> &mut i128 {
        &mut self.0[category as usize]
    }
}

impl AddAssign for CategoryAmounts {
    fn add_assign(&mut self, other: Self) {
        for (sum, amount) in self.0.iter_mut().zip(other.0) {
            *sum += amount;
        }
    }
}

impl Add for CategoryAmounts {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl Neg for CategoryAmounts {
    type Output = Self;

    fn neg(self) -> Self {
        Self(self.0.map(|amount| -amount))
    }
}

impl Sub for CategoryAmounts {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl fmt::Debug for CategoryAmounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.non_zero().map(|(c, amount)| (c.as_str(), amount))).finish()
    }
}
