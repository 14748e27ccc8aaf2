//! The periods in which a customer membership was active, as a mask (see [`super::periods`]). It is
//! a single function over the stored columns, so that a row computes only the values it needs.
//! Rule: spec/reports.md §10 no. 9.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Int64Array, StringViewArray,
    TimestampMicrosecondArray, UInt16Array,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::prelude::col;

use super::periods::PeriodBounds;
use super::zone::ZoneOffsets;

/// The last day of a span that has no end.
const NEVER: i32 = i32::MAX;

/// The columns that the function reads, in the order of its arguments.
const COLUMNS: [&str; 11] = [
    "id",
    "status",
    "cancellation_reason",
    "start_date",
    "purchased_at",
    "expiration_date",
    "cancelled_at",
    "upgrade_date",
    "downgrade_date",
    "completed_at",
    "updated_at",
];

/// Returns the mask of the customer membership called `alias`. `waits` is never null and true if
/// the membership begins only with a first registration.
pub(crate) fn active_periods(
    alias: &str,
    waits: Expr,
    bounds: PeriodBounds,
    holds: Arc<HoldIndex>,
    offsets: ZoneOffsets,
) -> Expr {
    let columns = COLUMNS.iter().map(|name| col(format!("{alias}.{name}")));
    let signature = Signature::any(COLUMNS.len() + 1, Volatility::Immutable);
    ScalarUDF::new_from_impl(ActivePeriodsFunction { bounds, holds, offsets, signature })
        .call(columns.chain([waits]).collect())
}

/// The held days of customer memberships.
#[derive(Debug)]
pub(crate) struct HoldIndex {
    /// The ids of memberships with a hold, ascending.
    memberships: Vec<i64>,
    /// The end of each membership's spans in `spans`; they begin at the end of the one before.
    ends: Vec<usize>,
    /// The first and last held day of each hold, ordered by membership and first day.
    spans: Vec<(i32, i32)>,
    /// Reserves the memory of these vectors in the engine's pool.
    _memory: MemoryReservation,
}

impl HoldIndex {
    /// Makes the index from holds as (membership, first day, last day); a hold without a last day
    /// is open.
    pub(crate) fn new(
        mut holds: Vec<(i64, i32, Option<i32>)>,
        memory: MemoryReservation,
    ) -> Result<Self> {
        memory.try_grow(size_of_val(holds.as_slice()) * 2)?;
        holds.sort_unstable();
        let (mut memberships, mut ends) = (Vec::<i64>::new(), Vec::<usize>::new());
        let mut spans = Vec::with_capacity(holds.len());
        for (membership, first, last) in holds {
            if memberships.last() != Some(&membership) {
                memberships.push(membership);
                ends.push(spans.len());
            }
            spans.push((first, last.unwrap_or(NEVER)));
            if let Some(end) = ends.last_mut() {
                *end = spans.len();
            }
        }
        Ok(Self { memberships, ends, spans, _memory: memory })
    }

    fn at(&self, place: usize) -> &[(i32, i32)] {
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.spans[start..self.ends[place]]
    }
}

/// Finds the holds of one membership after another. Rows mostly come by id, so each search
/// continues where the last one ended.
struct HoldCursor<'h> {
    holds: &'h HoldIndex,
    place: usize,
}

impl<'h> HoldCursor<'h> {
    fn find(&mut self, membership: i64) -> &'h [(i32, i32)] {
        let known = &self.holds.memberships;
        if self.place > 0 && known[self.place - 1] >= membership {
            self.place = known.partition_point(|id| *id < membership);
        }
        let mut step = 1;
        while known.get(self.place + step - 1).is_some_and(|id| *id < membership) {
            self.place += step;
            step *= 2;
        }
        let until = known.len().min(self.place + step);
        self.place += known[self.place..until].partition_point(|id| *id < membership);
        match known.get(self.place) {
            Some(id) if *id == membership => self.holds.at(self.place),
            _ => &[],
        }
    }
}

