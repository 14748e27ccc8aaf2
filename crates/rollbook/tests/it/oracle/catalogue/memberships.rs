//! customer_memberships. Rule: spec/reports.md §17.2, §10 no. 9.

use std::rc::Rc;

use model::time::{Date, Instant};

use super::super::column::{OracleColumn, c, money};
use super::super::data::OracleRow;
use super::super::filter::{
    OracleFilter, date_bounds, date_frame, flag, ids, ids_or_none, instant_bounds, instant_frame,
    membership_types, words,
};
use super::super::value::OracleValue;
use super::super::world::{OracleContext, currency};
use super::{
    LifeSpan, OracleBucket, OracleGrouping, OracleReport, count, currency_dimension, customer,
    customer_venue, date, instant, int, local_date, month, owned, sum, text, year,
};

const STATUS: &[&str] = &["active", "hold", "cancelled", "completed", "upgraded", "downgraded"];

pub(super) fn report() -> OracleReport {
    OracleReport {
        name: "customer_memberships",
        table: "customer_memberships",
        columns: columns(),
        parents: &["customer", "customer.venue", "membership"],
        filters: filters(),
        default_sort: &["id"],
        is_base_row: |_, cm| !cm.has("deleted_at"),
        grouping: Some(grouping()),
    }
}

