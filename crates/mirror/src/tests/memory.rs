//! A store in memory. Snapshots share its content until the next commit.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use model::catalogue::{self, Table};
use model::cell::{Cell, CellRef};
use model::id::{ProviderId, Revision};
use model::provider::Provider;
use model::time::{Date, Instant};
use parking_lot::Mutex;
use store::port::{IdempotencyKey, KeyUse, RowVisitor};
use store::token::{Token, TokenGrant, TokenHash};
use store::{ImportStart, KeyRange, RecordStore, RowKey, Snapshot, StoreError, StoredRow};

type MemoryTable = BTreeMap<RowKey, (Revision, Arc<[Cell]>)>;

#[derive(Clone, Default)]
struct MemoryContent {
    revision: Revision,
    tables: Vec<MemoryTable>,
    deleted: Vec<BTreeMap<RowKey, Revision>>,
    table_revisions: Vec<Revision>,
    providers: BTreeMap<ProviderId, Provider>,
}

pub(crate) struct MemoryStore {
    content: Mutex<Arc<MemoryContent>>,
    secret: [u8; 32],
    pub(crate) snapshots_taken: AtomicUsize,
}

/// Changes of one commit.
pub(crate) struct Commit<'c> {
    content: &'c mut MemoryContent,
}

impl MemoryStore {
    /// A store with providers 1 to `providers`, at revision 1.
    pub(crate) fn new(providers: i64) -> Arc<Self> {
        Self::with_secret(providers, [7; 32])
    }

    pub(crate) fn with_secret(providers: i64, secret: [u8; 32]) -> Arc<Self> {
        let count = catalogue::tables().len();
        let provider = |id| (ProviderId(id), Provider::new(ProviderId(id), format!("p{id}")));
        let content = MemoryContent {
            revision: Revision(1),
            tables: vec![BTreeMap::new(); count],
            deleted: vec![BTreeMap::new(); count],
            table_revisions: vec![Revision(0); count],
            providers: (1..=providers).map(provider).collect(),
        };
        let content = Mutex::new(Arc::new(content));
        Arc::new(Self { content, secret, snapshots_taken: AtomicUsize::new(0) })
    }

    /// Makes one commit and returns its revision.
    pub(crate) fn commit(&self, change: impl FnOnce(&mut Commit<'_>)) -> Revision {
        let mut content = self.content.lock();
        let content = Arc::make_mut(&mut content);
        content.revision = content.revision.next();
        change(&mut Commit { content });
        content.revision
    }

    pub(crate) fn rename_provider(&self, id: i64, name: &str) {
        self.commit(|commit| {
            let provider = commit.content.providers.get_mut(&ProviderId(id)).unwrap();
            provider.name = name.to_owned();
        });
    }

    /// Returns a function that resets a store to the current content.
    pub(crate) fn copy(&self) -> impl FnOnce(&Self) + use<> {
        let copy = Arc::clone(&self.content.lock());
        move |store| *store.content.lock() = copy
    }

    /// All rows of a provider in a table.
    pub(crate) fn rows_of(&self, table: &'static Table, provider: i64) -> RowsById {
        let content = Arc::clone(&self.content.lock());
        let KeyRange { first, last } = KeyRange::for_provider(ProviderId(provider));
        let rows = content.tables[table.position].range(first..=last);
        rows.map(|(key, (_, cells))| (key.id, cells.to_vec())).collect()
    }

    pub(crate) fn ids(&self, table: &'static Table, provider: i64) -> Vec<i64> {
        self.rows_of(table, provider).into_keys().collect()
    }
}

/// Rows by id.
pub(crate) type RowsById = BTreeMap<i64, Vec<Cell>>;

impl Commit<'_> {
    pub(crate) fn put(&mut self, table: &'static Table, provider: i64, cells: Vec<Cell>) {
        let revision = self.content.revision;
        let id = cells[catalogue::ID].as_int().unwrap();
        let key = RowKey { provider: ProviderId(provider), id };
        self.content.tables[table.position].insert(key, (revision, cells.into()));
        self.content.deleted[table.position].remove(&key);
        self.content.table_revisions[table.position] = revision;
    }

    pub(crate) fn delete(&mut self, table: &'static Table, provider: i64, id: i64) {
        let revision = self.content.revision;
        let key = RowKey { provider: ProviderId(provider), id };
        if self.content.tables[table.position].remove(&key).is_some() {
            self.content.deleted[table.position].insert(key, revision);
            self.content.table_revisions[table.position] = revision;
        }
    }
}

const UNUSED: &str = "the mirror does not use this";

