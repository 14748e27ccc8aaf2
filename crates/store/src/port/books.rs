//! Closed months: their frozen content, who closed them, and reopenings.
//! Rule: spec/accounting.md §11.
//!
//! The store knows nothing of accounting: it names a month by its first day, and stores the frozen
//! content as bytes. Closing a month makes no new revision, so readers are not disturbed.

use std::io::Read;

use model::id::{ProviderId, Revision};
use model::money::Currency;
use model::time::{Date, Instant};

use crate::error::StoreError;

/// The closed months and the audit log. Blocking.
pub trait ClosedMonths: Send + Sync {
    /// Returns all closings of a provider, reopened ones included, ordered by month and version.
    fn closed_months(&self, provider: ProviderId) -> Result<Vec<ClosedMonth>, StoreError>;

    /// Returns the parts of one closing, ordered by currency and kind.
    ///
    /// Errors: [`StoreError::NotFound`] when there is no such closing.
    fn closed_parts(&self, key: ClosedMonthKey) -> Result<Vec<ClosedPart>, StoreError>;

    /// Reads bytes of a part into `buffer`, from `offset` on, and returns their number. It is less
    /// than the buffer's length only at the end of the part. Any number of readers may read at
    /// once; each needs the memory of one chunk.
    ///
    /// Errors: [`StoreError::NotFound`] when there is no such part.
    fn read_closed_part(
        &self,
        key: ClosedMonthKey,
        currency: Currency,
        kind: ClosedPartKind,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<usize, StoreError>;

    /// Begins a transaction that closes months. In SQLite, imports wait until it ends; in
    /// PostgreSQL they go on. `latest` is the latest closed month in force that the caller knows
    /// of, none when no month is closed.
    ///
    /// Errors: [`StoreError::NotFound`] when the provider does not exist.
    fn begin_close(
        &self,
        provider: ProviderId,
        latest: Option<Date>,
    ) -> Result<CloseStart<'_>, StoreError>;

    /// Reopens the latest closed month in force, and adds an entry to the audit log.
    fn reopen_month(
        &self,
        provider: ProviderId,
        month: Date,
        by: &str,
        reason: &str,
        now: Instant,
    ) -> Result<ReopenOutcome, StoreError>;

    /// Returns at most `limit` entries of a provider's audit log, newest first.
    fn audit(&self, provider: ProviderId, limit: u32) -> Result<Vec<AuditEntry>, StoreError>;
}

/// The result of beginning to close months.
pub enum CloseStart<'s> {
    /// The transaction is open: add months with their parts, then commit.
    Started(Box<dyn MonthClosing + 's>),
    /// The latest closed month in force is not the one given; no transaction is open.
    Changed,
}

/// A transaction that closes one or several months, in order: all or nothing. Dropped without
/// [`MonthClosing::commit`], it leaves no trace. After an error it cannot be used any more.
pub trait MonthClosing {
    /// Adds a closed month, with an entry in the audit log, and returns its version: one above the
    /// greatest version ever used for that month.
    ///
    /// Errors: [`StoreError::Exists`] when the month is closed already.
    fn add_month(&mut self, month: &NewClosedMonth) -> Result<u32, StoreError>;

    /// Adds a part to the month that was added last; reads `content` to its end.
    ///
    /// Errors: [`StoreError::Damaged`] when size or hash differ from those of the content.
    fn add_part(&mut self, part: &ClosedPart, content: &mut dyn Read) -> Result<(), StoreError>;

    /// Commits durably.
    fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// The key of one closing of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClosedMonthKey {
    /// The provider that the month belongs to.
    pub provider: ProviderId,
    /// The first day of the month.
    pub month: Date,
    /// The number of the closing among those of this month, from 1.
    pub version: u32,
}

/// A month to be closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewClosedMonth {
    /// The first day of the month.
    pub month: Date,
    /// The instant of the closing.
    pub closed_at: Instant,
    /// The name of who closes it, for people.
    pub closed_by: String,
    /// A note by who closes it.
    pub note: Option<String>,
    /// The revision that the content was computed from.
    pub revision: Revision,
    /// Further facts about the month, as JSON that only the books read.
    pub facts: String,
}

/// One closing of one month, in force or reopened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedMonth {
    /// The first day of the month.
    pub month: Date,
    /// The number of the closing among those of this month, from 1.
    pub version: u32,
    /// The instant of the closing.
    pub closed_at: Instant,
    /// The name of who closed it.
    pub closed_by: String,
    /// The note by who closed it.
    pub note: Option<String>,
    /// The revision that the content was computed from.
    pub revision: Revision,
    /// Further facts about the month, as JSON that only the books read.
    pub facts: String,
    /// The reopening; none while the closing is in force.
    pub reopened: Option<MonthReopening>,
}

/// The reopening of a closed month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthReopening {
    /// The instant of the reopening.
    pub at: Instant,
    /// The name of who reopened the month.
    pub by: String,
    /// The reason given.
    pub reason: String,
}

/// The result of reopening a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReopenOutcome {
    /// The month is open again.
    Reopened(ClosedMonth),
    /// A later month is closed, so this one cannot be reopened.
    NotLatest,
    /// The month is not closed.
    NotClosed,
}

/// A part of a closing: one stored file of one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedPart {
    /// The currency of the part.
    pub currency: Currency,
    /// The kind of the part.
    pub kind: ClosedPartKind,
    /// The size in bytes.
    pub bytes: u64,
    /// The SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// Further facts about the part, as JSON that only the books read; may be empty.
    pub facts: String,
}

/// The kind of a part of a closing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClosedPartKind {
    /// The accounting package with only the files that the contract names.
    Contract,
    /// The full accounting package.
    Full,
    /// The frozen postings.
    Postings,
}

impl ClosedPartKind {
    /// Returns the stored name of the kind.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Contract => "contract",
            Self::Full => "full",
            Self::Postings => "postings",
        }
    }

    /// Returns the kind with this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Contract, Self::Full, Self::Postings].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// The kind of the audit entry for a closing.
pub const MONTH_CLOSED: &str = "month_closed";
/// The kind of the audit entry for a reopening.
pub const MONTH_REOPENED: &str = "month_reopened";

/// One entry of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// The number of the entry.
    pub id: i64,
    /// The instant of the action.
    pub at: Instant,
    /// The name of who acted.
    pub by: String,
    /// The kind of action: [`MONTH_CLOSED`], [`MONTH_REOPENED`].
    pub kind: String,
    /// The object of the action: a month, such as `2026-01`.
    pub subject: String,
    /// Details as a JSON object: the `version`, and the note or the reason.
    pub detail: String,
}

impl AuditEntry {
    /// Returns the subject and the detail of the entry for a closing.
    pub(crate) fn describe_closing(month: &NewClosedMonth, version: u32) -> (String, String) {
        let detail = serde_json::json!({
            "version": version, "revision": month.revision, "note": month.note,
        });
        (month_subject(month.month), detail.to_string())
    }

    /// Returns the subject and the detail of the entry for a reopening.
    pub(crate) fn describe_reopening(month: Date, version: u32, reason: &str) -> (String, String) {
        let detail = serde_json::json!({ "version": version, "reason": reason });
        (month_subject(month), detail.to_string())
    }
}

fn month_subject(month: Date) -> String {
    format!("{:04}-{:02}", month.year(), month.month())
}
