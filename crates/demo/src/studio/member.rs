//! The history of one customer of the studio.

use std::io;

use model::time::Date;

use crate::billing::{
    self, Account, Bill, Correction, Line, Method, Movement, Outcome, Price, prepay,
};
use crate::people::{self, Arrival, Person};
use crate::row::Value;
use crate::teller::Teller;

use super::offer::{SHOP, SITES, plan_id};
use super::stay::{End, Stay};
use super::timetable::Timetable;
use super::visits::{self, Booking};

const DAY: i64 = 86_400;

/// Generates the history of customer `number`. Its kind follows from the number, so that even a
/// small studio has every kind.
pub(super) fn tell(teller: &mut Teller<'_>, timetable: &Timetable, number: u64) -> io::Result<()> {
    let site = teller.draw.between(0, SITES);
    let is_lead = number % 16 == 11;
    let joined = joined(teller, number);
    let person = people::arrive(
        teller,
        Arrival { number, joined, site_id: (site > 0).then_some(site), is_lead, is_british: true },
    )?;
    if number % 3 == 1 {
        people::add_newsletter(teller, &person, r#"["studio-news"]"#)?;
    }
    let customer_id = person.customer_id;
    let mut account = Account::of(customer_id, teller.currency);
    let account = &mut account;
    keep_account(teller, &person, account, number)?;
    match number % 16 {
        0 | 4 | 8 | 9 | 12 | 14 => recurring(teller, timetable, &person, account, number)?,
        1 | 5 | 13 => packs(teller, timetable, &person, account)?,
        2 | 10 => prepaid(teller, timetable, &person, account, number)?,
        3 => course(teller, timetable, &person, account, number)?,
        6 => change_of_plan(teller, timetable, &person, account, number)?,
        11 => trial(teller, timetable, &person)?,
        _ => drop_in(teller, timetable, &person, account, number)?,
    }
    if number % 8 == 2 || number % 16 == 15 {
        shop(teller, &person, account, number)?;
    }
    Ok(())
}

fn joined(teller: &mut Teller<'_>, number: u64) -> Date {
    let today = teller.calendar.today();
    match number % 4 {
        0 => teller.calendar.first_day().plus_days(-teller.draw.between(1, 700)),
        _ => today.plus_days(-teller.draw.between(1, 363)),
    }
}

fn recurring(
    teller: &mut Teller<'_>,
    timetable: &Timetable,
    person: &Person,
    account: &mut Account,
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
        End::On(day, teller.draw.pick(&["cancelled", "cancelled", "no_auto_renew", "mistake"]))
    } else {
        End::None
    };
    let hold = (number % 32 == 8 || teller.draw.one_in(9)).then(|| hold(teller, from));
    let last_outcome = match teller.draw.below(40) {
        0..=2 => Outcome::PastDue,
        3 => Outcome::Uncollectible,
        4..=5 => Outcome::Void,
        6..=7 => Outcome::PaidLate,
        8 => Outcome::Open,
        _ => Outcome::Paid,
    };
    let method = match teller.draw.below(10) {
        0 => teller.draw.pick(&Method::OFFLINE),
        1 | 2 => Method::DEBIT,
        _ => Method::CARD,
    };
    let stay = Stay {
        end,
        hold,
        discount: if teller.draw.one_in(6) { 600 } else { 0 },
        method,
        last_outcome,
        correction: correction(number),
        ..Stay::of(plan, from)
    };
    stay.tell(teller, timetable, person, account)?;
    Ok(())
}

