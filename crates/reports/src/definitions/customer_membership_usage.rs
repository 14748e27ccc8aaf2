//! Usage of customer memberships: allowed, used and remaining uses, one row per limit. Rule:
//! spec/usage.md §11.

use datafusion::logical_expr::lit;
use datafusion::prelude::col;
use model::permission::Permission;

use crate::definition::column::{ReportColumn, boolean, count, date, int, string, total};
use crate::definition::filter::{
    FilterWord, ReportFilter, ids, ints, is, unless, usage_date, word_equal_to, words,
    words_equal_to,
};
use crate::definition::grouping::{GroupedForm, ReportGrouping};
use crate::definition::relation::related_row;
use crate::definition::scoped_expr::{ScopedExpr, column_value, scoped_expr};
use crate::definition::{DeletedRows, Report, ReportShape, RowSource};
use crate::terms::{customer, membership};
use crate::usage_rows;

pub(super) fn report() -> Report {
    Report {
        name: "customer_membership_usage",
        label: "Customer Membership Usage",
        permissions: &[Permission::SuperAdmin],
        source: RowSource {
            table: usage_rows::USAGE_TABLE,
            alias: "u",
            relations: vec![
                related_row("cm", "customer_memberships", "u.customer_membership_id"),
                customer::customer_relation("cm.customer_id"),
                customer::venue_relation(),
                related_row("m", "memberships", "cm.membership_id"),
                related_row("offering", "offering_types", "u.offering_type_id"),
                membership::current_hold_relation("cm.id"),
            ],
        },
        deleted: DeletedRows::Never,
        row_condition: None,
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
        shape: ReportShape::Plain,
    }
}

/// Returns the grouped form of the report.
pub(super) fn grouped() -> Report {
    report().into_grouped(GroupedForm {
        name: "customer_membership_usage.grouped",
        label: "Customer Membership Usage (grouped)",
        columns: vec![
            int("membership.id", column_value("cm.membership_id")).alias("membership_id"),
            string("membership.name", column_value("m.name")).alias("membership_name"),
            string("type", column_value("cm.type")),
            string("status", effective_status()),
            string("period_type", column_value("u.period_type")),
            string("limit_type", column_value("u.limit_type")),
            int("offering_type.id", column_value("u.offering_type_id")).alias("offering_type_id"),
            string("offering_type.name", column_value("offering.name")).alias("offering_type_name"),
            boolean("is_exhausted", is_exhausted()),
            count(),
            total("max_uses", column_value("u.max_uses")),
            total("used_count", column_value("u.used_count")),
            total("remaining_count", column_value("u.remaining_count")),
        ],
        parents: &["membership", "offering_type"],
        grouping: ReportGrouping { default_columns: &[], pivots: None },
    })
}

fn columns() -> Vec<ReportColumn> {
    let owner = int("customer_membership.id", column_value("u.customer_membership_id"));
    let mut columns = vec![owner.alias("customer_membership_id")];
    columns.extend(customer::customer_columns("cm.customer_id"));
    columns.extend(customer::venue_columns());
    columns.extend([
        int("membership.id", column_value("cm.membership_id")).alias("membership_id"),
        string("membership.name", column_value("m.name")).alias("membership_name"),
        string("type", column_value("cm.type")),
        string("status", effective_status()),
        string("period_type", column_value("u.period_type")),
        string("limit_type", column_value("u.limit_type")),
        date("start_date", column_value("u.start_date")),
        date("end_date", column_value("u.end_date")),
        int("offering_type.id", column_value("u.offering_type_id")).alias("offering_type_id"),
        string("offering_type.name", column_value("offering.name")).alias("offering_type_name"),
        boolean("is_extra", column_value("u.is_extra")),
        int("max_uses", column_value("u.max_uses")),
        int("used_count", column_value("u.used_count")),
        int("remaining_count", column_value("u.remaining_count")),
        int("bookable_count", column_value("u.bookable_count")),
        int("original_max_uses", column_value("u.original_max_uses")),
        int("active_days", column_value("u.active_days")),
        int("total_days", column_value("u.total_days")),
    ]);
    columns
}

fn filters() -> Vec<ReportFilter> {
    let mut filters = vec![
        usage_date("date"),
        ids("ids", column_value("u.customer_membership_id")),
        ids("customers", column_value("cm.customer_id")),
        ids("memberships", column_value("cm.membership_id")),
        ids("membership_categories", column_value("m.category_id")),
        ids("offering_types", column_value("u.offering_type_id")),
        words("status", statuses()),
        words("types", types()),
        words("period_types", period_types()),
        words("limit_types", words_equal_to(&column_value("u.limit_type"), ["event", "course"])),
        unless("include_offering_types", scoped_expr(|_| col("u.offering_type_id").is_null())),
        is("is_exhausted", is_exhausted()),
    ];
    filters.extend(ints(
        ["remaining_count_gte", "remaining_count_lte"],
        column_value("u.remaining_count"),
    ));
    filters.extend(ints(["used_count_gte", "used_count_lte"], column_value("u.used_count")));
    filters
}

fn effective_status() -> ScopedExpr {
    scoped_expr(|_| membership::effective_status("cm"))
}

fn statuses() -> Vec<FilterWord> {
    words_equal_to(
        &effective_status(),
        ["active", "hold", "cancelled", "completed", "upgraded", "downgraded"],
    )
}

fn types() -> Vec<FilterWord> {
    let stored = column_value("cm.type");
    vec![
        word_equal_to(&stored, "pack"),
        word_equal_to(&stored, "prepaid").also(&["prepaid_plan"]),
        word_equal_to(&stored, "recurring").also(&["recurring_plan"]),
    ]
}

fn period_types() -> Vec<FilterWord> {
    words_equal_to(&column_value("u.period_type"), ["day", "week", "month", "year", "lifetime"])
}

/// Returns a condition that is true if no uses remain. Unlimited rows are never exhausted.
fn is_exhausted() -> ScopedExpr {
    scoped_expr(|_| {
        let left = col("u.remaining_count");
        left.clone().is_not_null().and(left.eq(lit(0_i64)))
    })
}
