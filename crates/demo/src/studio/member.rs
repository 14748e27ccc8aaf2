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
    generator: &mut RowGenerator<'_>,
    timetable: &Timetable,
    number: u64,
) -> io::Result<()> {
    let site = generator.draw.between(0, SITES);
    let is_lead = number % 16 == 11;
    let joined = joining_date(generator, number);
    let person = people::add_customer(
        generator,
        NewCustomer {
            number,
            joined,
            site_id: (site > 0).then_some(site),
            is_lead,
            is_british: true,
        },
    )?;
    if number % 3 == 1 {
        people::add_newsletter(generator, &person, r#"["studio-news"]"#)?;
    }
    let customer_id = person.customer_id;
    let mut account = CustomerAccount::open(customer_id, generator.currency);
    let account = &mut account;
    add_credit_movements(generator, &person, account, number)?;
    match number % 16 {
        0 | 4 | 8 | 9 | 12 | 14 => {
            add_recurring_membership(generator, timetable, &person, account, number)?
        }
        1 | 5 | 13 => add_packs(generator, timetable, &person, account)?,
        2 | 10 => add_prepaid_membership(generator, timetable, &person, account, number)?,
        3 => add_course(generator, timetable, &person, account, number)?,
        6 => add_plan_change(generator, timetable, &person, account, number)?,
        11 => add_trial_visit(generator, timetable, &person)?,
        _ => add_drop_in(generator, timetable, &person, account, number)?,
    }
    if number % 8 == 2 || number % 16 == 15 {
        shop(generator, &person, account, number)?;
    }
    Ok(())
}

fn joining_date(generator: &mut RowGenerator<'_>, number: u64) -> Date {
    let today = generator.calendar.today();
    match number % 4 {
        0 => generator.calendar.first_day().plus_days(-generator.draw.between(1, 700)),
        _ => today.plus_days(-generator.draw.between(1, 363)),
    }
}

fn add_recurring_membership(
    generator: &mut RowGenerator<'_>,
    timetable: &Timetable,
    person: &DemoCustomer,
    account: &mut CustomerAccount,
    number: u64,
) -> io::Result<()> {
    let plans =
        [plan_id::UNLIMITED, plan_id::EIGHT, plan_id::EIGHT, plan_id::WEEKLY, plan_id::WEEKEND];
    let is_team = number % 160 == 12;
    let plan = if is_team { plan_id::TEAM } else { generator.draw.pick(&plans) };
    let today = generator.calendar.today();
    let from = person.joined.plus_days(generator.draw.between(0, 10)).min(today);
    let days_told = i64::from(today.days() - from.max(generator.calendar.first_day()).days());
    let leaves = generator.draw.percent(38) && days_told > 45;
    let end = if leaves {
        let day = today.plus_days(-generator.draw.between(0, days_told - 40));
        MembershipEnd::On(
            day,
            generator.draw.pick(&["cancelled", "cancelled", "no_auto_renew", "mistake"]),
        )
    } else {
        MembershipEnd::None
    };
    let hold = (number % 32 == 8 || generator.draw.one_in(9)).then(|| choose_hold(generator, from));
    let last_outcome = match generator.draw.below(40) {
        0..=2 => InvoiceOutcome::PastDue,
        3 => InvoiceOutcome::Uncollectible,
        4..=5 => InvoiceOutcome::Void,
        6..=7 => InvoiceOutcome::PaidLate,
        8 => InvoiceOutcome::Open,
        _ => InvoiceOutcome::Paid,
    };
    let method = match generator.draw.below(10) {
        0 => generator.draw.pick(&PaymentMethod::OFFLINE),
        1 | 2 => PaymentMethod::DEBIT,
        _ => PaymentMethod::CARD,
    };
    let stay = MembershipHistory {
        end,
        hold,
        discount: if generator.draw.one_in(6) { 600 } else { 0 },
        method,
        last_outcome,
        correction: choose_correction(number),
        ..MembershipHistory::new(plan, from)
    };
    stay.generate(generator, timetable, person, account)?;
    Ok(())
}

/// Returns the days of a hold some time after `from`. A third of them are still running.
fn choose_hold(generator: &mut RowGenerator<'_>, from: Date) -> (Date, Option<Date>) {
    let today = generator.calendar.today();
    let days = i64::from(today.days() - from.days()).min(330);
    match generator.draw.below(6) {
        0 => (today.plus_days(-generator.draw.between(0, days.min(20))), None),
        1 => {
            let first = today.plus_days(-generator.draw.between(0, days.min(9)));
            (first, Some(today.plus_days(generator.draw.between(1, 25))))
        }
        _ => {
            let first = today.plus_days(-generator.draw.between(0, days.max(1)));
            (first, Some(first.plus_days(generator.draw.between(3, 27))))
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
    generator: &mut RowGenerator<'_>,
    timetable: &Timetable,
    person: &DemoCustomer,
    account: &mut CustomerAccount,
) -> io::Result<()> {
    let today = generator.calendar.today();
    let mut from = person.joined.plus_days(generator.draw.between(0, 5));
    for _ in 0..generator.draw.between(1, 4) {
        if from > today {
            break;
        }
        let plan = generator.draw.pick(&[plan_id::TEN_PACK, plan_id::FIVE_PACK]);
        let shares = plan == plan_id::TEN_PACK && generator.draw.one_in(3);
        let other = person.customer_id - 1;
        let stay = MembershipHistory {
            shared_with: (shares && other > 0).then_some(other),
            method: if generator.draw.one_in(5) {
                PaymentMethod::CASH
            } else {
                PaymentMethod::CARD
            },
            ..MembershipHistory::new(plan, from)
        };
        let last_day = stay.generate(generator, timetable, person, account)?;
        from = last_day.plus_days(generator.draw.between(-20, 30));
    }
    Ok(())
}

fn add_prepaid_membership(
    generator: &mut RowGenerator<'_>,
    timetable: &Timetable,
    person: &DemoCustomer,
    account: &mut CustomerAccount,
    number: u64,
) -> io::Result<()> {
    let today = generator.calendar.today();
    let intro = MembershipHistory::new(plan_id::INTRO, person.joined);
    let last_day = intro.generate(generator, timetable, person, account)?;
    let from = last_day.plus_days(generator.draw.between(1, 8));
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
        slip.generate(generator, timetable, person, account)?;
    }
    let annual = MembershipHistory {
        method: generator.draw.pick(&PaymentMethod::OFFLINE),
        discount: if generator.draw.one_in(3) { 7800 } else { 0 },
        last_outcome: if number % 32 == 2 {
            InvoiceOutcome::PartlyPaid
        } else {
            InvoiceOutcome::Paid
        },
        correction: choose_correction(number * 5),
        ..MembershipHistory::new(plan_id::ANNUAL, from)
    };
    annual.generate(generator, timetable, person, account)?;
    Ok(())
}

/// Adds an upgrade or a downgrade: one membership ends, and the next begins the day after.
fn add_plan_change(
    generator: &mut RowGenerator<'_>,
    timetable: &Timetable,
    person: &DemoCustomer,
    account: &mut CustomerAccount,
    number: u64,
) -> io::Result<()> {
    let today = generator.calendar.today();
    let goes_up = number / 16 % 3 != 1;
    let (first, second, reason) = if goes_up {
        (plan_id::EIGHT, plan_id::UNLIMITED, "upgraded")
    } else {
        (plan_id::UNLIMITED, plan_id::EIGHT, "downgraded")
    };
    let changed_on = person.joined.plus_days(generator.draw.between(25, 200)).min(today);
    let before = MembershipHistory {
        end: MembershipEnd::On(changed_on, reason),
        ..MembershipHistory::new(first, person.joined)
    };
    before.generate(generator, timetable, person, account)?;
    let from = changed_on.plus_days(1);
    if from <= today {
        MembershipHistory::new(second, from).generate(generator, timetable, person, account)?;
    }
    Ok(())
}

fn add_course(
    generator: &mut RowGenerator<'_>,
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
            pass.generate(generator, timetable, person, account)?;
            Some(generator.last_id("customer_memberships")?)
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
        write_sale(generator, person, account, (kind, name), price, at, InvoiceOutcome::Paid)?;
    }
    for week in weeks {
        let booking = BookingDraft {
            customer_membership_id: membership_id,
            method: if by_pass { "membership" } else { "dropin" },
            is_comped: false,
        };
        visits::write_booking(generator, timetable, person, week, &slot, booking)?;
    }
    Ok(())
}

fn write_sale(
    generator: &mut RowGenerator<'_>,
    person: &DemoCustomer,
    account: &mut CustomerAccount,
    (kind, name): (&'static str, &str),
    price: LinePrice,
    at: model::time::Instant,
    outcome: InvoiceOutcome,
) -> io::Result<()> {
    if !generator.calendar.has_passed(at) {
        return Ok(());
    }
    let lines = [InvoiceLineDraft::with_price(kind, name, price)];
    let draft = InvoiceDraft {
        processor_id: Some(1),
        purchase_type: Some(kind),
        description: Some(name),
        outcome,
        ..InvoiceDraft::paid_by_card(person, generator.currency, at, &lines)
    };
    billing::write_invoice(generator, account, &draft)?;
    Ok(())
}

/// Adds one free visit of a lead, or none.
fn add_trial_visit(
    generator: &mut RowGenerator<'_>,
    timetable: &Timetable,
    person: &DemoCustomer,
) -> io::Result<()> {
    let week = timetable.week_of(person.joined) + 1;
    if !timetable.weeks().contains(&week) || generator.draw.one_in(3) {
        return Ok(());
    }
    let slot = timetable.slot(generator.draw.below(3));
    let booking = BookingDraft { customer_membership_id: None, method: "free", is_comped: true };
    visits::write_booking(generator, timetable, person, week, &slot, booking)?;
    Ok(())
}

fn add_drop_in(
    generator: &mut RowGenerator<'_>,
    timetable: &Timetable,
    person: &DemoCustomer,
    account: &mut CustomerAccount,
    number: u64,
) -> io::Result<()> {
    let first_week = timetable.week_of(person.joined).max(0) + 1;
    for turn in 0..generator.draw.between(1, 6) {
        let week = first_week + turn * 2;
        if !timetable.weeks().contains(&week) {
            break;
        }
        let slot = timetable.slot(generator.draw.below(timetable.slots()));
        if slot.is_course() {
            continue;
        }
        let booking =
            BookingDraft { customer_membership_id: None, method: "dropin", is_comped: false };
        let booked_at = visits::write_booking(generator, timetable, person, week, &slot, booking)?;
        let Some(at) = booked_at else { break };
        let outcome = match number % 48 {
            7 => InvoiceOutcome::Draft,
            23 => InvoiceOutcome::Void,
            _ => InvoiceOutcome::Paid,
        };
        let price = LinePrice::with_tax_inside(1400, 0);
        write_sale(generator, person, account, ("class", "Drop-in"), price, at, outcome)?;
    }
    Ok(())
}

fn shop(
    generator: &mut RowGenerator<'_>,
    person: &DemoCustomer,
    account: &mut CustomerAccount,
    number: u64,
) -> io::Result<()> {
    let at = person.joined_at.plus_seconds(generator.draw.between(1, 90) * DAY);
    if !generator.calendar.has_passed(at)
        || at < generator.calendar.at(generator.calendar.first_day(), 0)
    {
        return Ok(());
    }
    let (sku_id, name, unit) = generator.draw.pick(&SHOP);
    let quantity = generator.draw.between(1, 2);
    let price = LinePrice::plus_tax(unit * quantity, 0, 2_000);
    let currency = generator.currency;
    let order_id = generator.add(
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
    let item_id = generator.add(
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
        ..InvoiceLineDraft::with_price("store", name, price)
    }];
    let draft = InvoiceDraft {
        order_id: Some(order_id),
        processor_id: number.is_multiple_of(2).then_some(3),
        purchase_type: Some("store"),
        method: PaymentMethod::CASH,
        ..InvoiceDraft::paid_by_card(person, currency, at, &lines)
    };
    billing::write_invoice(generator, account, &draft)?;
    Ok(())
}

/// Adds movements of account credit: for some customers a prepayment, a gift, or its withdrawal.
fn add_credit_movements(
    generator: &mut RowGenerator<'_>,
    person: &DemoCustomer,
    account: &mut CustomerAccount,
    number: u64,
) -> io::Result<()> {
    let days = generator.draw.between(1, 300);
    let at = generator.calendar.now().plus_seconds(-days * DAY).max(person.joined_at);
    let currency = generator.currency;
    match number % 24 {
        3 => write_prepayment(generator, account, 5000, at),
        9 => {
            let gift = CreditMovement::new("gift", -2500, currency, at);
            account.write_movement(generator, &gift.described("Gift card, \"Happy birthday\""))
        }
        // Drop-in invoices of these customers may be voided, which returns the applied credit.
        23 => {
            let gift = CreditMovement::new("gift", -2500, currency, person.joined_at);
            account.write_movement(generator, &gift.described("Gift card"))
        }
        17 => {
            let given = CreditMovement::new("adjustment", -1000, currency, at);
            account.write_movement(generator, &given.described("Sorry, the heating failed"))?;
            let taken = CreditMovement::new("adjustment", 400, currency, at.plus_seconds(DAY));
            account.write_movement(generator, &taken)
        }
        _ => Ok(()),
    }
}
