//! Tests of closed months: all or nothing, versions, unchanged content.
//! Rule: spec/accounting.md §11.

use model::id::Revision;
use model::money::Currency;
use model::time::Date;
use sha2::{Digest, Sha256};
use store::Store;
use store::port::books::{
    CloseStart, ClosedMonth, ClosedMonthKey, ClosedPart, ClosedPartKind, MonthClosing,
    MonthReopening, NewClosedMonth, ReopenOutcome,
};

use crate::harness::{Backend, P, Q, at, with_providers};

fn month(number: i8) -> Date {
    Date::new(2026, number, 1).unwrap()
}

fn new(number: i8) -> NewClosedMonth {
    NewClosedMonth {
        month: month(number),
        closed_at: at(100),
        closed_by: "ann@example.com".to_owned(),
        note: Some("all \"checked\"".to_owned()),
        revision: Revision(7),
        facts: "{\"zone\":\"UTC\"}".to_owned(),
    }
}

fn key(number: i8, version: u32) -> ClosedMonthKey {
    ClosedMonthKey { provider: P, month: month(number), version }
}

fn usd() -> Currency {
    Currency::parse("usd").unwrap()
}

fn content(length: usize, seed: u64) -> Vec<u8> {
    let byte = |n: usize| (n as u64 * 31 + seed + (n as u64 >> 11)) as u8;
    (0..length).map(byte).collect()
}

fn part(kind: ClosedPartKind, content: &[u8]) -> ClosedPart {
    let sha256 = Sha256::digest(content).into();
    let bytes = content.len() as u64;
    ClosedPart { currency: usd(), kind, bytes, sha256, facts: "{\"a\":1}".to_owned() }
}

fn begin<'s>(store: &'s dyn Store, latest: Option<i8>) -> Box<dyn MonthClosing + 's> {
    match store.begin_close(P, latest.map(month)).unwrap() {
        CloseStart::Started(closing) => closing,
        CloseStart::Changed => panic!("changed"),
    }
}

fn close(store: &dyn Store, number: i8, latest: Option<i8>, contents: &[&[u8]]) -> u32 {
    let kinds = [ClosedPartKind::Contract, ClosedPartKind::Full, ClosedPartKind::Postings];
    let mut closing = begin(store, latest);
    let version = closing.add_month(&new(number)).unwrap();
    for (mut content, kind) in contents.iter().copied().zip(kinds) {
        closing.add_part(&part(kind, content), &mut content).unwrap();
    }
    closing.commit().unwrap();
    version
}

/// Reads a whole part, `step` bytes at a time.
fn read(store: &dyn Store, key: ClosedMonthKey, kind: ClosedPartKind, step: usize) -> Vec<u8> {
    let mut all = Vec::new();
    let mut buffer = vec![0; step];
    loop {
        let offset = all.len() as u64;
        let count = store.read_closed_part(key, usd(), kind, offset, &mut buffer).unwrap();
        all.extend_from_slice(&buffer[..count]);
        if count < step {
            return all;
        }
    }
}

/// Closes a month with parts of several chunks.
pub(crate) fn close_some(store: &dyn Store) {
    close(store, 1, None, &[&content(3_000_001, 1), b"", &content(1 << 20, 2)]);
}

