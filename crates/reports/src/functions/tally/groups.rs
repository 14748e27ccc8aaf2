//! The accumulator that holds the tallies of all groups.

use std::mem::size_of;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, FixedSizeListArray,
};
use datafusion::arrow::datatypes::{Decimal128Type, Int64Type, UInt16Type};
use datafusion::error::Result;
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};
use datafusion::scalar::ScalarValue;

use super::{SUM_BEFORE, SUM_OF_ALL, TallyInput, item, out_of_range_error};

/// The tallies of all groups, stored one after the other.
#[derive(Debug)]
pub(super) struct GroupTallies {
    input: TallyInput,
    width: usize,
    sums: Vec<i128>,
}

impl GroupTallies {
    pub(super) fn new(input: TallyInput, width: usize) -> Self {
        Self { input, width, sums: Vec::new() }
    }

    /// Grows to this many groups.
    pub(super) fn reserve_groups(&mut self, groups: usize) {
        self.sums.resize(groups * self.width, 0);
    }

    fn tallies_of_group(&mut self, group: usize) -> &mut [i128] {
        &mut self.sums[group * self.width..][..self.width]
    }

    fn add_rows(
        &mut self,
        arguments: &[ArrayRef],
        groups: &[usize],
        is_wanted: impl Fn(usize) -> bool,
    ) -> Result<()> {
        let values = arguments[0].as_primitive::<Int64Type>();
        let masks = arguments.get(1).map(|masks| masks.as_primitive::<UInt16Type>());
        for (row, group) in groups.iter().enumerate() {
            if values.is_null(row) || !is_wanted(row) {
                continue;
            }
            let mask = masks.filter(|masks| masks.is_valid(row)).map_or(0, |m| m.value(row));
            add_row(self.tallies_of_group(*group), i128::from(values.value(row)), mask)?;
        }
        Ok(())
    }

    fn add_tallies(
        &mut self,
        tallies: &ArrayRef,
        groups: &[usize],
        is_wanted: impl Fn(usize) -> bool,
    ) -> Result<()> {
        let tallies = tallies.as_fixed_size_list();
        let sums = tallies.values().as_primitive::<Decimal128Type>().values();
        let rows = sums.chunks_exact(self.width).zip(groups).enumerate();
        for (_, (sums, group)) in rows.filter(|(row, _)| is_wanted(*row)) {
            for (total, sum) in self.tallies_of_group(*group).iter_mut().zip(sums) {
                add(total, *sum)?;
            }
        }
        Ok(())
    }

    /// Takes tallies out, as DataFusion asks for them.
    pub(super) fn take(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let emit = match emit {
            EmitTo::All => EmitTo::All,
            EmitTo::First(groups) => EmitTo::First(groups * self.width),
        };
        let sums = Decimal128Array::from(emit.take_needed(&mut self.sums));
        let sums = sums.with_precision_and_scale(38, 0)?;
        let width = i32::try_from(self.width).unwrap_or_default();
        Ok(Arc::new(FixedSizeListArray::try_new(item(), width, Arc::new(sums), None)?))
    }
}

/// Adds a value to the sum over all rows, and records a difference at both ends of each run of
/// periods.
fn add_row(sums: &mut [i128], value: i128, mask: u16) -> Result<()> {
    add(&mut sums[SUM_OF_ALL], value)?;
    let mask = u32::from(mask);
    let mut edges = mask ^ (mask << 1);
    let mut change = value;
    while edges != 0 {
        let position = SUM_BEFORE + edges.trailing_zeros() as usize;
        let Some(sum) = sums.get_mut(position) else { break };
        add(sum, change)?;
        change = -change;
        edges &= edges - 1;
    }
    Ok(())
}

fn add(total: &mut i128, value: i128) -> Result<()> {
    *total = total.checked_add(value).ok_or_else(out_of_range_error)?;
    Ok(())
}

fn filter_predicate(filter: Option<&BooleanArray>) -> impl Fn(usize) -> bool {
    move |row| filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row))
}

impl GroupsAccumulator for GroupTallies {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.reserve_groups(total_num_groups);
        match self.input {
            TallyInput::Rows => self.add_rows(values, group_indices, filter_predicate(opt_filter)),
            TallyInput::Tallies => {
                self.add_tallies(&values[0], group_indices, filter_predicate(opt_filter))
            }
        }
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.reserve_groups(total_num_groups);
        self.add_tallies(&values[0], group_indices, |_| true)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        self.take(emit_to)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.take(emit_to)?])
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let rows = values[0].len();
        let mut each = Self::new(self.input, self.width);
        each.update_batch(values, &(0..rows).collect::<Vec<_>>(), opt_filter, rows)?;
        each.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        self.sums.capacity() * size_of::<i128>()
    }
}

