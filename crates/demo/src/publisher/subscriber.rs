//! The history of one customer of the publisher.

use std::io;

use model::time::Date;

use crate::billing::{Correction, CreditMovement, CustomerAccount, write_prepayment};
use crate::people::{self, DemoCustomer, NewCustomer};
use crate::row_generator::RowGenerator;

use super::campaigns::{RENEWAL, SPRING};
use super::offer::plan_id;
use super::shop;
use super::subscription::{SubscriptionHistory, SubscriptionState};

const DAY: i64 = 86_400;
const LISTS: [&str; 4] = [
    r#"["weekly-letter"]"#,
    r#"["weekly-letter","recipes"]"#,
    "[]",
    r#"["breaking, \"urgent\"","recipes"]"#,
];

/// Generates the history of customer `number`.
pub(super) fn generate_subscriber(generator: &mut RowGenerator<'_>, number: u64) -> io::Result<()> {
    let joined = joining_date(generator, number);
    let site = generator.draw.between(0, 2);
    let site_id = (site > 0).then_some(site);
    let arrival =
        NewCustomer { number, joined, site_id, is_lead: number % 19 == 7, is_british: false };
    let person = people::add_customer(generator, arrival)?;
    if number.is_multiple_of(2) {
        let lists = generator.draw.pick(&LISTS);
        people::add_newsletter(generator, &person, lists)?;
    }
    let customer_id = person.customer_id;
    let mut account = CustomerAccount::open(customer_id, generator.currency);
    if number % 19 == 7 {
        return Ok(());
    }
    add_credit_movements(generator, &person, &mut account, number)?;
    let address_id = addresses(generator, &person, number)?;
    if number % 23 == 5 {
        add_gift(generator, &person, &mut account, number)?;
    } else {
        subscribe(generator, &person, &mut account, address_id, number)?;
    }
    if number % 4 == 1 {
        shop::write_order(generator, &person, &mut account, address_id, number / 4)?;
    }
    Ok(())
}

fn joining_date(generator: &mut RowGenerator<'_>, number: u64) -> Date {
    let today = generator.calendar.today();
    match number % 5 {
        0 | 1 => generator.calendar.first_day().plus_days(-generator.draw.between(1, 900)),
        _ => today.plus_days(-generator.draw.between(1, 363)),
    }
}

fn addresses(
    generator: &mut RowGenerator<'_>,
    person: &DemoCustomer,
    number: u64,
) -> io::Result<Option<i64>> {
    if number % 6 == 4 {
        return Ok(None);
    }
    let shipping = people::add_address(generator, person, "shipping", true)?;
    if number % 4 == 2 {
        people::add_address(generator, person, "billing", false)?;
    }
    Ok(Some(shipping))
}

fn subscribe(
    generator: &mut RowGenerator<'_>,
    person: &DemoCustomer,
    account: &mut CustomerAccount,
    address_id: Option<i64>,
    number: u64,
) -> io::Result<()> {
    let (plan_id, kind) = match number % 20 {
        0..=3 => (plan_id::MONTHLY, "regular"),
        4..=6 => (plan_id::ANNUAL, "regular"),
        7 => (plan_id::WEEKLY, "regular"),
        8 => (plan_id::DAY, "regular"),
        9..=11 => (plan_id::PRINT, "regular"),
        12 | 13 => (plan_id::QUARTERLY, "regular"),
        14 | 15 => (plan_id::KITCHEN, "regular"),
        16 => (plan_id::KITCHEN_EUROPE, "regular"),
        17 => (plan_id::CIRCLE, "membership"),
        18 => (plan_id::SUPPORTER, "donation"),
        _ => (plan_id::PRINT, "regular"),
    };
    let from = person.joined;
    let state = choose_state(generator, plan_id, from, number);
    let is_library = number % 20 == 19;
    let changes_plan =
        plan_id == plan_id::MONTHLY && number % 40 == 22 && state == SubscriptionState::Active;
    let days_in = generator.calendar.today().days() - from.days();
    let course = SubscriptionHistory {
        state,
        kind,
        quantity: if is_library { 5 } else { 1 },
        address_id,
        campaign_key: match number % 7 {
            1 => Some(SPRING),
            2 => Some(RENEWAL),
            _ => None,
        },
        coupon_id: match number % 11 {
            3 => Some(1),
            6 => Some(2),
            8 if plan_id != plan_id::KITCHEN_EUROPE => Some(3),
            10 if number.is_multiple_of(2) => Some(5),
            _ => None,
        },
        by_invoice: number % 9 == 6 || is_library,
        correction: choose_correction(number),
        changes_plan: changes_plan && days_in > 40,
        is_deleted: number % 131 == 90,
        ..SubscriptionHistory::new(plan_id, from)
    };
    course.generate(generator, person, account)
}

