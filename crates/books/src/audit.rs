//! The audit log of closings and reopenings. Rule: spec/accounting.md §11.1, spec/finance.md §8.

use crate::parts::TableColumn;
use accounting::package::{Field, FieldKind};
use accounting::{Calendar, Month};
use mirror::Session;
use model::time::{Date, Instant};
use serde_json::{Map, Value, json};
use store::Store;
use store::port::books::{AuditEntry, MONTH_CLOSED, MONTH_REOPENED};

use crate::error::PackageError;
use crate::views::{View, few_rows, text};

/// A filter of audit entries.
#[derive(Debug, Clone, Copy, Default)]
pub struct AuditFilter {
    /// The first day, in the provider's time zone.
    pub from: Option<Date>,
    /// The last day, in the provider's time zone.
    pub to: Option<Date>,
    /// What was done.
    pub action: Option<Action>,
}

/// An action on a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The month was closed.
    Close,
    /// The month was reopened.
    Reopen,
}

impl Action {
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

    fn of(entry: &AuditEntry) -> Option<Self> {
        match entry.kind.as_str() {
            MONTH_CLOSED => Some(Self::Close),
            MONTH_REOPENED => Some(Self::Reopen),
            _ => None,
        }
    }
}

/// An entry of the audit log.
#[derive(Debug, Clone)]
pub struct Audited {
    /// The instant of the action.
    pub at: Instant,
    /// What was done.
    pub action: Action,
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
pub fn audited(
    session: &Session,
    store: &dyn Store,
    filter: AuditFilter,
) -> Result<Vec<Audited>, PackageError> {
    let calendar = Calendar::new(session.provider().timezone.clone());
    let entries = store.audit(session.provider().id, u32::MAX)?.into_iter();
    let is_wanted = |entry: &Audited| {
        let day = calendar.date_of(entry.at);
        filter.from.is_none_or(|from| from <= day)
            && filter.to.is_none_or(|to| day <= to)
            && filter.action.is_none_or(|action| action == entry.action)
    };
    Ok(entries.filter_map(read).filter(is_wanted).collect())
}

fn read(entry: AuditEntry) -> Option<Audited> {
    let action = Action::of(&entry)?;
    let detail: Value = serde_json::from_str(&entry.detail).unwrap_or_default();
    let reason = detail["reason"].as_str().or(detail["note"].as_str()).map(str::to_owned);
    Some(Audited {
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
pub fn columns() -> Vec<TableColumn> {
    let columns = [
        ("at", FieldKind::Instant),
        ("action", FieldKind::Text),
        ("period", FieldKind::Text),
        ("version", FieldKind::Int),
        ("who", FieldKind::Text),
        ("reason", FieldKind::Text),
        ("rev", FieldKind::Int),
    ];
    columns.into_iter().map(|(name, kind)| TableColumn::new(name, kind)).collect()
}

/// Returns one page of the entries as a table.
pub fn audit_view(session: &Session, entries: &[Audited], page: u64, limit: u64) -> View<'static> {
    let place = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let shown = entries.iter().skip(place((page - 1).saturating_mul(limit))).take(place(limit));
    let optional = |number: Option<i128>| number.map_or(Field::Empty, Field::Int);
    let rows = shown.map(|entry| {
        vec![
            Field::Instant(entry.at),
            text(entry.action.as_str()),
            text(entry.period.to_string()),
            optional(entry.version.map(i128::from)),
            text(entry.who.clone()),
            entry.reason.clone().map_or(Field::Empty, text),
            optional(entry.rev.map(i128::from)),
        ]
    });
    let meta = json!({"current_page": page, "per_page": limit, "total": entries.len()});
    View {
        name: "audit",
        facts: Map::from_iter([("meta".to_owned(), meta)]),
        columns: columns(),
        rows: few_rows(rows.collect()),
        revision: session.revision(),
    }
}