impl RecordStore for MemoryStore {
    fn revision(&self) -> Result<Revision, StoreError> {
        Ok(self.content.lock().revision)
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        self.snapshots_taken.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(MemorySnapshot(Arc::clone(&self.content.lock()))))
    }

    fn find_keyed_import(
        &self,
        _: ProviderId,
        _: &IdempotencyKey,
        _: Instant,
    ) -> Result<KeyUse, StoreError> {
        panic!("{UNUSED}")
    }

    fn begin_import(
        &self,
        _: ProviderId,
        _: Instant,
        _: Option<IdempotencyKey>,
    ) -> Result<ImportStart<'_>, StoreError> {
        panic!("{UNUSED}")
    }

    fn create_provider(&self, _: &Provider) -> Result<Revision, StoreError> {
        panic!("{UNUSED}")
    }

    fn update_provider(&self, _: &Provider) -> Result<Revision, StoreError> {
        panic!("{UNUSED}")
    }

    fn create_token(
        &self,
        _: &TokenHash,
        _: &str,
        _: &TokenGrant,
        _: Instant,
    ) -> Result<Token, StoreError> {
        panic!("{UNUSED}")
    }

    fn token(&self, _: &TokenHash) -> Result<Option<Token>, StoreError> {
        panic!("{UNUSED}")
    }

    fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        panic!("{UNUSED}")
    }

    fn revoke_token(&self, _: i64, _: Instant) -> Result<Token, StoreError> {
        panic!("{UNUSED}")
    }

    fn mark_token_used(&self, _: i64, _: Date) -> Result<(), StoreError> {
        panic!("{UNUSED}")
    }

    fn secret(&self) -> Result<[u8; 32], StoreError> {
        Ok(self.secret)
    }

    fn check(&self) -> Result<Vec<String>, StoreError> {
        panic!("{UNUSED}")
    }

    fn backup(&self, _: &Path) -> Result<(), StoreError> {
        panic!("{UNUSED}")
    }
}

struct MemorySnapshot(Arc<MemoryContent>);

struct MemoryRow<'s> {
    key: RowKey,
    revision: Revision,
    cells: &'s [Cell],
}

impl StoredRow for MemoryRow<'_> {
    fn key(&self) -> RowKey {
        self.key
    }

    fn revision(&self) -> Revision {
        self.revision
    }

    fn cell(&self, position: usize) -> CellRef<'_> {
        self.cells[position].as_ref()
    }
}

impl Snapshot for MemorySnapshot {
    fn revision(&self) -> Revision {
        self.0.revision
    }

    fn providers(&self) -> Result<Vec<Provider>, StoreError> {
        Ok(self.0.providers.values().cloned().collect())
    }

    fn provider(&self, id: ProviderId) -> Result<Option<Provider>, StoreError> {
        Ok(self.0.providers.get(&id).cloned())
    }

    fn table_revisions(&self) -> Result<Vec<Revision>, StoreError> {
        Ok(self.0.table_revisions.clone())
    }

    fn rows(
        &self,
        table: &'static Table,
        range: KeyRange,
        visit: &mut RowVisitor<'_>,
    ) -> Result<(), StoreError> {
        for (key, (revision, cells)) in
            self.0.tables[table.position].range(range.first..=range.last)
        {
            visit(&MemoryRow { key: *key, revision: *revision, cells })?;
        }
        Ok(())
    }

    fn rows_changed_since(
        &self,
        table: &'static Table,
        after: Revision,
        visit: &mut RowVisitor<'_>,
    ) -> Result<(), StoreError> {
        for (key, (revision, cells)) in &self.0.tables[table.position] {
            if *revision > after {
                visit(&MemoryRow { key: *key, revision: *revision, cells })?;
            }
        }
        Ok(())
    }

    fn keys_deleted_since(
        &self,
        table: &'static Table,
        after: Revision,
    ) -> Result<Vec<RowKey>, StoreError> {
        let deleted = self.0.deleted[table.position].iter();
        Ok(deleted.filter(|(_, revision)| **revision > after).map(|(key, _)| *key).collect())
    }

    fn row(&self, _: &'static Table, _: RowKey) -> Result<Option<Vec<Cell>>, StoreError> {
        panic!("{UNUSED}")
    }

    fn rows_by(
        &self,
        _: &'static Table,
        _: ProviderId,
        _: &'static str,
        _: i64,
        _: &mut RowVisitor<'_>,
    ) -> Result<(), StoreError> {
        panic!("{UNUSED}")
    }

    fn count(&self, table: &'static Table) -> Result<u64, StoreError> {
        Ok(self.0.tables[table.position].len() as u64)
    }
}
