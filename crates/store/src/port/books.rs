//! Closed months: what was frozen, by whom, and what was reopened. Rule: spec/accounting.md §11.
//!
//! The store knows nothing of accounting: a month is its first day, and what was frozen is bytes.
//! Closing makes no new revision, so nobody who reads is disturbed.

use std::io::Read;

use model::id::{ProviderId, Revision};
use model::money::Currency;
use model::time::{Date, Instant};

use crate::error::StoreError;

/// Closed months and the audit log. Blocking.
pub trait ClosedMonths: Send + Sync {
    /// All closings of a provider, reopened ones too, by month and version.
    fn closed_months(&self, provider: ProviderId) -> Result<Vec<ClosedMonth>, StoreError>;

    /// The parts of one closing, by currency and kind; [`StoreError::NotFound`] when there is no
    /// such closing.
    fn closed_parts(&self, key: ClosedMonthKey) -> Result<Vec<ClosedPart>, StoreError>;

    /// Reads bytes of a part from `offset` on into `buffer`, and answers how many: fewer than its
    /// length only at the end. Any number of readers at once, and the memory of one chunk.
    ///
    /// [`StoreError::NotFound`] when there is no such part.
    fn read_closed_part(
        &self,
        key: ClosedMonthKey,
        currency: Currency,
        kind: ClosedPartKind,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<usize, StoreError>;

    /// Begins to close months: one transaction, which imports wait for. `latest` is the latest
    /// month in force that the caller knows of, none when no month is closed.
    ///
    /// [`StoreError::NotFound`] when the provider does not exist.
    fn begin_close(
        &self,
        provider: ProviderId,
        latest: Option<Date>,
    ) -> Result<CloseStart<'_>, StoreError>;

    /// Takes the latest closing in force back, with an entry in the audit log.
    fn reopen_month(
        &self,
        provider: ProviderId,
        month: Date,
        by: &str,
        reason: &str,
        now: Instant,
    ) -> Result<ReopenOutcome, StoreError>;

    /// Entries of the audit log of a provider, newest first, at most `limit`.
    fn audit(&self, provider: ProviderId, limit: u32) -> Result<Vec<AuditEntry>, StoreError>;
}

/// How closing begins.
pub enum CloseStart<'s> {
    /// Go on: add months with their parts, then commit.
    Started(Box<dyn Closing + 's>),
    /// The latest month in force is another one; nothing is held.
    Changed,
}

/// One or several months being closed, in order: all or nothing. Dropped without
/// [`Closing::commit`], it leaves no trace. After an error nothing more can be done with it.
pub trait Closing {
    /// Adds a month in force, with an entry in the audit log. Its version is one above the
    /// greatest ever used for that month, and is answered.
    ///
    /// [`StoreError::Exists`] when a closing of the month is in force.
    fn add_month(&mut self, month: &NewClosedMonth) -> Result<u32, StoreError>;

    /// Adds a part of the month added last; `content` is read to its end.
    ///
    /// [`StoreError::Damaged`] when size or hash are not those of the content.
    fn add_part(&mut self, part: &ClosedPart, content: &mut dyn Read) -> Result<(), StoreError>;

    /// Commits durably.
    fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// Names one closing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClosedMonthKey {
    /// Whose month it is.
    pub provider: ProviderId,
    /// Its first day.
    pub month: Date,
    /// Which closing of it, from 1.
    pub version: u32,
}

/// A month to be closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewClosedMonth {
    /// Its first day.
    pub month: Date,
    /// When it is closed.
    pub closed_at: Instant,
    /// Who closes it, for people.
    pub closed_by: String,
    /// What they note.
    pub note: Option<String>,
    /// The revision it was computed from.
    pub revision: Revision,
    /// What the books keep with it, as JSON that only they read.
    pub facts: String,
}

/// One closing of one month, in force or reopened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedMonth {
    /// Its first day.
    pub month: Date,
    /// Which closing of it, from 1.
    pub version: u32,
    /// When it was closed.
    pub closed_at: Instant,
    /// Who closed it.
    pub closed_by: String,
    /// What they noted.
    pub note: Option<String>,
    /// The revision it was computed from.
    pub revision: Revision,
    /// What the books keep with it.
    pub facts: String,
    /// How it was taken back; none = in force.
    pub reopened: Option<Reopened>,
}

/// How a closing was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reopened {
    /// When.
    pub at: Instant,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// How reopening went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReopenOutcome {
    /// It is open again.
    Reopened(ClosedMonth),
    /// A later month is closed.
    NotLatest,
    /// It is not closed.
    NotClosed,
}

/// One stored piece of a closing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedPart {
    /// Its currency.
    pub currency: Currency,
    /// What it is.
    pub kind: ClosedPartKind,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// What the books keep with it, as JSON that only they read; may be empty.
    pub facts: String,
}

/// What a piece of a closing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClosedPartKind {
    /// The package with the contract's files alone.
    Contract,
    /// The full package.
    Full,
    /// The frozen postings.
    Postings,
}

impl ClosedPartKind {
    /// Its name, as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Contract => "contract",
            Self::Full => "full",
            Self::Postings => "postings",
        }
    }

    /// The kind with this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Contract, Self::Full, Self::Postings].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Kind of the audit entry of a closing.
pub const MONTH_CLOSED: &str = "month_closed";
/// Kind of the audit entry of a reopening.
pub const MONTH_REOPENED: &str = "month_reopened";

/// One entry of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its number.
    pub id: i64,
    /// When it was.
    pub at: Instant,
    /// Who did it.
    pub by: String,
    /// What was done: [`MONTH_CLOSED`], [`MONTH_REOPENED`].
    pub kind: String,
    /// What it was done to: a month as `2026-01`.
    pub subject: String,
    /// More of it, as a JSON object: `version`, and the note or the reason.
    pub detail: String,
}

impl AuditEntry {
    /// What is noted of a closing.
    pub(crate) fn of_closing(month: &NewClosedMonth, version: u32) -> (String, String) {
        let detail = serde_json::json!({
            "version": version, "revision": month.revision, "note": month.note,
        });
        (subject(month.month), detail.to_string())
    }

    /// What is noted of a reopening.
    pub(crate) fn of_reopening(month: Date, version: u32, reason: &str) -> (String, String) {
        let detail = serde_json::json!({ "version": version, "reason": reason });
        (subject(month), detail.to_string())
    }
}

fn subject(month: Date) -> String {
    format!("{:04}-{:02}", month.year(), month.month())
}
