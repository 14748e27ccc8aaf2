//! What a store can do, in the caller's terms. One conformance suite runs over every adapter.
//! Rule: spec/data-model.md §1, §3; spec/product.md, "What always holds".
//!
//! | module | holds |
//! | --- | --- |
//! | [`books`] | closed months: what was frozen, the audit log |
//! | [`jobs`] | work in the background: queue, leases, files that came out |
//! | [`notices`] | webhooks and mails that are to be sent, and what became of them |

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

/// Everything that a store is: what an adapter implements, part by part.
pub trait Store: RecordStore + ClosedMonths + JobStore + NoticeStore {}

impl<S: RecordStore + ClosedMonths + JobStore + NoticeStore> Store for S {}

/// The truth about every record. Blocking; safe to share between threads.
pub trait RecordStore: Send + Sync {
    /// The revision of the last commit. Cheap: asked before every read.
    fn revision(&self) -> Result<Revision, StoreError>;

    /// A consistent view of everything at one revision, for as long as it is held.
    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError>;

    /// What was answered to a request under its key; waits for nobody.
    fn keyed_import(
        &self,
        provider: ProviderId,
        key: &IdempotencyKey,
        now: Instant,
    ) -> Result<KeyUse, StoreError>;

    /// Begins an import for one provider; waits for its turn (one writer at a time), and answers
    /// [`StoreError::Busy`] after the adapter's bound.
    ///
    /// [`StoreError::NotFound`] when the provider does not exist.
    fn begin_import(
        &self,
        provider: ProviderId,
        now: Instant,
        key: Option<IdempotencyKey>,
    ) -> Result<ImportStart<'_>, StoreError>;

    /// Creates a provider; [`StoreError::Exists`] when its id is taken. A new revision.
    fn create_provider(&self, provider: &Provider) -> Result<Revision, StoreError>;

    /// Replaces a provider's settings; a new revision only when something changed.
    fn update_provider(&self, provider: &Provider) -> Result<Revision, StoreError>;

    /// Stores a token under the hash of its text.
    fn create_token(
        &self,
        hash: &TokenHash,
        prefix: &str,
        grant: &TokenGrant,
        now: Instant,
    ) -> Result<Token, StoreError>;

    /// The token with this hash, revoked and expired ones too.
    fn token(&self, hash: &TokenHash) -> Result<Option<Token>, StoreError>;

    /// All tokens, by id.
    fn tokens(&self) -> Result<Vec<Token>, StoreError>;

    /// Revokes a token from `now` on; a second time changes nothing.
    /// [`StoreError::NotFound`] when there is none with this id.
    fn revoke_token(&self, id: i64, now: Instant) -> Result<Token, StoreError>;

    /// Notes that a token was used on `day`; best effort, may be skipped when busy.
    fn mark_token_used(&self, id: i64, day: Date) -> Result<(), StoreError>;

    /// A secret of the store itself, made on first use, for signing links. 32 bytes.
    fn secret(&self) -> Result<[u8; 32], StoreError>;

    /// Checks the database's own consistency; one line for each thing found wrong.
    fn check(&self) -> Result<Vec<String>, StoreError>;

    /// Copies everything, work in the background included, to `path` while it is in use; safe to
    /// restore from. An adapter says what stands beside `path` then.
    fn backup(&self, path: &std::path::Path) -> Result<(), StoreError>;
}

/// Who asks, so that the same request twice is done once. Rule: spec/data-model.md §3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The caller's key.
    pub key: String,
    /// SHA-256 over everything that makes the request: door, parameters, body.
    pub request_hash: [u8; 32],
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyUse {
    /// Nothing.
    New,
    /// The same request was answered with this.
    Answered(ImportOutcome),
    /// It was used with another request.
    Conflict,
}

/// How an import begins.
pub enum ImportStart<'s> {
    /// Go on: apply changes, then commit.
    Started(Box<dyn ImportTransaction + 's>),
    /// The same key and request were answered before, with this.
    Answered(ImportOutcome),
    /// The same key was used with another request.
    KeyConflict,
}

