//! The audit log of closings and reopenings. Rule: spec/accounting.md §11.1.

use crate::parts::BookTableColumn;
use accounting::package::{FieldKind, FieldValue};
use accounting::{Month, ProviderCalendar};
use mirror::MirrorSession;
use model::time::{Date, Instant};
use serde_json::{Map, Value, json};
use store::Store;
use store::port::books::{AuditEntry, MONTH_CLOSED, MONTH_REOPENED};

use crate::error::PackageError;
use crate::views::{BooksView, rows_in_memory, text_field};

/// A filter of audit entries.
#[derive(Debug, Clone, Copy, Default)]
pub struct AuditFilter {
    /// The first day, in the provider's time zone.
    pub from: Option<Date>,
    /// The last day, in the provider's time zone.
    pub to: Option<Date>,
    /// The action.
    pub action: Option<AuditAction>,
}

/// An action on a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditAction {
    /// The month was closed.
    Close,
    /// The month was reopened.
    Reopen,
}

impl AuditAction {
    /// Parses the word of an action.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Close, Self::Reopen].into_iter().find(|action| action.as_str() == word)
    }

    /// Returns the word of the action.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Close => "close",
            Self::Reopen => "reopen",
        }
    }

    fn from_entry(entry: &AuditEntry) -> Option<Self> {
        match entry.kind.as_str() {
            MONTH_CLOSED => Some(Self::Close),
            MONTH_REOPENED => Some(Self::Reopen),
            _ => None,
        }
    }
}

/// An entry of the audit log.
#[derive(Debug, Clone)]
pub struct AuditedAction {
    /// The instant of the action.
    pub at: Instant,
    /// The action.
    pub action: AuditAction,
    /// The month.
    pub period: Month,
    /// The version of the month's closing.
    pub version: Option<u64>,
    /// The caller who did it, for people.
    pub who: String,
    /// The note of a closing, the reason of a reopening.
    pub reason: Option<String>,
    /// The revision that was closed; `None` for a reopening.
    pub rev: Option<i64>,
}

/// Returns the entries that match the filter, newest first. Blocking.
pub fn audited_actions(
    session: &MirrorSession,
    store: &dyn Store,
    filter: AuditFilter,
) -> Result<Vec<AuditedAction>, PackageError> {
    let calendar = ProviderCalendar::new(session.provider().timezone.clone());
    let entries = store.audit(session.provider().id, u32::MAX)?.into_iter();
    let is_wanted = |entry: &AuditedAction| {
        let day = calendar.date_of(entry.at);
        filter.from.is_none_or(|from| from <= day)
            && filter.to.is_none_or(|to| day <= to)
            && filter.action.is_none_or(|action| action == entry.action)
    };
    Ok(entries.filter_map(parse_entry).filter(is_wanted).collect())
}

fn parse_entry(entry: AuditEntry) -> Option<AuditedAction> {
    let action = AuditAction::from_entry(&entry)?;
    let detail: Value = serde_json::from_str(&entry.detail).unwrap_or_default();
    let reason = detail["reason"].as_str().or(detail["note"].as_str()).map(str::to_owned);
    Some(AuditedAction {
        at: entry.at,
        action,
        period: Month::parse(&entry.subject)?,
        version: detail["version"].as_u64(),
        who: entry.by,
        reason,
        rev: detail["revision"].as_i64(),
    })
}

/// Returns the columns of [`audit_view`].
pub fn audit_columns() -> Vec<BookTableColumn> {
    let columns = [
        ("at", FieldKind::Instant),
        ("action", FieldKind::Text),
        ("period", FieldKind::Text),
        ("version", FieldKind::Int),
        ("who", FieldKind::Text),
        ("reason", FieldKind::Text),
        ("rev", FieldKind::Int),
    ];
    columns.into_iter().map(|(name, kind)| BookTableColumn::new(name, kind)).collect()
}

/// Returns one page of the entries as a table.
pub fn audit_view(
    session: &MirrorSession,
    entries: &[AuditedAction],
    page: u64,
    limit: u64,
) -> BooksView<'static> {
    let place = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let shown = entries.iter().skip(place((page - 1).saturating_mul(limit))).take(place(limit));
    let optional = |number: Option<i128>| number.map_or(FieldValue::Empty, FieldValue::Int);
    let rows = shown.map(|entry| {
        vec![
            FieldValue::Instant(entry.at),
            text_field(entry.action.as_str()),
            text_field(entry.period.to_string()),
            optional(entry.version.map(i128::from)),
            text_field(entry.who.clone()),
            entry.reason.clone().map_or(FieldValue::Empty, text_field),
            optional(entry.rev.map(i128::from)),
        ]
    });
    let meta = json!({"current_page": page, "per_page": limit, "total": entries.len()});
    BooksView {
        name: "audit",
        facts: Map::from_iter([("meta".to_owned(), meta)]),
        columns: audit_columns(),
        rows: rows_in_memory(rows.collect()),
        revision: session.revision(),
    }
}
