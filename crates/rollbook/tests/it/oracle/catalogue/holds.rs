//! customer_membership_holds. Rule: spec/reports.md §17.3.

use std::rc::Rc;

use model::money::Currency;

use super::super::column::{Column, c, money, not_modelled};
use super::super::data::Row;
use super::super::filter::{
    self, Filter, date_bounds, date_frame, ids, instant_frame, membership_types, words,
};
use super::super::value::Val;
use super::super::world::{World, currency};
use super::{
    Bucket, Grouping, Measure, MeasureKind, Report, count, customer, customer_venue, date, instant,
    int, local_date, month, owned, year,
};

pub(super) fn report() -> Report {
    Report {
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

fn cm<'a>(w: &World<'a>, h: &Row) -> &'a Row {
    w.get("customer_memberships", h.int("customer_membership_id")).expect("a membership")
}

fn plan<'a>(w: &World<'a>, h: &Row) -> &'a Row {
    w.get("memberships", cm(w, h).int("membership_id")).expect("a plan")
}

fn cur(w: &World<'_>, h: &Row) -> Option<Currency> {
    currency(h).or_else(|| currency(cm(w, h)))
}

fn status(w: &World<'_>, h: &Row) -> &'static str {
    if h.date("start_date").is_some_and(|start| w.today < start) {
        "upcoming"
    } else if h.date("end_date").is_some_and(|end| end < w.today) {
        "ended"
    } else {
        "active"
    }
}

fn plan_type(w: &World<'_>, h: &Row) -> Val {
    Val::text(Some(match plan(w, h).word("type") {
        "prepaid" => "prepaid_plan",
        "recurring" => "recurring_plan",
        other => other,
    }))
}

fn columns() -> Vec<Column> {
    let of: fn(&World<'_>, &Row) -> Option<i64> = |w, h| cm(w, h).int("customer_id");
    let amount =
        |key| money(key, "customer_membership_holds", move |_, h: &Row| Some(h.amount(key)), cur);
    let mut columns = vec![
        int("id"),
        instant("created_at"),
        instant("updated_at"),
        date("start_date"),
        date("end_date"),
        c("status", "", |w, h| Val::text(Some(status(w, h)))),
        c("is_usage_prorated", "", |_, h| Val::Bool(h.flag("prorate_usage"))),
        amount("credit_amount"),
        amount("reactivation_charge_amount"),
        not_modelled("is_payment_resolution_customized", ""),
    ];
    columns.extend(customer(of));
    columns.extend(customer_venue(of));
    columns.extend([
        c("customer_membership.id", "customer_membership_id", |w, h| Val::Int(cm(w, h).id())),
        c("customer_membership.membership.id", "membership_id", |w, h| {
            Val::int(cm(w, h).int("membership_id"))
        }),
        c("customer_membership.membership.type", "membership_type", plan_type),
        c("customer_membership.membership.name", "membership_name", |w, h| {
            Val::text(plan(w, h).text("name"))
        }),
        c("customer_membership.start_date", "membership_start_date", |w, h| {
            Val::date(cm(w, h).date("start_date"))
        }),
        c("customer_membership.expiration_date", "membership_expiration_date", |w, h| {
            Val::date(cm(w, h).date("expiration_date"))
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

fn filters() -> Vec<Filter> {
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

fn grouping() -> Grouping {
    let duration = |_: &World<'_>, h: &Row| {
        let days = h.date("end_date")?.days() - h.date("start_date")?.days() + 1;
        Some(i64::from(days))
    };
    Grouping {
        dimensions: vec![
            c("status", "", |w, h| Val::text(Some(status(w, h)))),
            c("membership.name", "membership_name", |w, h| Val::text(plan(w, h).text("name"))),
            c("membership.type", "membership_type", plan_type),
            c("payment_resolution_type", "", |_, h| {
                Val::text(h.text("payment_resolution_type").filter(|word| *word != "none"))
            }),
            month("start_month", |_, h| h.date("start_date")),
            year("start_year", |_, h| h.date("start_date")),
            month("end_month", |_, h| h.date("end_date")),
            year("end_year", |_, h| h.date("end_date")),
        ],
        measures: vec![
            Measure { key: "average_hold_duration", kind: MeasureKind::Mean(Rc::new(duration)) },
            count(),
        ],
        parents: &["membership"],
        default_columns: &[],
        pivots: &["all", "year", "month", "week"],
        bucket: Some(Bucket::Day {
            of: Rc::new(|_, h| h.date("start_date").expect("a start")),
            upper_bound: "start_date_lte",
            timeframe: "start_timeframe",
            is_instant: false,
        }),
    }
}
