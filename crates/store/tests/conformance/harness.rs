//! A small language for imports, so that cases read as scenarios.
//!
//! One line is one change: `customers 1 name=Ann site_id=null` upserts, `delete customers 1`
//! deletes, and `+invoices 1 total=5` upserts with the other columns from [`TEMPLATES`]. Lines
//! count from 1, blank lines included.

use std::collections::BTreeMap;
use std::time::Duration;

use model::catalogue::{Table, table};
use model::cell::{Cell, CellRef};
use model::id::{ProviderId, Revision};
use model::import::{Change, ImportErrors, ImportOutcome, InputRow};
use model::parse::{self, InputValue};
use model::provider::Provider;
use model::time::Instant;
use store::port::IdempotencyKey;
use store::{ImportStart, ImportTransaction, KeyRange, RowKey, Snapshot, Store};

/// An adapter under test. It has its own database, which lives as long as the value.
pub(crate) trait Backend {
    /// Creates a fresh, empty database.
    fn fresh() -> Self;
    /// Opens a handle on it, as another process would.
    fn open(&self) -> Box<dyn Store>;
}

/// The longest wait between writers. It is very long, so that a slow machine does not fail a case.
pub(crate) const WAIT: Duration = Duration::from_secs(3600);

pub(crate) const P: ProviderId = ProviderId(1);
pub(crate) const Q: ProviderId = ProviderId(2);
/// The instant of imports that do not say otherwise, in seconds.
pub(crate) const NOW: i64 = 1_000;

/// For each table, the columns that a row needs to be accepted.
const TEMPLATES: &[(&str, &str)] = &[
    ("customers", ""),
    ("sites", "name=S"),
    ("products", "name=P"),
    ("plans", "product_id=1 name=M amount=500 currency=usd"),
    ("memberships", "name=M type=pack price=900 currency=usd"),
    ("offering_types", "name=Yoga"),
    ("instructors", "name=I"),
    (
        "customer_memberships",
        "customer_id=1 membership_id=1 status=active purchased_at=5 billed_price=9 currency=usd",
    ),
    ("customer_membership_holds", "customer_membership_id=1 start_date=2024-01-01"),
    ("events", "offering_type_id=1 name=E starts_at=5 ends_at=6"),
    ("attendances", "customer_id=1 event_id=1 status=attended"),
    ("subscriptions", "customer_id=1 plan_id=1 status=active currency=usd started_at=5"),
    ("invoices", "customer_id=1 status=open currency=usd subtotal=10 total=10"),
    ("invoice_lines", "invoice_id=1 amount=10 currency=usd"),
    ("payments", "amount=10 currency=usd status=succeeded type=online category=Card"),
    (
        "credit_notes",
        "invoice_id=1 customer_id=1 type=post_payment amount=10 total=10 currency=usd",
    ),
    ("refunds", "amount=10 currency=usd status=succeeded type=online"),
    ("balance_transactions", "customer_id=1 type=credit amount=-5 currency=usd"),
    ("coupons", "code=C"),
];

/// Parses one line of a script.
pub(crate) fn change(line: u64, text: &str) -> (&'static Table, Change) {
    let mut words = text.split_whitespace();
    let first = words.next().unwrap();
    if first == "delete" {
        let table = table(words.next().unwrap()).unwrap();
        return (table, Change::Delete { id: words.next().unwrap().parse().unwrap(), line });
    }
    let name = first.trim_start_matches('+');
    let table = table(name).unwrap();
    let id: i64 = words.next().unwrap().parse().unwrap();
    let template = if first.starts_with('+') {
        TEMPLATES.iter().find(|(table, _)| *table == name).unwrap().1
    } else {
        ""
    };
    let mut cells = vec![Cell::Absent; table.columns.len()];
    cells[0] = Cell::Int(id);
    for pair in template.split_whitespace().chain(words) {
        let (column, value) = pair.split_once('=').unwrap();
        let position = table.position_of(column).unwrap_or_else(|| panic!("{name}.{column}"));
        let input = if value == "null" { InputValue::Null } else { InputValue::Untyped(value) };
        cells[position] = parse::parse_cell(&table.columns[position], input)
            .unwrap_or_else(|error| panic!("{name}.{column}={value}: {error:?}"));
    }
    (table, Change::Upsert(InputRow { id, line, cells }))
}

/// Parses a script and returns its changes, in order.
pub(crate) fn changes(script: &str) -> Vec<(&'static Table, Change)> {
    let lines = (1..).zip(script.lines()).filter(|(_, text)| !text.trim().is_empty());
    lines.map(|(line, text)| change(line, text)).collect()
}

/// Begins an import, and expects it to start.
pub(crate) fn begin<'s>(
    store: &'s dyn Store,
    provider: ProviderId,
    seconds: i64,
    key: Option<IdempotencyKey>,
) -> Box<dyn ImportTransaction + 's> {
    match store.begin_import(provider, at(seconds), key).unwrap() {
        ImportStart::Started(import) => import,
        ImportStart::Answered(outcome) => panic!("answered before: {outcome:?}"),
        ImportStart::KeyConflict => panic!("key conflict"),
    }
}

