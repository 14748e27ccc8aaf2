//! `journal.beancount`: opening balances, one transaction per posting, and the closing balances as
//! assertions. Rule: spec/accounting.md §10.3.

use std::fmt::Write as _;

use super::{description_of, entries};
use crate::posting::{Amounts, Category, Posting};
use crate::settings::Accounts;
use crate::trial_balance::TrialBalance;

/// The journal of a month, from all its postings.
pub fn render(balance: &TrialBalance, postings: &[Posting], accounts: &Accounts) -> String {
    let mut text = opening(balance, accounts);
    for posting in entries(postings) {
        text.push_str(&transaction(posting, accounts));
    }
    text.push_str(&assertions(balance, accounts));
    text
}

/// Accounts opened on the first day, and the opening balances: what comes before all transactions.
pub fn opening(balance: &TrialBalance, accounts: &Accounts) -> String {
    let date = balance.month.first_day();
    let commodity = balance.currency.code().to_ascii_uppercase();
    let mut text = String::new();
    let mut opened: Vec<&str> = Vec::new();
    for category in Category::ALL {
        let account = accounts.of(category);
        // Two categories may be given one account; opening it twice is an error.
        if !opened.contains(&account) {
            opened.push(account);
            let _ = writeln!(text, "{date} open {account} {commodity}");
        }
    }
    text.push('\n');
    if !balance.opening.is_zero() {
        let _ = writeln!(text, "{date} * \"opening balances\"");
        push_amounts(&mut text, &balance.opening, balance.currency, accounts);
    }
    text
}

/// One transaction; empty for a posting of zeros.
pub fn transaction(posting: &Posting, accounts: &Accounts) -> String {
    if posting.amounts.is_zero() {
        return String::new();
    }
    let mut text = String::new();
    let _ = writeln!(text, "{} * \"{}\"", posting.date, description_of(posting));
    let _ = writeln!(text, "  entry: \"{}\"", posting.entry_id());
    let metadata =
        [("customer", posting.belongs.customer_id), ("invoice", posting.belongs.invoice_id)];
    for (key, id) in metadata {
        if let Some(id) = id {
            let _ = writeln!(text, "  {key}: \"{id}\"");
        }
    }
    push_amounts(&mut text, &posting.amounts, posting.currency, accounts);
    text
}

/// The closing balances on the first day of the next month: what comes after all transactions.
pub fn assertions(balance: &TrialBalance, accounts: &Accounts) -> String {
    let date = balance.month.next().first_day();
    let commodity = balance.currency.code().to_ascii_uppercase();
    let mut text = String::new();
    let mut asserted: Vec<&str> = Vec::new();
    for category in Category::ALL {
        let account = accounts.of(category);
        if asserted.contains(&account) {
            continue;
        }
        asserted.push(account);
        let own = Category::ALL.into_iter().filter(|other| accounts.of(*other) == account);
        let sum: i128 = own.map(|other| balance.closing[other]).sum();
        let amount = balance.currency.decimal(sum);
        let _ = writeln!(text, "{date} balance {account}  {amount} {commodity}");
    }
    text
}

fn push_amounts(
    text: &mut String,
    amounts: &Amounts,
    currency: model::money::Currency,
    accounts: &Accounts,
) {
    let commodity = currency.code().to_ascii_uppercase();
    for (category, amount) in amounts.non_zero() {
        let (account, amount) = (accounts.of(category), currency.decimal(amount));
        let _ = writeln!(text, "  {account}  {amount} {commodity}");
    }
    text.push('\n');
}
