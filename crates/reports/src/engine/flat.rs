//! Names without qualifiers: `cm.id` as one name.
//!
//! Physical plans know columns by name alone, and push predicates to the first column of that name.
//! So in a join every column has a name that no other column has.

use datafusion::common::Column;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::{Expr, LogicalPlanBuilder};

use super::needs::Needs;
use crate::error::ReportError;

/// The column that is called `alias.name` before a join.
pub(crate) fn column(qualified: &str) -> Column {
    Column::new_unqualified(qualified)
}

/// The columns of `alias` that are needed, under their names in the join.
pub(crate) fn columns(
    rows: LogicalPlanBuilder,
    alias: &str,
    needs: &Needs,
) -> Result<LogicalPlanBuilder, ReportError> {
    let named =
        |name: &str| Expr::Column(Column::new(Some(alias), name)).alias(format!("{alias}.{name}"));
    let columns: Vec<Expr> = needs.columns(alias).map(named).collect();
    match columns.is_empty() {
        true => Ok(rows),
        false => Ok(rows.project(columns)?),
    }
}

/// The expression over the columns of a join.
pub(crate) fn expression(expression: &Expr) -> Result<Expr, ReportError> {
    let flat = expression.clone().transform(|part| {
        Ok(match part {
            Expr::Column(found) if found.relation.is_some() => {
                Transformed::yes(Expr::Column(column(&found.flat_name())))
            }
            other => Transformed::no(other),
        })
    })?;
    Ok(flat.data)
}
