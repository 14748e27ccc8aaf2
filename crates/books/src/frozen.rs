//! Closed months as they were frozen. Rule: spec/accounting.md §10.4, §11.

use std::io::{self, BufReader, Read};

use accounting::{Month, Posting, Totals, TrialBalance};
use model::id::ProviderId;
use model::money::Currency;
use serde_json::Value;
use sha2::{Digest, Sha256};
use store::port::books::{ClosedMonth, ClosedMonthKey, ClosedPart, ClosedPartKind};
use store::{Store, StoreError};

use crate::error::PackageError;
use crate::request::PackageRequest;
use crate::rows::{StoredRow, read_row};

/// Read from the store at a time.
const READ_BYTES: usize = 1 << 20;

/// The closed months of a provider: those that are in force, and what was closed before.
pub struct FrozenBooks<'s> {
    store: &'s dyn Store,
    provider: ProviderId,
    months: Vec<ClosedMonth>,
    reopened: Vec<ClosedMonth>,
}

/// A part of a closing, read from its beginning. Its end is an error when what was read is not
/// what was frozen.
pub struct PartReader<'s> {
    store: &'s dyn Store,
    key: ClosedMonthKey,
    currency: Currency,
    kind: ClosedPartKind,
    offset: u64,
    hasher: Sha256,
    sha256: [u8; 32],
}

/// Called with a frozen row and its bytes.
type FrozenVisitor<'v> = dyn FnMut(StoredRow<'_>, &[u8]) -> Result<(), PackageError> + 'v;

impl<'s> FrozenBooks<'s> {
    /// Looks up which months are closed.
    pub fn of(store: &'s dyn Store, provider: ProviderId) -> Result<Self, StoreError> {
        let all = store.closed_months(provider)?.into_iter();
        let (months, reopened) = all.partition(|month| month.reopened.is_none());
        Ok(Self { store, provider, months, reopened })
    }

    /// The latest closed month.
    pub fn latest(&self) -> Option<Month> {
        self.months.last().map(|closing| Month::of(closing.month))
    }

    /// The first closed month: with it everything before is closed.
    pub fn first(&self) -> Option<Month> {
        self.months.first().map(|closing| Month::of(closing.month))
    }

    /// The closed month with which a month was closed: itself, or the first one for those before it.
    pub fn closed_with(&self, month: Month) -> Month {
        self.first().map_or(month, |first| month.max(first))
    }

    /// Whether a month is closed; those before the first that was closed are closed with it.
    pub fn is_closed(&self, month: Month) -> bool {
        self.latest().is_some_and(|latest| month <= latest)
    }

    /// The first open month, when any is closed: that in which adjustments are booked.
    pub fn first_open(&self) -> Option<Month> {
        self.latest().map(Month::next)
    }

    /// The closing of a month in force.
    pub fn closing(&self, month: Month) -> Option<&ClosedMonth> {
        self.months.iter().find(|closing| Month::of(closing.month) == month)
    }

    /// Every closing of a month, reopened ones too, by version.
    pub fn versions(&self, month: Month) -> Vec<&ClosedMonth> {
        let all = self.reopened.iter().chain(&self.months);
        let mut versions: Vec<_> = all.filter(|known| Month::of(known.month) == month).collect();
        versions.sort_unstable_by_key(|closing| closing.version);
        versions
    }

    /// All closings in force, by month.
    pub fn closings(&self) -> &[ClosedMonth] {
        &self.months
    }

    /// What a closing holds.
    pub fn parts(&self, closing: &ClosedMonth) -> Result<Vec<ClosedPart>, StoreError> {
        self.store.closed_parts(self.key(closing))
    }

    /// One part of a closing; none when it has no such.
    pub fn part(
        &self,
        closing: &ClosedMonth,
        currency: Currency,
        kind: ClosedPartKind,
    ) -> Result<Option<ClosedPart>, StoreError> {
        let parts = self.parts(closing)?.into_iter();
        Ok(parts.into_iter().find(|part| part.currency == currency && part.kind == kind))
    }

