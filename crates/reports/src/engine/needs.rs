//! The columns of the base and the relations that a set of expressions reads. Only these are joined
//! and fetched.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::logical_expr::Expr;

use crate::definition::RowSource;

/// Names of columns, by the alias of the base or relation that holds them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ColumnNeeds {
    by_alias: BTreeMap<String, BTreeSet<String>>,
}

impl ColumnNeeds {
    /// Collects the columns that `expressions` read, and the key columns of the relations that are
    /// needed for them.
    pub(crate) fn from_expressions<'a>(
        source: &RowSource,
        expressions: impl IntoIterator<Item = &'a Expr>,
    ) -> Self {
        let mut needs = Self::default();
        for expression in expressions {
            for column in expression.column_refs() {
                if let Some(alias) = &column.relation {
                    needs.add(alias.table(), &column.name);
                }
            }
        }
        for relation in source.relations.iter().rev() {
            if needs.reads(relation.alias) {
                for (outer, inner) in &relation.on {
                    needs.add_qualified(outer);
                    needs.add(relation.alias, inner);
                }
            }
        }
        needs
    }

    /// Returns true if a column of this alias is read.
    pub(crate) fn reads(&self, alias: &str) -> bool {
        self.by_alias.contains_key(alias)
    }

    /// Returns the columns of this alias that are read, in order of name.
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
