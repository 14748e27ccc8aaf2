//! Customer memberships. Rule: spec/reports.md §17.2.

use datafusion::functions::expr_fn::greatest;
use datafusion::prelude::col;
use model::permission::Permission;

use crate::definition::column::{
    ReportColumn, boolean, count, date, instant, int, list, money, month, string, sum, year,
};
use crate::definition::filter::{
    FilterWord, ReportFilter, dates, dates_within, ids, ids_or_none, instants, instants_within, is,
    word_equal_to, words, words_equal_to,
};
use crate::definition::grouping::{BY_LIFE_SPAN, GroupedForm, PivotBucket, Pivots, ReportGrouping};
use crate::definition::relation::{derived_relation, related_row};
use crate::definition::scoped_expr::{
    ScopedExpr, column_value, null_unless, scoped_expr, text_literal,
};
use crate::definition::{DeletedRows, Report, ReportShape, RowSource};
use crate::functions::without_membership;
use crate::terms::{customer, hold, membership};

pub(super) fn report() -> Report {
    Report {
        name: "customer_memberships",
        label: "Customer Memberships",
        permissions: &[Permission::Customers],
        source: RowSource {
            table: "customer_memberships",
            alias: "cm",
            relations: vec![
                customer::customer_relation("cm.customer_id"),
                customer::venue_relation(),
                related_row("m", "memberships", "cm.membership_id"),
                related_row("processor", "payment_processors", "cm.payment_processor_id"),
                membership::current_hold_relation("cm.id"),
                derived_relation(
                    "ahold",
                    [("cm.id", "customer_membership_id")],
                    hold::first_current_or_upcoming_holds,
                ),
                derived_relation(
                    "changes",
                    [("cm.id", "customer_membership_id")],
                    hold::hold_changes,
                ),
                derived_relation(
                    "first",
                    [("cm.customer_id", "customer_id")],
                    membership::first_memberships,
                ),
                derived_relation(
                    "owned",
                    [("cm.customer_id", "customer_id")],
                    membership::memberships_by_status,
                ),
            ],
        },
        deleted: DeletedRows::LeftOut,
        row_condition: None,
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
        shape: ReportShape::Plain,
    }
}

/// Returns the grouped form of the report.
pub(super) fn grouped() -> Report {
    let purchased = || local("cm.purchased_at");
    let cancelled = || local("cm.cancelled_at");
    report().into_grouped(GroupedForm {
        name: "customer_memberships.grouped",
        label: "Customer Memberships (grouped)",
        columns: vec![
            string("type", column_value("cm.type")),
            string("status", effective_status()),
            string("payment_processor", column_value("processor.name")),
            month("purchase_month", purchased()),
            year("purchase_year", purchased()),
            month("start_month", column_value("cm.start_date")),
            year("start_year", column_value("cm.start_date")),
            month("expiration_month", column_value("cm.expiration_date")),
            year("expiration_year", column_value("cm.expiration_date")),
            month("cancelled_month", cancelled()),
            year("cancelled_year", cancelled()),
            int("membership.id", column_value("cm.membership_id")).alias("membership_id"),
            string("membership.name", column_value("m.name")).alias("membership_name"),
            count(),
            sum("billed_price", column_value("cm.billed_price"), column_value("cm.currency")),
            string("currency", column_value("cm.currency")).addition(),
        ],
        parents: &["membership"],
        grouping: ReportGrouping {
            default_columns: &[],
            pivots: Some(Pivots {
                choices: BY_LIFE_SPAN,
                default: None,
                bucket: PivotBucket::Active,
            }),
        },
    })
}

fn local(column: &'static str) -> ScopedExpr {
    scoped_expr(move |scope| scope.local_date(col(column)))
}

