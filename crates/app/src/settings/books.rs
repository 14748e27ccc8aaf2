//! The accounting settings, of the server and of single providers. Rule: spec/accounting.md §2.

use std::collections::BTreeMap;

use accounting::LedgerCategory;
use accounting::settings::{
    BalanceAdjustments, CustomerBalanceView, EarlyEnd, JournalAccounts, OtherInvoices,
    RecognitionMethod, ReversalSplit,
};
use model::id::ProviderId;
use serde::{Deserialize, Serialize};

/// `[accounting]`: the rules of the books. Rule: spec/accounting.md §2.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountingSettings {
    /// `daily` (default), `exact`, `monthly_even` or `monthly_even_prorated`.
    pub recognition_method: RecognitionMethod,
    /// `undelivered_first` (default) or `proportional`.
    pub reversal_split: ReversalSplit,
    /// `continue` (default) or `accelerate`.
    pub early_end: EarlyEnd,
    /// `separate` (default) or `subscription_revenue`.
    pub other_invoices: OtherInvoices,
    /// `contra_revenue` (default) or `excluded`.
    pub balance_adjustments: BalanceAdjustments,
    /// `stored` (default) or `credit`.
    pub customer_balance_view: CustomerBalanceView,
    /// Names of the accounts in the journals.
    pub accounts: JournalAccounts,
    /// Settings of single providers by provider id: `[accounting.providers.7]`.
    pub providers: BTreeMap<String, ProviderAccountingSettings>,
}

/// `[accounting.providers.ID]`: the values given here override `[accounting]` for this provider.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProviderAccountingSettings {
    /// The value for this provider of the setting in `[accounting]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recognition_method: Option<RecognitionMethod>,
    /// The value for this provider of the setting in `[accounting]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reversal_split: Option<ReversalSplit>,
    /// The value for this provider of the setting in `[accounting]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_end: Option<EarlyEnd>,
    /// The value for this provider of the setting in `[accounting]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_invoices: Option<OtherInvoices>,
    /// The value for this provider of the setting in `[accounting]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance_adjustments: Option<BalanceAdjustments>,
    /// The value for this provider of the setting in `[accounting]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_balance_view: Option<CustomerBalanceView>,
    /// The value for this provider of the setting in `[accounting]`. These accounts replace the common ones as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accounts: Option<JournalAccounts>,
}

impl AccountingSettings {
    /// Returns the settings in force for a provider.
    pub fn for_provider(&self, provider: ProviderId) -> accounting::LedgerSettings {
        let none = ProviderAccountingSettings::default();
        let own = self.providers.get(&provider.to_string()).unwrap_or(&none);
        accounting::LedgerSettings {
            recognition_method: own.recognition_method.unwrap_or(self.recognition_method),
            reversal_split: own.reversal_split.unwrap_or(self.reversal_split),
            early_end: own.early_end.unwrap_or(self.early_end),
            other_invoices: own.other_invoices.unwrap_or(self.other_invoices),
            balance_adjustments: own.balance_adjustments.unwrap_or(self.balance_adjustments),
            customer_balance_view: own.customer_balance_view.unwrap_or(self.customer_balance_view),
            accounts: own.accounts.clone().unwrap_or_else(|| self.accounts.clone()),
        }
    }

    /// Returns true if every account name is valid in both journals.
    pub(super) fn has_usable_accounts(&self) -> bool {
        let own = self.providers.values().filter_map(|own| own.accounts.as_ref());
        own.chain([&self.accounts]).all(|accounts| {
            let of_categories = LedgerCategory::ALL
                .into_iter()
                .map(|category| accounts.account_of_category(category));
            of_categories.chain([accounts.opening_balances.as_str()]).all(is_account)
        })
    }

    /// Returns true if every key of `providers` is a provider id.
    pub(super) fn names_providers(&self) -> bool {
        self.providers.keys().all(|id| id.parse::<i64>().is_ok_and(|id| id >= 1))
    }
}

/// Returns true if both Beancount and hledger accept the name as an account: a kind, then words
/// that begin with a capital letter or a digit.
fn is_account(name: &str) -> bool {
    let mut words = name.split(':');
    let kinds = ["Assets", "Liabilities", "Equity", "Income", "Expenses"];
    let is_kind = words.next().is_some_and(|kind| kinds.contains(&kind));
    let is_word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_uppercase() || first.is_ascii_digit())
            && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let words: Vec<&str> = words.collect();
    is_kind && !words.is_empty() && words.into_iter().all(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::ServerSettings;

    #[test]
    fn a_provider_keeps_its_books_its_own_way() {
        let text = r#"{"accounting": {"recognition_method": "exact",
            "providers": {"7": {"recognition_method": "monthly_even"}}}}"#;
        let settings: ServerSettings = serde_json::from_str(text).unwrap();
        settings.check().unwrap();
        let method = |id| settings.accounting.for_provider(ProviderId(id)).recognition_method;
        assert_eq!(method(1), RecognitionMethod::Exact);
        assert_eq!(method(7), RecognitionMethod::MonthlyEven);
        for (wrong, setting) in [
            (r#"{"accounting": {"accounts": {"taxes": "Tax due"}}}"#, "accounting.accounts"),
            (r#"{"accounting": {"accounts": {"taxes": "Liabilities"}}}"#, "accounting.accounts"),
            (r#"{"accounting": {"providers": {"x": {}}}}"#, "accounting.providers"),
        ] {
            let settings: ServerSettings = serde_json::from_str(wrong).unwrap();
            let error = settings.check().unwrap_err().to_string();
            assert!(error.starts_with(setting), "{error}");
        }
    }
}