/// Applies a script; consecutive lines of one table make one batch.
pub(crate) fn apply(import: &mut dyn ImportTransaction, script: &str) {
    let changes = changes(script);
    for batch in changes.chunk_by(|(a, _), (b, _)| a.position == b.position) {
        let rows = batch.iter().map(|(_, change)| change.clone()).collect();
        import.apply(batch[0].0, rows).unwrap();
    }
}

/// Imports a script at an instant.
pub(crate) fn import_at(
    store: &dyn Store,
    provider: ProviderId,
    seconds: i64,
    script: &str,
) -> Result<ImportOutcome, ImportErrors> {
    let mut import = begin(store, provider, seconds, None);
    apply(&mut *import, script);
    import.commit().unwrap().into_result()
}

/// Imports a script for [`P`]. Returns errors as `table line id column code`.
pub(crate) fn try_import(store: &dyn Store, script: &str) -> Result<ImportOutcome, Vec<String>> {
    import_at(store, P, NOW, script).map_err(|errors| shown(&errors))
}

/// Imports a script for [`P`], and expects it to be accepted.
#[track_caller]
pub(crate) fn import(store: &dyn Store, script: &str) -> ImportOutcome {
    try_import(store, script).unwrap()
}

/// Formats errors as `table line id column code`.
pub(crate) fn shown(errors: &ImportErrors) -> Vec<String> {
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
    let number = |number: Option<i64>| number.map_or_else(|| "-".into(), |n| n.to_string());
    let line = errors.errors.iter().map(|error| {
        assert!(!error.message.is_empty());
        let code = serde_json::to_value(error.code).unwrap();
        let line = error.line.map(u64::cast_signed);
        format!(
            "{} {} {} {} {}",
            text(&error.table),
            number(line),
            number(error.id),
            text(&error.column),
            code.as_str().unwrap()
        )
    });
    line.collect()
}

/// Formats the counts of one table as `received inserted updated unchanged deleted`.
pub(crate) fn counts(outcome: &ImportOutcome, table: &str) -> String {
    let counts = outcome.tables[table];
    format!(
        "{} {} {} {} {}",
        counts.received, counts.inserted, counts.updated, counts.unchanged, counts.deleted
    )
}

/// Creates providers [`P`] and [`Q`].
pub(crate) fn with_providers(store: &dyn Store) {
    store.create_provider(&Provider::new(P, "P")).unwrap();
    store.create_provider(&Provider::new(Q, "Q")).unwrap();
}

/// The rows that most other rows reference.
pub(crate) const BASE: &str = "+customers 1
    +customers 2
    +products 1
    +plans 1
    +memberships 1
    +offering_types 1
    +offering_types 2 kind=course
    +instructors 1
    +events 1
    +customer_memberships 1
    +customer_memberships 2
    +invoices 1";

/// Opens a database with both providers and with [`BASE`] for [`P`].
pub(crate) fn with_base(backend: &impl Backend) -> Box<dyn Store> {
    let store = backend.open();
    with_providers(&*store);
    import(&*store, BASE);
    store
}

pub(crate) fn at(seconds: i64) -> Instant {
    Instant::from_micros(seconds * 1_000_000)
}

/// Formats the named columns of a stored row; instants are numbers, as stored.
pub(crate) fn show(store: &dyn Store, table_name: &str, id: i64, columns: &str) -> String {
    let table = table(table_name).unwrap();
    let snapshot = store.snapshot().unwrap();
    let Some(cells) = snapshot.row(table, RowKey { provider: P, id }).unwrap() else {
        return "none".to_owned();
    };
    let values = columns.split_whitespace().map(|column| {
        match cells[table.position_of(column).unwrap()].as_ref() {
            CellRef::Null => "null".to_owned(),
            CellRef::Int(value) => value.to_string(),
            CellRef::Text(value) => value.to_owned(),
        }
    });
    values.collect::<Vec<_>>().join(" ")
}

/// Rows by key, each with its revision.
pub(crate) type StoredRows = BTreeMap<RowKey, (Revision, Vec<Cell>)>;

