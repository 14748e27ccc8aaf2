//! Customers' metadata: one column per key, or one row per key. Rule: spec/exports.md §10.8.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, RecordBatch, StringBuilder, UInt32Builder};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::Expr;
use datafusion::prelude::col;
use futures::{StreamExt, TryStreamExt};
use model::file_format::FileFormat;
use model::output::{OutputColumn, OutputKind};

use super::export_layout::ExportLayout;
use super::export_request::{ExportRequest, MetadataLayout};
use crate::definition::column::ReportColumn;
use crate::definition::scoped_expr::text_literal;
use crate::engine::all_rows;
use crate::engine::output::{self, arrow_type};
use crate::error::ReportError;
use crate::functions::json_member::{json_value_text, parse_json_members};
use crate::query_scope::QueryScope;
use crate::rows::ReportRows;

/// The columns that come before the metadata.
const LEADING_COLUMNS: [(&str, OutputKind); 2] =
    [("customer_id", OutputKind::Int), ("customer_email", OutputKind::Text)];
const METADATA: &str = "metadata";
const METADATA_PREFIX: &str = "metadata.";
const KEY: &str = "key";
const VALUE: &str = "value";
/// The largest number of keys that one file may have as columns.
const METADATA_KEYS_MAX: usize = 2_000;

/// Returns true if a request may ask for this heading.
pub(super) fn is_metadata_heading(name: &str, format: FileFormat, layout: MetadataLayout) -> bool {
    let is_before = LEADING_COLUMNS.iter().any(|(before, _)| *before == name);
    is_before
        || match layout {
            MetadataLayout::Long => name == KEY || name == VALUE,
            MetadataLayout::Wide if name == METADATA => format == FileFormat::Ndjson,
            MetadataLayout::Wide => {
                name.len() > METADATA_PREFIX.len() && name.starts_with(METADATA_PREFIX)
            }
        }
}

/// Returns the condition that a customer has rows. In the long layout, customers without metadata
/// have none.
pub(super) fn has_metadata_condition(request: &ExportRequest) -> Option<Expr> {
    let is_long = request.layout == MetadataLayout::Long;
    is_long.then(|| col("c.metadata").not_eq(text_literal("{}")))
}

/// Opens the rows in the layout that is asked for.
pub(super) async fn open_metadata(
    scope: &QueryScope<'_>,
    layout: &'static ExportLayout,
    predicates: &[Expr],
    request: &ExportRequest,
) -> Result<ReportRows, ReportError> {
    let columns: Vec<&ReportColumn> = layout.columns.iter().collect();
    let stored = || {
        let output = output::named_columns(scope, &columns);
        all_rows::open_by_id(scope, &layout.source, predicates.to_vec(), layout.order, output)
    };
    let shape = match request.layout {
        MetadataLayout::Long => MetadataShape::Long,
        MetadataLayout::Wide => MetadataShape::Wide,
    };
    let (headings, total) = match (&request.columns, shape) {
        (Some(names), MetadataShape::Wide) => (names.clone(), None),
        (None, MetadataShape::Wide) if request.format == FileFormat::Ndjson => {
            (before().chain([METADATA.to_owned()]).collect(), None)
        }
        (None, MetadataShape::Wide) => {
            let keys = read_metadata_keys(stored().await?).await?;
            (
                before().chain(keys.iter().map(|key| format!("{METADATA_PREFIX}{key}"))).collect(),
                None,
            )
        }
        (names, MetadataShape::Long) => {
            let all = || before().chain([KEY.to_owned(), VALUE.to_owned()]).collect();
            let total = count_metadata_keys(stored().await?).await?;
            (names.clone().unwrap_or_else(all), Some(total))
        }
    };
    let rows = stored().await?;
    let columns: Vec<OutputColumn> =
        headings.iter().map(|heading| output_column_of(heading)).collect();
    let schema = schema(&columns);
    let batches = rows.batches.map(move |batch| {
        let batch = batch?;
        let shaped = match shape {
            MetadataShape::Wide => to_wide_rows(&batch, &headings, &schema),
            MetadataShape::Long => to_long_rows(&batch, &headings, &schema),
        };
        Ok(shaped?)
    });
    let total = total.unwrap_or(rows.total);
    Ok(ReportRows { total, columns, batches: batches.boxed(), ..rows })
}

#[derive(Clone, Copy)]
enum MetadataShape {
    Wide,
    Long,
}