fn columns() -> Vec<OracleColumn> {
    let of: fn(&OracleContext<'_>, &OracleRow) -> Option<i64> = |_, cm| cm.int("customer_id");
    let mut columns =
        vec![int("id"), c("updated_at", "", |w, cm| OracleValue::Instant(updated_at(w, cm)))];
    columns.extend(customer(of));
    columns.extend(customer_venue(of));
    columns.extend([
        c("other_active", "", |w, cm| w.eff_others(cm)).unsortable(),
        c("membership.id", "membership_id", |_, cm| OracleValue::int(cm.int("membership_id"))),
        c("membership.name", "membership_name", |w, cm| {
            w.name_of("memberships", cm.int("membership_id"))
        }),
        text("type"),
        c("status", "", |w, cm| OracleValue::text(Some(w.eff(cm)))),
        c("payment_processor", "", processor),
        c("purchase_date", "", |w, cm| {
            OracleValue::date(local_date(w, cm.instant("purchased_at")))
        }),
        date("start_date"),
        date("expiration_date"),
        date("renewal_date"),
        c("cancelled_date", "", |w, cm| {
            OracleValue::date(local_date(w, cm.instant("cancelled_at")))
        }),
        c("downgraded_date", "", |_, cm| OracleValue::date(cm.date("downgrade_date"))),
        c("upgraded_date", "", |_, cm| OracleValue::date(cm.date("upgrade_date"))),
        c("has_custom_limits", "", |_, cm| OracleValue::Bool(cm.has("custom_allotment"))),
        c("is_first_membership", "", |w, cm| OracleValue::Bool(is_first(w, cm))),
        money(
            "billed_price",
            "customer_memberships",
            |_, cm| Some(cm.amount("billed_price")),
            |_, cm| currency(cm),
        ),
        text("cancellation_reason"),
        instant("completed_at"),
        c("active_hold.id", "", |w, cm| OracleValue::int(w.ahold(cm).map(OracleRow::id)))
            .addition(),
        c("active_hold.start_date", "", |w, cm| {
            OracleValue::date(w.ahold(cm).and_then(|h| h.date("start_date")))
        })
        .addition(),
        c("active_hold.end_date", "", |w, cm| {
            OracleValue::date(w.ahold(cm).and_then(|h| h.date("end_date")))
        })
        .addition(),
        text("currency").addition(),
    ]);
    columns
}

fn filters() -> Vec<OracleFilter> {
    let mut filters = vec![
        ids("ids", |_, cm| Some(cm.id())),
        ids("customers", |_, cm| cm.int("customer_id")),
        ids("memberships", |_, cm| cm.int("membership_id")),
        ids("membership_categories", |w, cm| {
            w.get("memberships", cm.int("membership_id")).and_then(|m| m.int("category_id"))
        }),
        ids_or_none("payment_processors", |_, cm| cm.int("payment_processor_id")),
        flag("has_expiration_date", |_, cm| cm.has("expiration_date")),
        flag("has_active_hold", |w, cm| w.ahold(cm).is_some()),
        flag("has_custom_limits", |_, cm| cm.has("custom_allotment")),
        flag("is_first_membership", is_first),
        words("status", STATUS, |w, cm| owned(Some(w.eff(cm)))),
        membership_types("types", |_, cm| owned(cm.text("type"))),
    ];
    for name in ["start_date", "expiration_date", "renewal_date", "downgrade_date", "upgrade_date"]
    {
        filters.extend(date_bounds(name, move |_, cm| cm.date(name)));
        filters.push(date_frame(&format!("{name}_timeframe"), move |_, cm| cm.date(name)));
    }
    for name in ["start_date", "end_date"] {
        filters.extend(date_bounds(&format!("active_hold_{name}"), move |w, cm| {
            w.ahold(cm).and_then(|h| h.date(name))
        }));
    }
    for name in ["purchased_at", "cancelled_at"] {
        filters.extend(instant_bounds(name, move |_, cm| cm.instant(name)));
        filters.push(instant_frame(&format!("{name}_timeframe"), move |_, cm| cm.instant(name)));
    }
    filters.extend(instant_bounds("updated_at", |w, cm| Some(updated_at(w, cm))));
    filters
}

fn processor(w: &OracleContext<'_>, cm: &OracleRow) -> OracleValue {
    w.name_of("payment_processors", cm.int("payment_processor_id"))
}

fn is_first(w: &OracleContext<'_>, cm: &OracleRow) -> bool {
    let mut owned = w.owned(cm.int("customer_id").expect("a customer"));
    owned.sort_by_key(|x| (x.instant("purchased_at"), x.id()));
    owned.first().is_some_and(|first| first.id() == cm.id())
}

fn updated_at(w: &OracleContext<'_>, cm: &OracleRow) -> Instant {
    let mut latest = cm.instant("updated_at").expect("an instant");
    for h in w.holds(cm) {
        latest = latest.max(h.instant("updated_at").expect("an instant"));
        if cm.word("status") != "active" {
            continue;
        }
        let after = h.date("end_date").map(|end| end.plus_days(1));
        for day in [h.date("start_date"), after].into_iter().flatten() {
            if w.midnight(day) <= w.now {
                latest = latest.max(w.midnight(day));
            }
        }
    }
    latest
}

fn grouping() -> OracleGrouping {
    OracleGrouping {
        dimensions: vec![
            text("type"),
            c("status", "", |w, cm| OracleValue::text(Some(w.eff(cm)))),
            c("payment_processor", "", processor),
            month("purchase_month", |w, cm| local_date(w, cm.instant("purchased_at"))),
            year("purchase_year", |w, cm| local_date(w, cm.instant("purchased_at"))),
            month("start_month", |_, cm| cm.date("start_date")),
            year("start_year", |_, cm| cm.date("start_date")),
            month("expiration_month", |_, cm| cm.date("expiration_date")),
            year("expiration_year", |_, cm| cm.date("expiration_date")),
            month("cancelled_month", |w, cm| local_date(w, cm.instant("cancelled_at"))),
            year("cancelled_year", |w, cm| local_date(w, cm.instant("cancelled_at"))),
            c("membership.id", "membership_id", |_, cm| OracleValue::int(cm.int("membership_id"))),
            c("membership.name", "membership_name", |w, cm| {
                w.name_of("memberships", cm.int("membership_id"))
            }),
            currency_dimension(),
        ],
        measures: vec![count(), sum("billed_price", "billed_price")],
        parents: &["membership"],
        default_columns: &[],
        pivots: &["active_by_year", "active_by_month"],
        bucket: Some(OracleBucket::Active(Rc::new(life_span))),
    }
}

/// Returns the days on which a membership was active. Rule: §10 no. 9.
fn life_span(w: &OracleContext<'_>, cm: &OracleRow) -> LifeSpan {
    let m = w.get("memberships", cm.int("membership_id"));
    let waits = m.is_some_and(|m| m.flag("begin_on_first_registration"));
    let purchased = local_date(w, cm.instant("purchased_at")).filter(|_| !waits);
    let mut last: Vec<Date> = cm.date("expiration_date").into_iter().collect();
    let updated = local_date(w, cm.instant("updated_at"));
    if let Some(cancelled) = local_date(w, cm.instant("cancelled_at")) {
        last.push(cancelled.plus_days(-1));
    } else if cm.word("status") == "cancelled" {
        let end = match cm.word("cancellation_reason") {
            "upgraded" => cm.date("upgrade_date").or(updated),
            "downgraded" => cm.date("downgrade_date").or(updated),
            _ => updated,
        };
        last.extend(end.map(|end| end.plus_days(-1)));
    }
    if cm.word("status") == "completed" {
        match local_date(w, cm.instant("completed_at")) {
            Some(completed) => last.push(completed),
            None if cm.has("expiration_date") => {}
            None => last.extend(updated),
        }
    }
    let held = w
        .holds(cm)
        .into_iter()
        .map(|h| (h.date("start_date").expect("a start"), h.date("end_date")));
    LifeSpan { start: cm.date("start_date").or(purchased), last, held: held.collect() }
}
