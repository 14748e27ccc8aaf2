//! Columns, headers and batch types of a result. Shape: `model::output`.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::logical_expr::Expr;
use datafusion::prelude::col;
use model::output::{OutputColumn, OutputKind};

use super::scope::Scope;
use crate::definition::column::{Column, Kind};
use crate::definition::label::label;
use crate::definition::value::WIDE;
use crate::functions::{json, ratio};
use crate::page::{Header, Sorted};
use crate::request::question::{Chosen, Question};

/// The columns of a result, and the expressions that compute them.
pub(crate) struct Output {
    pub(crate) columns: Vec<OutputColumn>,
    /// One expression per column, followed by those of the hidden columns.
    pub(crate) expressions: Vec<Expr>,
}

/// Makes the output columns that `question` asks for.
pub(crate) fn lay_out(scope: &Scope<'_>, question: &Question) -> Output {
    let mut columns = Vec::new();
    let mut expressions = Vec::new();
    let mut currencies: Vec<Expr> = Vec::new();
    for chosen in &question.columns {
        match chosen {
            Chosen::Column(position) => {
                let column = &question.report.columns[*position];
                expressions.push((column.value)(scope));
                let currency = column.currency.as_ref().map(|currency| {
                    let currency = currency(scope);
                    let known = currencies.iter().position(|other| *other == currency);
                    let hidden = known.unwrap_or_else(|| {
                        currencies.push(currency);
                        currencies.len() - 1
                    });
                    question.columns.len() + hidden
                });
                columns.push(OutputColumn {
                    key: column.key.to_owned(),
                    label: label(column.key),
                    kind: output_kind(&column.kind, currency.unwrap_or_default()),
                });
            }
            Chosen::CustomField(key) => {
                expressions.push(json::member(col("c.metadata"), key));
                columns.push(OutputColumn {
                    key: custom_key(key),
                    label: key.clone(),
                    kind: OutputKind::Text,
                });
            }
        }
    }
    expressions.extend(currencies);
    Output { columns, expressions }
}

/// Makes output columns from these columns. Each one has its key as its label.
pub(crate) fn of_columns(scope: &Scope<'_>, chosen: &[&Column]) -> Output {
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
    Output { columns, expressions }
}

fn custom_key(key: &str) -> String {
    format!("custom_fields.{key}")
}

/// Returns the output kind of a column kind. `currency` is the position of the batch column with
/// the currency of the amounts.
pub(crate) fn output_kind(kind: &Kind, currency: usize) -> OutputKind {
    match kind {
        Kind::Int | Kind::Unmodelled("int") => OutputKind::Int,
        Kind::Unmodelled("bool") => OutputKind::Bool,
        Kind::Unmodelled("date") => OutputKind::Date,
        Kind::Unmodelled("dt") => OutputKind::Instant,
        // Other kinds of columns that are always null need no kind with elements or a currency.
        Kind::Text | Kind::Weekday | Kind::Unmodelled(_) => OutputKind::Text,
        Kind::TimeOfDay => OutputKind::TimeOfDay,
        Kind::Bool => OutputKind::Bool,
        Kind::Date => OutputKind::Date,
        Kind::Instant => OutputKind::Instant,
        Kind::Money => OutputKind::Money { currency },
        Kind::Decimal => OutputKind::Decimal { currency },
        Kind::Dec4 => OutputKind::Dec4,
        Kind::Json => OutputKind::Json,
        Kind::List(item) => OutputKind::List(Box::new(output_kind(item, currency))),
        Kind::Object { fields, text } => OutputKind::Object {
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
        OutputKind::Money { .. } | OutputKind::Decimal { .. } => WIDE,
        OutputKind::List(item) => {
            DataType::List(Arc::new(Field::new_list_field(arrow_type(item), true)))
        }
        OutputKind::Object { fields, .. } => {
            let fields = fields.iter().map(|(name, kind)| Field::new(name, arrow_type(kind), true));
            DataType::Struct(fields.collect())
        }
    }
}

/// Returns the headers of the columns that `question` asks for.
pub(crate) fn headers(question: &Question) -> Vec<Header> {
    let report = question.report;
    let headers = question.columns.iter().map(|chosen| match chosen {
        Chosen::Column(position) => {
            let column = &report.columns[*position];
            let priority = question.sort.iter().position(|item| item.column == *position);
            let sorted = priority.map(|priority| Sorted {
                descending: question.sort[priority].descending,
                priority,
            });
            Header {
                label: label(column.key),
                key: column.key.to_owned(),
                sortable: column.is_sortable,
                sorted,
                holds_customer_id: report.holds_customer_id(column),
                required: report.is_required(column),
            }
        }
        Chosen::CustomField(key) => Header {
            label: key.clone(),
            key: custom_key(key),
            sortable: false,
            sorted: None,
            holds_customer_id: false,
            required: false,
        },
    });
    headers.collect()
}
