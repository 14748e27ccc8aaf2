//! The months of a provider's books and how they stand. Rule: spec/accounting.md §11.1, §11.3.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use accounting::package::{Field, FieldKind};
use accounting::posting::PieceId;
use accounting::{Amounts, Calendar, Category, File, Month, Settings, Source};
use mirror::Session;
use model::catalogue;
use model::money::Currency;
use model::time::Instant;
use reports::books::{TableColumn, first_invoice_month, ids_naming};
use serde_json::{Map, Value, json};
use store::port::books::{ClosedMonth, ClosedPartKind};
use store::{KeyRange, RowKey, Store, StoreError};

use super::drift::{DriftRow, find_drift};
use super::error::PackageError;
use super::explain::minor_units;
use super::frozen::FrozenBooks;
use super::pass::Watch;
use super::request::file_name;
use super::views::{View, text};

/// Every month from the first invoice's to the current one. Blocks.
pub fn periods(
    session: &Session,
    store: &dyn Store,
    now: Instant,
) -> Result<Vec<Value>, PackageError> {
    let calendar = Calendar::new(session.provider().timezone.clone());
    let Some(first) = first_invoice_month(session)? else { return Ok(Vec::new()) };
    let frozen = FrozenBooks::of(store, session.provider().id)?;
    let months = first.through(calendar.month_of(now));
    months.map(|month| Ok(period(&frozen, month)?)).collect()
}

/// One month.
pub fn period(frozen: &FrozenBooks<'_>, month: Month) -> Result<Value, StoreError> {
    let Some(closing) = frozen.closing(month) else {
        let state = if frozen.is_closed(month) { "closed" } else { "open" };
        return Ok(json!({
            "month": month.to_string(), "state": state, "closed_at": null, "closed_by": null,
            "note": null, "version": null, "rev": null, "packages": [],
        }));
    };
    closed(frozen, closing)
}

/// A closed month with its packages.
pub fn closed(frozen: &FrozenBooks<'_>, closing: &ClosedMonth) -> Result<Value, StoreError> {
    let month = Month::of(closing.month);
    let parts = frozen.parts(closing)?.into_iter();
    let packages = parts.filter(|part| part.kind != ClosedPartKind::Postings).map(|part| {
        json!({
            "currency": part.currency.code(),
            "bundle": part.kind.as_str(),
            "bytes": part.bytes,
            "sha256": files::write::FileDigest { bytes: part.bytes, sha256: part.sha256 }.sha256_hex(),
            "file_name": file_name(month, part.currency, part.kind == ClosedPartKind::Full),
        })
    });
    Ok(json!({
        "month": month.to_string(),
        "state": if closing.reopened.is_none() { "closed" } else { "open" },
        "closed_at": closing.closed_at.to_string(),
        "closed_by": closing.closed_by,
        "note": closing.note,
        "version": closing.version,
        "rev": closing.revision.0,
        "packages": packages.collect::<Vec<_>>(),
    }))
}

/// What the records say otherwise of one closed month.
pub struct DriftReport {
    /// The month.
    pub month: Month,
    /// The currency.
    pub currency: Currency,
    /// Each posting that differs, by file, record and piece.
    pub rows: Vec<DriftRow>,
    /// Differences by file.
    pub sums: BTreeMap<File, Amounts>,
    /// The month in which the adjustments are booked.
    pub booked_in: Month,
}

/// Compares a closed month with the records as they are; none when it is open. Blocks.
pub fn drift_of(
    session: &Session,
    store: &dyn Store,
    settings: &Settings,
    (month, currency): (Month, Currency),
    folder: &Path,
    watch: Watch<'_>,
) -> Result<Option<DriftReport>, PackageError> {
    let frozen = FrozenBooks::of(store, session.provider().id)?;
    let Some(booked_in) = frozen.first_open().filter(|open| month < *open) else {
        return Ok(None);
    };
    let mut rows = Vec::new();
    find_drift(session, &frozen, settings, currency, folder, watch, &mut |found| {
        if found.drift.key.month == month {
            rows.push(found);
        }
        Ok(())
    })?;
    let mut sums: BTreeMap<File, Amounts> = BTreeMap::new();
    for row in &rows {
        *sums.entry(row.drift.key.file).or_default() += row.drift.difference();
    }
    Ok(Some(DriftReport { month, currency, rows, sums, booked_in }))
}