fn columns() -> Vec<ReportColumn> {
    let mut columns = vec![int("id", column_value("cm.id")), instant("updated_at", updated_at())];
    columns.extend(customer::customer_columns("cm.customer_id"));
    columns.extend(customer::venue_columns());
    let other_active =
        scoped_expr(|_| without_membership::without_membership(col("owned.active"), col("cm.id")));
    columns.extend([
        list("other_active", &membership::MEMBERSHIP_SUMMARY, other_active),
        int("membership.id", column_value("cm.membership_id")).alias("membership_id"),
        string("membership.name", column_value("m.name")).alias("membership_name"),
        string("type", column_value("cm.type")),
        string("status", effective_status()),
        string("payment_processor", column_value("processor.name")),
        date("purchase_date", local("cm.purchased_at")),
        date("start_date", column_value("cm.start_date")),
        date("expiration_date", column_value("cm.expiration_date")),
        date("renewal_date", column_value("cm.renewal_date")),
        date("cancelled_date", local("cm.cancelled_at")),
        date("downgraded_date", column_value("cm.downgrade_date")),
        date("upgraded_date", column_value("cm.upgrade_date")),
        boolean("has_custom_limits", has_custom_limits()),
        boolean("is_first_membership", is_first_membership()),
        money("billed_price", column_value("cm.billed_price"), column_value("cm.currency")),
        string("cancellation_reason", column_value("cm.cancellation_reason")),
        instant("completed_at", column_value("cm.completed_at")),
        int("active_hold.id", column_value("ahold.id")).addition(),
        date("active_hold.start_date", column_value("ahold.start_date")).addition(),
        date("active_hold.end_date", column_value("ahold.end_date")).addition(),
        string("currency", column_value("cm.currency")).addition(),
    ]);
    columns
}

fn filters() -> Vec<ReportFilter> {
    let mut filters = vec![
        ids("ids", column_value("cm.id")),
        ids("customers", column_value("cm.customer_id")),
        ids("memberships", column_value("cm.membership_id")),
        ids("membership_categories", column_value("m.category_id")),
        ids_or_none("payment_processors", column_value("cm.payment_processor_id")),
        is("has_expiration_date", scoped_expr(|_| col("cm.expiration_date").is_not_null())),
        is("has_active_hold", scoped_expr(|_| col("ahold.id").is_not_null())),
        is("has_custom_limits", has_custom_limits()),
        is("is_first_membership", is_first_membership()),
    ];
    filters.extend(dates(["start_date_gte", "start_date_lte"], column_value("cm.start_date")));
    filters.extend(dates(
        ["expiration_date_gte", "expiration_date_lte"],
        column_value("cm.expiration_date"),
    ));
    filters
        .extend(dates(["renewal_date_gte", "renewal_date_lte"], column_value("cm.renewal_date")));
    filters.extend([
        dates_within("start_date_timeframe", column_value("cm.start_date")),
        dates_within("expiration_date_timeframe", column_value("cm.expiration_date")),
        dates_within("renewal_date_timeframe", column_value("cm.renewal_date")),
    ]);
    filters.extend(dates(
        ["downgrade_date_gte", "downgrade_date_lte"],
        column_value("cm.downgrade_date"),
    ));
    filters
        .extend(dates(["upgrade_date_gte", "upgrade_date_lte"], column_value("cm.upgrade_date")));
    filters.extend([
        dates_within("downgrade_date_timeframe", column_value("cm.downgrade_date")),
        dates_within("upgrade_date_timeframe", column_value("cm.upgrade_date")),
    ]);
    filters.extend(dates(
        ["active_hold_start_date_gte", "active_hold_start_date_lte"],
        column_value("ahold.start_date"),
    ));
    filters.extend(dates(
        ["active_hold_end_date_gte", "active_hold_end_date_lte"],
        column_value("ahold.end_date"),
    ));
    filters.extend(instants(
        ["purchased_at_gte", "purchased_at_lte"],
        column_value("cm.purchased_at"),
    ));
    filters.extend(instants(
        ["cancelled_at_gte", "cancelled_at_lte"],
        column_value("cm.cancelled_at"),
    ));
    filters.extend([
        instants_within("purchased_at_timeframe", column_value("cm.purchased_at")),
        instants_within("cancelled_at_timeframe", column_value("cm.cancelled_at")),
    ]);
    filters.extend(instants(["updated_at_gte", "updated_at_lte"], updated_at()));
    filters.extend([words("status", statuses()), words("types", types())]);
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

/// Returns the instant of the last change: of the row, of the row of a hold, or, for an active
/// membership, the last beginning or end of a hold.
fn updated_at() -> ScopedExpr {
    scoped_expr(|_| {
        let is_active = col("cm.status").eq(text_literal("active"));
        greatest(vec![
            col("cm.updated_at"),
            col("changes.updated_at"),
            null_unless(is_active, col("changes.changed_at")),
        ])
    })
}

fn has_custom_limits() -> ScopedExpr {
    scoped_expr(|_| col("cm.custom_allotment").is_not_null())
}

fn is_first_membership() -> ScopedExpr {
    scoped_expr(|_| col("first.id").eq(col("cm.id")))
}
