//! Compares random sequences of calls with a plain map: full reads, changed rows and deleted keys
//! must agree after every commit, from every earlier revision.

use std::collections::{BTreeMap, BTreeSet};

use model::catalogue::{Table, table};
use model::cell::Cell;
use model::id::{ProviderId, Revision};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use store::{RowKey, Store};

use crate::harness::{Backend, P, Q, StoredRows, all_rows, begin, change, collect, with_providers};

/// One row of a call: its id, and its new content; none deletes it.
type RowStep = (i64, Option<u8>);
/// The expected rows: the content, and the revision of the last write.
type RowModel = BTreeMap<RowKey, (u8, Revision)>;

fn calls() -> impl Strategy<Value = Vec<(bool, Vec<RowStep>)>> {
    let step = (1..60_i64, prop::option::weighted(0.7, 0..3_u8));
    prop::collection::vec((any::<bool>(), prop::collection::vec(step, 0..60)), 1..10)
}

pub(crate) fn reads_and_deltas_agree_with_a_plain_model(backend: &impl Backend) {
    let store = backend.open();
    with_providers(&*store);
    let config = Config { cases: 24, failure_persistence: None, ..Config::default() };
    let mut model = RowModel::new();
    let mut history = Vec::new();
    let model = std::cell::RefCell::new((&mut model, &mut history));
    TestRunner::new(config)
        .run(&calls(), |calls| {
            let (model, history) = &mut *model.borrow_mut();
            for (is_q, steps) in calls {
                let provider = if is_q { Q } else { P };
                run_call(&*store, provider, &steps, model);
                check(&*store, model, history);
            }
            Ok(())
        })
        .unwrap();
}

/// Applies one call to the store and to the model, as one batch. Only the first step for an id
/// counts.
fn run_call(store: &dyn Store, provider: ProviderId, steps: &[RowStep], model: &mut RowModel) {
    let sites = table("sites").unwrap();
    let revision = store.revision().unwrap().next();
    let mut import = begin(store, provider, 7, None);
    let mut has_changed = false;
    let mut ids = BTreeSet::new();
    let mut batch = Vec::new();
    for (id, content) in steps.iter().filter(|(id, _)| ids.insert(*id)).copied() {
        let key = RowKey { provider, id };
        let text = match content {
            Some(content) => format!("sites {id} name=N{content}"),
            None => format!("delete sites {id}"),
        };
        batch.push(change(1, &text).1);
        match content {
            Some(content) if model.get(&key).map(|(was, _)| *was) != Some(content) => {
                model.insert(key, (content, revision));
                has_changed = true;
            }
            None => has_changed |= model.remove(&key).is_some(),
            Some(_) => {}
        }
    }
    import.apply(sites, batch).unwrap();
    let outcome = import.commit().unwrap().into_result().unwrap();
    let expected = if has_changed { revision } else { Revision(revision.0 - 1) };
    assert_eq!(outcome.revision, expected);
}

fn check(store: &dyn Store, model: &RowModel, history: &mut Vec<(Revision, BTreeSet<RowKey>)>) {
    let sites = table("sites").unwrap();
    let snapshot = store.snapshot().unwrap();
    assert_eq!(plain(sites, &all_rows(&*snapshot, sites)), *model);
    assert_eq!(snapshot.count(sites).unwrap(), model.len() as u64);
    let start = history.len().saturating_sub(5);
    for (after, keys) in &history[start..] {
        let changed = collect(sites, |visit| snapshot.rows_changed_since(sites, *after, visit));
        let mut expected = model.clone();
        expected.retain(|_, (_, revision)| *revision > *after);
        assert_eq!(plain(sites, &changed), expected, "changed since {after}");

        let deleted = snapshot.keys_deleted_since(sites, *after).unwrap();
        assert!(deleted.is_sorted());
        let deleted: BTreeSet<_> = deleted.into_iter().collect();
        assert!(deleted.iter().all(|key| !model.contains_key(key)));
        // The earlier keys, without the deleted and with the changed ones, are the present keys.
        let mut rebuilt: BTreeSet<_> = keys.difference(&deleted).copied().collect();
        rebuilt.extend(changed.keys());
        assert_eq!(rebuilt, model.keys().copied().collect(), "deleted since {after}");
    }
    history.push((snapshot.revision(), model.keys().copied().collect()));
}

fn plain(table: &Table, rows: &StoredRows) -> RowModel {
    let name = table.position_of("name").unwrap();
    let content = |cells: &[Cell]| {
        let digit = cells[name].as_text().and_then(|text| text.strip_prefix('N'));
        digit.unwrap().parse().unwrap()
    };
    rows.iter().map(|(key, (revision, cells))| (*key, (content(cells), *revision))).collect()
}
