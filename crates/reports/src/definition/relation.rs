//! Relations: rows that can be joined to a base row. Every relation has at most one row per key, so
//! a join never multiplies rows. Relations that no expression refers to are not joined.

use datafusion::logical_expr::{Expr, LogicalPlanBuilder, lit};

use super::scoped_expr::text_literal;
use crate::error::ReportError;
use crate::functions::id_set::is_in_ids;
use crate::query_scope::QueryScope;

/// A named source of rows, at most one of which belongs to each base row.
pub(crate) struct Relation {
    /// The name by which expressions refer to the relation.
    pub(crate) alias: &'static str,
    /// Pairs of a column of the base or of an earlier relation (`cm.customer_id`) and the column of
    /// this relation that equals it. The first pair restricts the source when the keys are known.
    pub(crate) on: Vec<(&'static str, &'static str)>,
    pub(crate) source: RelationSource,
}

/// A function that makes a plan with one row per key, restricted to the given keys.
pub(crate) type DerivedPlan =
    fn(&QueryScope<'_>, &RelationKeys) -> Result<LogicalPlanBuilder, ReportError>;

/// The source of a relation's rows.
pub(crate) enum RelationSource {
    /// A table of the catalogue.
    Table(&'static str),
    /// Rows computed from tables.
    Derived(DerivedPlan),
}

/// Defines a relation with the row of `table` whose id is in `key`.
pub(crate) fn related_row(alias: &'static str, table: &'static str, key: &'static str) -> Relation {
    Relation { alias, on: vec![(key, "id")], source: RelationSource::Table(table) }
}

/// Defines a relation with the row of a derived plan.
pub(crate) fn derived_relation<const N: usize>(
    alias: &'static str,
    on: [(&'static str, &'static str); N],
    plan: DerivedPlan,
) -> Relation {
    Relation { alias, on: on.to_vec(), source: RelationSource::Derived(plan) }
}

impl Relation {
    /// Returns a plan for the relation's rows, restricted to `keys` in the first key column.
    pub(crate) fn rows(
        &self,
        scope: &QueryScope<'_>,
        keys: &RelationKeys,
    ) -> Result<LogicalPlanBuilder, ReportError> {
        match self.source {
            RelationSource::Table(table) => {
                let rows = scope.session.scan(table, self.alias)?;
                let key = datafusion::common::Column::new(Some(self.alias), self.on[0].1);
                keys.restrict_sorted(rows, Expr::Column(key))
            }
            RelationSource::Derived(plan) => Ok(plan(scope, keys)?.alias(self.alias)?),
        }
    }
}

/// The keys whose rows are needed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum RelationKeys {
    /// Every key.
    All,
    /// These ids, sorted, without duplicates.
    Ids(Vec<i64>),
    /// These texts, sorted, without duplicates.
    Texts(Vec<String>),
}

/// DataFusion prunes row groups and pages by at most 20 alternatives.
const RANGES_MAX: usize = 20;
/// With more ids than this, the gaps between them are assumed to be too small for ranges to help.
const GAP_SEARCH_IDS_MAX: usize = 1_000;

impl RelationKeys {
    /// Returns true if no row is needed.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::All => false,
            Self::Ids(ids) => ids.is_empty(),
            Self::Texts(texts) => texts.is_empty(),
        }
    }

    /// Keeps the rows whose `column` is one of the keys.
    pub(crate) fn restrict(
        &self,
        rows: LogicalPlanBuilder,
        column: Expr,
    ) -> Result<LogicalPlanBuilder, ReportError> {
        let rows = match self {
            // Where keys and ids grow together, this range lets DataFusion skip most of the table.
            Self::Ids(ids) if ids.len() > RANGES_MAX => {
                rows.filter(column.clone().between(lit(ids[0]), lit(ids[ids.len() - 1])))?
            }
            _ => rows,
        };
        self.restrict_each(rows, column)
    }

    /// Keeps the rows whose `id` is one of the keys. Files are sorted by `id`, so DataFusion can
    /// skip row groups and pages that hold none of them.
    pub(crate) fn restrict_sorted(
        &self,
        rows: LogicalPlanBuilder,
        id: Expr,
    ) -> Result<LogicalPlanBuilder, ReportError> {
        let Self::Ids(ids) = self else { return self.restrict(rows, id) };
        if ids.len() <= RANGES_MAX || ids.len() > GAP_SEARCH_IDS_MAX {
            return self.restrict(rows, id);
        }
        let ranges = cover_with_ranges(ids).into_iter();
        let ranges = ranges.map(|(first, last)| id.clone().between(lit(first), lit(last)));
        let rows = match ranges.reduce(Expr::or) {
            Some(predicate) => rows.filter(predicate)?,
            None => rows,
        };
        self.restrict_each(rows, id)
    }

    fn restrict_each(
        &self,
        rows: LogicalPlanBuilder,
        column: Expr,
    ) -> Result<LogicalPlanBuilder, ReportError> {
        let words = match self {
            Self::All => return Ok(rows),
            Self::Ids(ids) if ids.len() > RANGES_MAX => {
                return Ok(rows.filter(is_in_ids(column, ids))?);
            }
            Self::Ids(ids) => ids.iter().map(|id| lit(*id)).collect(),
            Self::Texts(texts) => texts.iter().map(|word| text_literal(word)).collect(),
        };
        Ok(rows.filter(column.in_list(words, false))?)
    }
}

/// Covers sorted ids with at most [`RANGES_MAX`] ranges, split at the widest gaps.
fn cover_with_ranges(ids: &[i64]) -> Vec<(i64, i64)> {
    let (Some(first), Some(last)) = (ids.first(), ids.last()) else { return vec![] };
    let mut cuts: Vec<usize> = (1..ids.len()).collect();
    cuts.sort_by_key(|cut| std::cmp::Reverse(ids[*cut].abs_diff(ids[*cut - 1])));
    cuts.truncate(RANGES_MAX - 1);
    cuts.sort_unstable();
    let starts = std::iter::once(*first).chain(cuts.iter().map(|cut| ids[*cut]));
    let ends = cuts.iter().map(|cut| ids[*cut - 1]).chain([*last]);
    starts.zip(ends).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_all_ids_and_cut_at_the_widest_gaps() {
        assert_eq!(cover_with_ranges(&[]), []);
        assert_eq!(cover_with_ranges(&[5]), [(5, 5)]);
        let ids: Vec<i64> = (0..100).map(|n| if n < 50 { n } else { n * 1000 }).collect();
        let found = cover_with_ranges(&ids);
        assert_eq!(found.len(), RANGES_MAX);
        assert_eq!(found[0], (0, 49));
        for id in ids {
            assert!(found.iter().any(|(first, last)| (first..=last).contains(&&id)), "{id}");
        }
    }
}