impl DriftReport {
    /// One row of the report, with the records that changed since the month was closed.
    pub fn row_json(&self, row: &DriftRow, changed: Vec<Value>) -> Value {
        let drift = &row.drift;
        json!({
            "file": drift.key.file.as_str(),
            "id": drift.key.source_id,
            "piece_id": piece_of(drift.key.source).map(|piece| piece.to_string()),
            "frozen": amounts(&drift.frozen),
            "fresh": amounts(&drift.fresh),
            "difference": amounts(&drift.difference()),
            "booked_in": self.booked_in.to_string(),
            "changed_rows": changed,
        })
    }

    /// Differences by file.
    pub fn sums_json(&self) -> Value {
        let sums = self.sums.iter().map(|(file, sum)| (file.as_str().to_owned(), amounts(sum)));
        Value::Object(sums.collect())
    }

    /// The rows as a table; `changed` are their changed records as text.
    pub fn view(&self, session: &Session, changed: &[String]) -> View {
        let mut columns = vec![
            TableColumn::new("file", FieldKind::Text),
            TableColumn::new("id", FieldKind::Int),
            TableColumn::new("piece_id", FieldKind::Text),
        ];
        for side in ["frozen", "fresh", "difference"] {
            let name = |category: Category| format!("{side}_{}", category.as_str());
            columns.extend(Category::ALL.map(|c| TableColumn::new(name(c), FieldKind::Money)));
        }
        let tail = ["booked_in", "changed_rows", "currency"];
        columns.extend(tail.map(|name| TableColumn::new(name, FieldKind::Text)));
        let rows = self.rows.iter().zip(changed).map(|(row, changed)| self.fields(row, changed));
        View {
            name: "drift",
            facts: Map::new(),
            columns,
            rows: rows.collect(),
            revision: session.revision(),
        }
    }

    fn fields(&self, row: &DriftRow, changed: &str) -> Vec<Field<'static>> {
        let drift = &row.drift;
        let id = drift.key.source_id.map_or(Field::Empty, |id| Field::Int(i128::from(id)));
        let piece = piece_of(drift.key.source).map_or(Field::Empty, |p| text(p.to_string()));
        let mut fields = vec![text(drift.key.file.as_str()), id, piece];
        for side in [drift.frozen, drift.fresh, drift.difference()] {
            fields.extend(Category::ALL.map(|category| Field::Money(side[category])));
        }
        fields.extend([
            text(self.booked_in.to_string()),
            text(changed),
            text(self.currency.code()),
        ]);
        fields
    }
}

fn piece_of(source: Source) -> Option<PieceId> {
    match source {
        Source::Piece(piece) => Some(piece),
        _ => None,
    }
}

fn amounts(amounts: &Amounts) -> Value {
    let all = Category::ALL.map(|c| (c.as_str().to_owned(), minor_units(amounts[c])));
    Value::Object(Map::from_iter(all))
}

/// Tables whose rows name the invoice that they act on.
const OF_INVOICES: [&str; 6] =
    ["invoice_lines", "payments", "credit_notes", "refunds", "balance_transactions", "shipments"];

/// The records behind a posting that were written since a month was closed: those that it names,
/// and those of its invoice. `rev` is null for one that is gone. Blocks.
pub fn changed_rows(
    session: &Session,
    store: &dyn Store,
    closing: &ClosedMonth,
    row: &DriftRow,
) -> Result<Vec<Value>, PackageError> {
    let explanation = accounting::explain::explain(&row.drift.adjustment);
    let mut behind: BTreeSet<(&'static str, i64)> = explanation.sources.into_iter().collect();
    if let Some(invoice) = row.drift.adjustment.belongs.invoice_id {
        for table in OF_INVOICES {
            let ids = ids_naming(session, table, "invoice_id", invoice)?;
            behind.extend(ids.into_iter().map(|id| (table, id)));
        }
    }
    let snapshot = store.snapshot()?;
    let mut changed = Vec::new();
    for (name, id) in behind {
        let Some(table) = catalogue::table(name) else { continue };
        let key = RowKey { provider: session.provider().id, id };
        let mut found = None;
        snapshot.rows(table, KeyRange { first: key, last: key }, &mut |row| {
            found = Some(row.revision());
            Ok(())
        })?;
        if found.is_none_or(|revision| revision > closing.revision) {
            let rev = found.map(|revision| revision.0);
            changed.push(json!({ "table": name, "id": id, "rev": rev }));
        }
    }
    Ok(changed)
}