pub(crate) fn a_closed_month_is_kept_with_its_parts(backend: &impl Backend) {
    let store = backend.open();
    with_providers(&*store);
    let revision = store.revision().unwrap();
    let (contract, full) = (content(3_000_001, 1), content(2 << 20, 2));
    assert_eq!(close(&*store, 1, None, &[&contract, &full, b""]), 1);
    let expected = ClosedMonth {
        month: month(1),
        version: 1,
        closed_at: at(100),
        closed_by: "ann@example.com".to_owned(),
        note: Some("all \"checked\"".to_owned()),
        revision: Revision(7),
        facts: "{\"zone\":\"UTC\"}".to_owned(),
        reopened: None,
    };
    let store = backend.open();
    assert_eq!(store.closed_months(P).unwrap(), [expected]);
    assert_eq!(store.closed_months(Q).unwrap(), []);
    let parts = store.closed_parts(key(1, 1)).unwrap();
    let expected = [
        part(ClosedPartKind::Contract, &contract),
        part(ClosedPartKind::Full, &full),
        part(ClosedPartKind::Postings, b""),
    ];
    assert_eq!(parts, expected);
    for step in [65_536, 1 << 20, 3_000_000, 9_999_999] {
        assert!(read(&*store, key(1, 1), ClosedPartKind::Contract, step) == contract, "{step}");
        assert!(read(&*store, key(1, 1), ClosedPartKind::Full, step) == full, "{step}");
    }
    assert_eq!(read(&*store, key(1, 1), ClosedPartKind::Postings, 10), b"");
    let mut buffer = [0; 10];
    let kind = ClosedPartKind::Contract;
    let mut read_at =
        |key, currency, offset| store.read_closed_part(key, currency, kind, offset, &mut buffer);
    assert_eq!(read_at(key(1, 1), usd(), 3_000_000).unwrap(), 1);
    assert_eq!(read_at(key(1, 1), usd(), 3_000_001).unwrap(), 0);
    assert_eq!(read_at(key(1, 1), usd(), 1 << 40).unwrap(), 0);
    let theirs = ClosedMonthKey { provider: Q, ..key(1, 1) };
    for (key, currency) in
        [(key(1, 2), "usd"), (key(2, 1), "usd"), (theirs, "usd"), (key(1, 1), "eur")]
    {
        let currency = Currency::parse(currency).unwrap();
        assert_eq!(read_at(key, currency, 0).unwrap_err().code(), "not_found");
    }
    for key in [key(1, 2), key(2, 1), theirs] {
        assert_eq!(store.closed_parts(key).unwrap_err().code(), "not_found");
    }
    assert_eq!(store.revision().unwrap(), revision, "no rows, no revision");
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

pub(crate) fn closing_is_all_or_nothing(backend: &impl Backend) {
    let store = backend.open();
    with_providers(&*store);
    let bytes = content(2_000_000, 1);
    {
        let mut closing = begin(&*store, None);
        closing.add_month(&new(1)).unwrap();
        let part = part(ClosedPartKind::Full, &bytes);
        closing.add_part(&part, &mut bytes.as_slice()).unwrap();
        closing.add_month(&new(2)).unwrap();
    }
    assert_eq!(store.closed_months(P).unwrap(), []);
    assert_eq!(store.audit(P, 10).unwrap(), []);

    // A closing with content of a wrong size or hash leaves no trace either.
    for wrong in [&bytes[1..], &content(2_000_000, 2)] {
        let mut closing = begin(&*store, None);
        closing.add_month(&new(1)).unwrap();
        let part = part(ClosedPartKind::Full, &bytes);
        let mut wrong = wrong;
        let error = closing.add_part(&part, &mut wrong).unwrap_err();
        assert_eq!(error.code(), "store_damaged");
        assert_eq!(closing.commit().unwrap_err().code(), "store_unavailable");
    }
    assert_eq!(store.closed_months(P).unwrap(), []);

    let mut closing = begin(&*store, None);
    for number in [1, 2, 3] {
        closing.add_month(&new(number)).unwrap();
        let part = part(ClosedPartKind::Contract, &bytes);
        closing.add_part(&part, &mut bytes.as_slice()).unwrap();
    }
    closing.commit().unwrap();
    assert_eq!(store.closed_months(P).unwrap().len(), 3);
    assert_eq!(store.audit(P, 10).unwrap().len(), 3);

    let mut closing = begin(&*store, Some(3));
    assert_eq!(closing.add_month(&new(3)).unwrap_err().code(), "exists");
    drop(closing);
    let nobody = store.begin_close(model::id::ProviderId(99), None).map(|_| ());
    assert_eq!(nobody.unwrap_err().code(), "not_found");
    crate::harness::import(&*store, "+customers 1");
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

pub(crate) fn only_who_knows_the_latest_month_closes(backend: &impl Backend) {
    let store = backend.open();
    with_providers(&*store);
    let is_changed = |provider, latest: Option<i8>| {
        let start = store.begin_close(provider, latest.map(month)).unwrap();
        matches!(start, CloseStart::Changed)
    };
    assert!(is_changed(P, Some(1)) && !is_changed(P, None));
    close(&*store, 1, None, &[]);
    assert!(is_changed(P, None) && is_changed(P, Some(2)) && !is_changed(P, Some(1)));
    assert!(!is_changed(Q, None), "another provider's months are others");
    store.reopen_month(P, month(1), "bob", "typo", at(200)).unwrap();
    assert!(is_changed(P, Some(1)) && !is_changed(P, None));
}

pub(crate) fn the_latest_month_may_be_reopened(backend: &impl Backend) {
    let store = backend.open();
    with_providers(&*store);
    let (first, second) = (content(1_500_000, 1), content(1_500_000, 2));
    close(&*store, 1, None, &[&first]);
    close(&*store, 2, Some(1), &[]);
    let reopen = |provider, number| {
        store.reopen_month(provider, month(number), "bob", "a \"typo\"", at(200)).unwrap()
    };
    assert_eq!(reopen(P, 1), ReopenOutcome::NotLatest);
    assert_eq!(reopen(P, 3), ReopenOutcome::NotClosed);
    assert_eq!(reopen(Q, 2), ReopenOutcome::NotClosed);
    assert!(matches!(reopen(P, 2), ReopenOutcome::Reopened(_)));
    assert_eq!(reopen(P, 2), ReopenOutcome::NotClosed);
    let ReopenOutcome::Reopened(reopened) = reopen(P, 1) else { panic!("not reopened") };
    let how = MonthReopening { at: at(200), by: "bob".to_owned(), reason: "a \"typo\"".to_owned() };
    assert_eq!((reopened.version, &reopened.reopened), (1, &Some(how)));
    assert_eq!(store.closed_months(P).unwrap()[0], reopened);

    assert_eq!(close(&*store, 1, None, &[&second]), 2);
    assert_eq!(read(&*store, key(1, 1), ClosedPartKind::Contract, 100_000), first);
    assert_eq!(read(&*store, key(1, 2), ClosedPartKind::Contract, 100_000), second);
    let closings: Vec<_> = store.closed_months(P).unwrap();
    let closings: Vec<_> =
        closings.iter().map(|m| (m.month, m.version, m.reopened.is_none())).collect();
    assert_eq!(closings, [(month(1), 1, false), (month(1), 2, true), (month(2), 1, false)]);

    let audit = store.audit(P, 10).unwrap();
    let line = |entry: &store::port::books::AuditEntry| {
        format!("{} {} {} {}", entry.kind, entry.subject, entry.by, entry.at)
    };
    let lines: Vec<_> = audit.iter().map(line).collect();
    let expected = [
        "month_closed 2026-01 ann@example.com 1970-01-01T00:01:40Z",
        "month_reopened 2026-01 bob 1970-01-01T00:03:20Z",
        "month_reopened 2026-02 bob 1970-01-01T00:03:20Z",
        "month_closed 2026-02 ann@example.com 1970-01-01T00:01:40Z",
        "month_closed 2026-01 ann@example.com 1970-01-01T00:01:40Z",
    ];
    assert_eq!(lines, expected);
    assert_eq!(audit[1].detail, "{\"version\":1,\"reason\":\"a \\\"typo\\\"\"}");
    assert_eq!(audit[0].detail, "{\"version\":2,\"revision\":7,\"note\":\"all \\\"checked\\\"\"}");
    assert_eq!(store.audit(P, 2).unwrap(), audit[..2]);
    assert_eq!(store.audit(Q, 10).unwrap(), []);
}

pub(crate) fn of_two_closings_at_once_one_wins(backend: &(impl Backend + Sync)) {
    let store = backend.open();
    with_providers(&*store);
    let won: usize = std::thread::scope(|scope| {
        let close = || {
            let store = backend.open();
            match store.begin_close(P, None).unwrap() {
                CloseStart::Changed => 0,
                CloseStart::Started(mut closing) => {
                    closing.add_month(&new(1)).unwrap();
                    closing.commit().unwrap();
                    1
                }
            }
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(close)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!((won, store.closed_months(P).unwrap().len()), (1, 1));
}
