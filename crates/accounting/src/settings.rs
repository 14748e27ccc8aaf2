//! Settings of the accounting. Rule: spec/accounting.md §2.

use serde::{Deserialize, Serialize};

use crate::posting::LedgerCategory;

/// The accounting settings of a provider. A change affects open months only.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LedgerSettings {
    /// The measure of time in recognition.
    pub recognition_method: RecognitionMethod,
    /// The order in which a reversal takes deferred and recognized revenue.
    pub reversal_split: ReversalSplit,
    /// The effect of a subscription's end on deferred revenue.
    pub early_end: EarlyEnd,
    /// The files for invoices that are neither of a subscription nor of an order.
    pub other_invoices: OtherInvoices,
    /// The treatment of credit given away.
    pub balance_adjustments: BalanceAdjustments,
    /// The sign of the customer balance in the CSV files.
    pub customer_balance_view: CustomerBalanceView,
    /// The account names of the journals.
    pub accounts: JournalAccounts,
}

/// The measure of time in recognition. Rule: spec/accounting.md §7.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecognitionMethod {
    /// Local days.
    #[default]
    Daily,
    /// Microseconds.
    Exact,
    /// Months with equal shares.
    MonthlyEven,
    /// Months, with the first and last by their part of the month.
    MonthlyEvenProrated,
}

impl RecognitionMethod {
    /// Returns the method's name in the settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Exact => "exact",
            Self::MonthlyEven => "monthly_even",
            Self::MonthlyEvenProrated => "monthly_even_prorated",
        }
    }
}

/// The order in which a reversal takes deferred and recognized revenue.
/// Rule: spec/accounting.md §6.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReversalSplit {
    /// Deferred revenue first, then recognized revenue.
    #[default]
    UndeliveredFirst,
    /// Both in proportion to their amounts.
    Proportional,
}

/// The effect of a subscription's end on deferred revenue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EarlyEnd {
    /// Recognition goes on.
    #[default]
    Continue,
    /// The whole deferred amount is recognized on that day.
    Accelerate,
}

/// The files for invoices of class other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OtherInvoices {
    /// Files of their own.
    #[default]
    Separate,
    /// The subscription files.
    SubscriptionRevenue,
}

/// The treatment of credit given away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BalanceAdjustments {
    /// Booked as a reduction of revenue.
    #[default]
    ContraRevenue,
    /// Not booked.
    Excluded,
}

/// The sign of the customer balance in the CSV files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerBalanceView {
    /// Credit is negative. Rows sum to zero.
    #[default]
    Stored,
    /// Credit is positive. Rows with credit do not sum to zero.
    Credit,
}

/// Account names of the journals. Rule: spec/accounting.md §10.3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "expected a table of account names")]
pub struct JournalAccounts {
    /// The account of payments that were not made online.
    pub cash_offline: String,
    /// The account of payments that were made online.
    pub cash_online: String,
    /// The account of prepaid credit.
    pub customer_balance: String,
    /// The account of invoiced amounts that are not settled.
    pub accounts_receivable: String,
    /// The account of invoiced amounts that are not delivered.
    pub deferred_revenue: String,
    /// The account of invoiced tax.
    pub taxes: String,
    /// The account of earned revenue.
    pub recognized_revenue: String,
    /// The equity account that balances a journal's opening balances: revenue earned before its
    /// month.
    pub opening_balances: String,
}

impl Default for JournalAccounts {
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

impl JournalAccounts {
    /// Returns the account of a category's opening balance. Revenue of earlier months is equity,
    /// because it is not income of the month.
    pub fn opening_account(&self, category: LedgerCategory) -> &str {
        match category {
            LedgerCategory::RecognizedRevenue => &self.opening_balances,
            category => self.account_of_category(category),
        }
    }

    /// Returns the account of a category.
    pub fn account_of_category(&self, category: LedgerCategory) -> &str {
        match category {
            LedgerCategory::CashOffline => &self.cash_offline,
            LedgerCategory::CashOnline => &self.cash_online,
            LedgerCategory::CustomerBalance => &self.customer_balance,
            LedgerCategory::AccountsReceivable => &self.accounts_receivable,
            LedgerCategory::DeferredRevenue => &self.deferred_revenue,
            LedgerCategory::Taxes => &self.taxes,
            LedgerCategory::RecognizedRevenue => &self.recognized_revenue,
        }
    }
}
