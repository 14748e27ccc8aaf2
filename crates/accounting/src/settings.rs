//! How the books are kept. Rule: spec/accounting.md §2.

use serde::{Deserialize, Serialize};

use crate::posting::Category;

/// Settings of a provider's books. A change acts on open months.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How time is measured.
    pub recognition_method: RecognitionMethod,
    /// From what a reversal takes first.
    pub reversal_split: ReversalSplit,
    /// What the end of a subscription does to what is deferred.
    pub early_end: EarlyEnd,
    /// Where invoices that are neither subscription nor order go.
    pub other_invoices: OtherInvoices,
    /// Whether credit given away is booked.
    pub balance_adjustments: BalanceAdjustments,
    /// Sign of one column of the CSVs.
    pub customer_balance_view: CustomerBalanceView,
    /// Names of the journals' accounts.
    pub accounts: Accounts,
}

/// How time is measured. Rule: spec/accounting.md §7.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecognitionMethod {
    /// In local days.
    #[default]
    Daily,
    /// In microseconds.
    Exact,
    /// In months, each an equal share.
    MonthlyEven,
    /// In months, the first and last by their part.
    MonthlyEvenProrated,
}

impl RecognitionMethod {
    /// Its name in settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Exact => "exact",
            Self::MonthlyEven => "monthly_even",
            Self::MonthlyEvenProrated => "monthly_even_prorated",
        }
    }
}

/// From what a reversal takes first. Rule: spec/accounting.md §6.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReversalSplit {
    /// From what is deferred, then from what is recognized.
    #[default]
    UndeliveredFirst,
    /// From both by their size.
    Proportional,
}

/// What the end of a subscription does to what is deferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EarlyEnd {
    /// Recognition goes on.
    #[default]
    Continue,
    /// All that is deferred is recognized on that day.
    Accelerate,
}

/// Where invoices of class other go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OtherInvoices {
    /// To their own files.
    #[default]
    Separate,
    /// To the subscription files.
    SubscriptionRevenue,
}

/// Whether credit given away is booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BalanceAdjustments {
    /// As less revenue.
    #[default]
    ContraRevenue,
    /// Not at all.
    Excluded,
}

/// Sign of the customer balance in the CSVs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerBalanceView {
    /// Credit is negative; rows sum to zero.
    #[default]
    Stored,
    /// Credit is positive; rows with it no longer sum to zero.
    Credit,
}

/// Account names of the journals. Rule: spec/accounting.md §10.3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Accounts {
    /// Payments that did not come online.
    pub cash_offline: String,
    /// Payments that came online.
    pub cash_online: String,
    /// Prepaid credit.
    pub customer_balance: String,
    /// Invoiced, not settled.
    pub accounts_receivable: String,
    /// Invoiced, not delivered.
    pub deferred_revenue: String,
    /// Tax invoiced.
    pub taxes: String,
    /// Earned.
    pub recognized_revenue: String,
    /// What a journal opens against: what was earned before its month.
    pub opening_balances: String,
}

impl Default for Accounts {
    fn default() -> Self {
        Self {
            cash_offline: "Assets:Cash:Offline".to_owned(),
            cash_online: "Assets:Cash:Online".to_owned(),
            customer_balance: "Liabilities:CustomerBalance".to_owned(),
            accounts_receivable: "Assets:AccountsReceivable".to_owned(),
            deferred_revenue: "Liabilities:DeferredRevenue".to_owned(),
            taxes: "Liabilities:Taxes".to_owned(),
            recognized_revenue: "Income:RecognizedRevenue".to_owned(),
            opening_balances: "Equity:OpeningBalances".to_owned(),
        }
    }
}

impl Accounts {
    /// The account in which a category opens a month: what was earned before is no income of the
    /// month any more.
    pub fn opening_of(&self, category: Category) -> &str {
        match category {
            Category::RecognizedRevenue => &self.opening_balances,
            category => self.of(category),
        }
    }

    /// The account of a category.
    pub fn of(&self, category: Category) -> &str {
        match category {
            Category::CashOffline => &self.cash_offline,
            Category::CashOnline => &self.cash_online,
            Category::CustomerBalance => &self.customer_balance,
            Category::AccountsReceivable => &self.accounts_receivable,
            Category::DeferredRevenue => &self.deferred_revenue,
            Category::Taxes => &self.taxes,
            Category::RecognizedRevenue => &self.recognized_revenue,
        }
    }
}
