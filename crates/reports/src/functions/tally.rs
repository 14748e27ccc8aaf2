//! Exact sums of a group, over all rows and per period of a pivot, in one pass.
//!
//! A row says in which periods it counts by the bits of a mask ([`super::periods`]). A tally keeps
//! per group the sum over all rows, and for the periods the differences from one to the next: a
//! row that counts in a run of periods changes two of them, however long the run. [`cell`] adds
//! the differences up. Tallies are added like numbers, so groups can be merged into larger ones.

use std::mem::size_of;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, FixedSizeListArray, Int64Array,
};
use datafusion::arrow::datatypes::{
    DataType, Decimal128Type, Field, FieldRef, Int64Type, UInt16Type,
};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, ColumnarValue, EmitTo, Expr, GroupsAccumulator,
    ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;

use crate::definition::value::WIDE;
use crate::error::AmountOutOfRange;

/// Position of the sum over all rows.
pub(crate) const ALL: usize = 0;
/// Position of the sum before the first period; the periods follow it.
pub(crate) const BEFORE: usize = 1;
/// Position of the sum in the first period.
pub(crate) const FIRST: usize = 2;

/// Most positive and most negative amount of 38 digits.
const AMOUNT_MAX: i128 = 10_i128.pow(38) - 1;

/// The tally of a whole number, over all rows and, by its mask, per period.
pub(crate) fn tally(value: Expr, mask: Option<(Expr, usize)>) -> Expr {
    let (periods, mut types) = (mask.as_ref().map(|(_, periods)| *periods), vec![DataType::Int64]);
    let mut arguments = vec![value];
    if let Some((mask, _)) = mask {
        types.push(DataType::UInt16);
        arguments.push(mask);
    }
    let signature = Signature::exact(types, Volatility::Immutable);
    aggregate(Input::Rows, periods, signature).call(arguments)
}

/// The tally of groups that each have one.
pub(crate) fn merged(tallies: Expr, periods: Option<usize>) -> Expr {
    aggregate(Input::Tallies, periods, Signature::any(1, Volatility::Immutable)).call(vec![tallies])
}

/// One sum of a tally: [`ALL`], [`BEFORE`], or a period from [`FIRST`].
pub(crate) fn cell(tally: Expr, position: usize) -> Expr {
    let signature = Signature::any(1, Volatility::Immutable);
    ScalarUDF::new_from_impl(Cell { position, signature }).call(vec![tally])
}

fn aggregate(input: Input, periods: Option<usize>, signature: Signature) -> AggregateUDF {
    let width = periods.map_or(1, |periods| FIRST + periods);
    AggregateUDF::new_from_impl(Tally { input, width, signature })
}

/// What the rows of the aggregate are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Input {
    /// Values, perhaps with masks.
    Rows,
    /// Tallies.
    Tallies,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Tally {
    input: Input,
    width: usize,
    signature: Signature,
}

fn item() -> FieldRef {
    Arc::new(Field::new_list_field(WIDE, false))
}

fn list_type(width: usize) -> DataType {
    DataType::FixedSizeList(item(), i32::try_from(width).unwrap_or_default())
}

impl AggregateUDFImpl for Tally {
    fn name(&self) -> &str {
        "tally"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(list_type(self.width))
    }

    fn is_nullable(&self) -> bool {
        false
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let name = format!("{}[tally]", args.name);
        Ok(vec![Arc::new(Field::new(name, list_type(self.width), false))])
    }

    fn accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(OneGroup(Groups::new(self.input, self.width))))
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Groups::new(self.input, self.width)))
    }

    fn default_value(&self, _: &DataType) -> Result<ScalarValue> {
        let mut none = Groups::new(self.input, self.width);
        none.make_room(1);
        ScalarValue::try_from_array(&none.take(EmitTo::All)?, 0)
    }
}

/// Tallies of all groups, one after the other.
#[derive(Debug)]
struct Groups {
    input: Input,
    width: usize,
    sums: Vec<i128>,
}

impl Groups {
    fn new(input: Input, width: usize) -> Self {
        Self { input, width, sums: Vec::new() }
    }

    fn make_room(&mut self, groups: usize) {
        self.sums.resize(groups * self.width, 0);
    }

