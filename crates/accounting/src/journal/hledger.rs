//! `journal.hledger`: opening balances and one transaction per posting.
//! Rule: spec/accounting.md §10.3.

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
    text
}

/// Declarations and the opening balances on the first day: what comes before all transactions.
pub fn opening(balance: &TrialBalance, accounts: &Accounts) -> String {
    let commodity = balance.currency.code().to_ascii_uppercase();
    // hledger wants a decimal mark even where the currency has no decimals.
    let sample = match balance.currency.digits() {
        0 => "1000.".to_owned(),
        _ => balance.currency.decimal(1000 * 10_i128.pow(balance.currency.digits())),
    };
    let mut text = format!("commodity {sample} {commodity}\n");
    for category in Category::ALL {
        let _ = writeln!(text, "account {}", accounts.of(category));
    }
    text.push('\n');
    if !balance.opening.is_zero() {
        let date = balance.month.first_day();
        let _ = writeln!(text, "{date} * opening balances  ; entry:opening");
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
    let entry = posting.entry_id();
    let _ = write!(text, "{} * {}  ; entry:{entry}", posting.date, description_of(posting));
    let tags = [("customer", posting.belongs.customer_id), ("invoice", posting.belongs.invoice_id)];
    for (tag, id) in tags {
        if let Some(id) = id {
            let _ = write!(text, ", {tag}:{id}");
        }
    }
    text.push('\n');
    push_amounts(&mut text, &posting.amounts, posting.currency, accounts);
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
        let _ = writeln!(text, "    {account}  {amount} {commodity}");
    }
    text.push('\n');
}
