//! Customer memberships. Rule: spec/reports.md §17.2.

use datafusion::functions::expr_fn::greatest;
use datafusion::prelude::col;
use model::permission::Permission;

use crate::definition::column::{
    Column, boolean, count, date, instant, int, list, money, month, string, sum, year,
};
use crate::definition::filter::{
    Filter, Word, dates, dates_within, each_equal, equal, ids, ids_or_none, instants,
    instants_within, is, words,
};
use crate::definition::grouping::{BY_LIFE_SPAN, Bucket, Grouping, Groups, Pivots};
use crate::definition::relation::{derived, row};
use crate::definition::value::{Value, at, only_when, text, value};
use crate::definition::{Base, Deleted, Report, Shape};
use crate::functions::members;
use crate::terms::{customer, hold, membership};

pub(super) fn report() -> Report {
    Report {
        name: "customer_memberships",
        label: "Customer Memberships",
        permissions: &[Permission::Customers],
        base: Base { table: "customer_memberships", alias: "cm", deleted: Deleted::LeftOut },
        kept: None,
        relations: vec![
            customer::relation("cm.customer_id"),
            customer::venue_relation(),
            row("m", "memberships", "cm.membership_id"),
            row("processor", "payment_processors", "cm.payment_processor_id"),
            membership::held_relation("cm.id"),
            derived("ahold", [("cm.id", "customer_membership_id")], hold::active),
            derived("changes", [("cm.id", "customer_membership_id")], hold::changes),
            derived("first", [("cm.customer_id", "customer_id")], membership::first),
            derived("owned", [("cm.customer_id", "customer_id")], membership::lists),
        ],
        columns: columns(),
        parents: &["customer", "customer.venue", "membership"],
        filters: filters(),
        default_sort: &["id"],
        brief_columns: &[
            "id",
            "customer.name",
            "membership.name",
            "status",
            "start_date",
            "expiration_date",
            "billed_price",
        ],
        shape: Shape::Plain,
    }
}

/// Returns the grouped form of the report.
pub(super) fn grouped() -> Report {
    let purchased = || local("cm.purchased_at");
    let cancelled = || local("cm.cancelled_at");
    report().in_groups(Groups {
        name: "customer_memberships.grouped",
        label: "Customer Memberships (grouped)",
        columns: vec![
            string("type", at("cm.type")),
            string("status", effective_status()),
            string("payment_processor", at("processor.name")),
            month("purchase_month", purchased()),
            year("purchase_year", purchased()),
            month("start_month", at("cm.start_date")),
            year("start_year", at("cm.start_date")),
            month("expiration_month", at("cm.expiration_date")),
            year("expiration_year", at("cm.expiration_date")),
            month("cancelled_month", cancelled()),
            year("cancelled_year", cancelled()),
            int("membership.id", at("cm.membership_id")).alias("membership_id"),
            string("membership.name", at("m.name")).alias("membership_name"),
            count(),
            sum("billed_price", at("cm.billed_price"), at("cm.currency")),
            string("currency", at("cm.currency")).addition(),
        ],
        parents: &["membership"],
        grouping: Grouping {
            default_columns: &[],
            pivots: Some(Pivots { choices: BY_LIFE_SPAN, default: None, bucket: Bucket::Active }),
        },
    })
}

fn local(column: &'static str) -> Value {
    value(move |scope| scope.local(col(column)))
}

fn columns() -> Vec<Column> {
    let mut columns = vec![int("id", at("cm.id")), instant("updated_at", updated_at())];
    columns.extend(customer::columns("cm.customer_id"));
    columns.extend(customer::venue_columns());
    let other_active = value(|_| members::without(col("owned.active"), col("cm.id")));
    columns.extend([
        list("other_active", &membership::SHORT, other_active),
        int("membership.id", at("cm.membership_id")).alias("membership_id"),
        string("membership.name", at("m.name")).alias("membership_name"),
        string("type", at("cm.type")),
        string("status", effective_status()),
        string("payment_processor", at("processor.name")),
        date("purchase_date", local("cm.purchased_at")),
        date("start_date", at("cm.start_date")),
        date("expiration_date", at("cm.expiration_date")),
        date("renewal_date", at("cm.renewal_date")),
        date("cancelled_date", local("cm.cancelled_at")),
        date("downgraded_date", at("cm.downgrade_date")),
        date("upgraded_date", at("cm.upgrade_date")),
        boolean("has_custom_limits", has_custom_limits()),
        boolean("is_first_membership", is_first_membership()),
        money("billed_price", at("cm.billed_price"), at("cm.currency")),
        string("cancellation_reason", at("cm.cancellation_reason")),
        instant("completed_at", at("cm.completed_at")),
        int("active_hold.id", at("ahold.id")).addition(),
        date("active_hold.start_date", at("ahold.start_date")).addition(),
        date("active_hold.end_date", at("ahold.end_date")).addition(),
        string("currency", at("cm.currency")).addition(),
    ]);
    columns
}

