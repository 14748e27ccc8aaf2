//! Drift: the comparison of closed months with the present records.
//! Rule: spec/accounting.md §11.3.
//!
//! First, whole invoices are compared by a fingerprint, which is equal if all postings are. Then
//! the single postings of invoices with different fingerprints are compared. So memory holds a few
//! numbers per invoice, and time is spent on what has changed.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use accounting::drift::{PostingDrift, postings_drift};
use accounting::package::{FieldValue, PackageRow, invoice_row, row_without_source, unlinked_row};
use accounting::posting::codec::{KEY_BYTES, key_bytes};
use accounting::records::Directory;
use accounting::settings::{CustomerBalanceView, LedgerSettings};
use accounting::{
    Horizon, LedgerCategory, LedgerSpan, Month, Posting, PostingSource, PostingTotals,
};
use mirror::MirrorSession;
use model::money::Currency;

use crate::error::PackageError;
use crate::frozen::FrozenBooks;
use crate::pass::{LedgerPass, LedgerVisit, PassObserver, books_of_session};
use crate::rows::PostingRow;
use crate::sorter::RowSorter;
use crate::tables::owned_fields;

/// A posting that differs from the frozen one, with the row of its adjustment.
pub struct DriftRow {
    /// The difference.
    pub drift: PostingDrift,
    /// The values of the adjustment's row.
    pub fields: Vec<FieldValue<'static>>,
}

/// The group of postings that is compared by one fingerprint: those of an invoice, or of a record
/// without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct PostingOwner(Option<PostingSource>, i64);

/// The frozen fingerprint of one owner.
#[derive(Default)]
struct FrozenFingerprint {
    fingerprint: u128,
    is_seen: AtomicBool,
}

/// The findings of one thread.
struct DriftFindings {
    changed: HashSet<PostingOwner>,
    postings: RowSorter<KEY_BYTES>,
}

/// Finds every posting of closed months that differs from the frozen one, and passes them to `sink`
/// by key. Blocking.
pub fn find_drift(
    session: &MirrorSession,
    frozen: &FrozenBooks<'_>,
    settings: &LedgerSettings,
    currency: Currency,
    folder: &Path,
    observer: PassObserver<'_>,
    sink: &mut dyn FnMut(DriftRow) -> Result<(), PackageError>,
) -> Result<(), PackageError> {
    let (Some(latest), Some(open)) = (frozen.latest(), frozen.first_open()) else {
        return Ok(());
    };
    let prints = frozen_fingerprints(frozen, currency)?;
    let books = books_of_session(session, settings);
    let span = LedgerSpan::until(Horizon::end_of_month(latest, &books.calendar));
    let pass = LedgerPass { books, currency, span };
    let view = settings.customer_balance_view;
    let begin = || DriftFindings { changed: HashSet::new(), postings: RowSorter::new(folder) };
    let visit = |found: &mut DriftFindings, visit: LedgerVisit<'_>| match visit {
        LedgerVisit::Invoice { records, ledger, directory } => {
            let owner = PostingOwner(None, records.invoice.id);
            let row_of = |posting| invoice_row(posting, records, directory, view);
            found.compare(owner, &ledger.postings, &prints, &row_of)
        }
        LedgerVisit::Untied { records, ledger, directory } => {
            let own = |posting: &&Posting| posting.currency == currency;
            for posting in ledger.postings.iter().filter(own) {
                let row_of = |posting| unlinked_row(posting, records, directory, view);
                let alone = std::slice::from_ref(posting);
                found.compare(owner_of(posting), alone, &prints, &row_of)?;
            }
            Ok(())
        }
        LedgerVisit::Links(_) | LedgerVisit::BalanceTransactions(_) => Ok(()),
    };
    let mut changed = HashSet::new();
    let mut postings = Vec::new();
    for part in pass.run(session, observer, &begin, &visit)? {
        changed.extend(part.changed);
        postings.push(part.postings);
    }
    let unseen = prints.iter().filter(|(_, frozen)| !frozen.is_seen.load(Ordering::Relaxed));
    changed.extend(unseen.filter(|(_, frozen)| frozen.fingerprint != 0).map(|(owner, _)| *owner));
    if changed.is_empty() {
        return Ok(());
    }
    let mut old = RowSorter::new(folder);
    frozen.visit_postings(currency, &mut |row| {
        if changed.contains(&owner_of(&row.posting)) {
            push_posting(&mut old, false, &row.posting, &row.fields)?;
        }
        Ok(())
    })?;
    postings.push(old);
    compare_keys(postings, open, view, sink)
}

/// Returns the fingerprint of each owner's frozen postings.
fn frozen_fingerprints(
    frozen: &FrozenBooks<'_>,
    currency: Currency,
) -> Result<HashMap<PostingOwner, FrozenFingerprint>, PackageError> {
    let mut prints: HashMap<PostingOwner, FrozenFingerprint> = HashMap::new();
    frozen.visit_postings(currency, &mut |row| {
        let owned = prints.entry(owner_of(&row.posting)).or_default();
        owned.fingerprint = owned.fingerprint.wrapping_add(posting_fingerprint(&row.posting));
        Ok(())
    })?;
    Ok(prints)
}

fn owner_of(posting: &Posting) -> PostingOwner {
    match posting.links.invoice_id {
        Some(invoice) => PostingOwner(None, invoice),
        None => PostingOwner(Some(posting.source), posting.source_id.unwrap_or_default()),
    }
}

