//! Usage of customer memberships: allowed, used and remaining uses, one row per limit. Rule:
//! spec/usage.md §11.

use datafusion::logical_expr::lit;
use datafusion::prelude::col;
use model::permission::Permission;

use crate::definition::column::{Column, boolean, count, date, int, string, total};
use crate::definition::filter::{
    Filter, Word, each_equal, equal, ids, ints, is, unless, usage_date, words,
};
use crate::definition::grouping::{Grouping, Groups};
use crate::definition::relation::row;
use crate::definition::value::{Value, at, value};
use crate::definition::{Base, Deleted, Report, Shape};
use crate::terms::{customer, membership};
use crate::usage_rows;

pub(super) fn report() -> Report {
    Report {
        name: "customer_membership_usage",
        label: "Customer Membership Usage",
        permissions: &[Permission::SuperAdmin],
        base: Base { table: usage_rows::TABLE, alias: "u", deleted: Deleted::Never },
        kept: None,
        relations: vec![
            row("cm", "customer_memberships", "u.customer_membership_id"),
            customer::relation("cm.customer_id"),
            customer::venue_relation(),
            row("m", "memberships", "cm.membership_id"),
            row("offering", "offering_types", "u.offering_type_id"),
            membership::held_relation("cm.id"),
        ],
        columns: columns(),
        parents: &[
            "customer_membership",
            "customer",
            "customer.venue",
            "membership",
            "offering_type",
        ],
        filters: filters(),
        default_sort: &["customer_membership.id"],
        brief_columns: &[
            "customer_membership.id",
            "customer.name",
            "membership.name",
            "period_type",
            "used_count",
            "max_uses",
            "remaining_count",
            "start_date",
            "end_date",
        ],
        shape: Shape::Plain,
    }
}

/// Returns the grouped form of the report.
pub(super) fn grouped() -> Report {
    report().in_groups(Groups {
        name: "customer_membership_usage.grouped",
        label: "Customer Membership Usage (grouped)",
        columns: vec![
            int("membership.id", at("cm.membership_id")).alias("membership_id"),
            string("membership.name", at("m.name")).alias("membership_name"),
            string("type", at("cm.type")),
            string("status", effective_status()),
            string("period_type", at("u.period_type")),
            string("limit_type", at("u.limit_type")),
            int("offering_type.id", at("u.offering_type_id")).alias("offering_type_id"),
            string("offering_type.name", at("offering.name")).alias("offering_type_name"),
            boolean("is_exhausted", is_exhausted()),
            count(),
            total("max_uses", at("u.max_uses")),
            total("used_count", at("u.used_count")),
            total("remaining_count", at("u.remaining_count")),
        ],
        parents: &["membership", "offering_type"],
        grouping: Grouping { default_columns: &[], pivots: None },
    })
}

fn columns() -> Vec<Column> {
    let owner = int("customer_membership.id", at("u.customer_membership_id"));
    let mut columns = vec![owner.alias("customer_membership_id")];
    columns.extend(customer::columns("cm.customer_id"));
    columns.extend(customer::venue_columns());
    columns.extend([
        int("membership.id", at("cm.membership_id")).alias("membership_id"),
        string("membership.name", at("m.name")).alias("membership_name"),
        string("type", at("cm.type")),
        string("status", effective_status()),
        string("period_type", at("u.period_type")),
        string("limit_type", at("u.limit_type")),
        date("start_date", at("u.start_date")),
        date("end_date", at("u.end_date")),
        int("offering_type.id", at("u.offering_type_id")).alias("offering_type_id"),
        string("offering_type.name", at("offering.name")).alias("offering_type_name"),
        boolean("is_extra", at("u.is_extra")),
        int("max_uses", at("u.max_uses")),
        int("used_count", at("u.used_count")),
        int("remaining_count", at("u.remaining_count")),
        int("bookable_count", at("u.bookable_count")),
        int("original_max_uses", at("u.original_max_uses")),
        int("active_days", at("u.active_days")),
        int("total_days", at("u.total_days")),
    ]);
    columns
}

fn filters() -> Vec<Filter> {
    let mut filters = vec![
        usage_date("date"),
        ids("ids", at("u.customer_membership_id")),
        ids("customers", at("cm.customer_id")),
        ids("memberships", at("cm.membership_id")),
        ids("membership_categories", at("m.category_id")),
        ids("offering_types", at("u.offering_type_id")),
        words("status", statuses()),
        words("types", types()),
        words("period_types", period_types()),
        words("limit_types", each_equal(&at("u.limit_type"), ["event", "course"])),
        unless("include_offering_types", value(|_| col("u.offering_type_id").is_null())),
        is("is_exhausted", is_exhausted()),
    ];
    filters.extend(ints(["remaining_count_gte", "remaining_count_lte"], at("u.remaining_count")));
    filters.extend(ints(["used_count_gte", "used_count_lte"], at("u.used_count")));
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

fn period_types() -> Vec<Word> {
    each_equal(&at("u.period_type"), ["day", "week", "month", "year", "lifetime"])
}

/// Returns a condition that is true if no uses remain. Unlimited rows are never exhausted.
fn is_exhausted() -> Value {
    value(|_| {
        let left = col("u.remaining_count");
        left.clone().is_not_null().and(left.eq(lit(0_i64)))
    })
}
