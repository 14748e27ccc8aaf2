//! Drift: differences between the postings frozen in closed months and today's postings for them.
//! Rule: spec/accounting.md §11.3.

use std::collections::BTreeMap;

use crate::calendar::Month;
use crate::posting::{CategoryAmounts, PieceShare, Posting, PostingKey};

/// A posting whose amounts today differ from the frozen ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostingDrift {
    /// The key of the posting.
    pub key: PostingKey,
    /// The amounts that would be posted today.
    pub fresh: CategoryAmounts,
    /// The amounts that all closed months hold for this key.
    pub frozen: CategoryAmounts,
    /// The adjustment that corrects the difference, in the first open month.
    pub adjustment: Posting,
}

impl PostingDrift {
    /// Returns fresh − frozen.
    pub fn difference(&self) -> CategoryAmounts {
        self.fresh - self.frozen
    }
}

/// Compares fresh postings with those frozen in closed months, including adjustments. `open` is the
/// first open month; fresh postings from it on are not drift. The result is sorted by key.
pub fn postings_drift(fresh: &[Posting], frozen: &[Posting], open: Month) -> Vec<PostingDrift> {
    let mut keys: BTreeMap<PostingKey, (Vec<&Posting>, Vec<&Posting>)> = BTreeMap::new();
    for posting in fresh.iter().filter(|posting| posting.key().month < open) {
        keys.entry(posting.key()).or_default().0.push(posting);
    }
    for posting in frozen {
        keys.entry(posting.key()).or_default().1.push(posting);
    }
    let sum = |postings: &[&Posting]| {
        postings.iter().fold(CategoryAmounts::ZERO, |sum, posting| sum + posting.amounts)
    };
    let mut drifts = Vec::new();
    for (key, (fresh, frozen)) in keys {
        let (fresh_sum, frozen_sum) = (sum(&fresh), sum(&frozen));
        let Some(latest) = fresh.first().or(frozen.last()).filter(|_| fresh_sum != frozen_sum)
        else {
            continue;
        };
        let adjustment = Posting {
            month: open,
            date: open.first_day(),
            amounts: fresh_sum - frozen_sum,
            shares: difference_by_piece(&fresh, &frozen),
            adjusts_month: Some(key.month),
            ..(*latest).clone()
        };
        drifts.push(PostingDrift { key, fresh: fresh_sum, frozen: frozen_sum, adjustment });
    }
    drifts
}

fn difference_by_piece(fresh: &[&Posting], frozen: &[&Posting]) -> Vec<PieceShare> {
    let mut pieces: BTreeMap<_, PieceShare> = BTreeMap::new();
    let signed = fresh.iter().map(|posting| (1, posting));
    for (sign, posting) in signed.chain(frozen.iter().map(|posting| (-1, posting))) {
        for share in &posting.shares {
            let key = (share.piece, share.plan_id, share.product_id);
            let zero = PieceShare { deferred: 0, recognized: 0, ..*share };
            let sum = pieces.entry(key).or_insert(zero);
            sum.deferred += sign * share.deferred;
            sum.recognized += sign * share.recognized;
        }
    }
    let is_moved = |share: &PieceShare| (share.deferred, share.recognized) != (0, 0);
    pieces.into_values().filter(is_moved).collect()
}