    fn of(&mut self, group: usize) -> &mut [i128] {
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
            add_row(self.of(*group), i128::from(values.value(row)), mask)?;
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
            for (total, sum) in self.of(*group).iter_mut().zip(sums) {
                add(total, *sum)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, emit: EmitTo) -> Result<ArrayRef> {
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

/// Adds a value to the sum over all rows, and at both ends of each run of periods.
fn add_row(sums: &mut [i128], value: i128, mask: u16) -> Result<()> {
    add(&mut sums[ALL], value)?;
    let mask = u32::from(mask);
    let mut edges = mask ^ (mask << 1);
    let mut change = value;
    while edges != 0 {
        let position = BEFORE + edges.trailing_zeros() as usize;
        let Some(sum) = sums.get_mut(position) else { break };
        add(sum, change)?;
        change = -change;
        edges &= edges - 1;
    }
    Ok(())
}

fn add(total: &mut i128, value: i128) -> Result<()> {
    *total = total.checked_add(value).ok_or_else(out_of_range)?;
    Ok(())
}

fn out_of_range() -> DataFusionError {
    DataFusionError::External(Box::new(AmountOutOfRange))
}

fn wanted(filter: Option<&BooleanArray>) -> impl Fn(usize) -> bool {
    move |row| filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row))
}

impl GroupsAccumulator for Groups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.make_room(total_num_groups);
        match self.input {
            Input::Rows => self.add_rows(values, group_indices, wanted(opt_filter)),
            Input::Tallies => self.add_tallies(&values[0], group_indices, wanted(opt_filter)),
        }
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.make_room(total_num_groups);
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

/// The tally of everything.
#[derive(Debug)]
struct OneGroup(Groups);

impl Accumulator for OneGroup {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        GroupsAccumulator::update_batch(&mut self.0, values, &vec![0; values[0].len()], None, 1)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        GroupsAccumulator::merge_batch(&mut self.0, states, &vec![0; states[0].len()], 1)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.0.make_room(1);
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

#[derive(Debug, PartialEq, Eq, Hash)]
struct Cell {
    position: usize,
    signature: Signature,
}

impl ScalarUDFImpl for Cell {
    fn name(&self) -> &str {
        "cell"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(WIDE)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let tallies = args.args[0].to_array(args.number_rows)?;
        let tallies = tallies.as_fixed_size_list();
        let width = usize::try_from(tallies.value_length()).unwrap_or_default();
        let sums = tallies.values().as_primitive::<Decimal128Type>().values();
        let cells = sums.chunks_exact(width).map(|sums| {
            let parts = match self.position {
                ALL => &sums[ALL..=ALL],
                position => &sums[BEFORE..=position],
            };
            let mut sum = 0;
            parts.iter().try_for_each(|part| add(&mut sum, *part))?;
            if sum.abs() > AMOUNT_MAX { Err(out_of_range()) } else { Ok(sum) }
        });
        let cells = cells.collect::<Result<Vec<i128>>>()?;
        let cells = Decimal128Array::from(cells).with_precision_and_scale(38, 0)?;
        Ok(ColumnarValue::Array(Arc::new(cells)))
    }
}

/// The mean of values from their sum and number, rounded half up; null when there are none.
pub(crate) fn rounded_mean(sum: Expr, count: Expr) -> Expr {
    let signature = Signature::exact(vec![WIDE, WIDE], Volatility::Immutable);
    ScalarUDF::new_from_impl(RoundedMean { signature }).call(vec![sum, count])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct RoundedMean {
    signature: Signature,
}

impl ScalarUDFImpl for RoundedMean {
    fn name(&self) -> &str {
        "rounded_mean"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let sums = args.args[0].to_array(args.number_rows)?;
        let counts = args.args[1].to_array(args.number_rows)?;
        let sums = sums.as_primitive::<Decimal128Type>().values().iter();
        let counts = counts.as_primitive::<Decimal128Type>().values().iter();
        let means: Int64Array =
            sums.zip(counts).map(|(sum, count)| mean_of(*sum, *count)).collect();
        Ok(ColumnarValue::Array(Arc::new(means)))
    }
}

/// A mean of 64-bit numbers is one, and twice their sum fits as long as their number does.
fn mean_of(sum: i128, count: i128) -> Option<i64> {
    (count > 0).then(|| i64::try_from((2 * sum + count).div_euclid(2 * count)).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::UInt16Array;

    use super::*;

    /// Three periods.
    const WIDTH: usize = FIRST + 3;

    fn rows(values: &[i64], masks: &[u16]) -> Vec<ArrayRef> {
        vec![
            Arc::new(Int64Array::from(values.to_vec())),
            Arc::new(UInt16Array::from(masks.to_vec())),
        ]
    }

    fn cells(tallies: &ArrayRef, group: usize) -> Vec<i128> {
        let tally = tallies.as_fixed_size_list().value(group);
        let sums = tally.as_primitive::<Decimal128Type>().values().to_vec();
        let sum = |position| sums[BEFORE..=position].iter().sum();
        std::iter::once(sums[ALL]).chain((BEFORE..WIDTH).map(sum)).collect()
    }

    #[test]
    fn every_mask_counts_in_exactly_its_periods() {
        for mask in 0..16_u16 {
            let mut groups = Groups::new(Input::Rows, WIDTH);
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
        let mut whole = Groups::new(Input::Rows, WIDTH);
        GroupsAccumulator::update_batch(&mut whole, &values, &groups, None, 2).unwrap();
        let states = whole.convert_to_state(&values, None).unwrap();
        let mut apart = Groups::new(Input::Rows, WIDTH);
        GroupsAccumulator::merge_batch(&mut apart, &states, &groups, 2).unwrap();
        let mut again = Groups::new(Input::Tallies, WIDTH);
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
        let mut groups = Groups::new(Input::Tallies, 1);
        let mut add = |sum| {
            let tally = [tally(sum)];
            GroupsAccumulator::update_batch(&mut groups, &tally, &[0], None, 1)
        };
        add(i128::MAX).unwrap();
        let error = crate::ReportError::from(add(1).unwrap_err());
        assert_eq!(error.code(), "amount_out_of_range");
        assert!(matches!(error, crate::ReportError::AmountOutOfRange));
    }

    #[test]
    fn means_round_half_up() {
        for (sum, count, expected) in [
            (0, 0, None),
            (3, 2, Some(2)),
            (5, 2, Some(3)),
            (-3, 2, Some(-1)),
            (-5, 2, Some(-2)),
            (4, 3, Some(1)),
            (5, 3, Some(2)),
            (7, 7, Some(1)),
        ] {
            assert_eq!(mean_of(sum, count), expected, "{sum} / {count}");
        }
    }
}
