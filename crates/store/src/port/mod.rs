//! The store's traits, in the caller's terms. One conformance suite runs over every adapter.
//! Rule: spec/data-model.md §1, §3; spec/product.md, "What always holds".
//!
//! | module | holds |
//! | --- | --- |
//! | [`books`] | closed months: their frozen content, and the audit log |
//! | [`jobs`] | background jobs: queue, leases, files |
//! | [`notices`] | webhooks, mails, and their deliveries |

pub mod books;
pub mod jobs;
pub mod notices;

use model::catalogue::Table;
use model::cell::{Cell, CellRef};
use model::id::{ProviderId, Revision};
use model::import::{Change, ImportError, ImportErrors, ImportOutcome};
use model::provider::Provider;
use model::time::{Date, Instant};

use crate::error::StoreError;
use crate::token::{Token, TokenGrant, TokenHash};
use books::ClosedMonths;
use jobs::JobStore;
use notices::NoticeStore;

/// A complete store: the union of all traits that an adapter implements.
pub trait Store: RecordStore + ClosedMonths + JobStore + NoticeStore {}

impl<S: RecordStore + ClosedMonths + JobStore + NoticeStore> Store for S {}

/// The authoritative copy of every record. Blocking; safe to share between threads.
pub trait RecordStore: Send + Sync {
    /// Returns the revision of the last commit. Cheap, because it is called before every read.
    fn revision(&self) -> Result<Revision, StoreError>;

    /// Opens a consistent view of all records at one revision, valid for as long as it is held.
    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError>;

    /// Looks up the answer that was given to a request with this key. Does not wait for a running
    /// import.
    fn find_keyed_import(
        &self,
        provider: ProviderId,
        key: &IdempotencyKey,
        now: Instant,
    ) -> Result<KeyUse, StoreError>;

    /// Begins an import for one provider. Only one writer works at a time: the call waits for its
    /// turn.
    ///
    /// Errors: [`StoreError::Busy`] when the adapter's bound on waiting is over;
    /// [`StoreError::NotFound`] when the provider does not exist.
    fn begin_import(
        &self,
        provider: ProviderId,
        now: Instant,
        key: Option<IdempotencyKey>,
    ) -> Result<ImportStart<'_>, StoreError>;

    /// Creates a provider, which makes a new revision.
    ///
    /// Errors: [`StoreError::Exists`] when its id is taken.
    fn create_provider(&self, provider: &Provider) -> Result<Revision, StoreError>;

    /// Replaces a provider's settings; makes a new revision only when something changed.
    fn update_provider(&self, provider: &Provider) -> Result<Revision, StoreError>;

    /// Stores a token under the hash of its text.
    fn create_token(
        &self,
        hash: &TokenHash,
        prefix: &str,
        grant: &TokenGrant,
        now: Instant,
    ) -> Result<Token, StoreError>;

    /// Returns the token with this hash, even if it is revoked or expired.
    fn token(&self, hash: &TokenHash) -> Result<Option<Token>, StoreError>;

    /// Returns all tokens, ordered by id.
    fn tokens(&self) -> Result<Vec<Token>, StoreError>;

    /// Revokes a token from `now` on. Revoking it a second time changes nothing.
    ///
    /// Errors: [`StoreError::NotFound`] when no token has this id.
    fn revoke_token(&self, id: i64, now: Instant) -> Result<Token, StoreError>;

    /// Records that a token was used on `day`. Best effort: an adapter may skip it when the store
    /// is busy.
    fn mark_token_used(&self, id: i64, day: Date) -> Result<(), StoreError>;

    /// Returns the store's own secret of 32 bytes, which signs download links. It is made on first
    /// use.
    fn secret(&self) -> Result<[u8; 32], StoreError>;

    /// Checks the database's own consistency. Returns one line for each fault found.
    fn check(&self) -> Result<Vec<String>, StoreError>;

    /// Copies everything, background jobs included, to `path` while the store is in use. The copy
    /// is safe to restore from. Each adapter documents the further files it writes beside `path`,
    /// or that it refuses with [`StoreError::Unavailable`].
    fn backup(&self, path: &std::path::Path) -> Result<(), StoreError>;
}

/// An idempotency key together with the request it belongs to, so that a repeated request takes
/// effect once. Rule: spec/data-model.md §3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The caller's key.
    pub key: String,
    /// SHA-256 over everything that makes up the request: its endpoint, parameters and body.
    pub request_hash: [u8; 32],
}

/// The earlier use of an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyUse {
    /// The key was not used.
    New,
    /// The key was used for the same request, which had this outcome.
    Answered(ImportOutcome),
    /// The key was used for another request.
    Conflict,
}

/// The result of beginning an import.
pub enum ImportStart<'s> {
    /// The import is open: apply changes, then commit.
    Started(Box<dyn ImportTransaction + 's>),
    /// The same request with the same key was answered before, with this outcome.
    Answered(ImportOutcome),
    /// The same key was used with another request.
    KeyConflict,
}

