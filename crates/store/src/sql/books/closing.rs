//! The transaction that closes months.

use std::io::Read;

use model::id::ProviderId;
use model::time::Date;

use super::{months, parts};
use crate::error::StoreError;
use crate::port::books::{CloseStart, ClosedMonthKey, ClosedPart, MonthClosing, NewClosedMonth};
use crate::sql::SqlTransaction;
use crate::sql::providers;

/// Begins to close months in a transaction, which waits for other closings of the provider.
pub(super) fn begin(
    transaction: Box<dyn SqlTransaction + '_>,
    provider: ProviderId,
    latest: Option<Date>,
) -> Result<CloseStart<'_>, StoreError> {
    months::lock_provider_months(transaction.session(), provider)?;
    providers::check_exists(transaction.session(), provider)?;
    if months::latest(transaction.session(), provider)? != latest {
        return Ok(CloseStart::Changed);
    }
    let closing = SqlMonthClosing { transaction, provider, last: None, has_failed: false };
    Ok(CloseStart::Started(Box::new(closing)))
}

struct SqlMonthClosing<'s> {
    transaction: Box<dyn SqlTransaction + 's>,
    provider: ProviderId,
    /// The month that was added last.
    last: Option<ClosedMonthKey>,
    /// Set while the database works: after a failure it is unknown what was written.
    has_failed: bool,
}

impl SqlMonthClosing<'_> {
    fn must_not_have_failed(&self) -> Result<(), StoreError> {
        if !self.has_failed {
            Ok(())
        } else {
            Err(StoreError::Unavailable { reason: "closing has failed before".into() })
        }
    }
}

impl MonthClosing for SqlMonthClosing<'_> {
    fn add_month(&mut self, month: &NewClosedMonth) -> Result<u32, StoreError> {
        self.must_not_have_failed()?;
        self.has_failed = true;
        let version = months::add(self.transaction.session(), self.provider, month)?;
        let (provider, month) = (self.provider, month.month);
        self.last = Some(ClosedMonthKey { provider, month, version });
        self.has_failed = false;
        Ok(version)
    }

    fn add_part(&mut self, part: &ClosedPart, content: &mut dyn Read) -> Result<(), StoreError> {
        self.must_not_have_failed()?;
        self.has_failed = true;
        let Some(key) = self.last else {
            return Err(StoreError::NotFound { what: "a month to add a part to".to_owned() });
        };
        parts::add(self.transaction.session(), key, part, content)?;
        self.has_failed = false;
        Ok(())
    }

    fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.must_not_have_failed()?;
        self.transaction.commit("close months")
    }
}
