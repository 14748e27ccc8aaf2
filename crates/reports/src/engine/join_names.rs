//! Column names without qualifiers: `cm.id` becomes a single name.
//!
//! Physical plans identify columns by name alone, and push predicates down to the first column with
//! a name. So every column of a join needs a name that no other column has.

use datafusion::common::Column;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::{Expr, LogicalPlanBuilder};

use super::needs::ColumnNeeds;
use crate::error::ReportError;

/// Returns the column that was called `alias.name` before the join.
pub(crate) fn join_column(qualified: &str) -> Column {
    Column::new_unqualified(qualified)
}

/// Projects the needed columns of `alias`, under the names that they have in the join.
pub(crate) fn project_join_columns(
    rows: LogicalPlanBuilder,
    alias: &str,
    needs: &ColumnNeeds,
) -> Result<LogicalPlanBuilder, ReportError> {
    let named =
        |name: &str| Expr::Column(Column::new(Some(alias), name)).alias(format!("{alias}.{name}"));
    let columns: Vec<Expr> = needs.columns(alias).map(named).collect();
    if columns.is_empty() { Ok(rows) } else { Ok(rows.project(columns)?) }
}

/// Rewrites an expression to refer to the columns of the join.
pub(crate) fn to_join_expression(expression: &Expr) -> Result<Expr, ReportError> {
    let flat = expression.clone().transform(|part| {
        Ok(match part {
            Expr::Column(found) if found.relation.is_some() => {
                Transformed::yes(Expr::Column(join_column(&found.flat_name())))
            }
            other => Transformed::no(other),
        })
    })?;
    Ok(flat.data)
}
