//! The write path of rows: one transaction per call, all or nothing. Rule: spec/data-model.md §3.
//!
//! | module | holds |
//! | --- | --- |
//! | `import_call` | the state of a call |
//! | `batch` | the rows of a batch: insert, compare, update, delete |
//! | `references`, `removed_rows`, `allotments`, `currency` | checks between rows |
//! | `parent_defaults`, `hold_bumps` | defaults from parent rows; effects of holds on their memberships |
//! | `seen_ids`, `temp_tables` | remembering any number of rows in bounded memory |

mod allotments;
mod batch;
mod currency;
mod hold_bumps;
mod import_call;
mod parent_defaults;
mod references;
mod removed_rows;
mod seen_ids;
mod temp_tables;

use std::collections::BTreeMap;

use model::catalogue::{Table, tables};
use model::id::{ProviderId, Revision};
use model::import::{Change, ImportError, ImportErrors, ImportOutcome};
use model::time::Instant;
use rusqlite::Connection;

use super::database::SqliteTransaction;
use super::errors::failed;
use crate::error::StoreError;
use crate::import::table_plan;
use crate::port::{IdempotencyKey, ImportStart, ImportTransaction, KeyUse};
use crate::sql::{idempotency, providers, revision};
use batch::SqliteImportBatch;
use import_call::SqliteImportCall;

/// Prepares the writing connection for imports.
pub(super) fn prepare(connection: &Connection) -> Result<(), StoreError> {
    temp_tables::create_temp_tables(connection)
}

/// Begins an import in a transaction that holds the write lock until it ends.
pub(super) fn begin(
    connection: SqliteTransaction<'_>,
    provider: ProviderId,
    now: Instant,
    key: Option<IdempotencyKey>,
) -> Result<ImportStart<'_>, StoreError> {
    let mut import = SqliteImport {
        connection,
        provider,
        key: None,
        before: Revision(0),
        has_failed: false,
        call: SqliteImportCall::new(provider.0, now, Revision(0)),
    };
    providers::check_exists(&*import.connection, provider)?;
    if let Some(key) = &key {
        match idempotency::find(&*import.connection, provider, key, now)? {
            KeyUse::New => {}
            KeyUse::Answered(outcome) => return Ok(ImportStart::Answered(outcome)),
            KeyUse::Conflict => return Ok(ImportStart::KeyConflict),
        }
    }
    import.key = key;
    import.before = revision::current(&*import.connection)?;
    import.call.revision = import.before.next();
    Ok(ImportStart::Started(Box::new(import)))
}

struct SqliteImport<'s> {
    connection: SqliteTransaction<'s>,
    provider: ProviderId,
    key: Option<IdempotencyKey>,
    before: Revision,
    /// Set while the database works: after a failure it is unknown what was written, and SQLite may
    /// have rolled back by itself.
    has_failed: bool,
    call: SqliteImportCall,
}

impl ImportTransaction for SqliteImport<'_> {
    fn apply(&mut self, table: &'static Table, changes: Vec<Change>) -> Result<(), StoreError> {
        self.include_table(table);
        self.must_not_have_failed()?;
        if self.has_too_many_errors() {
            return Ok(());
        }
        self.has_failed = true;
        let mut rows = SqliteImportBatch::prepare(&self.connection, table, &mut self.call)?;
        for change in changes {
            match change {
                Change::Upsert(row) => rows.upsert(row)?,
                Change::Delete { id, line } => rows.delete(id, line)?,
            }
        }
        rows.finish()?;
        self.has_failed = false;
        Ok(())
    }

    fn reject(&mut self, error: ImportError) {
        self.call.problems.add(error);
    }

    fn has_too_many_errors(&self) -> bool {
        self.call.problems.is_full()
    }

    fn include_table(&mut self, table: &'static Table) {
        self.call.tables[table.position].is_touched = true;
    }

    fn commit(mut self: Box<Self>) -> Result<Result<ImportOutcome, ImportErrors>, StoreError> {
        self.must_not_have_failed()?;
        if !self.has_too_many_errors() {
            self.check_between_rows()?;
        }
        if !self.call.problems.is_empty() {
            let call = SqliteImportCall::new(self.provider.0, self.call.now, self.call.revision);
            let call = std::mem::replace(&mut self.call, call);
            return Ok(Err(call.problems.into_errors()));
        }
        let has_changed = self.write_revisions()?;
        let outcome = self.outcome(if has_changed { self.call.revision } else { self.before });
        if let Some(key) = &self.key {
            let (provider, now) = (self.provider, self.call.now);
            idempotency::store_answer(&*self.connection, provider, key, &outcome, now)?;
        } else if !has_changed {
            // Nothing to store: rolling back saves a flush to disk.
            return Ok(Ok(outcome));
        }
        temp_tables::empty_temp_tables(&self.connection)?;
        self.connection.commit("commit an import")?;
        Ok(Ok(outcome))
    }
}

impl SqliteImport<'_> {
    fn must_not_have_failed(&self) -> Result<(), StoreError> {
        if !self.has_failed {
            Ok(())
        } else {
            Err(StoreError::Unavailable { reason: "the import has failed before".into() })
        }
    }

    fn check_between_rows(&mut self) -> Result<(), StoreError> {
        let (connection, provider) = (&*self.connection, self.provider.0);
        let call = &mut self.call;
        parent_defaults::fill_defaults(connection, provider, &mut call.problems)?;
        call.references.check(connection, provider, &mut call.problems)?;
        call.allotments.check(connection, provider, &mut call.problems)?;
        call.currencies.check(connection, provider, &mut call.problems)?;
        removed_rows::check(connection, provider, &mut call.problems)?;
        if has_altered(connection, table_plan::required_table("invoices"))? {
            currency::check_altered_invoices(connection, provider, &mut call.problems)?;
        }
        if has_altered(connection, table_plan::required_table("offering_types"))? {
            removed_rows::check_altered_offering_types(connection, provider, &mut call.problems)?;
        }
        Ok(())
    }

    /// Writes the new revision where rows changed. Returns true if any did.
    fn write_revisions(&self) -> Result<bool, StoreError> {
        let (connection, revision) = (&*self.connection, self.call.revision);
        let has_bumped = hold_bumps::apply_bumps(connection, self.provider.0, revision)?;
        let is_bumped = |table: &Table| has_bumped && table.name == "customer_memberships";
        let mut has_changed = false;
        for (table, state) in tables().iter().zip(&self.call.tables) {
            if state.has_changed() || is_bumped(table) {
                revision::set_table_revision(connection, table, revision)?;
                has_changed = true;
            }
        }
        if has_changed {
            revision::set(connection, revision)?;
        }
        Ok(has_changed)
    }

    fn outcome(&self, revision: Revision) -> ImportOutcome {
        let named = tables().iter().zip(&self.call.tables).filter(|(_, state)| state.is_touched);
        let counts: BTreeMap<_, _> =
            named.map(|(table, state)| (table.name.to_owned(), state.counts)).collect();
        ImportOutcome { revision, tables: counts, warnings: self.call.amounts.warnings() }
    }
}

fn has_altered(connection: &Connection, table: &Table) -> Result<bool, StoreError> {
    let look = failed("look for altered rows");
    let sql = "SELECT 1 FROM temp.altered WHERE source = ?1";
    let mut statement = connection.prepare_cached(sql).map_err(look)?;
    statement.exists([table.position]).map_err(look)
}