fn before() -> impl Iterator<Item = String> {
    LEADING_COLUMNS.into_iter().map(|(name, _)| name.to_owned())
}

fn output_column_of(heading: &str) -> OutputColumn {
    let before =
        LEADING_COLUMNS.into_iter().find(|(name, _)| *name == heading).map(|(_, kind)| kind);
    let kind =
        before.unwrap_or(if heading == METADATA { OutputKind::Json } else { OutputKind::Text });
    OutputColumn { key: heading.to_owned(), label: heading.to_owned(), kind }
}

fn schema(columns: &[OutputColumn]) -> SchemaRef {
    let fields =
        columns.iter().map(|column| Field::new(&column.key, arrow_type(&column.kind), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Returns the stored metadata of the customers in a batch.
fn metadata_objects(
    batch: &RecordBatch,
) -> Result<impl Iterator<Item = Option<&str>>, DataFusionError> {
    let objects = batch.column_by_name(METADATA).and_then(|column| column.as_string_opt::<i32>());
    let objects =
        objects.ok_or_else(|| DataFusionError::Internal("the batch has no metadata".to_owned()))?;
    Ok(objects.iter())
}

/// Returns all keys in these rows, in order of code points. Errors:
/// [`ReportError::TooManyColumns`].
async fn read_metadata_keys(rows: ReportRows) -> Result<BTreeSet<String>, ReportError> {
    let mut keys = BTreeSet::new();
    let mut batches = rows.batches;
    while let Some(batch) = batches.try_next().await? {
        for object in metadata_objects(&batch)?.flatten() {
            for key in parse_json_members(object).into_keys() {
                if !keys.contains(&key) {
                    keys.insert(key);
                }
            }
        }
        if keys.len() > METADATA_KEYS_MAX {
            return Err(ReportError::TooManyColumns { max: METADATA_KEYS_MAX });
        }
    }
    Ok(keys)
}

/// Counts the keys of all rows.
async fn count_metadata_keys(rows: ReportRows) -> Result<u64, ReportError> {
    let mut count = 0;
    let mut batches = rows.batches;
    while let Some(batch) = batches.try_next().await? {
        for object in metadata_objects(&batch)?.flatten() {
            count += parse_json_members(object).len() as u64;
        }
    }
    Ok(count)
}

/// Makes one row per customer, with one column per heading.
fn to_wide_rows(
    batch: &RecordBatch,
    headings: &[String],
    schema: &SchemaRef,
) -> Result<RecordBatch, DataFusionError> {
    let mut values: BTreeMap<&str, StringBuilder> = headings
        .iter()
        .filter_map(|heading| heading.strip_prefix(METADATA_PREFIX))
        .map(|key| (key, StringBuilder::new()))
        .collect();
    for object in metadata_objects(batch)? {
        let members = parse_json_members(object.unwrap_or_default());
        for (key, values) in &mut values {
            values.append_option(members.get(*key).and_then(|value| json_value_text(value)));
        }
    }
    let columns = headings.iter().map(|heading| -> Result<ArrayRef, DataFusionError> {
        let key = heading.strip_prefix(METADATA_PREFIX);
        match key.and_then(|key| values.get_mut(key)) {
            Some(values) => Ok(Arc::new(values.finish())),
            None => stored_column(batch, heading),
        }
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

/// Makes one row per customer and key.
fn to_long_rows(
    batch: &RecordBatch,
    headings: &[String],
    schema: &SchemaRef,
) -> Result<RecordBatch, DataFusionError> {
    let mut customers = UInt32Builder::new();
    let (mut keys, mut values) = (StringBuilder::new(), StringBuilder::new());
    for (row, object) in (0..).zip(metadata_objects(batch)?) {
        for (key, value) in parse_json_members(object.unwrap_or_default()) {
            customers.append_value(row);
            keys.append_value(key);
            values.append_option(json_value_text(value));
        }
    }
    let (customers, keys, values) = (customers.finish(), keys.finish(), values.finish());
    let columns = headings.iter().map(|heading| -> Result<ArrayRef, DataFusionError> {
        Ok(match heading.as_str() {
            KEY => Arc::new(keys.clone()),
            VALUE => Arc::new(values.clone()),
            heading => take(&stored_column(batch, heading)?, &customers, None)?,
        })
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

fn stored_column(batch: &RecordBatch, heading: &str) -> Result<ArrayRef, DataFusionError> {
    let column = batch.column_by_name(heading).cloned();
    column.ok_or_else(|| DataFusionError::Internal(format!("the batch has no {heading}")))
}