#[derive(Debug)]
struct ActivePeriodsFunction {
    bounds: PeriodBounds,
    holds: Arc<HoldIndex>,
    offsets: ZoneOffsets,
    signature: Signature,
}

impl PartialEq for ActivePeriodsFunction {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.holds, &other.holds)
            && self.bounds == other.bounds
            && self.offsets == other.offsets
    }
}

impl Eq for ActivePeriodsFunction {}

impl Hash for ActivePeriodsFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bounds.hash(state);
        self.offsets.hash(state);
    }
}

impl ScalarUDFImpl for ActivePeriodsFunction {
    fn name(&self) -> &str {
        "active_periods"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::UInt16)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = args.args.iter().map(|column| column.to_array(args.number_rows));
        let memberships = MembershipColumns::from_arrays(arrays.collect::<Result<_>>()?)?;
        let mut holds = HoldCursor { holds: &self.holds, place: 0 };
        let masks = (0..args.number_rows).map(|row| {
            let Some((first, last)) = memberships.span(row, &self.offsets) else { return 0 };
            // Most life spans lie outside the periods or have no hold, so this skips the search for
            // holds.
            if last < first || first > self.bounds.last {
                return 0;
            }
            let held = holds.find(memberships.ids.value(row));
            unheld_periods_mask(&self.bounds, first, last, held)
        });
        Ok(ColumnarValue::Array(Arc::new(UInt16Array::from_iter_values(masks))))
    }
}

/// Returns the mask of the periods with a day from `first` to `last` that no hold covers. Holds
/// must be sorted by first day.
fn unheld_periods_mask(bounds: &PeriodBounds, first: i32, last: i32, held: &[(i32, i32)]) -> u16 {
    let mut mask = 0;
    let mut from = first;
    for (start, end) in held {
        if *start > last {
            break;
        }
        mask |= bounds.mask(from, start.saturating_sub(1));
        from = from.max(end.saturating_add(1));
    }
    mask | bounds.mask(from, last)
}

/// The columns of a batch of customer memberships.
struct MembershipColumns {
    ids: Int64Array,
    statuses: StringViewArray,
    reasons: StringViewArray,
    start_dates: Date32Array,
    purchased_at: TimestampMicrosecondArray,
    expiration_dates: Date32Array,
    cancelled_at: TimestampMicrosecondArray,
    upgrade_dates: Date32Array,
    downgrade_dates: Date32Array,
    completed_at: TimestampMicrosecondArray,
    updated_at: TimestampMicrosecondArray,
    waits: BooleanArray,
}

impl MembershipColumns {
    fn from_arrays(arrays: Vec<ArrayRef>) -> Result<Self> {
        let text = |place: usize| -> Result<StringViewArray> {
            Ok(cast(&arrays[place], &DataType::Utf8View)?.as_string_view().clone())
        };
        let date = |place: usize| arrays[place].as_primitive().clone();
        let instant = |place: usize| arrays[place].as_primitive().clone();
        Ok(Self {
            ids: arrays[0].as_primitive().clone(),
            statuses: text(1)?,
            reasons: text(2)?,
            start_dates: date(3),
            purchased_at: instant(4),
            expiration_dates: date(5),
            cancelled_at: instant(6),
            upgrade_dates: date(7),
            downgrade_dates: date(8),
            completed_at: instant(9),
            updated_at: instant(10),
            waits: arrays[11].as_boolean().clone(),
        })
    }