/// Collects the rows that a read visits, and checks that they come in the order of their keys.
pub(crate) fn collect(
    table: &'static Table,
    read: impl FnOnce(&mut store::port::RowVisitor<'_>) -> Result<(), store::StoreError>,
) -> StoredRows {
    let mut rows = StoredRows::new();
    read(&mut |row| {
        let cells = (0..table.columns.len()).map(|position| row.cell(position).to_cell());
        if let Some((last, _)) = rows.last_key_value() {
            assert!(*last < row.key(), "rows come by key");
        }
        rows.insert(row.key(), (row.revision(), cells.collect()));
        Ok(())
    })
    .unwrap();
    rows
}

/// Returns every row of a table.
pub(crate) fn all_rows(snapshot: &dyn Snapshot, table: &'static Table) -> StoredRows {
    collect(table, |visit| snapshot.rows(table, KeyRange::ALL, visit))
}

/// Returns the contents of every table, without revisions.
pub(crate) fn contents(store: &dyn Store) -> Vec<(&'static str, RowKey, Vec<Cell>)> {
    let snapshot = store.snapshot().unwrap();
    let mut all = Vec::new();
    for table in model::catalogue::tables() {
        let rows = all_rows(&*snapshot, table);
        all.extend(rows.into_iter().map(|(key, (_, cells))| (table.name, key, cells)));
    }
    all
}

/// Makes a test of every case for one adapter.
macro_rules! conformance_suite {
    ($name:ident, $backend:ty) => {
        mod $name {
            conformance_suite!(@cases $backend,
                accounts: providers_are_kept_and_changed,
                accounts: tokens_are_found_listed_and_revoked,
                accounts: uses_of_tokens_are_noted_by_day,
                accounts: the_secret_is_made_once,
                rows: absent_keeps_null_clears_and_defaults_fill,
                rows: derived_values_follow_their_sources_until_they_are_given,
                rows: the_same_rows_again_change_nothing,
                rows: updated_at_follows_changes_and_never_goes_back,
                rows: partial_rows_need_a_stored_one,
                rows: an_id_twice_in_one_call,
                rows: new_and_stored_rows_may_alternate,
                rows: deletions_are_counted_and_leave_keys,
                rows: values_come_from_parents_wherever_they_stand,
                rows: holds_bump_their_memberships,
                rows: rows_are_read_by_range_and_by_index,
                checks: each_rule_between_columns_is_checked,
                checks: references_are_checked_after_the_whole_call,
                checks: referenced_rows_stay,
                checks: allotments_name_offering_types_of_the_right_kind,
                checks: rows_have_the_currency_of_their_invoice,
                checks: errors_are_counted_past_the_list,
                checks: rows_after_very_many_errors_are_not_looked_at,
                commits: a_call_with_an_error_leaves_no_trace,
                commits: revisions_count_commits_that_change_something,
                commits: providers_do_not_see_each_other,
                commits: a_snapshot_stands_still,
                commits: keys_answer_the_same_request_once,
                commits: everything_is_there_after_opening_again,
                commits: handles_write_in_turn,
                commits: order_and_splitting_do_not_matter,
                commits: rows_too_large_for_one_batch_are_written_in_several,
                random: reads_and_deltas_agree_with_a_plain_model,
                jobs: a_job_goes_from_queued_to_succeeded,
                jobs: a_lapsed_lease_goes_to_another_worker,
                jobs: a_crash_in_the_last_attempt_is_handed_out_to_be_given_up,
                jobs: a_failed_attempt_is_tried_again_later,
                jobs: a_released_job_waits_for_the_next_worker,
                jobs: providers_take_turns,
                jobs: the_provider_served_longest_ago_comes_first,
                jobs: places_in_the_queue_are_counted,
                jobs: a_second_exclusive_job_is_refused_while_the_first_is_unfinished,
                jobs: limits_hold_for_a_whole_call,
                jobs: a_key_queues_once_within_a_day,
                jobs: cancellation_reaches_the_worker,
                jobs: downloads_are_counted_and_may_consume,
                jobs: files_expire_and_get_lost,
                jobs: old_jobs_are_swept,
                jobs: sweeping_is_bounded_and_comes_to_an_end,
                jobs: jobs_are_listed_newest_first,
                jobs: a_subject_keeps_its_number,
                jobs: work_goes_on_beside_an_import,
                groups: a_group_is_taken_as_one,
                groups: a_group_is_ended_in_one_transaction,
                races: each_job_is_finished_exactly_once,
                races: of_two_exclusive_jobs_at_once_one_wins,
                races: of_the_same_request_at_once_one_is_done,
                races: limits_hold_against_each_other,
                races: each_delivery_is_taken_once,
                races: no_revision_is_seen_without_those_before,
                notices: webhooks_are_kept_and_changed,
                notices: an_event_goes_to_every_webhook_that_wants_it,
                notices: deliveries_are_tried_until_they_end,
                notices: due_longest_comes_first,
                notices: one_delivery_at_a_time_is_under_way_to_a_webhook,
                notices: deliveries_of_providers_take_turns,
                notices: a_webhook_that_fails_rests,
                notices: only_so_many_deliveries_wait,
                notices: deliveries_are_listed_repeated_and_swept,
                random_jobs: the_queue_agrees_with_a_plain_list,
                books: a_closed_month_is_kept_with_its_parts,
                books: closing_is_all_or_nothing,
                books: only_who_knows_the_latest_month_closes,
                books: the_latest_month_may_be_reopened,
                books: of_two_closings_at_once_one_wins
            );
        }
    };
    (@cases $backend:ty, $($module:ident: $case:ident),+) => {
        $(
            #[test]
            fn $case() {
                crate::$module::$case(&<$backend as crate::harness::Backend>::fresh());
            }
        )+
    };
}
