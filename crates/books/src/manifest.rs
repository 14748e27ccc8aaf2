//! `manifest.json`: the contents of a package and its reconciliation.
//! Rule: spec/accounting.md §10.2.
//!
//! Amounts are minor units as text, as in the manifests of exports, because sums may exceed 64
//! bits.

use accounting::{
    CategoryAmounts, Issue, IssueCode, LedgerCategory, ProviderCalendar, TrialBalance,
};
use files::archive::ArchiveMember;
use mirror::MirrorSession;
use serde_json::{Map, Value, json};

use crate::members::file_of_member;
use crate::request::PackageRequest;

/// The largest number of issues in the manifest; `issues.csv` has all.
const ISSUES_NAMED: usize = 100;

/// The version of the schema of the package's files.
pub const SCHEMA: &str = "accounting/1";

/// Returns the manifest of a package with these members, not counting the manifest itself.
pub(super) fn package_manifest(
    session: &MirrorSession,
    request: &PackageRequest,
    balance: &TrialBalance,
    issues: &[Issue],
    members: &[ArchiveMember],
    state: &str,
) -> Value {
    let zone = &session.provider().timezone;
    let calendar = ProviderCalendar::new(zone.clone());
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
        "eleven_files": amounts(&balance.contract_movement()),
        "rest": amounts(&balance.other_movement()),
        "reconciliation": reconciliation(request, balance, issues),
        "issue_count": issues.len(),
        "issues": issues.iter().take(ISSUES_NAMED).map(issue).collect::<Vec<_>>(),
    })
}

fn file(member: &ArchiveMember, balance: &TrialBalance) -> Value {
    let totals = file_of_member(&member.name).map(|file| amounts(&balance.file_movement(file)));
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

fn amounts(amounts: &CategoryAmounts) -> Value {
    let named = LedgerCategory::ALL.map(|category| {
        (category.as_str().to_owned(), Value::String(amounts[category].to_string()))
    });
    Value::Object(Map::from_iter(named))
}

/// Returns the balances that agree if the records are complete. Each difference is an issue with
/// its id.
fn reconciliation(request: &PackageRequest, balance: &TrialBalance, issues: &[Issue]) -> Value {
    let compare = |category: LedgerCategory, code: IssueCode| {
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
    let credit = is_whole
        .then(|| compare(LedgerCategory::CustomerBalance, IssueCode::CustomerBalanceDifference));
    let due = (is_whole && request.reaches_now)
        .then(|| compare(LedgerCategory::AccountsReceivable, IssueCode::ArDifference));
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
