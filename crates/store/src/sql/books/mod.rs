//! Closed months in a database. Over PostgreSQL, imports go on while months are closed.
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

use super::SqlDatabase;
use crate::error::StoreError;
use crate::port::books::{
    AuditEntry, CloseStart, ClosedMonth, ClosedMonthKey, ClosedMonths, ClosedPart, ClosedPartKind,
    ReopenOutcome,
};

impl<D: SqlDatabase> ClosedMonths for D {
    fn closed_months(&self, provider: ProviderId) -> Result<Vec<ClosedMonth>, StoreError> {
        self.look_up_records(|session| months::all(session, provider))
    }

    fn closed_parts(&self, key: ClosedMonthKey) -> Result<Vec<ClosedPart>, StoreError> {
        self.view_records(|session| parts::all(session, key))
    }

    fn read_closed_part(
        &self,
        key: ClosedMonthKey,
        currency: Currency,
        kind: ClosedPartKind,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<usize, StoreError> {
        self.view_records(|session| {
            let part = parts::find(session, key, currency, kind)?;
            parts::read(session, part, offset, buffer)
        })
    }

    fn begin_close(
        &self,
        provider: ProviderId,
        latest: Option<Date>,
    ) -> Result<CloseStart<'_>, StoreError> {
        closing::begin(self.begin_records_write()?, provider, latest)
    }

    fn reopen_month(
        &self,
        provider: ProviderId,
        month: Date,
        by: &str,
        reason: &str,
        now: Instant,
    ) -> Result<ReopenOutcome, StoreError> {
        self.write_records(|session| months::reopen(session, (provider, month), (by, reason), now))
    }

    fn audit(&self, provider: ProviderId, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        self.look_up_records(|session| audit::list_newest(session, provider, limit))
    }
}
