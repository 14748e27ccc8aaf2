//! Columns, expressions, sort keys and headers of a grouped result. Rule: spec/reports.md §3, §9,
//! §10.

use datafusion::logical_expr::{Expr, lit};
use datafusion::prelude::col;
use model::output::{OutputColumn, OutputKind};
use model::time::Weekday;

use super::keys::{CURRENCY_COLUMN, dimension};
use super::layout::{CurrencyPosition, GroupLayout};
use super::tallies::QueryTallies;
use crate::definition::column::{ColumnRole, MeasureAggregation, ReportColumn, ReportColumnKind};
use crate::definition::label::display_name_of_key;
use crate::definition::scoped_expr::{case_when, text_literal};
use crate::engine::matching;
use crate::engine::output::output_kind;
use crate::functions::sort_keys::{comparable_amount, lower_case};
use crate::functions::tally::{FIRST_PERIOD_SUM, SUM_OF_ALL};
use crate::page::{ColumnHeader, SortPosition};
use crate::query_scope::QueryScope;
use crate::request::grouped::{CURRENCY, GroupSortItem, GroupSortKey};

const WEEKDAYS: [&str; 7] =
    ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/// One column of the result.
#[derive(Clone)]
pub(super) struct GroupedColumn {
    pub(super) output: OutputColumn,
    /// The key by which groups are sorted if they are sorted by this column.
    key: GroupSortKey,
    sortable: bool,
    holds_customer_id: bool,
    /// The measure that the column shows; none for dimensions and the currency.
    pub(super) measure: Option<MeasureAggregation>,
    value: Expr,
}

/// Returns the columns of the result: those asked for, then one per period and measure.
pub(super) fn grouped_columns(
    layout: &GroupLayout<'_>,
    tallies: &QueryTallies,
) -> Vec<GroupedColumn> {
    let mut columns = Vec::new();
    for position in &layout.selected {
        let column = layout.column(*position);
        columns.push(GroupedColumn {
            output: OutputColumn {
                key: column.key.to_owned(),
                label: display_name_of_key(column.key),
                kind: kind(layout, column),
            },
            key: GroupSortKey::Column(*position),
            sortable: column.is_sortable,
            holds_customer_id: layout.report.holds_customer_id(column),
            measure: measure_kind(column),
            value: tallies
                .measure(*position, SUM_OF_ALL)
                .unwrap_or_else(|| shown(column, *position)),
        });
    }
    let measures = || layout.selected.iter().filter(|p| measure_kind(layout.column(**p)).is_some());
    let is_only = measures().count() == 1;
    for (number, period) in layout.periods().iter().enumerate() {
        for position in measures() {
            let column = layout.column(*position);
            let Some(value) = tallies.measure(*position, FIRST_PERIOD_SUM + number) else {
                continue;
            };
            columns.push(GroupedColumn {
                output: OutputColumn {
                    key: format!("pivot.{}.{}", period.key, column.key),
                    label: if is_only {
                        period.label.clone()
                    } else {
                        format!("{} {}", period.label, display_name_of_key(column.key))
                    },
                    kind: kind(layout, column),
                },
                key: GroupSortKey::Cell(period.key.clone(), *position),
                sortable: true,
                holds_customer_id: false,
                measure: measure_kind(column),
                value,
            });
        }
    }
    columns
}

/// Returns the column with the currency of a group's amounts. It comes after the others.
pub(super) fn currency_column() -> GroupedColumn {
    GroupedColumn {
        output: OutputColumn {
            key: CURRENCY.to_owned(),
            label: display_name_of_key(CURRENCY),
            kind: OutputKind::Text,
        },
        key: GroupSortKey::Currency,
        sortable: true,
        holds_customer_id: false,
        measure: None,
        value: col(CURRENCY_COLUMN),
    }
}

fn measure_kind(column: &ReportColumn) -> Option<MeasureAggregation> {
    match column.role {
        ColumnRole::Measure(measure) => Some(measure),
        _ => None,
    }
}

fn kind(layout: &GroupLayout<'_>, column: &ReportColumn) -> OutputKind {
    let currency = match layout.currency {
        CurrencyPosition::Selected(place) => place,
        _ => layout.selected.len() + pivot_column_count(layout),
    };
    output_kind(&column.kind, currency)
}

