//! Generator of rows: gives each row its id and instants and passes it to the sink.

use std::io;

use model::catalogue::{self, Table};
use model::money::Currency;
use model::time::Instant;

use super::calendar::DemoCalendar;
use super::row::{DemoRow, DemoRowSink, DemoValue};
use super::seeded_random::SeededRandom;

/// State of the generation: random choices, the calendar, the next ids, and the sink for rows.
pub(super) struct RowGenerator<'a> {
    pub(super) calendar: DemoCalendar,
    pub(super) draw: SeededRandom,
    pub(super) currency: Currency,
    pub(super) invoice_prefix: &'static str,
    seed: SeededRandom,
    last_ids: Vec<i64>,
    sink: &'a mut dyn DemoRowSink,
}

/// Column values of one row, between `id` and `created_at`, in catalogue order.
pub(super) type RowValues<'v, const N: usize> = [(&'static str, DemoValue<'v>); N];

impl<'a> RowGenerator<'a> {
    pub(super) fn new(
        seed: SeededRandom,
        calendar: DemoCalendar,
        (currency, invoice_prefix): (Currency, &'static str),
        sink: &'a mut dyn DemoRowSink,
    ) -> Self {
        let last_ids = vec![0; catalogue::tables().len()];
        Self { calendar, draw: seed.stream(0), currency, invoice_prefix, seed, last_ids, sink }
    }

    /// Switches to the random choices of customer `number`, which do not depend on other customers.
    pub(super) fn begin_customer(&mut self, number: u64) {
        self.draw = self.seed.stream(number);
    }

    /// Adds a row and returns its id.
    pub(super) fn add<const N: usize>(
        &mut self,
        table: &'static str,
        (created_at, updated_at): (Instant, Instant),
        values: RowValues<'_, N>,
    ) -> io::Result<i64> {
        let table = known_table(table)?;
        let id = self.last_ids[table.position] + 1;
        self.last_ids[table.position] = id;
        let created_at = self.calendar.not_after_now(created_at);
        let updated_at = self.calendar.not_after_now(updated_at).max(created_at);
        self.sink.row(&DemoRow { table, id, values: &values, created_at, updated_at })?;
        Ok(id)
    }

    /// Adds a row that is as old as the business.
    pub(super) fn add_founding<const N: usize>(
        &mut self,
        table: &'static str,
        values: RowValues<'_, N>,
    ) -> io::Result<i64> {
        let founded = self.calendar.at(self.calendar.first_day().plus_days(-900), 9 * 3600);
        self.add(table, (founded, founded), values)
    }

    /// Returns the last id of a table; 0 if it has no rows yet.
    pub(super) fn last_id(&self, table: &'static str) -> io::Result<i64> {
        Ok(self.last_ids[known_table(table)?.position])
    }
}

fn known_table(name: &'static str) -> io::Result<&'static Table> {
    let missing = || io::Error::other(format!("the catalogue has no table {name}"));
    catalogue::table(name).ok_or_else(missing)
}
