//! Generates many customer memberships for many providers, for measurements. Each provider also
//! gets the customers and membership plans that they refer to.

use std::io;

use model::id::ProviderId;
use model::money::Currency;
use model::provider::Provider;
use model::time::{Date, Instant};

use super::calendar::DemoCalendar;
use super::names::{FIRST, LAST};
use super::row::{DemoRowSink, DemoValue};
use super::row_generator::RowGenerator;
use super::seeded_random::SeededRandom;

const PLANS: i64 = 12;
const MEMBERSHIPS_PER_CUSTOMER: i64 = 4;
const DAY: i64 = 86_400;

/// Generator of customer memberships for several providers, of which the first has a size of its
/// own.
#[derive(Debug, Clone)]
pub struct MembershipGenerator {
    seed: u64,
    now: Instant,
    rows: u64,
    providers: u64,
    largest: u64,
}

impl MembershipGenerator {
    /// Creates a generator of `rows` customer memberships for `providers` providers. Provider 1
    /// gets `largest` of them; the others share the rest evenly.
    pub fn new(seed: u64, now: Instant, rows: u64, providers: u64, largest: u64) -> Self {
        let providers = providers.max(1);
        let largest = if providers == 1 { rows } else { largest.min(rows) };
        Self { seed, now, rows, providers, largest }
    }

    /// Returns the providers, by id.
    pub fn providers(&self) -> impl Iterator<Item = Provider> {
        (1..=self.providers.cast_signed())
            .map(|id| Provider::new(ProviderId(id), format!("Provider {id}")))
    }

    /// Returns the number of customer memberships of a provider.
    pub fn rows_of(&self, provider: ProviderId) -> u64 {
        if provider.0 == 1 {
            return self.largest;
        }
        let (rest, others) = (self.rows - self.largest, self.providers - 1);
        let place = provider.0.cast_unsigned().saturating_sub(2);
        rest / others + u64::from(place < rest % others)
    }

    /// Writes one provider's customers, plans and customer memberships to `sink`.
    pub fn generate(&self, provider: &Provider, sink: &mut dyn DemoRowSink) -> io::Result<()> {
        let calendar = DemoCalendar::new(&provider.timezone, self.now);
        let seed = SeededRandom::new(self.seed ^ provider.id.0.cast_unsigned().rotate_left(32));
        let currency = Currency::USD;
        let mut generator = RowGenerator::new(seed, calendar, (currency, "B"), sink);
        let rows = self.rows_of(provider.id).cast_signed();
        let customers = rows / MEMBERSHIPS_PER_CUSTOMER + 1;
        for id in 1..=customers {
            add_customer(&mut generator, id)?;
        }
        for plan in 1..=PLANS {
            add_plan(&mut generator, plan, currency)?;
        }
        for _ in 0..rows {
            add_membership(&mut generator, customers, currency)?;
        }
        Ok(())
    }
}

fn add_customer(generator: &mut RowGenerator<'_>, id: i64) -> io::Result<()> {
    let (first, last) = (generator.draw.pick(&FIRST), generator.draw.pick(&LAST));
    let email = format!("{}.{}{id}@example.com", first.1, last.1);
    let joined_at = generator.calendar.now().plus_seconds(-generator.draw.between(400, 1600) * DAY);
    generator.add(
        "customers",
        (joined_at, joined_at),
        [("email", (&email).into()), ("first_name", first.0.into()), ("last_name", last.0.into())],
    )?;
    Ok(())
}

fn add_plan(generator: &mut RowGenerator<'_>, number: i64, currency: Currency) -> io::Result<()> {
    let name = format!("Plan {number}");
    generator.add_founding(
        "memberships",
        [
            ("name", (&name).into()),
            ("type", plan_kind(number).into()),
            ("price", (number * 900).into()),
            ("currency", currency.code().into()),
        ],
    )?;
    Ok(())
}

fn plan_kind(plan: i64) -> &'static str {
    ["pack", "prepaid", "recurring"][usize::try_from(plan % 3).unwrap_or_default()]
}

fn add_membership(
    generator: &mut RowGenerator<'_>,
    customers: i64,
    currency: Currency,
) -> io::Result<()> {
    let draw = &mut generator.draw;
    let (customer_id, plan) = (draw.between(1, customers), draw.between(1, PLANS));
    let age_days = draw.between(0, 399);
    let purchased_at =
        generator.calendar.now().plus_seconds(-age_days * DAY - draw.between(0, DAY));
    let start = generator.calendar.date_of(purchased_at);
    let status = match draw.below(100) {
        0..=54 => "active",
        55..=59 => "hold",
        60..=79 => "cancelled",
        _ => "completed",
    };
    let ended = age_days * draw.between(20, 100) / 100;
    let ended_at = purchased_at.plus_seconds(ended * DAY);
    let reason = draw.pick(&["upgraded", "cancelled", "mistake", "downgraded", "no_auto_renew"]);
    let is_cancelled = status == "cancelled";
    let expires = start.plus_days(90 + plan * 30);
    let is_recurring = plan_kind(plan) == "recurring";
    let renews: Option<Date> = (is_recurring && status == "active").then(|| start.plus_days(400));
    generator.add(
        "customer_memberships",
        (purchased_at, if is_cancelled { ended_at } else { purchased_at }),
        [
            ("customer_id", customer_id.into()),
            ("membership_id", plan.into()),
            ("type", plan_kind(plan).into()),
            ("status", status.into()),
            ("purchased_at", purchased_at.into()),
            ("start_date", start.into()),
            ("expiration_date", if is_recurring { DemoValue::Null } else { expires.into() }),
            ("renewal_date", renews.into()),
            ("cancelled_at", is_cancelled.then_some(ended_at).into()),
            ("cancellation_reason", is_cancelled.then_some(reason).into()),
            ("completed_at", (status == "completed").then_some(ended_at).into()),
            ("billed_price", (plan * 900).into()),
            ("currency", currency.code().into()),
        ],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::DemoRow;

    #[test]
    fn the_largest_provider_has_its_share_and_the_rest_is_even() {
        let shape = MembershipGenerator::new(1, crate::TODAY, 1003, 5, 200);
        let counts: Vec<u64> = shape.providers().map(|p| shape.rows_of(p.id)).collect();
        assert_eq!(counts, [200, 201, 201, 201, 200]);
        for provider in shape.providers() {
            let mut told = 0;
            let mut sink = |row: &DemoRow<'_>| {
                told += u64::from(row.table.name == "customer_memberships");
                Ok(())
            };
            shape.generate(&provider, &mut sink).unwrap();
            assert_eq!(told, shape.rows_of(provider.id));
        }
        assert_eq!(MembershipGenerator::new(1, crate::TODAY, 10, 1, 3).rows_of(ProviderId(1)), 10);
    }
}