/// The accumulator of an aggregate without groups.
#[derive(Debug)]
pub(super) struct SingleGroupTally(pub(super) GroupTallies);

impl Accumulator for SingleGroupTally {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        GroupsAccumulator::update_batch(&mut self.0, values, &vec![0; values[0].len()], None, 1)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        GroupsAccumulator::merge_batch(&mut self.0, states, &vec![0; states[0].len()], 1)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.0.reserve_groups(1);
        let tally = self.0.take(EmitTo::All)?;
        ScalarValue::try_from_array(&tally, 0)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![Accumulator::evaluate(self)?])
    }

    fn size(&self) -> usize {
        size_of::<Self>() + GroupsAccumulator::size(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{Int64Array, UInt16Array};

    use super::super::FIRST_PERIOD_SUM;
    use super::*;

    /// Three periods.
    const WIDTH: usize = FIRST_PERIOD_SUM + 3;

    fn rows(values: &[i64], masks: &[u16]) -> Vec<ArrayRef> {
        vec![
            Arc::new(Int64Array::from(values.to_vec())),
            Arc::new(UInt16Array::from(masks.to_vec())),
        ]
    }

    fn cells(tallies: &ArrayRef, group: usize) -> Vec<i128> {
        let tally = tallies.as_fixed_size_list().value(group);
        let sums = tally.as_primitive::<Decimal128Type>().values().to_vec();
        let sum = |position| sums[SUM_BEFORE..=position].iter().sum();
        std::iter::once(sums[SUM_OF_ALL]).chain((SUM_BEFORE..WIDTH).map(sum)).collect()
    }

    #[test]
    fn every_mask_counts_in_exactly_its_periods() {
        for mask in 0..16_u16 {
            let mut groups = GroupTallies::new(TallyInput::Rows, WIDTH);
            GroupsAccumulator::update_batch(&mut groups, &rows(&[7], &[mask]), &[0], None, 1)
                .unwrap();
            let tallies = GroupsAccumulator::evaluate(&mut groups, EmitTo::All).unwrap();
            let expected = (0..4).map(|bit| if mask & (1 << bit) == 0 { 0 } else { 7 });
            let expected = std::iter::once(7).chain(expected).collect::<Vec<_>>();
            assert_eq!(cells(&tallies, 0), expected, "{mask:04b}");
        }
    }

    #[test]
    fn tallies_are_the_same_however_they_are_merged() {
        let values = rows(&[5, -3, 11, 2], &[0b1111, 0b0101, 0b0000, 0b1010]);
        let groups = [0, 1, 0, 1];
        let mut whole = GroupTallies::new(TallyInput::Rows, WIDTH);
        GroupsAccumulator::update_batch(&mut whole, &values, &groups, None, 2).unwrap();
        let states = whole.convert_to_state(&values, None).unwrap();
        let mut apart = GroupTallies::new(TallyInput::Rows, WIDTH);
        GroupsAccumulator::merge_batch(&mut apart, &states, &groups, 2).unwrap();
        let mut again = GroupTallies::new(TallyInput::Tallies, WIDTH);
        GroupsAccumulator::update_batch(&mut again, &states, &groups, None, 2).unwrap();
        let first = GroupsAccumulator::evaluate(&mut whole, EmitTo::First(1)).unwrap();
        let rest = GroupsAccumulator::evaluate(&mut whole, EmitTo::All).unwrap();
        let apart = GroupsAccumulator::evaluate(&mut apart, EmitTo::All).unwrap();
        let again = GroupsAccumulator::evaluate(&mut again, EmitTo::All).unwrap();
        for (group, expected) in [(0, [16, 5, 5, 5, 5]), (1, [-1, -3, 2, -3, 2])] {
            let one = if group == 0 { &first } else { &rest };
            assert_eq!(cells(one, 0), expected);
            assert_eq!(cells(&apart, group), expected);
            assert_eq!(cells(&again, group), expected);
        }
    }

    #[test]
    fn sums_past_the_range_are_errors() {
        let tally = |sum: i128| -> ArrayRef {
            let sums = Decimal128Array::from(vec![sum]).with_precision_and_scale(38, 0).unwrap();
            Arc::new(FixedSizeListArray::try_new(item(), 1, Arc::new(sums), None).unwrap())
        };
        let mut groups = GroupTallies::new(TallyInput::Tallies, 1);
        let mut add = |sum| {
            let tally = [tally(sum)];
            GroupsAccumulator::update_batch(&mut groups, &tally, &[0], None, 1)
        };
        add(i128::MAX).unwrap();
        let error = crate::ReportError::from(add(1).unwrap_err());
        assert_eq!(error.code(), "amount_out_of_range");
        assert!(matches!(error, crate::ReportError::AmountOutOfRange));
    }
}
