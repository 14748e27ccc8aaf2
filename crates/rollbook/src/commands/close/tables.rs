//! Closed months as tables for the terminal, with amounts in their currency.

use accounting::LedgerCategory;
use books::audit::AuditedAction;
use books::periods::DriftReport;
use serde_json::{Value, json};

use crate::terminal::table;

/// Returns a table with one row per month.
pub(super) fn months_table(months: &[Value]) -> String {
    let rows = months.iter().map(|month| {
        let packages = month["packages"].as_array().into_iter().flatten();
        let mut currencies: Vec<String> =
            packages.map(|package| cell_text(&package["currency"])).collect();
        currencies.dedup();
        [
            cell_text(&month["month"]),
            cell_text(&month["state"]),
            cell_text(&month["version"]),
            format_minute(&month["closed_at"]),
            cell_text(&month["closed_by"]),
            currencies.join(", "),
            remark(month),
        ]
    });
    table(["month", "state", "version", "closed at", "by", "currencies", "remarks"], rows)
}

/// Returns the note of a month and its last reopening.
fn remark(month: &Value) -> String {
    let reopened = month["reopened_at"].as_str().map(|_| {
        let at = format_minute(&month["reopened_at"]);
        let (by, why) = (cell_text(&month["reopened_by"]), cell_text(&month["reopen_reason"]));
        format!("reopened {at} by {by}: {why}")
    });
    let note = month["note"].as_str().map(str::to_owned);
    note.into_iter().chain(reopened).collect::<Vec<_>>().join("; ")
}

/// Returns a closed month with its packages.
pub(super) fn closed_month(month: &Value) -> String {
    let packages = month["packages"].as_array().into_iter().flatten();
    let rows = packages.map(|package| {
        ["currency", "bundle", "bytes", "sha256"].map(|key| cell_text(&package[key]))
    });
    format!(
        "{} closed as version {} by {} at {}, revision {}\n{}",
        cell_text(&month["month"]),
        cell_text(&month["version"]),
        cell_text(&month["closed_by"]),
        format_minute(&month["closed_at"]),
        cell_text(&month["rev"]),
        table(["currency", "bundle", "bytes", "SHA-256"], rows)
    )
}

/// Returns a table with one row per posting category that differs, then the totals of each file.
pub(super) fn drift_tables(report: &DriftReport) -> String {
    let (month, currency) = (report.month, report.currency);
    if report.total == 0 {
        return format!("{month} in {}: the records still say what was closed\n", currency.code());
    }
    let rows = report.rows.iter().flat_map(|row| {
        let drift = &row.drift;
        let id = drift.key.source_id.map(|id| id.to_string()).unwrap_or_default();
        drift
            .difference()
            .non_zero()
            .map(|(category, difference)| {
                let amounts = [drift.frozen[category], drift.fresh[category], difference];
                let [closed, now, difference] = amounts.map(|minor| currency.decimal(minor));
                let file = drift.key.file.as_str().to_owned();
                [file, id.clone(), category.as_str().to_owned(), closed, now, difference]
            })
            .collect::<Vec<_>>()
    });
    let head = ["file", "id", "column", "closed", "now", "difference"];
    let mut text = format!(
        "{month} in {}: {}, booked in {}\n{}",
        currency.code(),
        match report.total {
            1 => "1 posting differs".to_owned(),
            many => format!("{many} postings differ"),
        },
        report.booked_in,
        table(head, rows)
    );
    let sums = report.sums.iter().flat_map(|(file, sum)| {
        let changed = LedgerCategory::ALL.into_iter().filter(|category| sum[*category] != 0);
        let row = |category: LedgerCategory| {
            [
                file.as_str().to_owned(),
                category.as_str().to_owned(),
                currency.decimal(sum[category]),
            ]
        };
        changed.map(row).collect::<Vec<_>>()
    });
    text.push_str(&table(["file", "column", "sum of the differences"], sums));
    text
}

/// Returns a table with one row per audit entry, newest first.
pub(super) fn audit_table(entries: &[AuditedAction]) -> String {
    let rows = entries.iter().map(|entry| {
        [
            format_minute(&json!(entry.at.to_string())),
            entry.action.as_str().to_owned(),
            entry.period.to_string(),
            entry.version.map(|version| version.to_string()).unwrap_or_default(),
            entry.who.clone(),
            entry.reason.clone().unwrap_or_default(),
            entry.rev.map(|rev| rev.to_string()).unwrap_or_default(),
        ]
    });
    table(["at", "action", "month", "version", "by", "note or reason", "revision"], rows)
}

/// Formats an instant to the minute, in UTC: `2026-01-31 09:00 UTC`.
fn format_minute(value: &Value) -> String {
    let text = cell_text(value);
    match text.get(..16) {
        Some(minute) => format!("{} UTC", minute.replace('T', " ")),
        None => text,
    }
}

/// Formats a value for a table cell; null is empty.
fn cell_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
