//! Comparison of the mirror with its checksums and, row by row, with the store.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::logical_expr::col;
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use model::catalogue::{self, Table};
use model::id::ProviderId;
use model::provider::Provider;
use store::{KeyRange, Snapshot, StoreError};

use crate::columns::RowBuilder;
use crate::delta::ids_of;
use crate::error::MirrorError;
use crate::manifest::ProviderRange;
use crate::segment::Segment;
use crate::session::MirrorSession;
use crate::state::MirrorState;
use crate::status::VerifyReport;
use crate::stream::BatchStream;
use crate::updater::MirrorUpdater;
use crate::writer::unwrap_visitor;

/// The number of rows compared at a time.
const ROWS_AT_A_TIME: usize = 8_192;

/// Checks every segment, then compares every row that sessions can see with the store.
pub(crate) fn verify(
    keeper: &MirrorUpdater,
    session: impl Fn(Arc<MirrorState>, Arc<Provider>) -> MirrorSession,
) -> Result<VerifyReport, MirrorError> {
    let (state, snapshot) = keeper.state_and_snapshot()?;
    let mut report = VerifyReport::new(state.revision);
    for segment in state.base.segments() {
        report.segments += 1;
        if let Err(error) = check_segment(segment) {
            report.differs(format!("{}: {error}", segment.entry.file));
        }
    }
    for table in catalogue::tables() {
        compare_table(&state, snapshot.as_ref(), table, &session, &mut report)?;
    }
    Ok(report)
}

/// Returns a description of each segment whose bytes do not match its checksums. Repairs nothing.
pub(crate) fn damaged_files(keeper: &MirrorUpdater) -> Vec<String> {
    let state = keeper.state();
    let damage = |segment: &Arc<Segment>| segment.verify_checksums().err();
    state.base.segments().filter_map(damage).map(|error| error.to_string()).collect()
}

/// Checks a segment's checksums, the order of its keys, and that each provider's rows are where the
/// manifest says.
fn check_segment(segment: &Arc<Segment>) -> Result<(), MirrorError> {
    segment.verify_checksums()?;
    let metadata = segment.arrow_metadata()?;
    let keys = ProjectionMask::leaves(metadata.parquet_schema(), [0, 1]);
    let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(segment.open()?, metadata)
        .with_projection(keys)
        .build()
        .map_err(|error| MirrorError::file(&segment.entry.file, error))?;
    let mut found: Vec<ProviderRange> = Vec::new();
    let mut rows = 0;
    for batch in reader {
        let batch = batch?;
        let providers = batch.column(0).as_primitive::<Int64Type>().values();
        let ids = batch.column(1).as_primitive::<Int64Type>().values();
        for (&provider, &id) in providers.iter().zip(ids) {
            let provider = ProviderId(provider);
            match found.last_mut() {
                Some(range) if range.provider == provider && range.last_id < id => {
                    range.rows += 1;
                    range.last_id = id;
                }
                Some(range) if range.provider >= provider => {
                    return Err(MirrorError::damaged("rows are out of order"));
                }
                _ => found.push(ProviderRange::from((provider.0, rows, 1, id, id))),
            }
            rows += 1;
        }
    }
    if found != segment.entry.providers {
        return Err(MirrorError::damaged("rows do not lie where the manifest says"));
    }
    Ok(())
}

fn compare_table(
    state: &Arc<MirrorState>,
    snapshot: &dyn Snapshot,
    table: &'static Table,
    session: impl Fn(Arc<MirrorState>, Arc<Provider>) -> MirrorSession,
    report: &mut VerifyReport,
) -> Result<(), MirrorError> {
    if state.base.tables[table.position].iter().any(|segment| segment.is_damaged()) {
        report.differs(format!("{}: not compared, as a file of it is damaged", table.name));
        return Ok(());
    }
    let mut rows = 0;
    for provider in providers(state, table) {
        // A provider that the store does not know has no settings, and must not have rows either.
        let settings = snapshot.provider(provider)?;
        let settings = settings.unwrap_or_else(|| Provider::new(provider, ""));
        let session = session(Arc::clone(state), Arc::new(settings));
        let mut seen = SessionRows::begin(&session, table)?;
        let mut comparison = RowComparison { table, provider, report };
        rows += comparison.run(&mut seen, snapshot)?;
    }
    let stored = snapshot.count(table)?;
    if stored != rows {
        report
            .differs(format!("{}: the store has {stored} rows, {rows} were compared", table.name));
    }
    report.rows += rows;
    Ok(())
}

