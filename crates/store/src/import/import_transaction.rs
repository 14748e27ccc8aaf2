//! One import: a transaction per call, all or nothing. Rule: spec/data-model.md §3.

use std::collections::BTreeMap;

use model::catalogue::{Table, tables};
use model::id::{ProviderId, Revision};
use model::import::{Change, ImportError, ImportOutcome};
use model::time::Instant;

use super::batch::ImportBatch;
use super::import_call::ImportCall;
use super::import_session::ImportSession;
use super::{currency, hold_bumps, number_of, parent_defaults, removed_rows, table_plan};
use crate::crash;
use crate::error::StoreError;
use crate::port::{IdempotencyKey, ImportEnd, ImportStart, ImportTransaction, KeyUse};
use crate::sql::SqlTransaction;
use crate::sql::value::values;
use crate::sql::{idempotency, providers, revision};

/// The number of rows decided and written at once. It bounds the memory; larger batches gain
/// little.
const BATCH_ROWS: usize = 4096;
const HAS_ALTERED: &str = "SELECT 1 FROM altered WHERE source = ?1 LIMIT 1";

/// Begins an import. Waits until no other import runs, and blocks others until it ends.
pub(crate) fn begin(
    transaction: Box<dyn SqlTransaction + '_>,
    provider: ProviderId,
    now: Instant,
    key: Option<IdempotencyKey>,
) -> Result<ImportStart<'_>, StoreError> {
    let session = transaction.import_session();
    let before = revision::lock_revision(session)?;
    providers::check_exists(session, provider)?;
    if let Some(key) = &key {
        match idempotency::find(session, provider, key, now)? {
            KeyUse::New => {}
            KeyUse::Answered(outcome) => return Ok(ImportStart::Answered(outcome)),
            KeyUse::Conflict => return Ok(ImportStart::KeyConflict),
        }
    }
    session.prepare_import()?;
    let call = ImportCall::new(provider.0, now, before.next());
    let import = SqlImport { transaction, provider, key, before, has_failed: false, call };
    Ok(ImportStart::Started(Box::new(import)))
}

struct SqlImport<'s> {
    transaction: Box<dyn SqlTransaction + 's>,
    provider: ProviderId,
    key: Option<IdempotencyKey>,
    before: Revision,
    /// Set while the database works: after a failure it is unknown what was written.
    has_failed: bool,
    call: ImportCall,
}

impl ImportTransaction for SqlImport<'_> {
    fn apply(&mut self, table: &'static Table, changes: Vec<Change>) -> Result<(), StoreError> {
        self.include_table(table);
        self.must_not_have_failed()?;
        if self.has_too_many_errors() {
            return Ok(());
        }
        self.has_failed = true;
        let mut changes = changes.into_iter();
        loop {
            let rest = changes.as_slice();
            let some = &rest[..rest.len().min(BATCH_ROWS)];
            if some.is_empty() {
                break;
            }
            let (session, count) = (self.transaction.import_session(), some.len());
            let mut batch = ImportBatch::prepare(session, table, &mut self.call, some)?;
            for change in changes.by_ref().take(count) {
                match change {
                    Change::Upsert(row) => batch.upsert(row)?,
                    Change::Delete { id, line } => batch.delete(id, line)?,
                }
                if batch.is_full() {
                    break;
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

    fn commit(mut self: Box<Self>) -> Result<ImportEnd, StoreError> {
        self.must_not_have_failed()?;
        if !self.has_too_many_errors() {
            self.check_between_rows()?;
        }
        if !self.call.problems.is_empty() {
            let call = ImportCall::new(self.provider.0, self.call.now, self.call.revision);
            let call = std::mem::replace(&mut self.call, call);
            return Ok(ImportEnd::Refused(call.problems.into_errors()));
        }
        crash::point("import_checked");
        let has_changed = self.write_revisions()?;
        let outcome = self.outcome(if has_changed { self.call.revision } else { self.before });
        if let Some(key) = &self.key {
            let (provider, now) = (self.provider, self.call.now);
            idempotency::store_answer(self.transaction.session(), provider, key, &outcome, now)?;
        } else if !has_changed {
            // Nothing to store: rolling back saves a flush to disk.
            return Ok(ImportEnd::Committed(outcome));
        }
        self.transaction.import_session().forget_import()?;
        crash::point("import_written");
        self.transaction.commit("commit an import")?;
        crash::point("import_committed");
        Ok(ImportEnd::Committed(outcome))
    }
}

impl SqlImport<'_> {
    fn must_not_have_failed(&self) -> Result<(), StoreError> {
        if !self.has_failed {
            Ok(())
        } else {
            Err(StoreError::Unavailable { reason: "the import has failed before".into() })
        }
    }

    fn check_between_rows(&mut self) -> Result<(), StoreError> {
        let (session, provider) = (self.transaction.import_session(), self.provider.0);
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
        let (session, revision) = (self.transaction.import_session(), self.call.revision);
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

fn has_altered(session: &dyn ImportSession, table: &Table) -> Result<bool, StoreError> {
    let context = "look for altered rows";
    Ok(session.find(context, HAS_ALTERED, values![number_of(table)])?.is_some())
}
