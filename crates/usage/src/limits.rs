//! An allotment made ready for counting. Rule: spec/usage.md §2, §3.

use model::allotment::{Allotment, LimitType, Period};

/// A membership plan's part in usage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The plan's allotment.
    pub limits: Limits,
    /// Whether a lifetime without a start date begins with the first counted use.
    pub begin_on_first_registration: bool,
}

/// An allotment, its limits in the order of the answer. Made once, used for many memberships.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    ignore_no_shows: bool,
    types: Vec<LimitType>,
    periods: Vec<Limit>,
}

/// One period limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) period: Period,
    pub(crate) limit_type: LimitType,
    pub(crate) max_uses: Option<i64>,
    /// In the allotment's order.
    pub(crate) offering_types: Vec<OwnLimit>,
    /// Offering type and its position in `offering_types`, by offering type.
    positions: Vec<(i64, usize)>,
}

/// One limit, without its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitEntry {
    /// The period that it limits, or in which it limits an offering type.
    pub period: Period,
    /// What it counts.
    pub limit_type: LimitType,
    /// The offering type and whether it is extra; none = the period's own limit.
    pub own: Option<(i64, bool)>,
}

/// A limit of one offering type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnLimit {
    pub(crate) offering_type: i64,
    /// None: no own limit, be it given so or as a zero that is not allowed.
    pub(crate) max_uses: Option<i64>,
    pub(crate) is_extra: bool,
}

impl Limits {
    /// From a parsed allotment.
    pub fn of(allotment: &Allotment) -> Self {
        let mut periods: Vec<_> = allotment.period_limits.iter().map(Limit::of).collect();
        periods.sort_by_key(|limit| (limit.period, limit.limit_type));
        Self { ignore_no_shows: allotment.ignore_no_shows, types: allotment.types.clone(), periods }
    }

    /// Whether no-shows are not uses.
    pub fn ignores_no_shows(&self) -> bool {
        self.ignore_no_shows
    }

    /// Whether this kind may be booked at all.
    pub fn allows(&self, limit_type: LimitType) -> bool {
        self.types.contains(&limit_type)
    }

    /// Offering types named in any limit, ascending, each once: their names are needed for the
    /// answer.
    pub fn offering_types(&self) -> Vec<i64> {
        let named = self.periods.iter().flat_map(|limit| limit.positions.iter());
        let mut ids: Vec<_> = named.map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// What each row of a report about usage is about, in the order of the answer: every period
    /// limit, followed by the limits of single offering types in it. Rule: spec/usage.md §11.
    pub fn entries(&self) -> impl Iterator<Item = LimitEntry> {
        self.periods.iter().flat_map(|limit| {
            let (period, limit_type) = (limit.period, limit.limit_type);
            let of = move |own: Option<&OwnLimit>| {
                let own = own.map(|own| (own.offering_type, own.is_extra));
                LimitEntry { period, limit_type, own }
            };
            std::iter::once(of(None))
                .chain(limit.offering_types.iter().map(move |own| of(Some(own))))
        })
    }

    /// Limits in the order of the answer.
    pub(crate) fn periods(&self) -> &[Limit] {
        &self.periods
    }
}

impl Limit {
    fn of(limit: &model::allotment::PeriodLimit) -> Self {
        let own = limit.offering_types.iter().map(|own| OwnLimit {
            offering_type: own.offering_type,
            max_uses: own.max_uses.filter(|uses| *uses != 0 || own.allow_zero),
            is_extra: own.is_extra,
        });
        let offering_types: Vec<_> = own.collect();
        let positions = offering_types.iter().enumerate();
        let mut positions: Vec<_> = positions.map(|(at, own)| (own.offering_type, at)).collect();
        positions.sort_unstable();
        Self {
            period: limit.period,
            limit_type: limit.limit_type,
            max_uses: limit.max_uses,
            offering_types,
            positions,
        }
    }

    /// Position of the offering type's own limit, when it has one.
    pub(crate) fn position_of(&self, offering_type: i64) -> Option<usize> {
        let found = self.positions.binary_search_by_key(&offering_type, |(id, _)| *id);
        found.ok().map(|at| self.positions[at].1)
    }
}
