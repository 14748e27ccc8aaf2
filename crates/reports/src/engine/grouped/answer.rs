//! Columns, expressions, sort keys and headers of a grouped result. Rule: spec/reports.md §3, §9,
//! §10.

use datafusion::logical_expr::{Expr, lit};
use datafusion::prelude::col;
use model::output::{OutputColumn, OutputKind};
use model::time::Weekday;

use super::keys::{CURRENCY_COLUMN, dimension};
use super::layout::{CurrencyPlace, Layout};
use super::tallies::Tallies;
use crate::definition::column::{Column, Kind, Measure, Role};
use crate::definition::label::label;
use crate::definition::value::{choose, text};
use crate::engine::matching;
use crate::engine::output::output_kind;
use crate::engine::scope::Scope;
use crate::functions::order::{decimal_value, lower_case};
use crate::functions::tally::{ALL, FIRST};
use crate::page::{Header, Sorted};
use crate::request::grouped::{CURRENCY, GroupSort, SortKey};

const WEEKDAYS: [&str; 7] =
    ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/// One column of the result.
#[derive(Clone)]
pub(super) struct AnswerColumn {
    pub(super) output: OutputColumn,
    /// The key by which groups are sorted if they are sorted by this column.
    key: SortKey,
    sortable: bool,
    holds_customer_id: bool,
    /// The measure that the column shows; none for dimensions and the currency.
    pub(super) measure: Option<Measure>,
    value: Expr,
}

/// Returns the columns of the result: those asked for, then one per period and measure.
pub(super) fn columns(layout: &Layout<'_>, tallies: &Tallies) -> Vec<AnswerColumn> {
    let mut columns = Vec::new();
    for position in &layout.selected {
        let column = layout.column(*position);
        columns.push(AnswerColumn {
            output: OutputColumn {
                key: column.key.to_owned(),
                label: label(column.key),
                kind: kind(layout, column),
            },
            key: SortKey::Column(*position),
            sortable: column.is_sortable,
            holds_customer_id: layout.report.holds_customer_id(column),
            measure: measure_of(column),
            value: tallies.measure(*position, ALL).unwrap_or_else(|| shown(column, *position)),
        });
    }
    let measures = || layout.selected.iter().filter(|p| measure_of(layout.column(**p)).is_some());
    let is_only = measures().count() == 1;
    for (number, period) in layout.periods().iter().enumerate() {
        for position in measures() {
            let column = layout.column(*position);
            let Some(value) = tallies.measure(*position, FIRST + number) else { continue };
            columns.push(AnswerColumn {
                output: OutputColumn {
                    key: format!("pivot.{}.{}", period.key, column.key),
                    label: match is_only {
                        true => period.label.clone(),
                        false => format!("{} {}", period.label, label(column.key)),
                    },
                    kind: kind(layout, column),
                },
                key: SortKey::Cell(period.key.clone(), *position),
                sortable: true,
                holds_customer_id: false,
                measure: measure_of(column),
                value,
            });
        }
    }
    columns
}

/// Returns the column with the currency of a group's amounts. It comes after the others.
pub(super) fn currency_column() -> AnswerColumn {
    AnswerColumn {
        output: OutputColumn {
            key: CURRENCY.to_owned(),
            label: label(CURRENCY),
            kind: OutputKind::Text,
        },
        key: SortKey::Currency,
        sortable: true,
        holds_customer_id: false,
        measure: None,
        value: col(CURRENCY_COLUMN),
    }
}

fn measure_of(column: &Column) -> Option<Measure> {
    match column.role {
        Role::Measure(measure) => Some(measure),
        _ => None,
    }
}

fn kind(layout: &Layout<'_>, column: &Column) -> OutputKind {
    let currency = match layout.currency {
        CurrencyPlace::Selected(place) => place,
        _ => layout.selected.len() + cells(layout),
    };
    output_kind(&column.kind, currency)
}

