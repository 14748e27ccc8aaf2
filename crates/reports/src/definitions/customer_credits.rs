//! Changes of customers' credit. The table stores credit as a negative amount; the report shows
//! it as positive. Rule: spec/reports.md §17.1.

use model::permission::Permission;

use crate::definition::column::{instant, int, money, string};
use crate::definition::filter::{ids, instants, instants_within};
use crate::definition::relation::derived;
use crate::definition::value::{at, value, wide};
use crate::definition::{Base, Deleted, Report, Shape};
use crate::terms::{credit, customer};

pub(super) fn report() -> Report {
    let currency = || at("bt.currency");
    let negated = |column: &'static str| value(move |_| -wide(datafusion::prelude::col(column)));
    let mut columns = customer::columns("bt.customer_id");
    columns.extend([
        instant("created_at", at("bt.date")),
        money("amount", negated("bt.amount"), currency()),
        money("balance", negated("balance.amount"), currency()),
        string("memo", at("bt.description")),
        int("id", at("bt.id")).addition(),
        money("running_balance", negated("running.amount"), currency()).addition(),
        string("type", at("bt.type")).addition(),
        string("kind", at("bt.kind")).addition(),
    ]);
    let mut filters = vec![ids("customers", at("bt.customer_id"))];
    filters.extend(instants(["created_at_gte", "created_at_lte"], at("bt.date")));
    filters.push(instants_within("created_at_timeframe", at("bt.date")));
    Report {
        name: "customer_credits",
        label: "Customer Credits",
        permissions: &[Permission::Customers, Permission::Revenue],
        base: Base { table: "balance_transactions", alias: "bt", deleted: Deleted::Never },
        kept: None,
        relations: vec![
            customer::relation("bt.customer_id"),
            derived(
                "balance",
                [("bt.customer_id", "customer_id"), ("bt.currency", "currency")],
                credit::balances,
            ),
            derived(
                "running",
                [("bt.customer_id", "customer_id"), ("bt.id", "id")],
                credit::running_balances,
            ),
        ],
        columns,
        parents: &["customer"],
        filters,
        default_sort: &["-created_at", "-id"],
        brief_columns: &["created_at", "customer.name", "amount", "balance", "memo"],
        shape: Shape::Plain,
    }
}