/// Returns the number of columns that show periods.
fn pivot_column_count(layout: &GroupLayout<'_>) -> usize {
    let measures = layout.selected.iter().filter(|p| measure_kind(layout.column(**p)).is_some());
    layout.periods().len() * measures.count()
}

fn shown(column: &ReportColumn, position: usize) -> Expr {
    let value = col(dimension(position));
    match column.kind {
        ReportColumnKind::Weekday => {
            let names = WEEKDAYS.iter().zip(0_i64..);
            let names = names.map(|(name, day)| (value.clone().eq(lit(day)), text_literal(name)));
            case_when(names, None)
        }
        _ => value,
    }
}

impl GroupedColumn {
    pub(super) fn value(&self) -> Expr {
        self.value.clone()
    }

    /// Returns the header of the column in a result sorted by `sort`.
    pub(super) fn header(&self, sort: &[GroupSortItem]) -> ColumnHeader {
        let priority = sort.iter().position(|item| item.key == self.key);
        ColumnHeader {
            label: self.output.label.clone(),
            key: self.output.key.clone(),
            sortable: self.sortable,
            sorted: priority
                .map(|priority| SortPosition { descending: sort[priority].descending, priority }),
            holds_customer_id: self.holds_customer_id,
            required: false,
        }
    }
}

/// Returns the expressions by which groups are sorted, most significant first, each with a flag
/// that is true for descending order. Dimensions and currency come last; they make the order
/// unique.
pub(super) fn group_sort_keys(
    scope: &QueryScope<'_>,
    layout: &GroupLayout<'_>,
    columns: &[GroupedColumn],
    predicates: &[Expr],
) -> Vec<(Expr, bool)> {
    let mut items: Vec<(GroupSortKey, bool)> =
        layout.arrangement.sort.iter().map(|item| (item.key.clone(), item.descending)).collect();
    let dimensions = layout.dimensions().map(GroupSortKey::Column);
    let currency = (layout.currency == CurrencyPosition::Added).then_some(GroupSortKey::Currency);
    for key in dimensions.chain(currency) {
        if !items.iter().any(|(known, _)| *known == key) {
            items.push((key, false));
        }
    }
    let is_fixed = |key: &GroupSortKey| match key {
        GroupSortKey::Column(position) => {
            let value = &layout.column(*position).value;
            matching::is_fixed_by_predicate(&value(scope), predicates)
        }
        _ => false,
    };
    items.retain(|(key, _)| !is_fixed(key));
    let mut keys = Vec::new();
    for (key, descending) in items {
        let values = match &key {
            GroupSortKey::Currency => vec![col(CURRENCY_COLUMN)],
            // A period that turned out not to be shown has no effect on the order.
            key => match columns.iter().find(|column| column.key == *key) {
                Some(column) => column_sort_values(scope, layout, column),
                None => vec![],
            },
        };
        keys.extend(values.into_iter().map(|value| (value, descending)));
    }
    keys
}

fn column_sort_values(
    scope: &QueryScope<'_>,
    layout: &GroupLayout<'_>,
    column: &GroupedColumn,
) -> Vec<Expr> {
    let value = column.value.clone();
    if let (GroupSortKey::Column(position), None) = (&column.key, column.measure) {
        let dimension = col(dimension(*position));
        match layout.column(*position).kind {
            ReportColumnKind::Weekday => {
                let first = match scope.provider().week_starts_on {
                    Weekday::Sunday => 0_i64,
                    Weekday::Monday => 1,
                };
                return vec![(dimension + lit(7 - first)) % lit(7_i64)];
            }
            ReportColumnKind::Text => return vec![lower_case(dimension.clone()), dimension],
            _ => return vec![dimension],
        }
    }
    match column.measure {
        Some(MeasureAggregation::Sum) => {
            let currency = currency_value(layout);
            vec![comparable_amount(value, currency.clone()), currency]
        }
        _ => vec![value],
    }
}

fn currency_value(layout: &GroupLayout<'_>) -> Expr {
    match layout.currency {
        CurrencyPosition::Selected(place) => col(dimension(layout.selected[place])),
        _ => col(CURRENCY_COLUMN),
    }
}
