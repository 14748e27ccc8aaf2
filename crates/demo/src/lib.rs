//! A believable studio and publisher with a year of history, from a seed.
//!
//! The same seed, size and "today" give the same rows, for good. Rows are told story by story, one
//! customer after the other, so memory does not grow with their number; a row comes after those
//! that it names (a refund and its credit note may name each other).
//!
//! | module | holds |
//! | --- | --- |
//! | [`row`] | one row, and who takes it |
//! | [`files`] | rows as import files |
//! | [`memberships`] | many customer memberships of many providers, for measurements |
//! | `studio`, `publisher` | the two businesses |
//! | `people`, `billing` | what both have: customers, invoices and what becomes of them |
//! | `teller`, `draw`, `calendar`, `dates`, `names` | numbering, choices, days, their text, invented names |

mod billing;
mod calendar;
#[cfg(test)]
mod coherence;
mod dates;
mod draw;
pub mod files;
pub mod memberships;
mod names;
mod people;
mod publisher;
pub mod row;
mod studio;
mod teller;

use std::io;

use model::id::ProviderId;
use model::money::Currency;
use model::provider::{Provider, UsageAlignment};
use model::time::{Instant, Weekday, Zone};

use calendar::Calendar;
use draw::Draw;
use row::RowSink;
use teller::Teller;

/// The seed that is used unless another is asked for.
pub const SEED: u64 = 20_260_630;
/// About how many rows are told unless another number is asked for.
pub const ROWS: u64 = 100_000;
/// "Today" unless another is asked for: 2026-06-30T12:00:00Z.
pub const TODAY: Instant = Instant::from_micros(1_782_820_800_000_000);

const STUDIO: ProviderId = ProviderId(1);
const PUBLISHER: ProviderId = ProviderId(2);
/// Fewer customers could not tell every kind of story.
const CUSTOMERS_MIN: u64 = 60;

/// The studio and the publisher of one seed.
#[derive(Debug, Clone)]
pub struct Business {
    seed: u64,
    rows: u64,
    now: Instant,
}

impl Business {
    /// Two businesses of about `rows` rows in all, told up to `now`.
    pub fn new(seed: u64, rows: u64, now: Instant) -> Self {
        Self { seed, rows, now }
    }

    /// The two providers, by id.
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

    /// Tells every row of one provider, in an order in which each row follows those it names.
    ///
    /// Errors: those of the sink, and [`io::ErrorKind::NotFound`] for any other provider.
    pub fn tell(&self, provider: &Provider, sink: &mut dyn RowSink) -> io::Result<()> {
        let calendar = Calendar::new(&provider.timezone, self.now);
        let seed = Draw::new(self.seed ^ provider.id.0.cast_unsigned().rotate_left(32));
        let half = self.rows / 2;
        let customers = |rows_each: u64| (half / rows_each).max(CUSTOMERS_MIN);
        match provider.id {
            STUDIO => {
                let mut teller = Teller::new(seed, calendar, (provider.currency, "NL"), sink);
                studio::tell(&mut teller, customers(studio::ROWS_PER_CUSTOMER))
            }
            PUBLISHER => {
                let mut teller = Teller::new(seed, calendar, (provider.currency, "HP"), sink);
                publisher::tell(&mut teller, customers(publisher::ROWS_PER_CUSTOMER))
            }
            other => {
                let message = format!("the demo has no provider {other}");
                Err(io::Error::new(io::ErrorKind::NotFound, message))
            }
        }
    }
}
