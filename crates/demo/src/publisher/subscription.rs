//! One subscription from start to end: its invoices and its issues.

use std::io;

use model::time::{Date, Instant};

use crate::billing::{
    self, Correction, CustomerAccount, InvoiceDraft, InvoiceLineDraft, InvoiceOutcome, LinePrice,
    PaymentMethod,
};
use crate::people::DemoCustomer;
use crate::row::DemoValue;
use crate::row_generator::RowGenerator;

use super::offer::{self, PublisherPlan, coupon_discount};

const DAY: i64 = 86_400;
/// Sales tax in ten-thousandths.
const TAX: i64 = 800;

/// The state of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SubscriptionState {
    /// Renewing.
    Active,
    /// Ended on this day.
    Canceled(Date),
    /// Canceled, but running to the end of the paid period.
    Leaving,
    /// The last renewal is not paid yet.
    PastDue,
    /// The last renewal was written off.
    Unpaid,
    /// Free until a day in the future.
    Trialing,
    /// The first payment failed.
    Incomplete,
    /// The first payment failed and was never made.
    IncompleteExpired,
}

/// The history of a subscription, before its rows are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct SubscriptionHistory {
    pub(super) plan_id: i64,
    pub(super) from: Date,
    pub(super) state: SubscriptionState,
    pub(super) kind: &'static str,
    pub(super) quantity: i64,
    pub(super) address_id: Option<i64>,
    pub(super) campaign_key: Option<&'static str>,
    pub(super) coupon_id: Option<i64>,
    pub(super) by_invoice: bool,
    /// True if someone else paid: the invoices have no amount.
    pub(super) is_free: bool,
    pub(super) correction: Correction,
    pub(super) changes_plan: bool,
    pub(super) is_deleted: bool,
}

impl SubscriptionHistory {
    pub(super) fn new(plan_id: i64, from: Date) -> Self {
        Self {
            plan_id,
            from,
            state: SubscriptionState::Active,
            kind: "regular",
            quantity: 1,
            address_id: None,
            campaign_key: None,
            coupon_id: None,
            by_invoice: false,
            is_free: false,
            correction: Correction::None,
            changes_plan: false,
            is_deleted: false,
        }
    }

    /// Writes the subscription and everything that follows from it.
    pub(super) fn generate(
        &self,
        generator: &mut RowGenerator<'_>,
        person: &DemoCustomer,
        account: &mut CustomerAccount,
    ) -> io::Result<()> {
        let plan = offer::plan(self.plan_id);
        let subscription_id = self.add_subscription(generator, person, plan)?;
        let writer = SubscriptionWriter { course: self, plan, person, subscription_id };
        let today = generator.calendar.today();
        let last_day = match self.state {
            SubscriptionState::Canceled(day) => day,
            SubscriptionState::Incomplete
            | SubscriptionState::IncompleteExpired
            | SubscriptionState::Trialing => self.from,
            _ => today,
        };
        for turn in 0..RENEWALS_MAX {
            let day = plan.after(self.from, turn);
            if day > today || (turn > 0 && day >= last_day) {
                break;
            }
            let next = plan.after(self.from, turn + 1);
            if next < generator.calendar.first_day() {
                continue;
            }
            let is_last = next > today || next >= last_day;
            let sent = if day < generator.calendar.first_day() {
                None
            } else {
                Some(writer.renew(generator, account, (day, next), turn == 0, is_last)?)
            };
            writer.write_issues(generator, (day, next), last_day, sent)?;
        }
        if self.changes_plan {
            writer.change_plan(generator, account)?;
        }
        if plan.interval == "year"
            && self.state == SubscriptionState::Active
            && person.customer_id % 3 == 0
        {
            writer.write_early_renewal(generator, account)?;
        }
        Ok(())
    }