/// Returns the fingerprint of a posting. It is linear in the amounts, so that an adjustment counts
/// towards the posting that it adjusts.
fn posting_fingerprint(posting: &Posting) -> u128 {
    let key = key_bytes(&posting.key());
    let half = |salt: u64| {
        let mut hasher = DefaultHasher::new();
        (salt, key).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    let weight = (half(1) << 64 | half(2)) | 1;
    let mut sum = 0_u128;
    let mut power = weight;
    for category in LedgerCategory::ALL {
        sum = sum.wrapping_add(posting.amounts[category].cast_unsigned().wrapping_mul(power));
        power = power.wrapping_mul(weight);
    }
    sum
}

impl DriftFindings {
    /// Keeps the postings of an owner if their fingerprint differs from the frozen one.
    fn compare<'a>(
        &mut self,
        owner: PostingOwner,
        postings: &'a [Posting],
        prints: &HashMap<PostingOwner, FrozenFingerprint>,
        row_of: &dyn Fn(
            &'a Posting,
        ) -> Result<PackageRow<'a>, accounting::invariants::BrokenInvariant>,
    ) -> Result<(), PackageError> {
        let fresh = postings.iter().map(posting_fingerprint).fold(0, u128::wrapping_add);
        let known = prints.get(&owner);
        if let Some(frozen) = known {
            frozen.is_seen.store(true, Ordering::Relaxed);
        }
        if known.map_or(0, |frozen| frozen.fingerprint) == fresh {
            return Ok(());
        }
        self.changed.insert(owner);
        for posting in postings {
            push_posting(&mut self.postings, true, posting, &row_of(posting)?.fields())?;
        }
        Ok(())
    }
}

fn push_posting(
    sorter: &mut RowSorter<KEY_BYTES>,
    is_fresh: bool,
    posting: &Posting,
    fields: &[FieldValue<'_>],
) -> Result<(), PackageError> {
    Ok(sorter.push(key_bytes(&posting.key()), |out| {
        out.push(u8::from(is_fresh));
        PostingRow::write(posting, fields, out);
    })?)
}

/// The fresh and the frozen postings of one key.
#[derive(Default)]
struct PostingsOfKey {
    fresh: Vec<Posting>,
    frozen: Vec<Posting>,
    /// The row of the present records, or else the frozen one. The flag is true for a present row.
    fields: Option<(bool, Vec<FieldValue<'static>>)>,
}

fn compare_keys(
    postings: Vec<RowSorter<KEY_BYTES>>,
    open: Month,
    view: CustomerBalanceView,
    sink: &mut dyn FnMut(DriftRow) -> Result<(), PackageError>,
) -> Result<(), PackageError> {
    let mut merged = RowSorter::merge(postings)?;
    let mut row = Vec::new();
    let mut current: Option<([u8; KEY_BYTES], PostingsOfKey)> = None;
    while let Some(key) = merged.next(&mut row)? {
        if current.as_ref().is_some_and(|(known, _)| *known != key) {
            finish_key(current.take(), open, view, sink)?;
        }
        let (_, sides) = current.get_or_insert_with(|| (key, PostingsOfKey::default()));
        let (is_fresh, bytes) = row.split_first().map_or((false, &[][..]), |(s, r)| (*s == 1, r));
        let stored = PostingRow::read(bytes)?;
        if !sides.fields.as_ref().is_some_and(|(known_fresh, _)| *known_fresh) {
            sides.fields = Some((is_fresh, owned_fields(stored.fields)));
        }
        let side = if is_fresh { &mut sides.fresh } else { &mut sides.frozen };
        side.push(stored.posting);
    }
    finish_key(current, open, view, sink)
}

fn finish_key(
    sides: Option<([u8; KEY_BYTES], PostingsOfKey)>,
    open: Month,
    view: CustomerBalanceView,
    sink: &mut dyn FnMut(DriftRow) -> Result<(), PackageError>,
) -> Result<(), PackageError> {
    let Some((_, sides)) = sides else { return Ok(()) };
    for drift in postings_drift(&sides.fresh, &sides.frozen, open) {
        let fields = match &sides.fields {
            Some((_, fields)) => adjustment_fields(fields.clone(), &drift.adjustment, view),
            None => owned_fields(
                row_without_source(&drift.adjustment, &Directory::default(), view).fields(),
            ),
        };
        sink(DriftRow { drift, fields })?;
    }
    Ok(())
}

/// Turns a row of the closed month into the row of its adjustment. The date, the amounts and the
/// corrected month are those of the adjustment; the other columns stay those of the record.
fn adjustment_fields(
    mut fields: Vec<FieldValue<'static>>,
    adjustment: &Posting,
    view: CustomerBalanceView,
) -> Vec<FieldValue<'static>> {
    let head = owned_fields(row_without_source(adjustment, &Directory::default(), view).fields());
    let columns = accounting::package::package_columns(adjustment.file);
    for ((field, own), column) in fields.iter_mut().zip(head).zip(columns) {
        let is_amount = LedgerCategory::ALL.iter().any(|category| category.as_str() == column.name);
        if is_amount || ["date", "occurred_at", "adjusts_month"].contains(&column.name) {
            *field = own;
        }
    }
    fields
}

/// Books an adjustment in its month. The totals of earlier months come from the present records, so
/// its opposite is booked in the previous month to make them equal to what was frozen.
pub(super) fn book_adjustment(totals: &mut PostingTotals, adjustment: &Posting) {
    totals.add(adjustment);
    let mut before = adjustment.clone();
    before.month = adjustment.month.previous();
    before.adjusts_month = None;
    before.amounts = -adjustment.amounts;
    totals.add(&before);
}