/// Returns the days of a hold some time after `from`. A third of them are still running.
fn hold(teller: &mut Teller<'_>, from: Date) -> (Date, Option<Date>) {
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
fn correction(number: u64) -> Correction {
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

fn packs(
    teller: &mut Teller<'_>,
    timetable: &Timetable,
    person: &Person,
    account: &mut Account,
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
        let stay = Stay {
            shared_with: (shares && other > 0).then_some(other),
            method: if teller.draw.one_in(5) { Method::CASH } else { Method::CARD },
            ..Stay::of(plan, from)
        };
        let last_day = stay.tell(teller, timetable, person, account)?;
        from = last_day.plus_days(teller.draw.between(-20, 30));
    }
    Ok(())
}

fn prepaid(
    teller: &mut Teller<'_>,
    timetable: &Timetable,
    person: &Person,
    account: &mut Account,
    number: u64,
) -> io::Result<()> {
    let today = teller.calendar.today();
    let intro = Stay::of(plan_id::INTRO, person.joined);
    let last_day = intro.tell(teller, timetable, person, account)?;
    let from = last_day.plus_days(teller.draw.between(1, 8));
    if from > today {
        return Ok(());
    }
    if number % 32 == 10 {
        let slip = Stay {
            is_mistake: true,
            end: End::On(from, "mistake"),
            ..Stay::of(plan_id::ANNUAL, from)
        };
        let slip = Stay { last_outcome: Outcome::Void, ..slip };
        slip.tell(teller, timetable, person, account)?;
    }
    let annual = Stay {
        method: teller.draw.pick(&Method::OFFLINE),
        discount: if teller.draw.one_in(3) { 7800 } else { 0 },
        last_outcome: if number % 32 == 2 { Outcome::PartlyPaid } else { Outcome::Paid },
        correction: correction(number * 5),
        ..Stay::of(plan_id::ANNUAL, from)
    };
    annual.tell(teller, timetable, person, account)?;
    Ok(())
}

/// Adds an upgrade or a downgrade: one membership ends, and the next begins the day after.
fn change_of_plan(
    teller: &mut Teller<'_>,
    timetable: &Timetable,
    person: &Person,
    account: &mut Account,
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
    let before = Stay { end: End::On(changed_on, reason), ..Stay::of(first, person.joined) };
    before.tell(teller, timetable, person, account)?;
    let from = changed_on.plus_days(1);
    if from <= today {
        Stay::of(second, from).tell(teller, timetable, person, account)?;
    }
    Ok(())
}

fn course(
    teller: &mut Teller<'_>,
    timetable: &Timetable,
    person: &Person,
    account: &mut Account,
    number: u64,
) -> io::Result<()> {
    let week = timetable.week_of(person.joined).max(0) + 1;
    let weeks = timetable.course_weeks(week);
    let by_pass = number % 32 == 3;
    let pass = by_pass.then(|| Stay::of(plan_id::COURSE, person.joined));
    let membership_id = match pass {
        Some(pass) => {
            pass.tell(teller, timetable, person, account)?;
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
        let price = Price::with_tax_inside(if kind == "course" { 9900 } else { 6000 }, 0);
        sell(teller, person, account, (kind, name), price, at, Outcome::Paid)?;
    }
    for week in weeks {
        let booking = Booking {
            customer_membership_id: membership_id,
            method: if by_pass { "membership" } else { "dropin" },
            is_comped: false,
        };
        visits::book(teller, timetable, person, week, &slot, booking)?;
    }
    Ok(())
}

fn sell(
    teller: &mut Teller<'_>,
    person: &Person,
    account: &mut Account,
    (kind, name): (&'static str, &str),
    price: Price,
    at: model::time::Instant,
    outcome: Outcome,
) -> io::Result<()> {
    if !teller.calendar.has_passed(at) {
        return Ok(());
    }
    let lines = [Line::of(kind, name, price)];
    let bill = Bill {
        processor_id: Some(1),
        purchase_type: Some(kind),
        description: Some(name),
        outcome,
        ..Bill::of(person, teller.currency, at, &lines)
    };
    billing::send(teller, account, &bill)?;
    Ok(())
}

/// Adds one free visit of a lead, or none.
fn trial(teller: &mut Teller<'_>, timetable: &Timetable, person: &Person) -> io::Result<()> {
    let week = timetable.week_of(person.joined) + 1;
    if !timetable.weeks().contains(&week) || teller.draw.one_in(3) {
        return Ok(());
    }
    let slot = timetable.slot(teller.draw.below(3));
    let booking = Booking { customer_membership_id: None, method: "free", is_comped: true };
    visits::book(teller, timetable, person, week, &slot, booking)?;
    Ok(())
}

fn drop_in(
    teller: &mut Teller<'_>,
    timetable: &Timetable,
    person: &Person,
    account: &mut Account,
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
        let booking = Booking { customer_membership_id: None, method: "dropin", is_comped: false };
        let booked_at = visits::book(teller, timetable, person, week, &slot, booking)?;
        let Some(at) = booked_at else { break };
        let outcome = match number % 48 {
            7 => Outcome::Draft,
            23 => Outcome::Void,
            _ => Outcome::Paid,
        };
        let price = Price::with_tax_inside(1400, 0);
        sell(teller, person, account, ("class", "Drop-in"), price, at, outcome)?;
    }
    Ok(())
}

fn shop(
    teller: &mut Teller<'_>,
    person: &Person,
    account: &mut Account,
    number: u64,
) -> io::Result<()> {
    let at = person.joined_at.plus_seconds(teller.draw.between(1, 90) * DAY);
    if !teller.calendar.has_passed(at) || at < teller.calendar.at(teller.calendar.first_day(), 0) {
        return Ok(());
    }
    let (sku_id, name, unit) = teller.draw.pick(&SHOP);
    let quantity = teller.draw.between(1, 2);
    let price = Price::plus_tax(unit * quantity, 0, 2_000);
    let currency = teller.currency;
    let order_id = teller.add(
        "orders",
        (at, at),
        [
            ("customer_id", person.customer_id.into()),
            ("address_id", Value::Null),
            ("site_id", person.site_id.into()),
            ("status", "fulfilled".into()),
            ("amount", (price.net + price.tax).into()),
            ("shipping_amount", 0.into()),
            ("tax", price.tax.into()),
            ("currency", currency.code().into()),
            ("coupon_id", Value::Null),
            ("date", at.into()),
            ("metadata", Value::Json("{}")),
            ("deleted_at", Value::Null),
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
            ("shipped_at", Value::Null),
        ],
    )?;
    let lines = [Line { quantity, order_item_id: Some(item_id), ..Line::of("store", name, price) }];
    let bill = Bill {
        order_id: Some(order_id),
        processor_id: number.is_multiple_of(2).then_some(3),
        purchase_type: Some("store"),
        method: Method::CASH,
        ..Bill::of(person, currency, at, &lines)
    };
    billing::send(teller, account, &bill)?;
    Ok(())
}

/// Adds movements of account credit: for some customers a prepayment, a gift, or its withdrawal.
fn keep_account(
    teller: &mut Teller<'_>,
    person: &Person,
    account: &mut Account,
    number: u64,
) -> io::Result<()> {
    let days = teller.draw.between(1, 300);
    let at = teller.calendar.now().plus_seconds(-days * DAY).max(person.joined_at);
    let currency = teller.currency;
    match number % 24 {
        3 => prepay(teller, account, 5000, at),
        9 => {
            let gift = Movement::of("gift", -2500, currency, at);
            account.change(teller, &gift.described("Gift card, \"Happy birthday\""))
        }
        // Drop-in invoices of these customers may be voided, which returns the applied credit.
        23 => {
            let gift = Movement::of("gift", -2500, currency, person.joined_at);
            account.change(teller, &gift.described("Gift card"))
        }
        17 => {
            let given = Movement::of("adjustment", -1000, currency, at);
            account.change(teller, &given.described("Sorry, the heating failed"))?;
            let taken = Movement::of("adjustment", 400, currency, at.plus_seconds(DAY));
            account.change(teller, &taken)
        }
        _ => Ok(()),
    }
}