    fn add_subscription(
        &self,
        generator: &mut RowGenerator<'_>,
        person: &DemoCustomer,
        plan: &PublisherPlan,
    ) -> io::Result<i64> {
        let today = generator.calendar.today();
        let seconds = seconds_of(person);
        let started_at = generator.calendar.at(self.from, seconds).max(person.joined_at);
        let last_day = match self.state {
            SubscriptionState::Canceled(day) => day,
            _ => today,
        };
        let turns = (0..RENEWALS_MAX).take_while(|turn| plan.after(self.from, *turn) <= last_day);
        let turn = turns.last().unwrap_or_default();
        let (start, end) = (plan.after(self.from, turn), plan.after(self.from, turn + 1));
        let has_period = !matches!(
            self.state,
            SubscriptionState::Incomplete | SubscriptionState::IncompleteExpired
        );
        let at = |day: Date| generator.calendar.at(day, seconds);
        let trial_end = match self.state {
            SubscriptionState::Trialing => Some(at(today.plus_days(1 + person.customer_id % 13))),
            _ => (person.customer_id % 9 == 4).then(|| started_at.plus_seconds(7 * DAY)),
        };
        let canceled_at = match self.state {
            SubscriptionState::Canceled(day) => Some(generator.calendar.not_after_now(at(day))),
            SubscriptionState::Leaving => {
                Some(generator.calendar.not_after_now(at(start).plus_seconds(3600)))
            }
            SubscriptionState::IncompleteExpired => Some(started_at.plus_seconds(DAY)),
            _ => None,
        };
        let ended_at = canceled_at.filter(|_| self.state != SubscriptionState::Leaving);
        let reason = canceled_at.and(match person.customer_id % 4 {
            0 => None,
            1 => Some("too expensive"),
            2 => Some("moved, \"no more post\""),
            _ => Some("no time to read"),
        });
        let is_ended = ended_at.is_some();
        let months_in = i64::from(today.days() - start.days()) / 31 + 1;
        let left = (plan.shipments - months_in).max(0);
        let shipments_left = (plan.shipments > 0).then_some(if is_ended { 0 } else { left });
        let external_id =
            (person.customer_id % 5 == 0).then(|| format!("sub_{:x}", person.customer_id * 8191));
        let deleted_at = self.is_deleted.then_some(canceled_at.unwrap_or(started_at));
        let is_named_amount = self.coupon_id.is_some() || !self.is_free;
        let amount = if self.is_free { 0 } else { plan.amount * self.quantity };
        let currency = plan.currency(generator.currency);
        let changed_at = deleted_at.or(canceled_at).unwrap_or(at(start));
        let status = self.state.as_str();
        generator.add(
            "subscriptions",
            (started_at, changed_at),
            [
                ("customer_id", person.customer_id.into()),
                ("plan_id", self.plan_id.into()),
                ("site_id", person.site_id.into()),
                ("address_id", self.address_id.into()),
                ("status", status.into()),
                ("type", self.kind.into()),
                (
                    "collection_method",
                    if self.by_invoice { "send_invoice" } else { "charge_automatically" }.into(),
                ),
                ("quantity", self.quantity.into()),
                ("auto_renew", (!is_ended && self.state != SubscriptionState::Leaving).into()),
                ("currency", currency.code().into()),
                ("amount", if is_named_amount { amount.into() } else { DemoValue::Int(0) }),
                ("started_at", started_at.into()),
                ("current_period_start", has_period.then(|| at(start).max(started_at)).into()),
                ("current_period_end", has_period.then(|| at(end)).into()),
                ("trial_end", trial_end.into()),
                ("cancel_at_period_end", (self.state == SubscriptionState::Leaving).into()),
                ("canceled_at", canceled_at.into()),
                ("cancel_reason", reason.into()),
                ("ended_at", ended_at.into()),
                ("campaign_key", self.campaign_key.into()),
                ("coupon_id", self.coupon_id.into()),
                ("shipments_remaining", shipments_left.into()),
                ("external_id", external_id.as_deref().into()),
                (
                    "metadata",
                    DemoValue::Json(if self.quantity > 1 {
                        r#"{"seats":"library"}"#
                    } else {
                        "{}"
                    }),
                ),
                ("deleted_at", deleted_at.into()),
            ],
        )
    }
}

const RENEWALS_MAX: i64 = 400;

impl SubscriptionState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Active | Self::Leaving => "active",
            Self::Canceled(_) => "canceled",
            Self::PastDue => "past_due",
            Self::Unpaid => "unpaid",
            Self::Trialing => "trialing",
            Self::Incomplete => "incomplete",
            Self::IncompleteExpired => "incomplete_expired",
        }
    }

    /// Returns the outcome of the last invoice.
    fn last_outcome(self) -> InvoiceOutcome {
        match self {
            Self::PastDue | Self::Incomplete => InvoiceOutcome::PastDue,
            Self::Unpaid => InvoiceOutcome::Uncollectible,
            Self::IncompleteExpired => InvoiceOutcome::Void,
            _ => InvoiceOutcome::Paid,
        }
    }
}