    /// Returns the first and last day between which a membership was active, ignoring holds. None
    /// if it never began.
    fn span(&self, row: usize, offsets: &ZoneOffsets) -> Option<(i32, i32)> {
        let date = |dates: &Date32Array| dates.is_valid(row).then(|| dates.value(row));
        let local = |instants: &TimestampMicrosecondArray| {
            instants.is_valid(row).then(|| offsets.date(instants.value(row)))
        };
        let first = date(&self.start_dates)
            .or_else(|| if self.waits.value(row) { None } else { local(&self.purchased_at) })?;
        let expiration = date(&self.expiration_dates);
        let mut last = expiration.unwrap_or(NEVER);
        let status = if self.statuses.is_valid(row) { self.statuses.value(row) } else { "" };
        // The day of a cancellation is the first day on which the membership is no longer active.
        let end = match local(&self.cancelled_at) {
            None if status == "cancelled" => {
                let reason = if self.reasons.is_valid(row) { self.reasons.value(row) } else { "" };
                let moved = match reason {
                    "upgraded" => date(&self.upgrade_dates),
                    "downgraded" => date(&self.downgrade_dates),
                    _ => None,
                };
                moved.or_else(|| local(&self.updated_at))
            }
            cancelled => cancelled,
        };
        if let Some(end) = end {
            last = last.min(end.saturating_sub(1));
        }
        if status == "completed" {
            let completed = local(&self.completed_at);
            let updated = || if expiration.is_none() { local(&self.updated_at) } else { None };
            last = last.min(completed.or_else(updated).unwrap_or(NEVER));
        }
        Some((first, last))
    }
}

#[cfg(test)]
mod tests {
    use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, UnboundedMemoryPool};

    use super::*;

    fn holds(holds: Vec<(i64, i32, Option<i32>)>) -> HoldIndex {
        let pool: Arc<dyn MemoryPool> = Arc::new(UnboundedMemoryPool::default());
        HoldIndex::new(holds, MemoryConsumer::new("holds").register(&pool)).unwrap()
    }

    #[test]
    fn periods_without_a_free_day_do_not_count() {
        // Days 10 to 19, 20 to 29, 30 to 39.
        let bounds = PeriodBounds { firsts: vec![10, 20, 30], last: 39 };
        let each_day = |first: i32, last: i32, held: &[(i32, i32)]| {
            let is_free = |day: &i32| !held.iter().any(|(a, b)| a <= day && day <= b);
            let days = (first.max(-20)..=last.min(60)).filter(is_free);
            days.fold(0, |mask, day| mask | bounds.mask(day, day))
        };
        for held in [
            vec![],
            vec![(10, 19)],
            vec![(10, 18)],
            vec![(5, 25), (15, 29)],
            vec![(5, 29), (6, 7), (30, 30)],
            vec![(-20, NEVER)],
            vec![(15, NEVER)],
            vec![(0, 9), (10, 19), (20, 29), (30, 39)],
            vec![(0, 50), (1, 2), (3, NEVER)],
            vec![(12, 12), (12, 40)],
        ] {
            for (first, last) in [(-20, 60), (12, 12), (10, 39), (20, NEVER), (0, 5), (15, 34)] {
                let expected = each_day(first, last, &held);
                assert_eq!(
                    unheld_periods_mask(&bounds, first, last, &held),
                    expected,
                    "{first}..{last} {held:?}"
                );
            }
        }
    }

    #[test]
    fn holds_are_found_in_any_order() {
        let ids = [3_i64, 4, 7, 20, 21, 22, 50];
        let all = ids.iter().flat_map(|id| {
            let day = i32::try_from(*id).unwrap();
            [(*id, day + 1, None), (*id, day, Some(day))]
        });
        let holds = holds(all.collect());
        let mut finder = HoldCursor { holds: &holds, place: 0 };
        let ascending = 0..60_i64;
        let jumping = (0..60_i64).map(|n| (n * 37) % 60);
        for id in ascending.chain(jumping).chain([50, 3, 50, 50, 4]) {
            let day = i32::try_from(id).unwrap();
            let expected: &[_] =
                if ids.contains(&id) { &[(day, day), (day + 1, NEVER)] } else { &[] };
            assert_eq!(finder.find(id), expected, "{id}");
        }
    }
}