fn filters() -> Vec<Filter> {
    let mut filters = vec![
        ids("ids", at("cm.id")),
        ids("customers", at("cm.customer_id")),
        ids("memberships", at("cm.membership_id")),
        ids("membership_categories", at("m.category_id")),
        ids_or_none("payment_processors", at("cm.payment_processor_id")),
        is("has_expiration_date", value(|_| col("cm.expiration_date").is_not_null())),
        is("has_active_hold", value(|_| col("ahold.id").is_not_null())),
        is("has_custom_limits", has_custom_limits()),
        is("is_first_membership", is_first_membership()),
    ];
    filters.extend(dates(["start_date_gte", "start_date_lte"], at("cm.start_date")));
    filters.extend(dates(["expiration_date_gte", "expiration_date_lte"], at("cm.expiration_date")));
    filters.extend(dates(["renewal_date_gte", "renewal_date_lte"], at("cm.renewal_date")));
    filters.extend([
        dates_within("start_date_timeframe", at("cm.start_date")),
        dates_within("expiration_date_timeframe", at("cm.expiration_date")),
        dates_within("renewal_date_timeframe", at("cm.renewal_date")),
    ]);
    filters.extend(dates(["downgrade_date_gte", "downgrade_date_lte"], at("cm.downgrade_date")));
    filters.extend(dates(["upgrade_date_gte", "upgrade_date_lte"], at("cm.upgrade_date")));
    filters.extend([
        dates_within("downgrade_date_timeframe", at("cm.downgrade_date")),
        dates_within("upgrade_date_timeframe", at("cm.upgrade_date")),
    ]);
    filters.extend(dates(
        ["active_hold_start_date_gte", "active_hold_start_date_lte"],
        at("ahold.start_date"),
    ));
    filters.extend(dates(
        ["active_hold_end_date_gte", "active_hold_end_date_lte"],
        at("ahold.end_date"),
    ));
    filters.extend(instants(["purchased_at_gte", "purchased_at_lte"], at("cm.purchased_at")));
    filters.extend(instants(["cancelled_at_gte", "cancelled_at_lte"], at("cm.cancelled_at")));
    filters.extend([
        instants_within("purchased_at_timeframe", at("cm.purchased_at")),
        instants_within("cancelled_at_timeframe", at("cm.cancelled_at")),
    ]);
    filters.extend(instants(["updated_at_gte", "updated_at_lte"], updated_at()));
    filters.extend([words("status", statuses()), words("types", types())]);
    filters
}

fn effective_status() -> Value {
    value(|_| membership::effective_status("cm"))
}

fn statuses() -> Vec<Word> {
    each_equal(
        &effective_status(),
        ["active", "hold", "cancelled", "completed", "upgraded", "downgraded"],
    )
}

fn types() -> Vec<Word> {
    let stored = at("cm.type");
    vec![
        equal(&stored, "pack"),
        equal(&stored, "prepaid").also(&["prepaid_plan"]),
        equal(&stored, "recurring").also(&["recurring_plan"]),
    ]
}

/// Returns the instant of the last change: of the row, of the row of a hold, or, for an active
/// membership, the last beginning or end of a hold.
fn updated_at() -> Value {
    value(|_| {
        let is_active = col("cm.status").eq(text("active"));
        greatest(vec![
            col("cm.updated_at"),
            col("changes.updated_at"),
            only_when(is_active, col("changes.changed_at")),
        ])
    })
}

fn has_custom_limits() -> Value {
    value(|_| col("cm.custom_allotment").is_not_null())
}

fn is_first_membership() -> Value {
    value(|_| col("first.id").eq(col("cm.id")))
}