/// Returns the providers that have rows in the mirror. Rows of other providers in the store are
/// noticed because the row counts differ.
fn providers(state: &MirrorState, table: &Table) -> BTreeSet<ProviderId> {
    let segments = state.base.tables[table.position].iter();
    let in_segments = segments.flat_map(|s| s.entry.providers.iter().map(|range| range.provider));
    let in_delta = state.deltas[table.position].keys().copied();
    in_segments.chain(in_delta).collect()
}

/// The rows that a session sees in a table, in id order.
struct SessionRows {
    stream: BatchStream,
    ahead: Option<RecordBatch>,
}

impl SessionRows {
    fn begin(session: &MirrorSession, table: &'static Table) -> Result<Self, MirrorError> {
        let plan = session.scan(table.name, "seen")?;
        let plan = plan.sort(vec![col("seen.id").sort(true, false)])?.build()?;
        Ok(Self { stream: session.stream(plan), ahead: None })
    }

    /// Returns the next `count` rows, or fewer at the end.
    fn next(&mut self, count: usize) -> Result<Vec<RecordBatch>, MirrorError> {
        let mut taken = Vec::new();
        let mut missing = count;
        while missing > 0 {
            let batch = match self.ahead.take() {
                Some(batch) => batch,
                None => match self.stream.next_blocking() {
                    Some(batch) => batch?,
                    None => break,
                },
            };
            let part = batch.num_rows().min(missing);
            taken.push(batch.slice(0, part));
            missing -= part;
            if part < batch.num_rows() {
                self.ahead = Some(batch.slice(part, batch.num_rows() - part));
            }
        }
        Ok(taken)
    }
}

struct RowComparison<'r> {
    table: &'static Table,
    provider: ProviderId,
    report: &'r mut VerifyReport,
}

impl RowComparison<'_> {
    /// Compares a provider's rows, and returns the number of rows in the store.
    fn run(&mut self, seen: &mut SessionRows, snapshot: &dyn Snapshot) -> Result<u64, MirrorError> {
        let mut builder = RowBuilder::new(self.table);
        let mut rows = 0;
        let outcome =
            snapshot.rows(self.table, KeyRange::for_provider(self.provider), &mut |row| {
                builder.push(row)?;
                rows += 1;
                if builder.len() < ROWS_AT_A_TIME {
                    return Ok(());
                }
                self.compare(&mut builder, seen)
                    .map_err(|error| StoreError::Visitor(Box::new(error)))
            });
        outcome.map_err(unwrap_visitor)?;
        self.compare(&mut builder, seen)?;
        for batch in seen.next(ROWS_AT_A_TIME)? {
            let ids = ids_of(&batch);
            ids.iter().for_each(|id| self.differs(*id, "is in the mirror and not in the store"));
        }
        Ok(rows)
    }

    fn compare(
        &mut self,
        builder: &mut RowBuilder,
        seen: &mut SessionRows,
    ) -> Result<(), MirrorError> {
        let stored = builder.finish_table()?;
        // A plan may change the nullability of columns, so only the columns' data is compared.
        let batches = seen
            .next(stored.num_rows())?
            .iter()
            .map(|b| RecordBatch::try_new(stored.schema(), b.columns().to_vec()))
            .collect::<Result<Vec<_>, _>>()?;
        let seen = concat_batches(&stored.schema(), &batches)?;
        if seen.columns() == stored.columns() {
            return Ok(());
        }
        self.describe(&stored, &seen);
        Ok(())
    }

    fn describe(&mut self, stored: &RecordBatch, seen: &RecordBatch) {
        let (stored_ids, seen_ids) = (ids_of(stored), ids_of(seen));
        for (row, id) in stored_ids.iter().enumerate() {
            match seen_ids.binary_search(id) {
                Err(_) => self.differs(*id, "is not where the store has it"),
                Ok(other) if stored.slice(row, 1).columns() != seen.slice(other, 1).columns() => {
                    self.differs(*id, "differs from the store");
                }
                Ok(_) => (),
            }
        }
    }

    fn differs(&mut self, id: i64, how: &str) {
        let (table, provider) = (self.table.name, self.provider);
        self.report.differs(format!("{table}: row {id} of provider {provider} {how}"));
    }
}