/// One import: all or nothing. Dropped without [`ImportTransaction::commit`], it leaves no trace.
pub trait ImportTransaction {
    /// Applies changes of one table. What is wrong with single rows is collected, not returned.
    ///
    /// Tables may come in any order and as often as needed.
    fn apply(&mut self, table: &'static Table, changes: Vec<Change>) -> Result<(), StoreError>;

    /// Adds an error found while the input was decoded; the import cannot succeed any more.
    fn reject(&mut self, error: ImportError);

    /// Whether so much is wrong that further rows are not looked at: see
    /// [`ImportErrors::is_full`].
    fn is_hopeless(&self) -> bool;

    /// Names a table of the input, so that it is counted even without rows.
    fn touch(&mut self, table: &'static Table);

    /// Checks references and rules between tables, then commits durably.
    ///
    /// With any error collected, nothing is stored and the errors are the answer; rows are not
    /// compared with each other any more when there are too many. When nothing
    /// changed, no new revision is made.
    fn commit(self: Box<Self>) -> Result<Result<ImportOutcome, ImportErrors>, StoreError>;
}

/// A view of the store at one revision.
pub trait Snapshot: Send {
    /// The revision seen.
    fn revision(&self) -> Revision;

    /// All providers, by id.
    fn providers(&self) -> Result<Vec<Provider>, StoreError>;

    /// One provider.
    fn provider(&self, id: ProviderId) -> Result<Option<Provider>, StoreError>;

    /// For each table, in catalogue order, the revision of the last commit that wrote or deleted
    /// one of its rows (0 = never).
    fn table_revisions(&self) -> Result<Vec<Revision>, StoreError>;

    /// Visits the rows of a table with keys in `range`, by key.
    fn rows(
        &self,
        table: &'static Table,
        range: KeyRange,
        visit: &mut RowVisitor<'_>,
    ) -> Result<(), StoreError>;

    /// Visits the rows last written after `after`, by key.
    fn rows_changed_since(
        &self,
        table: &'static Table,
        after: Revision,
        visit: &mut RowVisitor<'_>,
    ) -> Result<(), StoreError>;

    /// Keys deleted after `after` and not there now, in ascending order.
    fn keys_deleted_since(
        &self,
        table: &'static Table,
        after: Revision,
    ) -> Result<Vec<RowKey>, StoreError>;

    /// One row's cells in catalogue order, by key.
    fn row(&self, table: &'static Table, key: RowKey) -> Result<Option<Vec<Cell>>, StoreError>;

    /// Visits the rows of a provider whose indexed column `column` holds `value`, by id.
    ///
    /// Errors when the catalogue gives the column no index.
    fn rows_by(
        &self,
        table: &'static Table,
        provider: ProviderId,
        column: &'static str,
        value: i64,
        visit: &mut RowVisitor<'_>,
    ) -> Result<(), StoreError>;

    /// How many rows a table holds, of all providers.
    fn count(&self, table: &'static Table) -> Result<u64, StoreError>;
}

/// Called once per row; an error stops the reading and comes back as it is.
pub type RowVisitor<'v> = dyn FnMut(&dyn StoredRow) -> Result<(), StoreError> + 'v;

/// One stored row, readable while it is visited.
pub trait StoredRow {
    /// Its key.
    fn key(&self) -> RowKey;
    /// The commit that last wrote it.
    fn revision(&self) -> Revision;
    /// The value of a column, by position in the table's `columns`.
    fn cell(&self, position: usize) -> CellRef<'_>;
}

/// The key of a row; rows of all tables are ordered by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey {
    /// Whose row it is.
    pub provider: ProviderId,
    /// Its id.
    pub id: i64,
}

/// Keys from `first` to `last`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyRange {
    /// Smallest key.
    pub first: RowKey,
    /// Greatest key.
    pub last: RowKey,
}

impl KeyRange {
    /// Every key.
    pub const ALL: Self = Self {
        first: RowKey { provider: ProviderId(i64::MIN), id: i64::MIN },
        last: RowKey { provider: ProviderId(i64::MAX), id: i64::MAX },
    };

    /// Every key of one provider.
    pub const fn of(provider: ProviderId) -> Self {
        Self { first: RowKey { provider, id: i64::MIN }, last: RowKey { provider, id: i64::MAX } }
    }
}
