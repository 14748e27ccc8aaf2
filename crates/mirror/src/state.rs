//! The state that sessions read: segments at one revision, and the delta up to a later one. A state
//! is immutable. A newer state replaces it, and existing sessions keep the one they started with.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use model::catalogue;
use model::id::{ProviderId, Revision};
use model::provider::Provider;
use parking_lot::Mutex;
use store::{RowKey, Snapshot};

use crate::delta::{self, ChangeBudget, ProviderDelta, TableDelta};
use crate::error::MirrorError;
use crate::manifest::{Manifest, SegmentEntry};
use crate::segment::Segment;

/// The segments of all tables. Together they hold every row up to one revision.
#[derive(Debug)]
pub(crate) struct SegmentSet {
    pub(crate) generation: u64,
    pub(crate) revision: Revision,
    /// For each table of the catalogue, the last revision up to `revision` that wrote to it.
    pub(crate) table_revisions: Vec<Revision>,
    /// For each table of the catalogue, its segments in key order.
    pub(crate) tables: Vec<Vec<Arc<Segment>>>,
}

impl SegmentSet {
    /// Returns a base without segments, at revision 0, so that all rows are in the delta.
    pub(crate) fn empty(generation: u64) -> Self {
        let tables = catalogue::tables();
        Self {
            generation,
            revision: Revision(0),
            table_revisions: vec![Revision(0); tables.len()],
            tables: vec![Vec::new(); tables.len()],
        }
    }

    pub(crate) fn segments(&self) -> impl Iterator<Item = &Arc<Segment>> {
        self.tables.iter().flatten()
    }

    /// Returns the names of the segments' files.
    pub(crate) fn files(&self) -> HashSet<&str> {
        self.segments().map(|segment| segment.entry.file.as_str()).collect()
    }

    pub(crate) fn rows(&self) -> u64 {
        self.segments().map(|segment| segment.entry.rows).sum()
    }

    /// Returns the manifest that describes these segments.
    pub(crate) fn manifest(&self, store: String) -> Manifest {
        let mut manifest = Manifest::new(self.generation, self.revision, store);
        for (table, segments) in catalogue::tables().iter().zip(&self.tables) {
            let entries: Vec<SegmentEntry> =
                segments.iter().map(|segment| segment.entry.clone()).collect();
            let revision = self.table_revisions[table.position];
            manifest.table_revisions.insert(table.name.to_owned(), revision);
            manifest.tables.insert(table.name.to_owned(), entries);
        }
        manifest
    }

    /// Returns the segments of a table that can hold rows of a provider, with their positions.
    pub(crate) fn segments_of(
        &self,
        table: usize,
        provider: ProviderId,
    ) -> impl Iterator<Item = (usize, &Arc<Segment>)> {
        let segments = &self.tables[table];
        let provider_of = |key: Option<RowKey>| key.map(|key| key.provider);
        let from = segments.partition_point(|s| provider_of(s.entry.last()) < Some(provider));
        let to = segments.partition_point(|s| provider_of(s.entry.first()) <= Some(provider));
        (from..to).map(|position| (position, &segments[position]))
    }
}

/// The mirror at one revision: segments and delta.
#[derive(Debug)]
pub(crate) struct MirrorState {
    pub(crate) base: Arc<SegmentSet>,
    pub(crate) revision: Revision,
    /// For each table of the catalogue, the changes after the base's revision.
    pub(crate) deltas: Vec<Arc<TableDelta>>,
    /// The number of changes in all deltas. Repeated changes of a row count each time.
    pub(crate) delta_changes: u64,
    /// Settings of the providers that were asked for at this revision.
    providers: Mutex<HashMap<ProviderId, Arc<Provider>>>,
}

impl MirrorState {
    /// Creates a state from a base, with an empty delta.
    pub(crate) fn new(base: Arc<SegmentSet>) -> Self {
        let revision = base.revision;
        let nothing = Arc::new(BTreeMap::new());
        let deltas = base.tables.iter().map(|_| Arc::clone(&nothing)).collect();
        Self { base, revision, deltas, delta_changes: 0, providers: Mutex::default() }
    }

    /// Adds the settings of all providers at this state's revision.
    pub(crate) fn with_providers(self, providers: Vec<Provider>) -> Self {
        let by_id = providers.into_iter().map(|provider| (provider.id, Arc::new(provider)));
        *self.providers.lock() = by_id.collect();
        self
    }

    /// Returns the state at the snapshot's revision, or `None` when the delta would hold more than
    /// `changes_max` changes.
    pub(crate) fn advance(
        &self,
        snapshot: &dyn Snapshot,
        changes_max: u64,
    ) -> Result<Option<Self>, MirrorError> {
        let budget_before = changes_max.saturating_sub(self.delta_changes);
        let mut budget = ChangeBudget::new(budget_before);
        let mut deltas = self.deltas.clone();
        let table_revisions = snapshot.table_revisions()?;
        for table in catalogue::tables() {
            let last_written = table_revisions.get(table.position).copied();
            if last_written.is_some_and(|revision| revision <= self.revision) {
                continue;
            }
            let old = &self.deltas[table.position];
            match delta::advance_table_delta(snapshot, table, old, self.revision, &mut budget)? {
                Some(delta) => deltas[table.position] = Arc::new(delta),
                None => return Ok(None),
            }
        }
        Ok(Some(Self {
            base: Arc::clone(&self.base),
            revision: snapshot.revision(),
            deltas,
            delta_changes: self.delta_changes + budget_before - budget.left(),
            providers: Mutex::default(),
        }))
    }

    /// Returns the changes of a provider in a table.
    pub(crate) fn delta(&self, table: usize, provider: ProviderId) -> Option<&Arc<ProviderDelta>> {
        self.deltas[table].get(&provider)
    }

    /// Returns a provider's settings at this revision, if they were read before.
    pub(crate) fn known_provider(&self, id: ProviderId) -> Option<Arc<Provider>> {
        self.providers.lock().get(&id).cloned()
    }

    /// Returns a provider's settings. `snapshot` must be at this state's revision.
    pub(crate) fn provider(
        &self,
        snapshot: &dyn Snapshot,
        id: ProviderId,
    ) -> Result<Arc<Provider>, MirrorError> {
        debug_assert_eq!(snapshot.revision(), self.revision);
        if let Some(known) = self.known_provider(id) {
            return Ok(known);
        }
        let found = snapshot.provider(id)?.ok_or(MirrorError::ProviderUnknown(id))?;
        let found = Arc::new(found);
        self.providers.lock().insert(id, Arc::clone(&found));
        Ok(found)
    }
}