/// One import: all or nothing. Dropped without [`ImportTransaction::commit`], it leaves no trace.
pub trait ImportTransaction {
    /// Applies changes to one table. Errors in single rows are collected until the commit, not
    /// returned.
    ///
    /// Tables may come in any order and as often as needed.
    fn apply(&mut self, table: &'static Table, changes: Vec<Change>) -> Result<(), StoreError>;

    /// Adds an error found while the input was decoded; the import cannot succeed any more.
    fn reject(&mut self, error: ImportError);

    /// Returns true if so many errors are collected that further rows are not checked: see
    /// [`ImportErrors::is_full`].
    fn has_too_many_errors(&self) -> bool;

    /// Adds a table to the counts of the outcome, even if the input has no rows for it.
    fn include_table(&mut self, table: &'static Table);

    /// Checks references and rules between tables, then commits durably.
    ///
    /// When any error was collected, nothing is stored and the errors are returned. When
    /// [`ImportErrors::is_full`] holds, the checks between rows are skipped. When nothing changed,
    /// no new revision is made.
    fn commit(self: Box<Self>) -> Result<ImportEnd, StoreError>;
}

/// The end of an import.
#[derive(Debug)]
pub enum ImportEnd {
    /// Everything is stored, durably.
    Committed(ImportOutcome),
    /// Nothing is stored, because of these errors.
    Refused(ImportErrors),
}

impl ImportEnd {
    /// Returns the outcome, or the errors.
    pub fn into_result(self) -> Result<ImportOutcome, ImportErrors> {
        match self {
            Self::Committed(outcome) => Ok(outcome),
            Self::Refused(errors) => Err(errors),
        }
    }
}

/// A consistent view of the store at one revision.
pub trait Snapshot: Send {
    /// Returns the revision of the view.
    fn revision(&self) -> Revision;

    /// Returns all providers, ordered by id.
    fn providers(&self) -> Result<Vec<Provider>, StoreError>;

    /// Returns one provider; none if it does not exist.
    fn provider(&self, id: ProviderId) -> Result<Option<Provider>, StoreError>;

    /// Returns for each table, in catalogue order, the revision of the last commit that wrote or
    /// deleted one of its rows (0 = never).
    fn table_revisions(&self) -> Result<Vec<Revision>, StoreError>;

    /// Visits the rows of a table whose keys lie in `range`, ordered by key.
    fn rows(
        &self,
        table: &'static Table,
        range: KeyRange,
        visit: &mut RowVisitor<'_>,
    ) -> Result<(), StoreError>;

    /// Visits the rows whose last write has a revision above `after`, ordered by key.
    fn rows_changed_since(
        &self,
        table: &'static Table,
        after: Revision,
        visit: &mut RowVisitor<'_>,
    ) -> Result<(), StoreError>;

    /// Returns the keys deleted after `after` and not written again since, ascending.
    fn keys_deleted_since(
        &self,
        table: &'static Table,
        after: Revision,
    ) -> Result<Vec<RowKey>, StoreError>;

    /// Returns the cells of the row with this key, in catalogue order; none if there is none.
    fn row(&self, table: &'static Table, key: RowKey) -> Result<Option<Vec<Cell>>, StoreError>;

    /// Visits the rows of a provider whose indexed column `column` holds `value`, ordered by id.
    ///
    /// Fails when the catalogue gives the column no index.
    fn rows_by(
        &self,
        table: &'static Table,
        provider: ProviderId,
        column: &'static str,
        value: i64,
        visit: &mut RowVisitor<'_>,
    ) -> Result<(), StoreError>;

    /// Returns the number of rows in a table, over all providers.
    fn count(&self, table: &'static Table) -> Result<u64, StoreError>;
}

/// A callback for each row. An error stops the reading and is returned unchanged.
pub type RowVisitor<'v> = dyn FnMut(&dyn StoredRow) -> Result<(), StoreError> + 'v;

/// One stored row, readable while it is visited.
pub trait StoredRow {
    /// Returns the key of the row.
    fn key(&self) -> RowKey;
    /// Returns the revision of the commit that last wrote the row.
    fn revision(&self) -> Revision;
    /// Returns the value of a column, given its position in the table's `columns`.
    fn cell(&self, position: usize) -> CellRef<'_>;
}

/// The key of a row; rows of all tables are ordered by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey {
    /// The provider that the row belongs to.
    pub provider: ProviderId,
    /// The id of the row, unique within its provider and table.
    pub id: i64,
}

/// The range of keys from `first` to `last`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyRange {
    /// The smallest key.
    pub first: RowKey,
    /// The greatest key.
    pub last: RowKey,
}

impl KeyRange {
    /// The range of all keys.
    pub const ALL: Self = Self {
        first: RowKey { provider: ProviderId(i64::MIN), id: i64::MIN },
        last: RowKey { provider: ProviderId(i64::MAX), id: i64::MAX },
    };

    /// Returns the range of all keys of one provider.
    pub const fn for_provider(provider: ProviderId) -> Self {
        Self { first: RowKey { provider, id: i64::MIN }, last: RowKey { provider, id: i64::MAX } }
    }
}