    /// Reads a part.
    pub fn reader(&self, closing: &ClosedMonth, part: &ClosedPart) -> PartReader<'s> {
        PartReader {
            store: self.store,
            key: self.key(closing),
            currency: part.currency,
            kind: part.kind,
            offset: 0,
            hasher: Sha256::new(),
            sha256: part.sha256,
        }
    }

    /// The manifest of a closing; none for a currency that it does not have.
    pub fn manifest(
        &self,
        closing: &ClosedMonth,
        currency: Currency,
    ) -> Result<Option<Value>, PackageError> {
        let part = self.part(closing, currency, ClosedPartKind::Contract)?;
        let text = part.map(|part| part.facts);
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Visits the frozen rows of a month in one currency, in the order of the files.
    pub(super) fn visit(
        &self,
        closing: &ClosedMonth,
        currency: Currency,
        visit: &mut FrozenVisitor<'_>,
    ) -> Result<(), PackageError> {
        let Some(part) = self.part(closing, currency, ClosedPartKind::Postings)? else {
            return Ok(());
        };
        let packed = self.reader(closing, &part);
        let mut rows = zstd::Decoder::new(BufReader::with_capacity(READ_BYTES, packed))?;
        let mut row = Vec::new();
        while read_row(&mut rows, &mut row)? {
            visit(StoredRow::read(&row)?, &row)?;
        }
        Ok(())
    }

    /// Visits the frozen postings of all closed months in one currency.
    pub(super) fn each_posting(
        &self,
        currency: Currency,
        visit: &mut dyn FnMut(StoredRow<'_>) -> Result<(), PackageError>,
    ) -> Result<(), PackageError> {
        for closing in &self.months {
            self.visit(closing, currency, &mut |row, _| visit(row))?;
        }
        Ok(())
    }

    /// Whether a closed month has books in the currency of a request: what was frozen says so; of a
    /// site, its postings up to then.
    pub(super) fn has_postings(&self, request: &PackageRequest) -> Result<bool, PackageError> {
        let Some(closing) = self.closing(request.month) else { return Ok(false) };
        if request.site_id.is_none() {
            let part = self.part(closing, request.currency, ClosedPartKind::Contract)?;
            return Ok(part.is_some());
        }
        let mut has_some = false;
        let months = self.months.iter().filter(|known| known.month <= closing.month);
        for known in months {
            self.visit(known, request.currency, &mut |row, _| {
                has_some |= request.covers(&row.posting);
                Ok(())
            })?;
        }
        Ok(has_some)
    }

    /// The balances of a closed month, of the postings that are `wanted`.
    pub(super) fn balance(
        &self,
        month: Month,
        currency: Currency,
        wanted: &dyn Fn(&Posting) -> bool,
    ) -> Result<TrialBalance, PackageError> {
        let mut totals = Totals::default();
        for closing in self.months.iter().filter(|closing| Month::of(closing.month) <= month) {
            self.visit(closing, currency, &mut |row, _| {
                if wanted(&row.posting) {
                    totals.add(&row.posting);
                }
                Ok(())
            })?;
        }
        let balance = TrialBalance::of(&totals, currency, month);
        balance.check()?;
        Ok(balance)
    }

    fn key(&self, closing: &ClosedMonth) -> ClosedMonthKey {
        ClosedMonthKey { provider: self.provider, month: closing.month, version: closing.version }
    }
}

impl Read for PartReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read =
            self.store.read_closed_part(self.key, self.currency, self.kind, self.offset, buffer);
        let read = read.map_err(io::Error::other)?;
        self.offset += read as u64;
        self.hasher.update(&buffer[..read]);
        let is_end = read == 0 && !buffer.is_empty();
        if is_end && self.hasher.clone().finalize()[..] != self.sha256 {
            let said = format!(
                "the frozen {} of {} is damaged: restore the store from a copy",
                self.kind.as_str(),
                self.key.month
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, said));
        }
        Ok(read)
    }
}
