//! The keys by which rows are grouped.
//!
//! Some dimensions read a single related row that a key identifies, such as a plan's name or a
//! customer's email. Rows are then grouped by the key, a number, and the related rows are joined to
//! the groups. Unless the key is shown as well, groups with different keys may show equal values;
//! such groups are merged.

use datafusion::logical_expr::{Expr, JoinType, LogicalPlanBuilder};
use datafusion::prelude::col;

use super::layout::{CurrencyPosition, GroupLayout};
use super::tallies::QueryTallies;
use crate::definition::RowSource;
use crate::definition::relation::{Relation, RelationKeys, RelationSource};
use crate::engine::needs::ColumnNeeds;
use crate::engine::{base, join_names, matching};
use crate::error::ReportError;
use crate::query_scope::QueryScope;
use crate::request::grouped::CURRENCY;

/// Returns the name of a dimension's column. `position` is its position in the report.
pub(super) fn dimension(position: usize) -> String {
    format!("dimension_{position}")
}

/// The name of the column with the currency of the amounts.
pub(super) const CURRENCY_COLUMN: &str = "currency_of_amounts";

/// Returns a plan with one row per group: the selected dimensions, the currency if it was added to
/// the key, and the tallies.
pub(super) fn plan_groups(
    scope: &QueryScope<'_>,
    layout: &GroupLayout<'_>,
    tallies: &QueryTallies,
    predicates: &[Expr],
) -> Result<LogicalPlanBuilder, ReportError> {
    let grouping = GroupKeys::from_layout(scope, layout);
    let keys = grouping.keys.iter().enumerate();
    let named_keys = keys.map(|(number, key)| (group_key_name(number), key.clone()));
    let reads = named_keys.chain(tallies.row_values()).collect::<Vec<_>>();
    let base = base::candidate_rows(scope, &layout.report.source, predicates)?;
    let rows = matching::select_rows(scope, &layout.report.source, base, predicates, &reads)?;
    let key_columns =
        (0..grouping.keys.len()).map(|number| col(group_key_name(number))).collect::<Vec<_>>();
    let mut groups = rows.aggregate(key_columns, tallies.over_rows())?;
    let needs = ColumnNeeds::from_expressions(
        &layout.report.source,
        grouping.shown.iter().map(|shown| &shown.value),
    );
    for (relation, key) in grouping.joined() {
        let named = join_names::project_join_columns(
            relation.rows(scope, &RelationKeys::All)?,
            relation.alias,
            &needs,
        )?;
        let name = join_names::join_column(&format!("{}.{}", relation.alias, relation.on[0].1));
        let on = (vec![name], vec![join_names::join_column(&group_key_name(key))]);
        groups = named.join(groups.build()?, JoinType::Right, on, None)?;
    }
    let shown = grouping
        .shown
        .iter()
        .map(|shown| Ok(join_names::to_join_expression(&shown.value)?.alias(&shown.name)))
        .collect::<Result<Vec<_>, ReportError>>()?;
    let groups = groups.project(shown.into_iter().chain(tallies.columns()).collect::<Vec<_>>())?;
    if !grouping.may_show_equal() {
        return Ok(groups);
    }
    let names = grouping.shown.iter().map(|shown| col(&shown.name)).collect::<Vec<_>>();
    Ok(groups.aggregate(names, tallies.over_groups())?)
}

fn group_key_name(number: usize) -> String {
    format!("key_{number}")
}

/// The keys of groups, and the values shown from them.
struct GroupKeys<'r> {
    /// The expressions by which rows are grouped.
    keys: Vec<Expr>,
    shown: Vec<ShownValue<'r>>,
}

/// A value that is shown for a key.
struct ShownValue<'r> {
    name: String,
    key: usize,
    /// An expression over the keys and the relation that is joined to them.
    value: Expr,
    named: Option<&'r Relation>,
}

impl<'r> GroupKeys<'r> {
    fn from_layout(scope: &QueryScope<'_>, layout: &GroupLayout<'r>) -> Self {
        let mut grouping = Self { keys: vec![], shown: vec![] };
        for position in layout.dimensions() {
            let value = (layout.column(position).value)(scope);
            grouping.add(&layout.report.source, dimension(position), value);
        }
        if layout.currency == CurrencyPosition::Added
            && let Some(position) = layout.report.column(CURRENCY)
        {
            let value = (layout.column(position).value)(scope);
            grouping.add(&layout.report.source, CURRENCY_COLUMN.to_owned(), value);
        }
        grouping
    }

    fn add(&mut self, source: &'r RowSource, name: String, value: Expr) {
        let shown = match relation_of_key(source, &value) {
            Some(relation) => {
                let key = self.key_position(col(relation.on[0].0));
                ShownValue { name, key, value, named: Some(relation) }
            }
            None => {
                let key = self.key_position(value);
                ShownValue { name, key, value: col(group_key_name(key)), named: None }
            }
        };
        self.shown.push(shown);
    }

    fn key_position(&mut self, key: Expr) -> usize {
        let known = self.keys.iter().position(|known| *known == key);
        known.unwrap_or_else(|| {
            self.keys.push(key);
            self.keys.len() - 1
        })
    }

    /// Returns the relations to join, each once, with the key that identifies their rows.
    fn joined(&self) -> Vec<(&'r Relation, usize)> {
        let mut joined: Vec<(&Relation, usize)> = Vec::new();
        for shown in &self.shown {
            if let Some(relation) = shown.named
                && !joined.iter().any(|(known, _)| known.alias == relation.alias)
            {
                joined.push((relation, shown.key));
            }
        }
        joined
    }

    /// Returns true if groups with different keys may show equal values.
    fn may_show_equal(&self) -> bool {
        let is_shown =
            |key: usize| self.shown.iter().any(|shown| shown.named.is_none() && shown.key == key);
        self.shown.iter().any(|shown| shown.named.is_some() && !is_shown(shown.key))
    }
}

/// Returns the relation if it is all that an expression reads and a key identifies its rows.
fn relation_of_key<'r>(source: &'r RowSource, value: &Expr) -> Option<&'r Relation> {
    let columns = value.column_refs();
    let mut aliases = columns.iter().map(|column| column.relation.as_ref().map(|r| r.table()));
    let alias = aliases.next()??;
    if aliases.any(|other| other != Some(alias)) {
        return None;
    }
    let relation = source.relations.iter().find(|relation| relation.alias == alias)?;
    let is_named = matches!(relation.source, RelationSource::Table(_)) && relation.on.len() == 1;
    is_named.then_some(relation)
}
