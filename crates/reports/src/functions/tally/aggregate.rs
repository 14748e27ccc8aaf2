//! The aggregate function that makes tallies.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, Expr, GroupsAccumulator, Signature,
    Volatility,
};
use datafusion::scalar::ScalarValue;

use super::groups::{GroupTallies, SingleGroupTally};
use super::{FIRST_PERIOD_SUM, TallyInput, tally_type};

/// Returns the tally of a whole number over all rows. With a mask and a number of periods, the
/// tally also has a sum per period.
pub(crate) fn tally(value: Expr, mask: Option<(Expr, usize)>) -> Expr {
    let (periods, mut types) = (mask.as_ref().map(|(_, periods)| *periods), vec![DataType::Int64]);
    let mut arguments = vec![value];
    if let Some((mask, _)) = mask {
        types.push(DataType::UInt16);
        arguments.push(mask);
    }
    let signature = Signature::exact(types, Volatility::Immutable);
    aggregate(TallyInput::Rows, periods, signature).call(arguments)
}

/// Returns the tally that merges the tallies of several groups.
pub(crate) fn merge_tallies(tallies: Expr, periods: Option<usize>) -> Expr {
    aggregate(TallyInput::Tallies, periods, Signature::any(1, Volatility::Immutable))
        .call(vec![tallies])
}

fn aggregate(input: TallyInput, periods: Option<usize>, signature: Signature) -> AggregateUDF {
    let width = periods.map_or(1, |periods| FIRST_PERIOD_SUM + periods);
    AggregateUDF::new_from_impl(TallyAggregate { input, width, signature })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct TallyAggregate {
    input: TallyInput,
    width: usize,
    signature: Signature,
}

impl AggregateUDFImpl for TallyAggregate {
    fn name(&self) -> &str {
        "tally"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(tally_type(self.width))
    }

    fn is_nullable(&self) -> bool {
        false
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let name = format!("{}[tally]", args.name);
        Ok(vec![Arc::new(Field::new(name, tally_type(self.width), false))])
    }

    fn accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(SingleGroupTally(GroupTallies::new(self.input, self.width))))
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(GroupTallies::new(self.input, self.width)))
    }

    fn default_value(&self, _: &DataType) -> Result<ScalarValue> {
        let mut none = GroupTallies::new(self.input, self.width);
        none.reserve_groups(1);
        ScalarValue::try_from_array(&none.take(EmitTo::All)?, 0)
    }
}
