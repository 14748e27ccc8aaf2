//! Sample data: a studio and a publisher with a year of history, generated from a seed.
//!
//! The same seed, size and "today" give the same rows in every version. Rows are generated one
//! customer after the other, so memory does not grow with their number. A row follows the rows that
//! it refers to, except that a refund and its credit note may refer to each other.
//!
//! | module | holds |
//! | --- | --- |
//! | [`row`] | one generated row, and the sink that receives it |
//! | [`files`] | rows as import files |
//! | [`memberships`] | many customer memberships of many providers, for measurements |
//! | `studio`, `publisher` | the two businesses |
//! | `people`, `billing` | shared by both businesses: customers, invoices, payments, corrections |
//! | `row_generator`, `seeded_random`, `calendar`, `dates`, `names` | ids, random choices, days, dates, names |

mod billing;
mod calendar;
#[cfg(test)]
mod coherence;
mod dates;
pub mod files;
pub mod memberships;
mod names;
mod people;
mod publisher;
pub mod row;
mod row_generator;
mod seeded_random;
mod studio;

use std::io;

use model::id::ProviderId;
use model::money::Currency;
use model::provider::{Provider, UsageAlignment};
use model::time::{Instant, Weekday, Zone};

use calendar::DemoCalendar;
use row::DemoRowSink;
use row_generator::RowGenerator;
use seeded_random::SeededRandom;

/// Default seed.
pub const SEED: u64 = 20_260_630;
/// Default number of rows, which is met approximately.
pub const ROWS: u64 = 100_000;
/// Default of "today": 2026-06-30T12:00:00Z.
pub const TODAY: Instant = Instant::from_micros(1_782_820_800_000_000);

const STUDIO: ProviderId = ProviderId(1);
const PUBLISHER: ProviderId = ProviderId(2);
/// Least number of customers with which every case occurs.
const CUSTOMERS_MIN: u64 = 60;

/// Generator of the studio and the publisher.
#[derive(Debug, Clone)]
pub struct DemoBusinesses {
    seed: u64,
    rows: u64,
    now: Instant,
}

impl DemoBusinesses {
    /// Creates the generator of about `rows` rows in all, with history up to `now`.
    pub fn new(seed: u64, rows: u64, now: Instant) -> Self {
        Self { seed, rows, now }
    }

    /// Returns the two providers, by id.
    pub fn providers(&self) -> [Provider; 2] {
        let studio = Provider {
            timezone: Zone::parse("Europe/London").unwrap_or_else(Zone::utc),
            currency: Currency::parse("gbp").unwrap_or(Currency::USD),
            usage_alignment: UsageAlignment::Billing,
            ..Provider::new(STUDIO, "Northlight Studio")
        };
        let publisher = Provider {
            timezone: Zone::parse("America/New_York").unwrap_or_else(Zone::utc),
            week_starts_on: Weekday::Sunday,
            ..Provider::new(PUBLISHER, "Harbour Press")
        };
        [studio, publisher]
    }

    /// Writes every row of one provider to `sink`; each row follows the rows that it refers to.
    /// \n Errors: those of the sink, and [`io::ErrorKind::NotFound`] for any other provider.
    pub fn generate(&self, provider: &Provider, sink: &mut dyn DemoRowSink) -> io::Result<()> {
        let calendar = DemoCalendar::new(&provider.timezone, self.now);
        let seed = SeededRandom::new(self.seed ^ provider.id.0.cast_unsigned().rotate_left(32));
        let half = self.rows / 2;
        let customers = |rows_each: u64| (half / rows_each).max(CUSTOMERS_MIN);
        match provider.id {
            STUDIO => {
                let mut generator =
                    RowGenerator::new(seed, calendar, (provider.currency, "NL"), sink);
                studio::generate_studio(&mut generator, customers(studio::ROWS_PER_CUSTOMER))
            }
            PUBLISHER => {
                let mut generator =
                    RowGenerator::new(seed, calendar, (provider.currency, "HP"), sink);
                publisher::generate_publisher(
                    &mut generator,
                    customers(publisher::ROWS_PER_SUBSCRIBER),
                )
            }
            other => {
                let message = format!("the demo has no provider {other}");
                Err(io::Error::new(io::ErrorKind::NotFound, message))
            }
        }
    }
}
