//! The catalogue's rules for the rows of one table, looked up once.

use std::sync::LazyLock;

use model::catalogue::{ColumnDefault, ColumnType, Presence, RowRule, Table, table, tables};
use model::cell::Cell;

/// The positions of a table's columns that need more than being written.
pub(crate) struct TableImportPlan {
    /// The columns that name rows of other tables.
    pub(crate) references: Vec<ReferenceColumn>,
    /// The columns that hold an allotment, which names offering types.
    pub(crate) allotments: Vec<usize>,
    /// The columns that the rule on an invoice's currency compares, if it applies.
    pub(crate) invoice_currency: Option<InvoiceCurrencyColumns>,
    /// The columns whose default is copied from a referenced row at the end of the call.
    pub(crate) parent_defaults: Vec<ParentDefault>,
    /// True if rows of other tables may name rows of this one.
    pub(crate) is_referenced: bool,
    /// A column on which rows of other tables depend: when it changes, they are checked again.
    pub(crate) depended_on: Option<usize>,
    /// The column with the customer membership that a hold belongs to, which is bumped with the
    /// hold.
    pub(crate) bumped_membership: Option<usize>,
}

/// A column that names rows of `target`.
pub(crate) struct ReferenceColumn {
    pub(crate) position: usize,
    /// The position of the target table in the catalogue.
    pub(crate) target: usize,
    pub(crate) is_list: bool,
}

/// The positions of the columns that the rule compares.
pub(crate) struct InvoiceCurrencyColumns {
    pub(crate) invoice_id: usize,
    pub(crate) currency: usize,
}

/// A column whose default is a column of a referenced row, or that column times another.
pub(crate) struct ParentDefault {
    pub(crate) position: usize,
    pub(crate) via: usize,
    pub(crate) parent: &'static Table,
    pub(crate) source: &'static str,
    pub(crate) times: Option<usize>,
}

impl ParentDefault {
    /// Returns true if the two versions of a row take the default from different sources.
    pub(crate) fn has_other_sources(&self, cells: &[Cell], stored: &[Cell]) -> bool {
        let differs = |position: usize| cells[position] != stored[position];
        differs(self.via) || self.times.is_some_and(differs)
    }
}

static PLANS: LazyLock<Vec<TableImportPlan>> =
    LazyLock::new(|| tables().iter().map(TableImportPlan::build).collect());

/// Returns the plan of `table`.
pub(crate) fn for_table(table: &Table) -> &'static TableImportPlan {
    &PLANS[table.position]
}

/// Returns the table that the rules of this module name.
pub(crate) fn required_table(name: &'static str) -> &'static Table {
    table(name).expect("the catalogue has the tables that its rules name")
}

impl TableImportPlan {
    fn build(table: &'static Table) -> Self {
        let position = |name: &str| table.position_of(name);
        let columns = || table.columns.iter().enumerate();
        let references = columns().filter_map(|(position, column)| {
            let target = self::table(column.references?)?.position;
            Some(ReferenceColumn { position, target, is_list: column.kind == ColumnType::IntList })
        });
        let allotments = columns().filter(|(_, column)| column.kind == ColumnType::Allotment);
        let parents = columns().filter_map(|(position, column)| match column.presence {
            Presence::Default(ColumnDefault::Parent { via, column: source, times }) => {
                let via = table.position_of(via)?;
                Some(ParentDefault {
                    position,
                    via,
                    parent: self::table(table.columns[via].references?)?,
                    source,
                    times: times.and_then(|times| table.position_of(times)),
                })
            }
            _ => None,
        });
        let has_invoice_currency = table.rules.contains(&RowRule::InvoiceCurrency);
        Self {
            references: references.collect(),
            allotments: allotments.map(|(position, _)| position).collect(),
            invoice_currency: position("invoice_id")
                .zip(position("currency"))
                .filter(|_| has_invoice_currency)
                .map(|(invoice_id, currency)| InvoiceCurrencyColumns { invoice_id, currency }),
            parent_defaults: parents.collect(),
            is_referenced: is_referenced(table),
            depended_on: match table.name {
                "invoices" => position("currency"),
                "offering_types" => position("kind"),
                _ => None,
            },
            bumped_membership: match table.name {
                "customer_membership_holds" => position("customer_membership_id"),
                _ => None,
            },
        }
    }
}

fn is_referenced(table: &Table) -> bool {
    let mut columns = tables().iter().flat_map(|other| &other.columns);
    table.name == "offering_types" || columns.any(|c| c.references == Some(table.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_of_the_catalogue_has_its_place_in_a_plan() {
        for table in tables() {
            let plan = for_table(table);
            let has_rule = table.rules.contains(&RowRule::InvoiceCurrency);
            assert_eq!(plan.invoice_currency.is_some(), has_rule, "{}", table.name);
            let references = table.columns.iter().filter(|c| c.references.is_some());
            assert_eq!(plan.references.len(), references.count(), "{}", table.name);
            assert!(
                table.columns.len() <= crate::import::given_columns::COLUMNS_MAX,
                "{}",
                table.name
            );
        }
        let with = |has: fn(&TableImportPlan) -> bool| -> Vec<&str> {
            tables().iter().filter(|table| has(for_table(table))).map(|table| table.name).collect()
        };
        assert_eq!(with(|plan| plan.depended_on.is_some()), ["offering_types", "invoices"]);
        assert_eq!(with(|plan| plan.bumped_membership.is_some()), ["customer_membership_holds"]);
        assert_eq!(
            with(|plan| !plan.parent_defaults.is_empty()),
            ["customer_memberships", "subscriptions"]
        );
        assert_eq!(
            with(|plan| !plan.allotments.is_empty()),
            ["memberships", "customer_memberships"]
        );
    }
}
