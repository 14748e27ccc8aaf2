//! Changes of customers' credit. The table stores credit as a negative amount; the report shows
//! it as positive. Rule: spec/reports.md §17.1.

use model::permission::Permission;

use crate::definition::column::{instant, int, money, string};
use crate::definition::filter::{ids, instants, instants_within};
use crate::definition::relation::derived_relation;
use crate::definition::scoped_expr::{column_value, scoped_expr, widen_amount};
use crate::definition::{DeletedRows, Report, ReportShape, RowSource};
use crate::terms::{credit, customer};

pub(super) fn report() -> Report {
    let currency = || column_value("bt.currency");
    let negated = |column: &'static str| {
        scoped_expr(move |_| -widen_amount(datafusion::prelude::col(column)))
    };
    let mut columns = customer::customer_columns("bt.customer_id");
    columns.extend([
        instant("created_at", column_value("bt.date")),
        money("amount", negated("bt.amount"), currency()),
        money("balance", negated("balance.amount"), currency()),
        string("memo", column_value("bt.description")),
        int("id", column_value("bt.id")).addition(),
        money("running_balance", negated("running.amount"), currency()).addition(),
        string("type", column_value("bt.type")).addition(),
        string("kind", column_value("bt.kind")).addition(),
    ]);
    let mut filters = vec![ids("customers", column_value("bt.customer_id"))];
    filters.extend(instants(["created_at_gte", "created_at_lte"], column_value("bt.date")));
    filters.push(instants_within("created_at_timeframe", column_value("bt.date")));
    Report {
        name: "customer_credits",
        label: "Customer Credits",
        permissions: &[Permission::Customers, Permission::Revenue],
        source: RowSource {
            table: "balance_transactions",
            alias: "bt",
            relations: vec![
                customer::customer_relation("bt.customer_id"),
                derived_relation(
                    "balance",
                    [("bt.customer_id", "customer_id"), ("bt.currency", "currency")],
                    credit::credit_balances,
                ),
                derived_relation(
                    "running",
                    [("bt.customer_id", "customer_id"), ("bt.id", "id")],
                    credit::running_balances,
                ),
            ],
        },
        deleted: DeletedRows::Never,
        row_condition: None,
        columns,
        parents: &["customer"],
        filters,
        default_sort: &["-created_at", "-id"],
        brief_columns: &["created_at", "customer.name", "amount", "balance", "memo"],
        shape: ReportShape::Plain,
    }
}
