//! The write path of rows: one transaction per call, all or nothing. Rule: spec/data-model.md §3.
//!
//! Rows come in batches. The stored rows with a batch's ids are read at once, each row is decided
//! in memory, and the changed rows are written with one COPY.
//!
//! | module | holds |
//! | --- | --- |
//! | `import_call` | the state of a call |
//! | `batch`, `write_batch` | deciding the rows of a batch; writing them |
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
mod write_batch;

use std::collections::BTreeMap;

use model::catalogue::{Table, tables};
use model::id::{ProviderId, Revision};
use model::import::{Change, ImportError, ImportErrors, ImportOutcome};
use model::time::Instant;

use super::connections::{PostgresSession, PostgresTransaction};
use crate::error::StoreError;
use crate::import::table_plan;
use crate::port::{IdempotencyKey, ImportStart, ImportTransaction, KeyUse};
use crate::sql::{idempotency, providers, revision};
use batch::PostgresImportBatch;
use import_call::PostgresImportCall;

/// The number of rows decided and written at once. It bounds the memory; larger batches gain
/// little.
const BATCH_ROWS: usize = 4096;
const HAS_ALTERED: &str = "SELECT 1 FROM pg_temp.altered WHERE source = $1 LIMIT 1";

/// Begins an import. Waits until no other import runs, and blocks others until it ends.
pub(super) fn begin(
    transaction: PostgresTransaction<'_>,
    provider: ProviderId,
    now: Instant,
    key: Option<IdempotencyKey>,
) -> Result<ImportStart<'_>, StoreError> {
    let before = revision::lock_revision(&*transaction)?;
    providers::check_exists(&*transaction, provider)?;
    if let Some(key) = &key {
        match idempotency::find(&*transaction, provider, key, now)? {
            KeyUse::New => {}
            KeyUse::Answered(outcome) => return Ok(ImportStart::Answered(outcome)),
            KeyUse::Conflict => return Ok(ImportStart::KeyConflict),
        }
    }
    temp_tables::create_temp_tables(&transaction)?;
    let call = PostgresImportCall::new(provider.0, now, before.next());
    let import = PostgresImport { transaction, provider, key, before, has_failed: false, call };
    Ok(ImportStart::Started(Box::new(import)))
}

struct PostgresImport<'s> {
    transaction: PostgresTransaction<'s>,
    provider: ProviderId,
    key: Option<IdempotencyKey>,
    before: Revision,
    /// Set while the database works: after a failure the transaction cannot be used.
    has_failed: bool,
    call: PostgresImportCall,
}

impl ImportTransaction for PostgresImport<'_> {
    fn apply(&mut self, table: &'static Table, changes: Vec<Change>) -> Result<(), StoreError> {
        self.include_table(table);
        self.must_not_have_failed()?;
        if self.has_too_many_errors() {
            return Ok(());
        }
        self.has_failed = true;
        let mut changes = changes.into_iter();
        loop {
            let some: Vec<_> = changes.by_ref().take(BATCH_ROWS).collect();
            if some.is_empty() {
                break;
            }
            let mut batch =
                PostgresImportBatch::prepare(&self.transaction, table, &mut self.call, &some)?;
            for change in some {
                match change {
                    Change::Upsert(row) => batch.upsert(row)?,
                    Change::Delete { id, line } => batch.delete(id, line),
                }
            }
            batch.flush()?;
        }
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
            let call = PostgresImportCall::new(self.provider.0, self.call.now, self.call.revision);
            let call = std::mem::replace(&mut self.call, call);
            return Ok(Err(call.problems.into_errors()));
        }
        let has_changed = self.write_revisions()?;
        let outcome = self.outcome(if has_changed { self.call.revision } else { self.before });
        if let Some(key) = &self.key {
            let (provider, now) = (self.provider, self.call.now);
            idempotency::store_answer(&*self.transaction, provider, key, &outcome, now)?;
        } else if !has_changed {
            // Nothing to store: rolling back saves a flush to disk.
            return Ok(Ok(outcome));
        }
        self.transaction.commit("commit an import")?;
        Ok(Ok(outcome))
    }
}

impl PostgresImport<'_> {
    fn must_not_have_failed(&self) -> Result<(), StoreError> {
        if !self.has_failed {
            Ok(())
        } else {
            Err(StoreError::Unavailable { reason: "the import has failed before".into() })
        }
    }

    fn check_between_rows(&mut self) -> Result<(), StoreError> {
        let (session, provider) = (&*self.transaction, self.provider.0);
        let call = &mut self.call;
        parent_defaults::fill_defaults(session, provider, &mut call.problems)?;
        call.references.check(session, provider, &mut call.problems)?;
        call.allotments.check(session, provider, &mut call.problems)?;
        call.currencies.check(session, provider, &mut call.problems)?;
        removed_rows::check(session, provider, &mut call.problems)?;
        if has_altered(session, table_plan::required_table("invoices"))? {
            currency::check_altered_invoices(session, provider, &mut call.problems)?;
        }
        if has_altered(session, table_plan::required_table("offering_types"))? {
            removed_rows::check_altered_offering_types(session, provider, &mut call.problems)?;
        }
        Ok(())
    }

    /// Writes the new revision where rows changed. Returns true if any did.
    fn write_revisions(&self) -> Result<bool, StoreError> {
        let (session, revision) = (&*self.transaction, self.call.revision);
        let has_bumped = hold_bumps::apply_bumps(session, self.provider.0, revision)?;
        let is_bumped = |table: &Table| has_bumped && table.name == "customer_memberships";
        let mut has_changed = false;
        for (table, state) in tables().iter().zip(&self.call.tables) {
            if state.has_changed() || is_bumped(table) {
                revision::set_table_revision(session, table, revision)?;
                has_changed = true;
            }
        }
        if has_changed {
            revision::set(session, revision)?;
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

/// Returns the number of a table in the catalogue, as the temporary tables store it.
fn number_of(table: &Table) -> i64 {
    i64::try_from(table.position).unwrap_or(i64::MAX)
}

/// Returns the table with that number.
fn table_of(number: i64) -> &'static Table {
    let position = usize::try_from(number).unwrap_or(usize::MAX);
    tables().get(position).expect("the database keeps numbers of tables that this call wrote")
}

fn has_altered(session: &PostgresSession<'_>, table: &Table) -> Result<bool, StoreError> {
    let context = "look for altered rows";
    Ok(session.find(context, HAS_ALTERED, &[&number_of(table)])?.is_some())
}
