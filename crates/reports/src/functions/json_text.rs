//! JSON text made from columns: objects, and arrays or objects of such texts. Rule: spec/exports.md
//! §11, row json.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, Int64Array, StringViewArray,
    StringViewBuilder, TimestampMicrosecondArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Int64Type, TimestampMicrosecondType};
use datafusion::common::exec_err;
use datafusion::error::Result;
use datafusion::functions::expr_fn::named_struct;
use datafusion::functions_aggregate::expr_fn::array_agg;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, lit,
};
use model::money::{AmountFormat, Currency};
use model::time::Instant;

use crate::functions::amount_sum::AMOUNT_SUM_TYPE;

/// The notation of amounts inside JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum AmountNotation {
    /// Minor units: `11000`.
    #[default]
    Minor,
    /// Major units as a decimal string: `"110.00"`.
    Major,
}

/// The type of a member of a JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum JsonMemberType {
    Int,
    Text,
    Bool,
    Instant,
    /// An amount in minor units. The field is the position of the argument that holds its currency.
    Amount(usize),
}

/// Returns a JSON object with these members: name, type and value.
pub(crate) fn json_object<const N: usize>(
    members: [(&'static str, JsonMemberType, Expr); N],
    amounts: AmountNotation,
) -> Expr {
    let signature = Signature::any(N, Volatility::Immutable);
    let mut shown = Vec::with_capacity(N);
    let mut values = Vec::with_capacity(N);
    for (name, member, value) in members {
        shown.push((name, member));
        values.push(value);
    }
    let function = JsonObjectFunction { members: shown, amounts, signature };
    ScalarUDF::new_from_impl(function).call(values)
}

/// Returns the text `"currency":amount`, one member of a JSON object.
pub(crate) fn amount_by_currency(currency: Expr, amount: Expr, amounts: AmountNotation) -> Expr {
    let signature = Signature::any(2, Volatility::Immutable);
    ScalarUDF::new_from_impl(AmountByCurrency { amounts, signature }).call(vec![currency, amount])
}

/// Aggregates the texts of a group with their keys, as input for [`json_array_from`] or [`json_object_from`].
pub(crate) fn collect_texts(key: Expr, text: Expr) -> Expr {
    // An ordered aggregate would work row by row; sorting each list afterwards is many times
    // faster.
    array_agg(named_struct(vec![lit("key"), key, lit("text"), text]))
}

/// Returns the JSON array of the texts that [`collect_texts`] collected, sorted by key.
pub(crate) fn json_array_from(gathered: Expr) -> Expr {
    join_texts(gathered, ['[', ']'])
}

/// Returns the JSON object of the members that [`collect_texts`] collected, sorted by key.
pub(crate) fn json_object_from(gathered: Expr) -> Expr {
    join_texts(gathered, ['{', '}'])
}

fn join_texts(gathered: Expr, brackets: [char; 2]) -> Expr {
    let signature = Signature::any(1, Volatility::Immutable);
    ScalarUDF::new_from_impl(JoinTextsFunction { brackets, signature }).call(vec![gathered])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct JsonObjectFunction {
    members: Vec<(&'static str, JsonMemberType)>,
    amounts: AmountNotation,
    signature: Signature,
}

enum JsonMemberValues {
    Int(Int64Array),
    Text(StringViewArray),
    Bool(BooleanArray),
    Instant(TimestampMicrosecondArray),
    Amount(Decimal128Array, StringViewArray),
}

impl ScalarUDFImpl for JsonObjectFunction {
    fn name(&self) -> &str {
        "json_object"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let mut columns = Vec::with_capacity(self.members.len());
        for (position, (name, member)) in self.members.iter().enumerate() {
            let comma = if columns.is_empty() { "" } else { "," };
            columns.push((format!("{comma}\"{name}\":"), values(&args, position, *member)?));
        }
        let mut writer = JsonAmountWriter { style: self.amounts, last: None };
        let mut texts = StringViewBuilder::with_capacity(args.number_rows);
        let mut text = Vec::new();
        for row in 0..args.number_rows {
            text.clear();
            text.push(b'{');
            for (key, values) in &columns {
                text.extend_from_slice(key.as_bytes());
                write_value(values, row, &mut writer, &mut text)?;
            }
            text.push(b'}');
            texts.append_value(String::from_utf8_lossy(&text));
        }
        Ok(ColumnarValue::Array(Arc::new(texts.finish())))
    }
}

fn column(args: &ScalarFunctionArgs, position: usize, data_type: &DataType) -> Result<ArrayRef> {
    Ok(cast(&args.args[position].to_array(args.number_rows)?, data_type)?)
}

fn values(
    args: &ScalarFunctionArgs,
    position: usize,
    member: JsonMemberType,
) -> Result<JsonMemberValues> {
    let column = |position, data_type| column(args, position, &data_type);
    Ok(match member {
        JsonMemberType::Int => {
            JsonMemberValues::Int(column(position, DataType::Int64)?.as_primitive().clone())
        }
        JsonMemberType::Text => {
            JsonMemberValues::Text(column(position, DataType::Utf8View)?.as_string_view().clone())
        }
        JsonMemberType::Bool => {
            JsonMemberValues::Bool(column(position, DataType::Boolean)?.as_boolean().clone())
        }
        JsonMemberType::Instant => {
            let instants = column(position, mirror::schema::instant())?;
            JsonMemberValues::Instant(instants.as_primitive::<TimestampMicrosecondType>().clone())
        }
        JsonMemberType::Amount(currency) => {
            let amounts = column(position, AMOUNT_SUM_TYPE)?;
            let currencies = column(currency, DataType::Utf8View)?;
            let amounts = amounts.as_primitive::<Decimal128Type>().clone();
            JsonMemberValues::Amount(amounts, currencies.as_string_view().clone())
        }
    })
}

fn write_value(
    values: &JsonMemberValues,
    row: usize,
    writer: &mut JsonAmountWriter,
    out: &mut Vec<u8>,
) -> Result<()> {
    match values {
        JsonMemberValues::Int(array) if array.is_valid(row) => {
            out.extend_from_slice(array.value(row).to_string().as_bytes());
        }
        JsonMemberValues::Text(array) if array.is_valid(row) => write_text(array.value(row), out)?,
        JsonMemberValues::Bool(array) if array.is_valid(row) => {
            out.extend_from_slice(array.value(row).to_string().as_bytes());
        }
        JsonMemberValues::Instant(array) if array.is_valid(row) => {
            out.push(b'"');
            Instant::from_micros(array.value(row)).write_to(out);
            out.push(b'"');
        }
        JsonMemberValues::Amount(amounts, currencies) if amounts.is_valid(row) => {
            let currency = currencies.is_valid(row).then(|| currencies.value(row));
            writer.write(amounts.value(row), currency.unwrap_or_default(), out)?;
        }
        _ => out.extend_from_slice(b"null"),
    }
    Ok(())
}

fn write_text(text: &str, out: &mut Vec<u8>) -> Result<()> {
    match serde_json::to_writer(out, text) {
        Ok(()) => Ok(()),
        Err(error) => exec_err!("a text could not be written as JSON: {error}"),
    }
}

/// Writes amounts. It keeps the last format, because neighbouring rows mostly share their currency.
struct JsonAmountWriter {
    style: AmountNotation,
    last: Option<(String, AmountFormat)>,
}

impl JsonAmountWriter {
    fn write(&mut self, minor: i128, code: &str, out: &mut Vec<u8>) -> Result<()> {
        if self.style == AmountNotation::Minor {
            out.extend_from_slice(minor.to_string().as_bytes());
            return Ok(());
        }
        let known = self.last.take().filter(|(known, _)| known == code);
        let (_, format) = match (known, Currency::parse(code)) {
            (Some(known), _) => self.last.insert(known),
            (None, Some(currency)) => {
                self.last.insert((code.to_owned(), AmountFormat::for_currency(currency)))
            }
            (None, None) => return exec_err!("{code:?} is no currency of ISO 4217"),
        };
        out.push(b'"');
        format.write_decimal(minor, out);
        out.push(b'"');
        Ok(())
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct AmountByCurrency {
    amounts: AmountNotation,
    signature: Signature,
}

impl ScalarUDFImpl for AmountByCurrency {
    fn name(&self) -> &str {
        "json_amount_by_currency"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let currencies = column(&args, 0, &DataType::Utf8View)?;
        let amounts = column(&args, 1, &AMOUNT_SUM_TYPE)?;
        let amounts = amounts.as_primitive::<Decimal128Type>();
        let mut writer = JsonAmountWriter { style: self.amounts, last: None };
        let mut texts = StringViewBuilder::with_capacity(args.number_rows);
        for (row, currency) in currencies.as_string_view().iter().enumerate() {
            let currency = currency.unwrap_or_default();
            let mut text = Vec::new();
            write_text(currency, &mut text)?;
            text.push(b':');
            writer.write(amounts.value(row), currency, &mut text)?;
            texts.append_value(String::from_utf8_lossy(&text));
        }
        Ok(ColumnarValue::Array(Arc::new(texts.finish())))
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct JoinTextsFunction {
    brackets: [char; 2],
    signature: Signature,
}

impl ScalarUDFImpl for JoinTextsFunction {
    fn name(&self) -> &str {
        "json_joined"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let lists = args.args[0].to_array(args.number_rows)?;
        let lists = lists.as_list::<i32>();
        let Some(elements) = lists.values().as_struct_opt() else {
            return exec_err!("json_joined: expected a list of keys and texts");
        };
        let keys = JsonTextKeys::from_column(elements.column(0))?;
        let texts = cast(elements.column(1), &DataType::Utf8View)?;
        let texts = texts.as_string_view();
        let mut joined = StringViewBuilder::with_capacity(lists.len());
        let mut order = Vec::new();
        let mut text = String::new();
        for row in 0..lists.len() {
            order.clear();
            if lists.is_valid(row) {
                let (first, end) = (lists.value_offsets()[row], lists.value_offsets()[row + 1]);
                order
                    .extend(usize::try_from(first).unwrap_or(0)..usize::try_from(end).unwrap_or(0));
                keys.sort(&mut order);
            }
            text.clear();
            text.push(self.brackets[0]);
            for (number, element) in order.iter().enumerate() {
                if number > 0 {
                    text.push(',');
                }
                text.push_str(texts.value(*element));
            }
            text.push(self.brackets[1]);
            joined.append_value(&text);
        }
        Ok(ColumnarValue::Array(Arc::new(joined.finish())))
    }
}

/// The keys by which the texts of a list are sorted.
enum JsonTextKeys {
    Ids(Int64Array),
    Words(StringViewArray),
}

impl JsonTextKeys {
    fn from_column(column: &ArrayRef) -> Result<Self> {
        if *column.data_type() == DataType::Int64 {
            return Ok(Self::Ids(column.as_primitive::<Int64Type>().clone()));
        }
        Ok(Self::Words(cast(column, &DataType::Utf8View)?.as_string_view().clone()))
    }

    fn sort(&self, positions: &mut [usize]) {
        match self {
            Self::Ids(ids) => positions.sort_unstable_by_key(|position| ids.value(*position)),
            Self::Words(words) => {
                positions.sort_unstable_by(|a, b| words.value(*a).cmp(words.value(*b)));
            }
        }
    }
}
