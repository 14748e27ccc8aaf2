//! The journal of a month for Beancount, in two files. `opening.beancount` opens the accounts with
//! their opening balances; `transactions.beancount` has one transaction per posting and asserts the
//! closing balances. `journal.beancount` includes both. Rule: spec/accounting.md §10.3.

use std::fmt::Write as _;

use model::money::Currency;

use super::{
    OPENING_BEANCOUNT, TRANSACTIONS_BEANCOUNT, account_names, description_of, opening_amounts,
};
use crate::posting::{LedgerCategory, Posting};
use crate::settings::JournalAccounts;
use crate::trial_balance::TrialBalance;

/// Returns the text of `journal.beancount`, which includes the two files.
pub fn main_file(balance: &TrialBalance) -> String {
    let commodity = commodity_of(balance.currency);
    let (opening, transactions) = (OPENING_BEANCOUNT, TRANSACTIONS_BEANCOUNT);
    format!(
        "option \"title\" \"{} {commodity}\"\noption \"operating_currency\" \"{commodity}\"\n\n\
         include \"{opening}\"\ninclude \"{transactions}\"\n",
        balance.month
    )
}

/// Returns the text of `opening.beancount`: accounts opened on the day before the month, and their
/// opening balances.
pub fn opening_file(balance: &TrialBalance, accounts: &JournalAccounts) -> String {
    let date = balance.month.previous().last_day();
    let commodity = commodity_of(balance.currency);
    let mut text = String::new();
    for account in account_names(accounts) {
        let _ = writeln!(text, "{date} open {account} {commodity}");
    }
    text.push('\n');
    if !balance.opening.is_zero() {
        let _ = writeln!(text, "{date} * \"opening balances\"");
        push_amounts(&mut text, opening_amounts(balance, accounts), balance.currency);
    }
    text
}

/// Returns one transaction; empty if all amounts are zero.
pub fn transaction(posting: &Posting, accounts: &JournalAccounts) -> String {
    if posting.amounts.is_zero() {
        return String::new();
    }
    let mut text = String::new();
    let _ = writeln!(text, "{} * \"{}\"", posting.date, description_of(posting));
    let _ = writeln!(text, "  entry: \"{}\"", posting.entry_id());
    let metadata = [("customer", posting.links.customer_id), ("invoice", posting.links.invoice_id)];
    for (key, id) in metadata {
        if let Some(id) = id {
            let _ = writeln!(text, "  {key}: \"{id}\"");
        }
    }
    let amounts = posting.amounts.non_zero();
    let amounts =
        amounts.map(|(category, amount)| (accounts.account_of_category(category), amount));
    push_amounts(&mut text, amounts, posting.currency);
    text
}

/// Returns the balance assertions for the first day of the next month, to be written after all
/// transactions. Income is not asserted: its balance depends on how many months are loaded.
pub fn balance_assertions(balance: &TrialBalance, accounts: &JournalAccounts) -> String {
    let date = balance.month.next().first_day();
    let commodity = commodity_of(balance.currency);
    let mut text = String::new();
    let mut asserted = vec![
        accounts.account_of_category(LedgerCategory::RecognizedRevenue),
        &accounts.opening_balances,
    ];
    for category in LedgerCategory::ALL {
        let account = accounts.account_of_category(category);
        if asserted.contains(&account) {
            continue;
        }
        asserted.push(account);
        let own = LedgerCategory::ALL
            .into_iter()
            .filter(|other| accounts.account_of_category(*other) == account);
        let sum: i128 = own.map(|other| balance.closing[other]).sum();
        let amount = balance.currency.decimal(sum);
        let _ = writeln!(text, "{date} balance {account}  {amount} {commodity}");
    }
    text
}

fn push_amounts<'a>(
    text: &mut String,
    amounts: impl Iterator<Item = (&'a str, i128)>,
    currency: Currency,
) {
    let commodity = commodity_of(currency);
    for (account, amount) in amounts {
        let amount = currency.decimal(amount);
        let _ = writeln!(text, "  {account}  {amount} {commodity}");
    }
    text.push('\n');
}

fn commodity_of(currency: Currency) -> String {
    currency.code().to_ascii_uppercase()
}
