//! Closed months in SQLite. They are in the records file, because they are records of the business.
//!
//! | module | holds |
//! | --- | --- |
//! | `closing` | the transaction that closes months |
//! | `months` | closings, reopening |
//! | `parts` | the frozen packages and postings, in chunks |
//! | `audit` | the audit log |

mod audit;
mod closing;
mod months;
mod parts;

use model::id::ProviderId;
use model::money::Currency;
use model::time::{Date, Instant};

use super::SqliteStore;
use crate::error::StoreError;
use crate::port::books::{
    AuditEntry, CloseStart, ClosedMonth, ClosedMonthKey, ClosedMonths, ClosedPart, ClosedPartKind,
    ReopenOutcome,
};

pub(super) use parts::check;

impl ClosedMonths for SqliteStore {
    fn closed_months(&self, provider: ProviderId) -> Result<Vec<ClosedMonth>, StoreError> {
        months::all(&*self.records.lookup()?, provider)
    }

    fn closed_parts(&self, key: ClosedMonthKey) -> Result<Vec<ClosedPart>, StoreError> {
        self.records.view(|connection| parts::all(connection, key))
    }

    fn read_closed_part(
        &self,
        key: ClosedMonthKey,
        currency: Currency,
        kind: ClosedPartKind,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<usize, StoreError> {
        self.records.view(|connection| {
            let part = parts::find(connection, key, currency, kind)?;
            parts::read(connection, part, offset, buffer)
        })
    }

    fn begin_close(
        &self,
        provider: ProviderId,
        latest: Option<Date>,
    ) -> Result<CloseStart<'_>, StoreError> {
        closing::begin(self.records.begin_write()?, provider, latest)
    }

    fn reopen_month(
        &self,
        provider: ProviderId,
        month: Date,
        by: &str,
        reason: &str,
        now: Instant,
    ) -> Result<ReopenOutcome, StoreError> {
        self.records
            .write(|connection| months::reopen(connection, (provider, month), (by, reason), now))
    }

    fn audit(&self, provider: ProviderId, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        audit::list_newest(&*self.records.lookup()?, provider, limit)
    }
}