impl PublisherPlan {
    /// Returns the day `turns` intervals after `from`.
    fn after(&self, from: Date, turns: i64) -> Date {
        let steps = self.count * turns;
        match self.interval {
            "day" => from.plus_days(steps),
            "week" => from.plus_days(7 * steps),
            "month" => from.plus_months(steps),
            _ => from.plus_months(12 * steps),
        }
    }
}

fn seconds_of(person: &DemoCustomer) -> i64 {
    8 * 3600 + person.customer_id % 700 * 60
}

/// Writer of the rows that follow from one subscription.
struct SubscriptionWriter<'a> {
    course: &'a SubscriptionHistory,
    plan: &'a PublisherPlan,
    person: &'a DemoCustomer,
    subscription_id: i64,
}

impl SubscriptionWriter<'_> {
    fn instant(&self, generator: &RowGenerator<'_>, day: Date) -> Instant {
        generator.calendar.at(day, seconds_of(self.person)).max(self.person.joined_at)
    }

    fn price(&self, is_first: bool) -> LinePrice {
        let net = if self.course.is_free { 0 } else { self.plan.amount * self.course.quantity };
        let coupon = self.course.coupon_id.filter(|_| is_first);
        let rate = if self.course.kind == "donation" || self.plan.is_euro { 0 } else { TAX };
        LinePrice::plus_tax(net, coupon_discount(coupon, net), rate)
    }

    fn draft<'l>(
        &self,
        generator: &RowGenerator<'_>,
        at: Instant,
        lines: &'l [InvoiceLineDraft<'l>],
    ) -> InvoiceDraft<'l> {
        let method = if self.course.by_invoice {
            PaymentMethod::OFFLINE[usize::try_from(self.person.customer_id % 5).unwrap_or(0)]
        } else {
            PaymentMethod::CARD
        };
        let currency = self.plan.currency(generator.currency);
        let by_invoice = self.course.by_invoice;
        let collection = if by_invoice { "send_invoice" } else { "charge_automatically" };
        InvoiceDraft {
            subscription_id: Some(self.subscription_id),
            collection_method: Some(collection),
            due_in_days: by_invoice.then_some(30),
            processor_id: Some(if by_invoice { 2 } else { 1 }),
            method,
            ..InvoiceDraft::paid_by_card(self.person, currency, at, lines)
        }
    }

    fn renew(
        &self,
        generator: &mut RowGenerator<'_>,
        account: &mut CustomerAccount,
        (day, next): (Date, Date),
        is_first: bool,
        is_last: bool,
    ) -> io::Result<i64> {
        let at = self.instant(generator, day);
        let period = (at, generator.calendar.at(next, seconds_of(self.person)));
        let is_trial = self.course.state == SubscriptionState::Trialing;
        let price = if is_trial { LinePrice::default() } else { self.price(is_first) };
        let line = InvoiceLineDraft {
            plan_id: Some(self.plan_id()),
            quantity: self.course.quantity,
            period: Some(period),
            ..InvoiceLineDraft::with_price("subscription", self.plan.name, price)
        };
        let lines = [line];
        let is_disputed = self.course.correction == Correction::NoteBeforePayment;
        let outcome = match (is_last, generator.draw.below(40)) {
            (true, _) if is_disputed && self.course.state == SubscriptionState::Active => {
                InvoiceOutcome::Open
            }
            (true, _) => self.course.state.last_outcome(),
            (false, 0) => InvoiceOutcome::PaidLate,
            (false, _) => InvoiceOutcome::Paid,
        };
        let draft = InvoiceDraft {
            reason: Some(if is_first { "subscription_create" } else { "subscription_cycle" }),
            period: (self.plan.interval != "day").then_some(period),
            discount_code: self.course.coupon_id.filter(|_| is_first).map(offer::coupon_code),
            outcome,
            correction: if is_last { self.course.correction } else { Correction::None },
            ..self.draft(generator, at, &lines)
        };
        billing::write_invoice(generator, account, &draft)
    }

    fn plan_id(&self) -> i64 {
        self.course.plan_id
    }

    /// Writes the issues of one period that are due within the year of history, or in the next 20
    /// days.
    fn write_issues(
        &self,
        generator: &mut RowGenerator<'_>,
        (day, next): (Date, Date),
        last_day: Date,
        invoice_id: Option<i64>,
    ) -> io::Result<()> {
        let ahead = generator.calendar.today().plus_days(20);
        for issue in 0..self.plan.shipments {
            let due = day.plus_months(issue).plus_days(4);
            if due >= next || due > ahead || due > last_day.plus_days(25) {
                break;
            }
            if due < generator.calendar.first_day() {
                continue;
            }
            self.write_issue(generator, due, invoice_id)?;
        }
        Ok(())
    }

    fn write_issue(
        &self,
        generator: &mut RowGenerator<'_>,
        due: Date,
        invoice_id: Option<i64>,
    ) -> io::Result<()> {
        let due_at = generator.calendar.at(due, 10 * 3600);
        let is_sent = generator.calendar.has_passed(due_at);
        let returned_at = due_at.plus_seconds(9 * DAY);
        let comes_back = generator.draw.one_in(30) && generator.calendar.has_passed(returned_at);
        let status = match (is_sent, comes_back) {
            (false, _) => "pending",
            (true, true) => "returned",
            (true, false) => "approved",
        };
        let issue = format!("{:04}-{:02}", due.year(), due.month());
        let has_issue = !generator.draw.one_in(20);
        let planned_at = due_at.plus_seconds(-14 * DAY);
        let changed_at = if comes_back { returned_at } else { due_at };
        let invoice_id = invoice_id.filter(|_| self.person.customer_id % 2 == 0);
        generator.add(
            "shipments",
            (planned_at, if is_sent { changed_at } else { planned_at }),
            [
                ("subscription_id", self.subscription_id.into()),
                ("invoice_id", invoice_id.into()),
                ("issue", has_issue.then_some(issue.as_str()).into()),
                ("status", status.into()),
                ("approved_at", is_sent.then_some(due_at).into()),
                ("returned_at", comes_back.then_some(returned_at).into()),
            ],
        )?;
        Ok(())
    }

    /// Changes to the annual plan in the middle of a month, and credits the rest of the month.
    fn change_plan(
        &self,
        generator: &mut RowGenerator<'_>,
        account: &mut CustomerAccount,
    ) -> io::Result<()> {
        let today = generator.calendar.today();
        let at = self.instant(generator, today.plus_days(-3));
        let rest = -(self.plan.amount / 3);
        let (month_end, year_end) = (at.plus_seconds(10 * DAY), at.plus_seconds(365 * DAY));
        let back = InvoiceLineDraft {
            plan_id: Some(self.plan_id()),
            period: Some((at, month_end)),
            is_proration: true,
            ..InvoiceLineDraft::with_price(
                "subscription",
                "Unused time",
                LinePrice::plus_tax(rest, 0, TAX),
            )
        };
        let ahead = InvoiceLineDraft {
            plan_id: Some(offer::plan_id::ANNUAL),
            period: Some((at, year_end)),
            is_proration: true,
            ..InvoiceLineDraft::with_price(
                "subscription",
                "Digital, annual",
                LinePrice::plus_tax(9900, 0, TAX),
            )
        };
        let fee = InvoiceLineDraft {
            kind: None,
            description: None,
            ..InvoiceLineDraft::with_price("fee", "", LinePrice::default())
        };
        let lines = [back, ahead, fee];
        let draft = InvoiceDraft {
            reason: Some("subscription_update"),
            description: Some("Change of plan"),
            ..self.draft(generator, at, &lines)
        };
        billing::write_invoice(generator, account, &draft)?;
        Ok(())
    }

    /// Writes the next annual invoice, which is sent some weeks before its date.
    fn write_early_renewal(
        &self,
        generator: &mut RowGenerator<'_>,
        account: &mut CustomerAccount,
    ) -> io::Result<()> {
        let today = generator.calendar.today();
        let turns = (1..RENEWALS_MAX).map(|turn| (turn, self.plan.after(self.course.from, turn)));
        let mut ahead = turns.skip_while(|(_, day)| *day <= today);
        let Some((turn, day)) = ahead.next() else { return Ok(()) };
        if i64::from(day.days() - today.days()) > 60 {
            return Ok(());
        }
        let at = self.instant(generator, day);
        let next = self.plan.after(self.course.from, turn + 1);
        let period = (at, generator.calendar.at(next, seconds_of(self.person)));
        let line = InvoiceLineDraft {
            plan_id: Some(self.plan_id()),
            period: Some(period),
            ..InvoiceLineDraft::with_price("subscription", self.plan.name, self.price(false))
        };
        let lines = [line];
        let written_at = generator.calendar.now().plus_seconds(-2 * DAY);
        let draft = InvoiceDraft {
            reason: Some("subscription_cycle"),
            period: Some(period),
            advanced_at: Some(written_at),
            outcome: InvoiceOutcome::Open,
            due_in_days: Some(0),
            ..self.draft(generator, at, &lines)
        };
        billing::write_invoice(generator, account, &draft)?;
        Ok(())
    }
}
