//! The history of one customer of the studio.

use std::io;

use model::time::Date;

use crate::billing::{
    self, Correction, CreditMovement, CustomerAccount, InvoiceDraft, InvoiceLineDraft,
    InvoiceOutcome, LinePrice, PaymentMethod, write_prepayment,
};
use crate::people::{self, DemoCustomer, NewCustomer};
use crate::row::DemoValue;
use crate::row_generator::RowGenerator;

use super::membership_history::{MembershipEnd, MembershipHistory};
use super::offer::{SHOP, SITES, plan_id};
use super::timetable::Timetable;
use super::visits::{self, BookingDraft};

const DAY: i64 = 86_400;

/// Generates the history of customer `number`. Its kind follows from the number, so that even a
/// small studio has every kind.
pub(super) fn generate_member(
    teller: &mut RowGenerator<'_>,
    timetable: &Timetable,
    number: u64,
) -> io::Result<()> {
    let site = teller.draw.between(0, SITES);
    let is_lead = number % 16 == 11;
    let joined = joining_date(teller, number);
    let person = people::add_customer(
        teller,
        NewCustomer {
            number,
            joined,
            site_id: (site > 0).then_some(site),
            is_lead,
            is_british: true,
        },
    )?;
    if number % 3 == 1 {
        people::add_newsletter(teller, &person, r#"["studio-news"]"#)?;
    }
    let customer_id = person.customer_id;
    let mut account = CustomerAccount::of(customer_id, teller.currency);
    let account = &mut account;
    add_credit_movements(teller, &person, account, number)?;
    match number % 16 {
        0 | 4 | 8 | 9 | 12 | 14 => {
            add_recurring_membership(teller, timetable, &person, account, number)?
        }
        1 | 5 | 13 => add_packs(teller, timetable, &person, account)?,
        2 | 10 => add_prepaid_membership(teller, timetable, &person, account, number)?,
        3 => add_course(teller, timetable, &person, account, number)?,
        6 => add_plan_change(teller, timetable, &person, account, number)?,
        11 => add_trial_visit(teller, timetable, &person)?,
        _ => add_drop_in(teller, timetable, &person, account, number)?,
    }
    if number % 8 == 2 || number % 16 == 15 {
        shop(teller, &person, account, number)?;
    }
    Ok(())
}

fn joining_date(teller: &mut RowGenerator<'_>, number: u64) -> Date {
    let today = teller.calendar.today();
    match number % 4 {
        0 => teller.calendar.first_day().plus_days(-teller.draw.between(1, 700)),
        _ => today.plus_days(-teller.draw.between(1, 363)),
    }
}

fn add_recurring_membership(
    teller: &mut RowGenerator<'_>,
    timetable: &Timetable,
    person: &DemoCustomer,
    account: &mut CustomerAccount,
    number: u64,
) -> io::Result<()> {
    let plans =
        [plan_id::UNLIMITED, plan_id::EIGHT, plan_id::EIGHT, plan_id::WEEKLY, plan_id::WEEKEND];
    let is_team = number % 160 == 12;
    let plan = if is_team { plan_id::TEAM } else { teller.draw.pick(&plans) };
    let today = teller.calendar.today();
    let from = person.joined.plus_days(teller.draw.between(0, 10)).min(today);
    let days_told = i64::from(today.days() - from.max(teller.calendar.first_day()).days());
    let leaves = teller.draw.percent(38) && days_told > 45;
    let end = if leaves {
        let day = today.plus_days(-teller.draw.between(0, days_told - 40));
        MembershipEnd::On(
            day,
            teller.draw.pick(&["cancelled", "cancelled", "no_auto_renew", "mistake"]),
        )
    } else {
        MembershipEnd::None
    };
    let hold = (number % 32 == 8 || teller.draw.one_in(9)).then(|| choose_hold(teller, from));
    let last_outcome = match teller.draw.below(40) {
        0..=2 => InvoiceOutcome::PastDue,
        3 => InvoiceOutcome::Uncollectible,
        4..=5 => InvoiceOutcome::Void,
        6..=7 => InvoiceOutcome::PaidLate,
        8 => InvoiceOutcome::Open,
        _ => InvoiceOutcome::Paid,
    };
    let method = match teller.draw.below(10) {
        0 => teller.draw.pick(&PaymentMethod::OFFLINE),
        1 | 2 => PaymentMethod::DEBIT,
        _ => PaymentMethod::CARD,
    };
    let stay = MembershipHistory {
        end,
        hold,
        discount: if teller.draw.one_in(6) { 600 } else { 0 },
        method,
        last_outcome,
        correction: choose_correction(number),
        ..MembershipHistory::new(plan, from)
    };
    stay.generate(teller, timetable, person, account)?;
    Ok(())
}

/// Returns the days of a hold some time after `from`. A third of them are still running.
fn choose_hold(teller: &mut RowGenerator<'_>, from: Date) -> (Date, Option<Date>) {
    let today = teller.calendar.today();
    let days = i64::from(today.days() - from.days()).min(330);
    match teller.draw.below(6) {
        0 => (today.plus_days(-teller.draw.between(0, days.min(20))), None),
        1 => {
            let first = today.plus_days(-teller.draw.between(0, days.min(9)));
            (first, Some(today.plus_days(teller.draw.between(1, 25))))
        }
        _ => {
            let first = today.plus_days(-teller.draw.between(0, days.max(1)));
            (first, Some(first.plus_days(teller.draw.between(3, 27))))
        }
    }
}

/// Returns the correction of an invoice, chosen by customer number, so that each occurs.
fn choose_correction(number: u64) -> Correction {
    match number / 4 % 19 {
        0 => Correction::RefundOfPart,
        2 => Correction::CreditNoteInvoice,
        5 => Correction::NoteThenRefund,
        7 => Correction::RefundToBalance,
        9 => Correction::NoteToBalance,
        11 => Correction::RefundStuck(u8::try_from(number % 3).unwrap_or_default()),
        _ => Correction::None,
    }
}

fn add_packs(
    teller: &mut RowGenerator<'_>,
    timetable: &Timetable,
    person: &DemoCustomer,
    account: &mut CustomerAccount,
) -> io::Result<()> {
    let today = teller.calendar.today();
    let mut from = person.joined.plus_days(teller.draw.between(0, 5));
    for _ in 0..teller.draw.between(1, 4) {
        if from > today {
            break;
        }
        let plan = teller.draw.pick(&[plan_id::TEN_PACK, plan_id::FIVE_PACK]);
        let shares = plan == plan_id::TEN_PACK && teller.draw.one_in(3);
        let other = person.customer_id - 1;
        let stay = MembershipHistory {
            shared_with: (shares && other > 0).then_some(other),
            method: if teller.draw.one_in(5) { PaymentMethod::CASH } else { PaymentMethod::CARD },
            ..MembershipHistory::new(plan, from)
        };
        let last_day = stay.generate(teller, timetable, person, account)?;
        from = last_day.plus_days(teller.draw.between(-20, 30));
    }
    Ok(())
}

fn add_prepaid_membership(
    teller: &mut RowGenerator<'_>,
    timetable: &Timetable,
    person: &DemoCustomer,
    account: &mut CustomerAccount,
    number: u64,
) -> io::Result<()> {
    let today = teller.calendar.today();
    let intro = MembershipHistory::new(plan_id::INTRO, person.joined);
    let last_day = intro.generate(teller, timetable, person, account)?;
    let from = last_day.plus_days(teller.draw.between(1, 8));
    if from > today {
        return Ok(());
    }
    if number % 32 == 10 {
        let slip = MembershipHistory {
            is_mistake: true,
            end: MembershipEnd::On(from, "mistake"),
            ..MembershipHistory::new(plan_id::ANNUAL, from)
        };
        let slip = MembershipHistory { last_outcome: InvoiceOutcome::Void, ..slip };
        slip.generate(teller, timetable, person, account)?;
    }
    let annual = MembershipHistory {
        method: teller.draw.pick(&PaymentMethod::OFFLINE),
        discount: if teller.draw.one_in(3) { 7800 } else { 0 },
        last_outcome: if number % 32 == 2 {
            InvoiceOutcome::PartlyPaid
        } else {
            InvoiceOutcome::Paid
        },
        correction: choose_correction(number * 5),
        ..MembershipHistory::new(plan_id::ANNUAL, from)
    };
    annual.generate(teller, timetable, person, account)?;
    Ok(())
}

/// Adds an upgrade or a downgrade: one membership ends, and the next begins the day after.
fn add_plan_change(
    teller: &mut RowGenerator<'_>,
    timetable: &Timetable,
    person: &DemoCustomer,
    account: &mut CustomerAccount,
    number: u64,
) -> io::Result<()> {
    let today = teller.calendar.today();
    let goes_up = number / 16 % 3 != 1;
    let (first, second, reason) = if goes_up {
        (plan_id::EIGHT, plan_id::UNLIMITED, "upgraded")
    } else {
        (plan_id::UNLIMITED, plan_id::EIGHT, "downgraded")
    };
    let changed_on = person.joined.plus_days(teller.draw.between(25, 200)).min(today);
    let before = MembershipHistory {
        end: MembershipEnd::On(changed_on, reason),
        ..MembershipHistory::new(first, person.joined)
    };
    before.generate(teller, timetable, person, account)?;
    let from = changed_on.plus_days(1);
    if from <= today {
        MembershipHistory::new(second, from).generate(teller, timetable, person, account)?;
    }
    Ok(())
}

fn add_course(
    teller: &mut RowGenerator<'_>,
    timetable: &Timetable,
    person: &DemoCustomer,
    account: &mut CustomerAccount,
    number: u64,
) -> io::Result<()> {
    let week = timetable.week_of(person.joined).max(0) + 1;
    let weeks = timetable.course_weeks(week);
    let by_pass = number % 32 == 3;
    let pass = by_pass.then(|| MembershipHistory::new(plan_id::COURSE, person.joined));
    let membership_id = match pass {
        Some(pass) => {
            pass.generate(teller, timetable, person, account)?;
            Some(teller.last_id("customer_memberships")?)
        }
        None => None,
    };
    let slot = timetable.slot(if number % 64 < 32 { 3 } else { 8 });
    if membership_id.is_none() {
        let at = person.joined_at.plus_seconds(1800);
        let (kind, name) = match number % 64 {
            0..=31 => ("course", "Beginners' Course"),
            _ => ("course_session", "Pre-natal Yoga, single sessions"),
        };
        let price = LinePrice::with_tax_inside(if kind == "course" { 9900 } else { 6000 }, 0);
        write_sale(teller, person, account, (kind, name), price, at, InvoiceOutcome::Paid)?;
    }
    for week in weeks {
        let booking = BookingDraft {
            customer_membership_id: membership_id,
            method: if by_pass { "membership" } else { "dropin" },
            is_comped: false,
        };
        visits::write_booking(teller, timetable, person, week, &slot, booking)?;
    }
    Ok(())
}

fn write_sale(
    teller: &mut RowGenerator<'_>,
    person: &DemoCustomer,
    account: &mut CustomerAccount,
    (kind, name): (&'static str, &str),
    price: LinePrice,
    at: model::time::Instant,
    outcome: InvoiceOutcome,
) -> io::Result<()> {
    if !teller.calendar.has_passed(at) {
        return Ok(());
    }
    let lines = [InvoiceLineDraft::of(kind, name, price)];
    let bill = InvoiceDraft {
        processor_id: Some(1),
        purchase_type: Some(kind),
        description: Some(name),
        outcome,
        ..InvoiceDraft::paid_by_card(person, teller.currency, at, &lines)
    };
    billing::write_invoice(teller, account, &bill)?;
    Ok(())
}

/// Adds one free visit of a lead, or none.
fn add_trial_visit(
    teller: &mut RowGenerator<'_>,
    timetable: &Timetable,
    person: &DemoCustomer,
) -> io::Result<()> {
    let week = timetable.week_of(person.joined) + 1;
    if !timetable.weeks().contains(&week) || teller.draw.one_in(3) {
        return Ok(());
    }
    let slot = timetable.slot(teller.draw.below(3));
    let booking = BookingDraft { customer_membership_id: None, method: "free", is_comped: true };
    visits::write_booking(teller, timetable, person, week, &slot, booking)?;
    Ok(())
}

fn add_drop_in(
    teller: &mut RowGenerator<'_>,
    timetable: &Timetable,
    person: &DemoCustomer,
    account: &mut CustomerAccount,
    number: u64,
) -> io::Result<()> {
    let first_week = timetable.week_of(person.joined).max(0) + 1;
    for turn in 0..teller.draw.between(1, 6) {
        let week = first_week + turn * 2;
        if !timetable.weeks().contains(&week) {
            break;
        }
        let slot = timetable.slot(teller.draw.below(timetable.slots()));
        if slot.is_course() {
            continue;
        }
        let booking =
            BookingDraft { customer_membership_id: None, method: "dropin", is_comped: false };
        let booked_at = visits::write_booking(teller, timetable, person, week, &slot, booking)?;
        let Some(at) = booked_at else { break };
        let outcome = match number % 48 {
            7 => InvoiceOutcome::Draft,
            23 => InvoiceOutcome::Void,
            _ => InvoiceOutcome::Paid,
        };
        let price = LinePrice::with_tax_inside(1400, 0);
        write_sale(teller, person, account, ("class", "Drop-in"), price, at, outcome)?;
    }
    Ok(())
}

fn shop(
    teller: &mut RowGenerator<'_>,
    person: &DemoCustomer,
    account: &mut CustomerAccount,
    number: u64,
) -> io::Result<()> {
    let at = person.joined_at.plus_seconds(teller.draw.between(1, 90) * DAY);
    if !teller.calendar.has_passed(at) || at < teller.calendar.at(teller.calendar.first_day(), 0) {
        return Ok(());
    }
    let (sku_id, name, unit) = teller.draw.pick(&SHOP);
    let quantity = teller.draw.between(1, 2);
    let price = LinePrice::plus_tax(unit * quantity, 0, 2_000);
    let currency = teller.currency;
    let order_id = teller.add(
        "orders",
        (at, at),
        [
            ("customer_id", person.customer_id.into()),
            ("address_id", DemoValue::Null),
            ("site_id", person.site_id.into()),
            ("status", "fulfilled".into()),
            ("amount", (price.net + price.tax).into()),
            ("shipping_amount", 0.into()),
            ("tax", price.tax.into()),
            ("currency", currency.code().into()),
            ("coupon_id", DemoValue::Null),
            ("date", at.into()),
            ("metadata", DemoValue::Json("{}")),
            ("deleted_at", DemoValue::Null),
        ],
    )?;
    let item_id = teller.add(
        "order_items",
        (at, at),
        [
            ("order_id", order_id.into()),
            ("sku_id", sku_id.into()),
            ("product_id", 1.into()),
            ("description", name.into()),
            ("quantity", quantity.into()),
            ("unit_amount", unit.into()),
            ("currency", currency.code().into()),
            ("fulfilled_at", at.into()),
            ("shipped_at", DemoValue::Null),
        ],
    )?;
    let lines = [InvoiceLineDraft {
        quantity,
        order_item_id: Some(item_id),
        ..InvoiceLineDraft::of("store", name, price)
    }];
    let bill = InvoiceDraft {
        order_id: Some(order_id),
        processor_id: number.is_multiple_of(2).then_some(3),
        purchase_type: Some("store"),
        method: PaymentMethod::CASH,
        ..InvoiceDraft::paid_by_card(person, currency, at, &lines)
    };
    billing::write_invoice(teller, account, &bill)?;
    Ok(())
}

/// Adds movements of account credit: for some customers a prepayment, a gift, or its withdrawal.
fn add_credit_movements(
    teller: &mut RowGenerator<'_>,
    person: &DemoCustomer,
    account: &mut CustomerAccount,
    number: u64,
) -> io::Result<()> {
    let days = teller.draw.between(1, 300);
    let at = teller.calendar.now().plus_seconds(-days * DAY).max(person.joined_at);
    let currency = teller.currency;
    match number % 24 {
        3 => write_prepayment(teller, account, 5000, at),
        9 => {
            let gift = CreditMovement::of("gift", -2500, currency, at);
            account.write_movement(teller, &gift.described("Gift card, \"Happy birthday\""))
        }
        // Drop-in invoices of these customers may be voided, which returns the applied credit.
        23 => {
            let gift = CreditMovement::of("gift", -2500, currency, person.joined_at);
            account.write_movement(teller, &gift.described("Gift card"))
        }
        17 => {
            let given = CreditMovement::of("adjustment", -1000, currency, at);
            account.write_movement(teller, &given.described("Sorry, the heating failed"))?;
            let taken = CreditMovement::of("adjustment", 400, currency, at.plus_seconds(DAY));
            account.write_movement(teller, &taken)
        }
        _ => Ok(()),
    }
}
