//! An allotment prepared for counting. Rule: spec/usage.md §2, §3.

use model::allotment::{Allotment, LimitPeriod, LimitType};

/// The fields of a membership plan that usage depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsagePlan {
    /// The plan's allotment.
    pub limits: UsageLimits,
    /// True if a lifetime without a start date begins with the first counted use.
    pub begin_on_first_registration: bool,
}

/// An allotment with its limits in the order of the answer. Built once and used for many
/// memberships.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageLimits {
    ignore_no_shows: bool,
    types: Vec<LimitType>,
    periods: Vec<UsagePeriodLimit>,
}

/// One period limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UsagePeriodLimit {
    pub(crate) period: LimitPeriod,
    pub(crate) limit_type: LimitType,
    pub(crate) max_uses: Option<i64>,
    /// The limits of single offering types, in the allotment's order.
    pub(crate) offering_types: Vec<OfferingTypeCap>,
    /// Pairs of offering type id and position in `offering_types`, sorted by id.
    positions: Vec<(i64, usize)>,
}

/// One limit without its counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitEntry {
    /// The period of the limit.
    pub period: LimitPeriod,
    /// The kind of booking that the limit counts.
    pub limit_type: LimitType,
    /// The offering type's id, and whether its limit is extra; none for the period's own limit.
    pub own: Option<(i64, bool)>,
}

/// The limit of one offering type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OfferingTypeCap {
    pub(crate) offering_type: i64,
    /// None means no own limit: none was given, or a 0 that does not stand for zero.
    pub(crate) max_uses: Option<i64>,
    pub(crate) is_extra: bool,
}

impl UsageLimits {
    /// Builds the limits from a parsed allotment.
    pub fn from_allotment(allotment: &Allotment) -> Self {
        let mut periods: Vec<_> =
            allotment.period_limits.iter().map(UsagePeriodLimit::from_period_limit).collect();
        periods.sort_by_key(|limit| (limit.period, limit.limit_type));
        Self { ignore_no_shows: allotment.ignore_no_shows, types: allotment.types.clone(), periods }
    }

    /// Returns true if no-shows do not count as uses.
    pub fn ignores_no_shows(&self) -> bool {
        self.ignore_no_shows
    }

    /// Returns true if bookings of this type are allowed at all.
    pub fn allows(&self, limit_type: LimitType) -> bool {
        self.types.contains(&limit_type)
    }

    /// Returns the ids of the offering types that any limit names, ascending and without
    /// duplicates. The answer needs their names.
    pub fn offering_types(&self) -> Vec<i64> {
        let named = self.periods.iter().flat_map(|limit| limit.positions.iter());
        let mut ids: Vec<_> = named.map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Returns the limits in the order of the answer: every period limit, followed by the limits of
    /// single offering types in it. A usage report has one row for each. Rule: spec/usage.md §11.
    pub fn entries(&self) -> impl Iterator<Item = LimitEntry> {
        self.periods.iter().flat_map(|limit| {
            let (period, limit_type) = (limit.period, limit.limit_type);
            let of = move |own: Option<&OfferingTypeCap>| {
                let own = own.map(|own| (own.offering_type, own.is_extra));
                LimitEntry { period, limit_type, own }
            };
            std::iter::once(of(None))
                .chain(limit.offering_types.iter().map(move |own| of(Some(own))))
        })
    }

    /// Returns the period limits in the order of the answer.
    pub(crate) fn periods(&self) -> &[UsagePeriodLimit] {
        &self.periods
    }
}

impl UsagePeriodLimit {
    fn from_period_limit(limit: &model::allotment::PeriodLimit) -> Self {
        let own = limit.offering_types.iter().map(|own| OfferingTypeCap {
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

    /// Returns the position of the offering type's own limit, if it has one.
    pub(crate) fn position_of(&self, offering_type: i64) -> Option<usize> {
        let found = self.positions.binary_search_by_key(&offering_type, |(id, _)| *id);
        found.ok().map(|at| self.positions[at].1)
    }
}