/// Returns the number of columns that show periods.
fn cells(layout: &Layout<'_>) -> usize {
    let measures = layout.selected.iter().filter(|p| measure_of(layout.column(**p)).is_some());
    layout.periods().len() * measures.count()
}

fn shown(column: &Column, position: usize) -> Expr {
    let value = col(dimension(position));
    match column.kind {
        Kind::Weekday => {
            let names = WEEKDAYS.iter().zip(0_i64..);
            let names = names.map(|(name, day)| (value.clone().eq(lit(day)), text(name)));
            choose(names, None)
        }
        _ => value,
    }
}

impl AnswerColumn {
    pub(super) fn value(&self) -> Expr {
        self.value.clone()
    }

    /// Returns the header of the column in a result sorted by `sort`.
    pub(super) fn header(&self, sort: &[GroupSort]) -> Header {
        let priority = sort.iter().position(|item| item.key == self.key);
        Header {
            label: self.output.label.clone(),
            key: self.output.key.clone(),
            sortable: self.sortable,
            sorted: priority
                .map(|priority| Sorted { descending: sort[priority].descending, priority }),
            holds_customer_id: self.holds_customer_id,
            required: false,
        }
    }
}

/// Returns the expressions by which groups are sorted, most significant first, each with a flag
/// that is true for descending order. Dimensions and currency come last; they make the order
/// unique.
pub(super) fn sort_keys(
    scope: &Scope<'_>,
    layout: &Layout<'_>,
    columns: &[AnswerColumn],
    predicates: &[Expr],
) -> Vec<(Expr, bool)> {
    let mut items: Vec<(SortKey, bool)> =
        layout.arrangement.sort.iter().map(|item| (item.key.clone(), item.descending)).collect();
    let dimensions = layout.dimensions().map(SortKey::Column);
    let currency = (layout.currency == CurrencyPlace::Joined).then_some(SortKey::Currency);
    for key in dimensions.chain(currency) {
        if !items.iter().any(|(known, _)| *known == key) {
            items.push((key, false));
        }
    }
    let is_fixed = |key: &SortKey| match key {
        SortKey::Column(position) => {
            let value = &layout.column(*position).value;
            matching::is_fixed(&value(scope), predicates)
        }
        _ => false,
    };
    items.retain(|(key, _)| !is_fixed(key));
    let mut keys = Vec::new();
    for (key, descending) in items {
        let values = match &key {
            SortKey::Currency => vec![col(CURRENCY_COLUMN)],
            // A period that turned out not to be shown has no effect on the order.
            key => match columns.iter().find(|column| column.key == *key) {
                Some(column) => order_of(scope, layout, column),
                None => vec![],
            },
        };
        keys.extend(values.into_iter().map(|value| (value, descending)));
    }
    keys
}

fn order_of(scope: &Scope<'_>, layout: &Layout<'_>, column: &AnswerColumn) -> Vec<Expr> {
    let value = column.value.clone();
    if let (SortKey::Column(position), None) = (&column.key, column.measure) {
        let dimension = col(dimension(*position));
        match layout.column(*position).kind {
            Kind::Weekday => {
                let first = match scope.provider().week_starts_on {
                    Weekday::Sunday => 0_i64,
                    Weekday::Monday => 1,
                };
                return vec![(dimension + lit(7 - first)) % lit(7_i64)];
            }
            Kind::Text => return vec![lower_case(dimension.clone()), dimension],
            _ => return vec![dimension],
        }
    }
    match column.measure {
        Some(Measure::Sum) => {
            let currency = currency_of(layout);
            vec![decimal_value(value, currency.clone()), currency]
        }
        _ => vec![value],
    }
}

fn currency_of(layout: &Layout<'_>) -> Expr {
    match layout.currency {
        CurrencyPlace::Selected(place) => col(dimension(layout.selected[place])),
        _ => col(CURRENCY_COLUMN),
    }
}
