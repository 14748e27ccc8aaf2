//! `manifest.json`: the contents of a package and its reconciliation.
//! Rule: spec/accounting.md §10.2.
//!
//! Amounts are minor units as text, as in the manifests of exports, because sums may exceed 64
//! bits.

use accounting::invariants::BrokenInvariant;
use accounting::{Amounts, Calendar, Category, Issue, IssueCode, TrialBalance};
use files::archive::Member;
use mirror::Session;
use serde_json::{Map, Value, json};

use crate::members::file_of;
use crate::request::PackageRequest;

/// The largest number of issues in the manifest; `issues.csv` has all.
const ISSUES_NAMED: usize = 100;

/// The version of the schema of the package's files.
pub const SCHEMA: &str = "accounting/1";

/// Returns the manifest of a package with these members, not counting the manifest itself.
pub(super) fn manifest(
    session: &Session,
    request: &PackageRequest,
    balance: &TrialBalance,
    issues: &[Issue],
    members: &[Member],
    state: &str,
) -> Value {
    let zone = &session.provider().timezone;
    let calendar = Calendar::new(zone.clone());
    json!({
        "month": request.month.to_string(),
        "currency": request.currency.code(),
        "site_id": request.site_id,
        "timezone": zone.name(),
        "as_of": request.until(&calendar).last_instant().to_string(),
        "state": state,
        "rev": session.revision().0,
        "schema": SCHEMA,
        "settings": request.settings,
        "files": members.iter().map(|member| file(member, balance)).collect::<Vec<_>>(),
        "opening": amounts(&balance.opening),
        "movement": amounts(&balance.movement),
        "closing": amounts(&balance.closing),
        "adjustments_included": amounts(&balance.adjustments),
        "eleven_files": amounts(&balance.eleven_files()),
        "rest": amounts(&balance.rest()),
        "reconciliation": reconciliation(request, balance, issues),
        "issue_count": issues.len(),
        "issues": issues.iter().take(ISSUES_NAMED).map(issue).collect::<Vec<_>>(),
    })
}

fn file(member: &Member, balance: &TrialBalance) -> Value {
    let totals = file_of(&member.name).map(|file| amounts(&balance.file(file)));
    let mut entry = json!({
        "name": member.name,
        "rows": member.rows,
        "bytes": member.digest.bytes,
        "sha256": member.digest.sha256_hex(),
    });
    if let (Some(entry), Some(totals)) = (entry.as_object_mut(), totals) {
        entry.insert("totals".to_owned(), totals);
    }
    entry
}

fn amounts(amounts: &Amounts) -> Value {
    let named = Category::ALL.map(|category| {
        (category.as_str().to_owned(), Value::String(amounts[category].to_string()))
    });
    Value::Object(Map::from_iter(named))
}

/// Returns the balances that agree if the records are complete. Each difference is an issue with
/// its id.
fn reconciliation(request: &PackageRequest, balance: &TrialBalance, issues: &[Issue]) -> Value {
    let compare = |category: Category, code: IssueCode| {
        let differing = issues.iter().filter(|issue| issue.code == code);
        let difference: i128 = differing.clone().map(|issue| issue.amount).sum();
        let ledger = balance.closing[category];
        json!({
            "ledger": ledger.to_string(),
            "recorded": (ledger - difference).to_string(),
            "difference": difference.to_string(),
            "differing_records": differing.count(),
        })
    };
    let is_whole = request.site_id.is_none();
    let credit =
        is_whole.then(|| compare(Category::CustomerBalance, IssueCode::CustomerBalanceDifference));
    let due = (is_whole && request.reaches_now)
        .then(|| compare(Category::AccountsReceivable, IssueCode::ArDifference));
    json!({ "customer_balance": credit, "accounts_receivable": due })
}

fn issue(issue: &Issue) -> Value {
    json!({
        "code": issue.code.as_str(),
        "table": issue.table,
        "id": issue.id,
        "amount": issue.amount.to_string(),
        "message": issue.code.message(),
    })
}

/// Fails with a broken invariant unless two figures are equal.
pub(super) fn tie(what: &'static str, left: i128, right: i128) -> Result<(), BrokenInvariant> {
    match left == right {
        true => Ok(()),
        false => Err(BrokenInvariant::TieOut { what, left, right }),
    }
}