/// Returns the state of a subscription. Rare states are assigned by customer number, so that each
/// occurs.
fn choose_state(
    generator: &mut RowGenerator<'_>,
    plan_id: i64,
    from: Date,
    number: u64,
) -> SubscriptionState {
    let today = generator.calendar.today();
    if plan_id == plan_id::DAY {
        return SubscriptionState::Canceled(from.plus_days(1));
    }
    let days = i64::from(today.days() - from.max(generator.calendar.first_day()).days());
    match number % 29 {
        1 => SubscriptionState::PastDue,
        4 => SubscriptionState::Unpaid,
        10 => SubscriptionState::Incomplete,
        12 => SubscriptionState::IncompleteExpired,
        15 | 22 => SubscriptionState::Leaving,
        18 if days < 15 => SubscriptionState::Trialing,
        20 if number.is_multiple_of(2) => SubscriptionState::Trialing,
        _ if generator.draw.percent(26) && days > 40 => {
            SubscriptionState::Canceled(today.plus_days(-generator.draw.between(0, days - 35)))
        }
        _ => SubscriptionState::Active,
    }
}

/// Returns the correction of an invoice, chosen by customer number, so that each occurs.
fn choose_correction(number: u64) -> Correction {
    match number % 37 {
        2 => Correction::NoteThenRefund,
        5 => Correction::RefundThenNote,
        9 => Correction::RefundOfPart,
        14 => Correction::NoteToBalance,
        17 => Correction::NoteVoided,
        21 => Correction::RefundToBalance,
        24 | 30 => Correction::NoteBeforePayment,
        26 => Correction::RefundStuck(u8::try_from(number % 3).unwrap_or_default()),
        _ => Correction::None,
    }
}

/// Adds a gift subscription: the giver pays, and a new customer receives it.
fn add_gift(
    generator: &mut RowGenerator<'_>,
    giver: &DemoCustomer,
    account: &mut CustomerAccount,
    number: u64,
) -> io::Result<()> {
    let paid = SubscriptionHistory {
        kind: "gift_donor",
        ..SubscriptionHistory::new(plan_id::ANNUAL, giver.joined)
    };
    paid.generate(generator, giver, account)?;
    let arrival = NewCustomer {
        number: number + 1_000_000_000,
        joined: giver.joined,
        site_id: giver.site_id,
        is_lead: false,
        is_british: false,
    };
    let receiver = people::add_customer(generator, arrival)?;
    let address_id = people::add_address(generator, &receiver, "shipping", true)?;
    let customer_id = receiver.customer_id;
    let mut own = CustomerAccount::open(customer_id, generator.currency);
    let received = SubscriptionHistory {
        kind: "gift_recipient",
        address_id: Some(address_id),
        is_free: true,
        ..SubscriptionHistory::new(plan_id::ANNUAL, receiver.joined)
    };
    received.generate(generator, &receiver, &mut own)
}

fn add_credit_movements(
    generator: &mut RowGenerator<'_>,
    person: &DemoCustomer,
    account: &mut CustomerAccount,
    number: u64,
) -> io::Result<()> {
    let days = generator.draw.between(1, 300);
    let at = generator.calendar.now().plus_seconds(-days * DAY).max(person.joined_at);
    let euro = model::money::Currency::parse("eur").unwrap_or(generator.currency);
    match number % 31 {
        3 => write_prepayment(generator, account, 10_000, at),
        13 => {
            let given = CreditMovement::new("gift", -1200, euro, at);
            account.write_movement(generator, &given.described("Gutschein, Buchmesse"))
        }
        25 => {
            let given = CreditMovement::new("adjustment", -750, account.currency, at);
            account.write_movement(generator, &given.described("Late issue"))
        }
        _ => Ok(()),
    }
}
