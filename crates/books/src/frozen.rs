//! The frozen data of closed months. Rule: spec/accounting.md §10.4, §11.

use std::io::{self, BufReader, Read};

use accounting::{Month, Posting, PostingTotals, TrialBalance};
use model::id::ProviderId;
use model::money::Currency;
use serde_json::Value;
use sha2::{Digest, Sha256};
use store::port::books::{ClosedMonth, ClosedMonthKey, ClosedPart, ClosedPartKind};
use store::{Store, StoreError};

use crate::error::PackageError;
use crate::request::PackageRequest;
use crate::rows::{PostingRow, read_row};

/// The number of bytes per read from the store.
const READ_BYTES: usize = 1 << 20;

/// The closings of a provider: those in force, and those that were reopened.
pub struct FrozenBooks<'s> {
    store: &'s dyn Store,
    provider: ProviderId,
    months: Vec<ClosedMonth>,
    reopened: Vec<ClosedMonth>,
}

/// A reader of one part of a closing. At the end it fails if the bytes are not those that were
/// frozen.
pub struct PartReader<'s> {
    store: &'s dyn Store,
    key: ClosedMonthKey,
    currency: Currency,
    kind: ClosedPartKind,
    offset: u64,
    hasher: Sha256,
    sha256: [u8; 32],
}

/// A callback for a frozen row and its bytes.
type FrozenVisitor<'v> = dyn FnMut(PostingRow<'_>, &[u8]) -> Result<(), PackageError> + 'v;

impl<'s> FrozenBooks<'s> {
    /// Reads the closings of a provider.
    pub fn load(store: &'s dyn Store, provider: ProviderId) -> Result<Self, StoreError> {
        let all = store.closed_months(provider)?.into_iter();
        let (months, reopened) = all.partition(|month| month.reopened.is_none());
        Ok(Self { store, provider, months, reopened })
    }

    /// Returns the latest closed month.
    pub fn latest(&self) -> Option<Month> {
        self.months.last().map(|closing| Month::from_date(closing.month))
    }

    /// Returns the first closed month. Everything before it is closed with it.
    pub fn first(&self) -> Option<Month> {
        self.months.first().map(|closing| Month::from_date(closing.month))
    }

    /// Returns the closed month that a month was closed with: itself, or the first closed month if
    /// it lies before that.
    pub fn closed_with(&self, month: Month) -> Month {
        self.first().map_or(month, |first| month.max(first))
    }

    /// Returns true if a month is closed, alone or with the first closed month.
    pub fn is_closed(&self, month: Month) -> bool {
        self.latest().is_some_and(|latest| month <= latest)
    }

    /// Returns the first open month, in which adjustments are booked, or `None` if nothing is
    /// closed.
    pub fn first_open(&self) -> Option<Month> {
        self.latest().map(Month::next)
    }

    /// Returns the closing of a month that is in force.
    pub fn closing(&self, month: Month) -> Option<&ClosedMonth> {
        self.months.iter().find(|closing| Month::from_date(closing.month) == month)
    }

    /// Returns every closing of a month by version, including reopened ones.
    pub fn versions(&self, month: Month) -> Vec<&ClosedMonth> {
        let all = self.reopened.iter().chain(&self.months);
        let mut versions: Vec<_> =
            all.filter(|known| Month::from_date(known.month) == month).collect();
        versions.sort_unstable_by_key(|closing| closing.version);
        versions
    }

    /// Returns all closings in force, by month.
    pub fn closings(&self) -> &[ClosedMonth] {
        &self.months
    }

    /// Returns the parts of a closing.
    pub fn parts(&self, closing: &ClosedMonth) -> Result<Vec<ClosedPart>, StoreError> {
        self.store.closed_parts(self.key(closing))
    }

    /// Returns one part of a closing, or `None` if the closing does not have it.
    pub fn part(
        &self,
        closing: &ClosedMonth,
        currency: Currency,
        kind: ClosedPartKind,
    ) -> Result<Option<ClosedPart>, StoreError> {
        let parts = self.parts(closing)?.into_iter();
        Ok(parts.into_iter().find(|part| part.currency == currency && part.kind == kind))
    }

    /// Returns a reader of a part.
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

    /// Returns the manifest of a closing in one currency, or `None` if the closing does not have
    /// the currency.
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
            visit(PostingRow::read(&row)?, &row)?;
        }
        Ok(())
    }

    /// Visits the frozen postings of all closed months in one currency.
    pub(super) fn visit_postings(
        &self,
        currency: Currency,
        visit: &mut dyn FnMut(PostingRow<'_>) -> Result<(), PackageError>,
    ) -> Result<(), PackageError> {
        for closing in &self.months {
            self.visit(closing, currency, &mut |row, _| visit(row))?;
        }
        Ok(())
    }

    /// Returns true if a closed month has books in the request's currency: if a package was frozen,
    /// or, for a site, if the site has frozen postings up to then.
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

    /// Returns the balances of a closed month, over the postings that `wanted` selects.
    pub(super) fn balance(
        &self,
        month: Month,
        currency: Currency,
        wanted: &dyn Fn(&Posting) -> bool,
    ) -> Result<TrialBalance, PackageError> {
        let mut totals = PostingTotals::default();
        for closing in self.months.iter().filter(|closing| Month::from_date(closing.month) <= month)
        {
            self.visit(closing, currency, &mut |row, _| {
                if wanted(&row.posting) {
                    totals.add(&row.posting);
                }
                Ok(())
            })?;
        }
        let balance = TrialBalance::from_totals(&totals, currency, month);
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
