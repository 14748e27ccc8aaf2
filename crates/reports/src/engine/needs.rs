//! Which columns of which relations a set of expressions reads. Nothing else is joined or fetched.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::logical_expr::Expr;

use crate::definition::Report;

/// Columns by alias of the base or relation that holds them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    by_alias: BTreeMap<String, BTreeSet<String>>,
}

impl Needs {
    /// What `expressions` read, and the keys by which `report` finds it.
    pub(crate) fn of<'a>(report: &Report, expressions: impl IntoIterator<Item = &'a Expr>) -> Self {
        let mut needs = Self::default();
        for expression in expressions {
            for column in expression.column_refs() {
                if let Some(alias) = &column.relation {
                    needs.add(alias.table(), &column.name);
                }
            }
        }
        for relation in report.relations.iter().rev() {
            if needs.reads(relation.alias) {
                for (outer, inner) in &relation.on {
                    needs.add_qualified(outer);
                    needs.add(relation.alias, inner);
                }
            }
        }
        needs
    }

    /// Whether anything of this alias is read.
    pub(crate) fn reads(&self, alias: &str) -> bool {
        self.by_alias.contains_key(alias)
    }

    /// The columns of this alias that are read, in order.
    pub(crate) fn columns(&self, alias: &str) -> impl Iterator<Item = &str> {
        self.by_alias.get(alias).into_iter().flatten().map(String::as_str)
    }

    fn add(&mut self, alias: &str, column: &str) {
        self.by_alias.entry(alias.to_owned()).or_default().insert(column.to_owned());
    }

    fn add_qualified(&mut self, column: &str) {
        if let Some((alias, name)) = column.split_once('.') {
            self.add(alias, name);
        }
    }
}
