//! One customer membership from purchase to end: its row, holds, invoices and visits.

use std::io;

use model::time::{Date, Instant};

use crate::billing::{
    self, Correction, CreditMovement, CustomerAccount, InvoiceDraft, InvoiceLineDraft,
    InvoiceOutcome, LinePrice, PaymentMethod,
};
use crate::people::DemoCustomer;
use crate::row::DemoValue;
use crate::row_generator::RowGenerator;

use super::offer::{self, PlanTerm, PlanUses};
use super::timetable::Timetable;
use super::visits::{self, VisitPeriod};

/// The end of a membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MembershipEnd {
    /// Not ended early: it is running, or has expired.
    None,
    /// Ended on a day, with a reason.
    On(Date, &'static str),
}

/// The history of a customer membership, before its rows are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct MembershipHistory {
    pub(super) plan_id: i64,
    pub(super) from: Date,
    pub(super) end: MembershipEnd,
    /// First and last day of a hold; without a last day it has not ended.
    pub(super) hold: Option<(Date, Option<Date>)>,
    pub(super) discount: i64,
    pub(super) method: PaymentMethod,
    /// Outcome of the last invoice; earlier ones are paid, some of them late.
    pub(super) last_outcome: InvoiceOutcome,
    pub(super) correction: Correction,
    pub(super) shared_with: Option<i64>,
    pub(super) is_mistake: bool,
}

const DAY: i64 = 86_400;
const CUSTOM_LIMITS: &str =
    r#"{"types":["event"],"period_limits":[{"period":"month","type":"event","max_uses":12}]}"#;

impl MembershipHistory {
    pub(super) fn new(plan_id: i64, from: Date) -> Self {
        Self {
            plan_id,
            from,
            end: MembershipEnd::None,
            hold: None,
            discount: 0,
            method: PaymentMethod::CARD,
            last_outcome: InvoiceOutcome::Paid,
            correction: Correction::None,
            shared_with: None,
            is_mistake: false,
        }
    }

    /// Writes the membership and everything that follows from it. Returns its last day of use.
    pub(super) fn generate(
        &self,
        generator: &mut RowGenerator<'_>,
        timetable: &Timetable,
        person: &DemoCustomer,
        account: &mut CustomerAccount,
    ) -> io::Result<Date> {
        let plan = offer::plan(self.plan_id);
        let today = generator.calendar.today();
        let expires = (plan.kind != "recurring").then(|| day_after_terms(self.from, plan.term, 1));
        let ended = match self.end {
            MembershipEnd::On(day, _) => Some(day.min(today)),
            MembershipEnd::None => None,
        };
        let last_day = ended.or(expires).unwrap_or(today.plus_days(14));
        let membership_id = self.add_membership(generator, person, expires, last_day)?;
        self.add_hold(generator, account, membership_id)?;
        self.write_invoices(generator, person, account, membership_id, last_day)?;
        if self.is_mistake {
            return Ok(last_day);
        }
        let far = last_day.plus_days(4000);
        let a_week = match plan.uses {
            PlanUses::Unlimited => 3,
            PlanUses::PerMonth(_) | PlanUses::PerWeek(_) => 2,
            PlanUses::Ever(_) => 1,
        };
        let period = VisitPeriod {
            customer_membership_id: membership_id,
            from: self.from,
            until: last_day,
            pause: self.hold.map(|(first, last)| (first, last.unwrap_or(far))),
            uses: plan.uses,
            visits_per_week_max: a_week,
        };
        visits::write_weekly_visits(generator, timetable, person, &period)?;
        Ok(last_day)
    }

