//! customer_membership_holds. Rule: spec/reports.md §17.3.

use std::rc::Rc;

use model::money::Currency;

use super::super::column::{OracleColumn, c, money, not_modelled};
use super::super::data::OracleRow;
use super::super::filter::{
    self, OracleFilter, date_bounds, date_frame, ids, instant_frame, membership_types, words,
};
use super::super::value::OracleValue;
use super::super::world::{OracleContext, currency};
use super::{
    MeasureKind, OracleBucket, OracleGrouping, OracleMeasure, OracleReport, count, customer,
    customer_venue, date, instant, int, local_date, month, owned, year,
};

pub(super) fn report() -> OracleReport {
    OracleReport {
        name: "customer_membership_holds",
        table: "customer_membership_holds",
        columns: columns(),
        parents: &[
            "customer",
            "customer.venue",
            "customer_membership",
            "customer_membership.membership",
        ],
        filters: filters(),
        default_sort: &["id"],
        is_base_row: |w, h| !cm(w, h).has("deleted_at"),
        grouping: Some(grouping()),
    }
}

fn cm<'a>(w: &OracleContext<'a>, h: &OracleRow) -> &'a OracleRow {
    w.get("customer_memberships", h.int("customer_membership_id")).expect("a membership")
}

fn plan<'a>(w: &OracleContext<'a>, h: &OracleRow) -> &'a OracleRow {
    w.get("memberships", cm(w, h).int("membership_id")).expect("a plan")
}

fn cur(w: &OracleContext<'_>, h: &OracleRow) -> Option<Currency> {
    currency(h).or_else(|| currency(cm(w, h)))
}

fn status(w: &OracleContext<'_>, h: &OracleRow) -> &'static str {
    if h.date("start_date").is_some_and(|start| w.today < start) {
        "upcoming"
    } else if h.date("end_date").is_some_and(|end| end < w.today) {
        "ended"
    } else {
        "active"
    }
}

fn plan_type(w: &OracleContext<'_>, h: &OracleRow) -> OracleValue {
    OracleValue::text(Some(match plan(w, h).word("type") {
        "prepaid" => "prepaid_plan",
        "recurring" => "recurring_plan",
        other => other,
    }))
}

fn columns() -> Vec<OracleColumn> {
    let of: fn(&OracleContext<'_>, &OracleRow) -> Option<i64> = |w, h| cm(w, h).int("customer_id");
    let amount = |key| {
        money(key, "customer_membership_holds", move |_, h: &OracleRow| Some(h.amount(key)), cur)
    };
    let mut columns = vec![
        int("id"),
        instant("created_at"),
        instant("updated_at"),
        date("start_date"),
        date("end_date"),
        c("status", "", |w, h| OracleValue::text(Some(status(w, h)))),
        c("is_usage_prorated", "", |_, h| OracleValue::Bool(h.flag("prorate_usage"))),
        amount("credit_amount"),
        amount("reactivation_charge_amount"),
        not_modelled("is_payment_resolution_customized", ""),
    ];
    columns.extend(customer(of));
    columns.extend(customer_venue(of));
    columns.extend([
        c("customer_membership.id", "customer_membership_id", |w, h| {
            OracleValue::Int(cm(w, h).id())
        }),
        c("customer_membership.membership.id", "membership_id", |w, h| {
            OracleValue::int(cm(w, h).int("membership_id"))
        }),
        c("customer_membership.membership.type", "membership_type", plan_type),
        c("customer_membership.membership.name", "membership_name", |w, h| {
            OracleValue::text(plan(w, h).text("name"))
        }),
        c("customer_membership.start_date", "membership_start_date", |w, h| {
            OracleValue::date(cm(w, h).date("start_date"))
        }),
        c("customer_membership.expiration_date", "membership_expiration_date", |w, h| {
            OracleValue::date(cm(w, h).date("expiration_date"))
        }),
        not_modelled(
            "customer_membership.allowed_cancellation_date",
            "membership_allowed_cancellation_date",
        ),
        not_modelled("previous_expiration_date", ""),
        not_modelled("previous_allowed_cancellation_date", ""),
        c("other_active_customer_memberships", "", |w, h| w.eff_others(cm(w, h))).unsortable(),
        int("days_to_add"),
    ]);
    columns
}

fn filters() -> Vec<OracleFilter> {
    let mut filters = vec![
        ids("customers", |w, h| cm(w, h).int("customer_id")),
        ids("memberships", |w, h| cm(w, h).int("membership_id")),
        membership_types("membership_types", |w, h| owned(plan(w, h).text("type"))),
        words("status", &["active", "ended", "upcoming"], |w, h| owned(Some(status(w, h)))),
        words("payment_resolution_type", &["charge", "credit", "none"], |_, h| {
            owned(h.text("payment_resolution_type"))
        }),
        filter::flag("is_usage_prorated", |_, h| h.flag("prorate_usage")),
        instant_frame("created_at_timeframe", |_, h| h.instant("created_at")),
        date_frame("start_timeframe", |_, h| h.date("start_date")),
        date_frame("end_timeframe", |_, h| h.date("end_date")),
    ];
    for name in ["created_at", "updated_at"] {
        filters.extend(date_bounds(name, move |w, h| local_date(w, h.instant(name))));
    }
    for name in ["start_date", "end_date"] {
        filters.extend(date_bounds(name, move |_, h| h.date(name)));
    }
    filters
}

fn grouping() -> OracleGrouping {
    let duration = |_: &OracleContext<'_>, h: &OracleRow| {
        let days = h.date("end_date")?.days() - h.date("start_date")?.days() + 1;
        Some(i64::from(days))
    };
    OracleGrouping {
        dimensions: vec![
            c("status", "", |w, h| OracleValue::text(Some(status(w, h)))),
            c("membership.name", "membership_name", |w, h| {
                OracleValue::text(plan(w, h).text("name"))
            }),
            c("membership.type", "membership_type", plan_type),
            c("payment_resolution_type", "", |_, h| {
                OracleValue::text(h.text("payment_resolution_type").filter(|word| *word != "none"))
            }),
            month("start_month", |_, h| h.date("start_date")),
            year("start_year", |_, h| h.date("start_date")),
            month("end_month", |_, h| h.date("end_date")),
            year("end_year", |_, h| h.date("end_date")),
        ],
        measures: vec![
            OracleMeasure {
                key: "average_hold_duration",
                kind: MeasureKind::Mean(Rc::new(duration)),
            },
            count(),
        ],
        parents: &["membership"],
        default_columns: &[],
        pivots: &["all", "year", "month", "week"],
        bucket: Some(OracleBucket::Day {
            of: Rc::new(|_, h| h.date("start_date").expect("a start")),
            upper_bound: "start_date_lte",
            timeframe: "start_timeframe",
            is_instant: false,
        }),
    }
}
