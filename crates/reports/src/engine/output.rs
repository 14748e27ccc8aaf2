//! Columns, headers and batch types of a result. Shape: `model::output`.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::logical_expr::Expr;
use datafusion::prelude::col;
use model::output::{OutputColumn, OutputKind};

use crate::definition::column::{ReportColumn, ReportColumnKind};
use crate::definition::label::display_name_of_key;
use crate::functions::amount_sum::AMOUNT_SUM_TYPE;
use crate::functions::{json_member, ratio};
use crate::page::{ColumnHeader, SortPosition};
use crate::query_scope::QueryScope;
use crate::request::report_query::{ReportQuery, SelectedColumn};

/// The columns of a result, and the expressions that compute them.
pub(crate) struct ResultColumns {
    pub(crate) columns: Vec<OutputColumn>,
    /// One expression per column, followed by those of the hidden columns.
    pub(crate) expressions: Vec<Expr>,
}

/// Makes the output columns that `query` asks for.
pub(crate) fn query_columns(scope: &QueryScope<'_>, query: &ReportQuery) -> ResultColumns {
    let mut columns = Vec::new();
    let mut expressions = Vec::new();
    let mut currencies: Vec<Expr> = Vec::new();
    for chosen in &query.columns {
        match chosen {
            SelectedColumn::Column(position) => {
                let column = &query.report.columns[*position];
                expressions.push((column.value)(scope));
                let currency = column.currency.as_ref().map(|currency| {
                    let currency = currency(scope);
                    let known = currencies.iter().position(|other| *other == currency);
                    let hidden = known.unwrap_or_else(|| {
                        currencies.push(currency);
                        currencies.len() - 1
                    });
                    query.columns.len() + hidden
                });
                columns.push(OutputColumn {
                    key: column.key.to_owned(),
                    label: display_name_of_key(column.key),
                    kind: output_kind(&column.kind, currency.unwrap_or_default()),
                });
            }
            SelectedColumn::CustomField(key) => {
                expressions.push(json_member::json_member_text(col("c.metadata"), key));
                columns.push(OutputColumn {
                    key: custom_field_key(key),
                    label: key.clone(),
                    kind: OutputKind::Text,
                });
            }
        }
    }
    expressions.extend(currencies);
    ResultColumns { columns, expressions }
}

/// Makes output columns from these columns. Each one has its key as its label.
pub(crate) fn named_columns(scope: &QueryScope<'_>, chosen: &[&ReportColumn]) -> ResultColumns {
    let mut expressions: Vec<Expr> = chosen.iter().map(|column| (column.value)(scope)).collect();
    let mut columns = Vec::new();
    for column in chosen {
        let currency = column.currency.as_ref().map(|currency| currency(scope));
        let hidden = currency.map(|currency| {
            let known = expressions[chosen.len()..].iter().position(|other| *other == currency);
            chosen.len()
                + known.unwrap_or_else(|| {
                    expressions.push(currency);
                    expressions.len() - chosen.len() - 1
                })
        });
        columns.push(OutputColumn {
            key: column.key.to_owned(),
            label: column.key.to_owned(),
            kind: output_kind(&column.kind, hidden.unwrap_or_default()),
        });
    }
    ResultColumns { columns, expressions }
}

fn custom_field_key(key: &str) -> String {
    format!("custom_fields.{key}")
}

/// Returns the output kind of a column kind. `currency` is the position of the batch column with
/// the currency of the amounts.
pub(crate) fn output_kind(kind: &ReportColumnKind, currency: usize) -> OutputKind {
    match kind {
        ReportColumnKind::Int | ReportColumnKind::Unmodelled("int") => OutputKind::Int,
        ReportColumnKind::Unmodelled("bool") => OutputKind::Bool,
        ReportColumnKind::Unmodelled("date") => OutputKind::Date,
        ReportColumnKind::Unmodelled("dt") => OutputKind::Instant,
        // Other kinds of columns that are always null need no kind with elements or a currency.
        ReportColumnKind::Text | ReportColumnKind::Weekday | ReportColumnKind::Unmodelled(_) => {
            OutputKind::Text
        }
        ReportColumnKind::TimeOfDay => OutputKind::TimeOfDay,
        ReportColumnKind::Bool => OutputKind::Bool,
        ReportColumnKind::Date => OutputKind::Date,
        ReportColumnKind::Instant => OutputKind::Instant,
        ReportColumnKind::Money => OutputKind::Money { currency },
        ReportColumnKind::Decimal => OutputKind::Decimal { currency },
        ReportColumnKind::Dec4 => OutputKind::Dec4,
        ReportColumnKind::Json => OutputKind::Json,
        ReportColumnKind::List(item) => OutputKind::List(Box::new(output_kind(item, currency))),
        ReportColumnKind::Object { fields, text } => OutputKind::Object {
            fields: fields
                .iter()
                .map(|(name, kind)| ((*name).to_owned(), output_kind(kind, currency)))
                .collect(),
            text: *text,
        },
    }
}

/// Returns the Arrow type of the values of an output kind.
pub(crate) fn arrow_type(kind: &OutputKind) -> DataType {
    match kind {
        OutputKind::Int | OutputKind::TimeOfDay => DataType::Int64,
        OutputKind::Text | OutputKind::Json => DataType::Utf8,
        OutputKind::Dec4 => ratio::FRACTION,
        OutputKind::Bool => DataType::Boolean,
        OutputKind::Date => DataType::Date32,
        OutputKind::Instant => mirror::schema::instant(),
        OutputKind::Money { .. } | OutputKind::Decimal { .. } => AMOUNT_SUM_TYPE,
        OutputKind::List(item) => {
            DataType::List(Arc::new(Field::new_list_field(arrow_type(item), true)))
        }
        OutputKind::Object { fields, .. } => {
            let fields = fields.iter().map(|(name, kind)| Field::new(name, arrow_type(kind), true));
            DataType::Struct(fields.collect())
        }
    }
}

/// Returns the headers of the columns that `query` asks for.
pub(crate) fn column_headers(query: &ReportQuery) -> Vec<ColumnHeader> {
    let report = query.report;
    let headers = query.columns.iter().map(|chosen| match chosen {
        SelectedColumn::Column(position) => {
            let column = &report.columns[*position];
            let priority = query.sort.iter().position(|item| item.column == *position);
            let sorted = priority.map(|priority| SortPosition {
                descending: query.sort[priority].descending,
                priority,
            });
            ColumnHeader {
                label: display_name_of_key(column.key),
                key: column.key.to_owned(),
                sortable: column.is_sortable,
                sorted,
                holds_customer_id: report.holds_customer_id(column),
                required: report.is_required(column),
            }
        }
        SelectedColumn::CustomField(key) => ColumnHeader {
            label: key.clone(),
            key: custom_field_key(key),
            sortable: false,
            sorted: None,
            holds_customer_id: false,
            required: false,
        },
    });
    headers.collect()
}