    fn add_membership(
        &self,
        generator: &mut RowGenerator<'_>,
        person: &DemoCustomer,
        expires: Option<Date>,
        last_day: Date,
    ) -> io::Result<i64> {
        let plan = offer::plan(self.plan_id);
        let today = generator.calendar.today();
        let purchased_at = self.purchased_at(generator, person);
        let is_held = self
            .hold
            .is_some_and(|(first, last)| first <= today && last.is_none_or(|last| today <= last));
        let has_run_out = expires.is_some_and(|day| day < today);
        let reason = match self.end {
            MembershipEnd::On(day, reason) if day <= today => Some(reason),
            _ => None,
        };
        let status = match reason {
            Some(_) => "cancelled",
            None if has_run_out => "completed",
            None if is_held => "hold",
            None => "active",
        };
        let ended_at = generator.calendar.at(last_day, 19 * 3600);
        let cancelled_at = reason.map(|_| generator.calendar.not_after_now(ended_at));
        let completed_at = (status == "completed").then_some(ended_at);
        let next_bill = self.next_bill(generator, plan.term);
        let renews = (plan.kind == "recurring" && matches!(status, "active" | "hold"))
            .then_some(next_bill)
            .flatten();
        let is_custom = generator.draw.one_in(24);
        let weeks = match plan.term {
            PlanTerm::Weeks(weeks) if plan.kind == "recurring" => Some(weeks),
            _ => None,
        };
        let anchor = weeks.is_none().then_some(i64::from(self.from.day()));
        let anchor = anchor.filter(|_| plan.kind == "recurring");
        let shared = self.shared_with.map_or("[]".to_owned(), |id| format!("[{id}]"));
        let currency = generator.currency;
        let deleted_at = self.is_mistake.then(|| purchased_at.plus_seconds(DAY));
        let deleted_at = deleted_at.map(|at| generator.calendar.not_after_now(at));
        let has_processor = self.method.channel == "online";
        let processor = if self.method == PaymentMethod::DEBIT { 2 } else { 1 };
        let starts_later = plan.uses == PlanUses::Ever(10) && today < self.from.plus_days(20);
        generator.add(
            "customer_memberships",
            (purchased_at, deleted_at.or(cancelled_at).or(completed_at).unwrap_or(purchased_at)),
            [
                ("customer_id", person.customer_id.into()),
                ("membership_id", self.plan_id.into()),
                ("type", plan.kind.into()),
                ("status", status.into()),
                ("payment_processor_id", has_processor.then_some(processor).into()),
                ("purchased_at", purchased_at.into()),
                ("start_date", (!starts_later).then_some(self.from).into()),
                ("expiration_date", expires.into()),
                ("renewal_date", renews.into()),
                ("cancelled_at", cancelled_at.into()),
                ("downgrade_date", (reason == Some("downgraded")).then_some(last_day).into()),
                ("upgrade_date", (reason == Some("upgraded")).then_some(last_day).into()),
                ("cancellation_reason", reason.into()),
                ("completed_at", completed_at.into()),
                ("billed_price", (plan.price - self.discount).into()),
                ("currency", currency.code().into()),
                (
                    "custom_allotment",
                    if is_custom { DemoValue::Json(CUSTOM_LIMITS) } else { DemoValue::Null },
                ),
                ("billing_anchor_day", anchor.into()),
                ("billing_interval_weeks", weeks.into()),
                ("shared_with", DemoValue::Json(&shared)),
                ("deleted_at", deleted_at.into()),
            ],
        )
    }

    fn purchased_at(&self, generator: &RowGenerator<'_>, person: &DemoCustomer) -> Instant {
        generator
            .calendar
            .at(self.from, 9 * 3600 + person.customer_id % 600 * 60)
            .max(person.joined_at)
    }

    /// Returns the first billing day after today.
    fn next_bill(&self, generator: &RowGenerator<'_>, term: PlanTerm) -> Option<Date> {
        if term == PlanTerm::Open {
            return None;
        }
        let today = generator.calendar.today();
        (1..=400).map(|turn| day_after_terms(self.from, term, turn)).find(|day| *day > today)
    }

    fn add_hold(
        &self,
        generator: &mut RowGenerator<'_>,
        account: &mut CustomerAccount,
        membership_id: i64,
    ) -> io::Result<()> {
        let Some((first, last)) = self.hold else { return Ok(()) };
        let made_at = generator.calendar.at(first.plus_days(-4), 14 * 3600);
        let resolution = match generator.draw.below(5) {
            0 => "charge",
            1 => "credit",
            _ => "none",
        };
        let credit = if resolution == "credit" { 1500 } else { 0 };
        let charge = if resolution == "charge" { 500 } else { 0 };
        let currency = generator.currency;
        let has_money = resolution != "none";
        let days = last.map(|last| i64::from(last.days() - first.days() + 1));
        let days_to_add = days.filter(|_| generator.draw.one_in(2));
        let prorates = !generator.draw.one_in(5);
        generator.add(
            "customer_membership_holds",
            (made_at, made_at),
            [
                ("customer_membership_id", membership_id.into()),
                ("start_date", first.into()),
                ("end_date", last.into()),
                ("prorate_usage", prorates.into()),
                ("days_to_add", days_to_add.into()),
                ("payment_resolution_type", resolution.into()),
                ("credit_amount", credit.into()),
                ("reactivation_charge_amount", charge.into()),
                ("currency", has_money.then_some(currency.code()).into()),
            ],
        )?;
        let given = CreditMovement::new("adjustment", -credit, currency, made_at.plus_seconds(60));
        account.write_movement(generator, &given.described("Credit for the hold"))
    }

