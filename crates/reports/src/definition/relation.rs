//! Relations: rows that can be joined to a base row. Every relation has at most one row per key, so
//! a join never multiplies rows. Relations that no expression refers to are not joined.

use datafusion::common::Column;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, lit};
use mirror::{ScanKeys, ScanRequest};

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
            RelationSource::Table(table) => keys.scan(scope, table, self.alias, self.on[0].1),
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

/// With more ids than this, they are tested by a function and not one by one.
const IDS_LISTED_MAX: usize = 20;

impl RelationKeys {
    /// Returns true if no row is needed.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::All => false,
            Self::Ids(ids) => ids.is_empty(),
            Self::Texts(texts) => texts.is_empty(),
        }
    }

    /// Starts a plan with the rows of `table`, called `alias`, whose `column` is one of the keys.
    pub(crate) fn scan(
        &self,
        scope: &QueryScope<'_>,
        table: &str,
        alias: &'static str,
        column: &str,
    ) -> Result<LogicalPlanBuilder, ReportError> {
        let rows = self.scan_candidates(scope, table, alias, column)?;
        self.restrict(rows, Expr::Column(Column::new(Some(alias), column)))
    }

    /// Starts a plan with the rows of `table`, called `alias`, whose `column` is, or contains, one
    /// of the keys. Others may be among them.
    pub(crate) fn scan_candidates(
        &self,
        scope: &QueryScope<'_>,
        table: &str,
        alias: &str,
        column: &str,
    ) -> Result<LogicalPlanBuilder, ReportError> {
        let keys = match self {
            Self::Ids(ids) => ScanKeys::new(table, column, ids),
            Self::All | Self::Texts(_) => None,
        };
        Ok(scope.session.scan_as(table, alias, ScanRequest { is_by_id: false, keys })?)
    }

    /// Keeps the rows whose `column` is one of the keys.
    pub(crate) fn restrict(
        &self,
        rows: LogicalPlanBuilder,
        column: Expr,
    ) -> Result<LogicalPlanBuilder, ReportError> {
        let listed: Vec<Expr> = match self {
            Self::All => return Ok(rows),
            Self::Ids(ids) if ids.len() > IDS_LISTED_MAX => {
                // Where keys and ids grow together, the range lets DataFusion skip most of the
                // table.
                let range = column.clone().between(lit(ids[0]), lit(ids[ids.len() - 1]));
                return Ok(rows.filter(range)?.filter(is_in_ids(column, ids))?);
            }
            Self::Ids(ids) => ids.iter().map(|id| lit(*id)).collect(),
            Self::Texts(texts) => texts.iter().map(|word| text_literal(word)).collect(),
        };
        Ok(rows.filter(column.in_list(listed, false))?)
    }
}