    fn write_invoices(
        &self,
        generator: &mut RowGenerator<'_>,
        person: &DemoCustomer,
        account: &mut CustomerAccount,
        membership_id: i64,
        last_day: Date,
    ) -> io::Result<()> {
        let plan = offer::plan(self.plan_id);
        if plan.price == 0 {
            return Ok(());
        }
        let is_recurring = plan.kind == "recurring";
        let today = generator.calendar.today();
        let turns = if is_recurring { 400 } else { 1 };
        for turn in 0..turns {
            let day = day_after_terms(self.from, plan.term, turn);
            if day > today || (turn > 0 && day >= last_day) {
                break;
            }
            let is_held = self
                .hold
                .is_some_and(|(first, last)| first < day && last.is_none_or(|last| day <= last));
            if day < generator.calendar.first_day() || is_held {
                continue;
            }
            let next = day_after_terms(self.from, plan.term, turn + 1);
            let is_last = !is_recurring || next > today || next >= last_day;
            self.send_invoice(generator, person, account, membership_id, (day, next), is_last)?;
        }
        Ok(())
    }

    fn send_invoice(
        &self,
        generator: &mut RowGenerator<'_>,
        person: &DemoCustomer,
        account: &mut CustomerAccount,
        membership_id: i64,
        (day, next): (Date, Date),
        is_last: bool,
    ) -> io::Result<()> {
        let plan = offer::plan(self.plan_id);
        let seconds = 9 * 3600 + person.customer_id % 600 * 60;
        let at = generator.calendar.at(day, seconds).max(person.joined_at);
        let period = (at, generator.calendar.at(next, seconds));
        let price = LinePrice::with_tax_inside(plan.price, self.discount);
        let line = InvoiceLineDraft {
            period: Some(period),
            ..InvoiceLineDraft::with_price("membership", plan.name, price)
        };
        let lines = [line];
        let is_first = day == self.from;
        let outcome = match (is_last, generator.draw.below(30)) {
            (true, _) => self.last_outcome,
            (false, 0) => InvoiceOutcome::PaidLate,
            (false, _) => InvoiceOutcome::Paid,
        };
        let reason = if is_first { "purchase" } else { "renewal" };
        let by_card = self.method.channel == "online";
        let draft = InvoiceDraft {
            customer_membership_id: Some(membership_id),
            reason: Some(reason),
            collection_method: by_card.then_some("charge_automatically"),
            due_in_days: (!by_card).then_some(14),
            period: (plan.kind == "prepaid").then_some(period),
            processor_id: by_card.then_some(if self.method == PaymentMethod::DEBIT {
                2
            } else {
                1
            }),
            purchase_type: Some("membership"),
            discount_code: (self.discount > 0).then_some("SPRING10"),
            description: is_first.then_some(plan.name),
            method: self.method,
            outcome,
            correction: if is_last { self.correction } else { Correction::None },
            ..InvoiceDraft::paid_by_card(person, generator.currency, at, &lines)
        };
        billing::write_invoice(generator, account, &draft)?;
        Ok(())
    }
}

/// Returns the day `turns` terms after `from`.
pub(super) fn day_after_terms(from: Date, term: PlanTerm, turns: i64) -> Date {
    match term {
        PlanTerm::Days(days) => from.plus_days(days * turns),
        PlanTerm::Weeks(weeks) => from.plus_days(7 * weeks * turns),
        PlanTerm::Months(months) => from.plus_months(months * turns),
        PlanTerm::Open => from.plus_days(36_500 * turns),
    }
}
