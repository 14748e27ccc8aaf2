//! Rows as CSV. Rule: spec/reports.md §7.2, §9.

use std::io::Write;

use arrow::array::RecordBatch;
use model::output::{ObjectText, OutputColumn, OutputKind};
use model::time::{Date, Instant, write_time_of_day};

use super::csv_text::finish_cell;
use super::currencies::Currencies;
use super::values::{Amount, Object, Text, Values, item_range};
use super::{RowWriter, WriteError, hand_over};

const BOM: &[u8] = b"\xEF\xBB\xBF";
const ITEM_SEPARATOR: &[u8] = b"; ";
/// Key of the currency as a column of its own (§9).
const CURRENCY_KEY: &str = "currency";

/// How CSV is written; the settings of spec/reports.md §7.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CsvOptions {
    /// Between cells: a comma, or a tab for TSV.
    pub delimiter: u8,
    /// Whether a byte-order mark stands at the beginning.
    pub bom: bool,
    /// Whether text that a spreadsheet might take for a formula gets a leading `'`.
    pub formula_guard: bool,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self { delimiter: b',', bom: false, formula_guard: true }
    }
}

/// Writes a header row with labels and one line per row.
pub struct CsvRows {
    columns: Vec<OutputColumn>,
    /// Currency columns behind the others: label, position in the batch, key of the first column
    /// that points to it.
    currency_columns: Vec<CurrencyColumn>,
    options: CsvOptions,
    currencies: Currencies,
    buffer: Vec<u8>,
}

struct CurrencyColumn {
    label: String,
    index: usize,
    key: String,
}

impl CsvRows {
    /// A writer of rows with these columns.
    pub fn new(columns: &[OutputColumn], options: CsvOptions) -> Self {
        let currency_columns = currency_columns(columns);
        let (currencies, buffer) = (Currencies::default(), Vec::new());
        Self { columns: columns.to_vec(), currency_columns, options, currencies, buffer }
    }
}

/// None where a currency column is shown anyway; one where all amounts share theirs; else one for
/// each amount.
fn currency_columns(columns: &[OutputColumn]) -> Vec<CurrencyColumn> {
    if columns.iter().any(is_currency) {
        return Vec::new();
    }
    let amounts = columns.iter().filter_map(|column| match column.kind {
        OutputKind::Money { currency } | OutputKind::Decimal { currency } => {
            let label = format!("{} Currency", column.label);
            Some(CurrencyColumn { label, index: currency, key: column.key.clone() })
        }
        _ => None,
    });
    let mut currencies: Vec<CurrencyColumn> = amounts.collect();
    let is_shared = currencies.windows(2).all(|pair| pair[0].index == pair[1].index);
    if is_shared {
        currencies.truncate(1);
        for currency in &mut currencies {
            currency.label = "Currency".to_owned();
        }
    }
    currencies
}

fn is_currency(column: &OutputColumn) -> bool {
    column.key == CURRENCY_KEY && column.kind == OutputKind::Text
}

impl RowWriter for CsvRows {
    fn start(&mut self, out: &mut dyn Write) -> Result<(), WriteError> {
        if self.options.bom {
            self.buffer.extend_from_slice(BOM);
        }
        let labels = self.columns.iter().map(|column| &column.label);
        let labels = labels.chain(self.currency_columns.iter().map(|column| &column.label));
        let mut line = Line::begin(&mut self.buffer, self.options);
        for label in labels {
            line.begin_cell();
            line.out.extend_from_slice(label.as_bytes());
            line.finish_text();
        }
        line.finish();
        hand_over(&mut self.buffer, out, true)
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> Result<(), WriteError> {
        let values = Values::of_batch(batch, &self.columns)?;
        let hidden = self.currency_columns.iter();
        let hidden = hidden.map(|column| Text::of_batch(batch, column.index, &column.key));
        let hidden = hidden.collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            let mut line = Line::begin(&mut self.buffer, self.options);
            for (column, values) in self.columns.iter().zip(&values) {
                line.begin_cell();
                line.write_column(column, values, row, &mut self.currencies)?;
            }
            for codes in &hidden {
                line.begin_cell();
                line.write_upper(codes.get(row).unwrap_or_default(), &mut self.currencies);
            }
            line.finish();
            hand_over(&mut self.buffer, out, false)?;
        }
        hand_over(&mut self.buffer, out, true)
    }

    fn finish(&mut self, _: &mut dyn Write) -> Result<(), WriteError> {
        Ok(())
    }
}

/// One line under construction.
struct Line<'b> {
    out: &'b mut Vec<u8>,
    options: CsvOptions,
    start: usize,
    cell_start: usize,
    cell_count: usize,
}

impl<'b> Line<'b> {
    fn begin(out: &'b mut Vec<u8>, options: CsvOptions) -> Self {
        let start = out.len();
        Self { out, options, start, cell_start: start, cell_count: 0 }
    }

    fn begin_cell(&mut self) {
        if self.cell_count > 0 {
            self.out.push(self.options.delimiter);
        }
        self.cell_count += 1;
        self.cell_start = self.out.len();
    }

    /// Ends a cell that holds text, as opposed to a number or a date.
    fn finish_text(&mut self) {
        finish_cell(self.out, self.cell_start, self.options.delimiter, self.options.formula_guard);
    }

    fn finish(&mut self) {
        // A line with nothing on it would be no row at all for most readers.
        if self.cell_count == 1 && self.out.len() == self.start {
            self.out.extend_from_slice(b"\"\"");
        }
        self.out.extend_from_slice(b"\r\n");
    }

    fn write_upper(&mut self, code: &str, currencies: &mut Currencies) {
        match currencies.get(code) {
            Some(known) => self.out.extend_from_slice(known.code_upper.as_bytes()),
            None => {
                self.out.extend(code.bytes().map(|byte| byte.to_ascii_uppercase()));
                self.finish_text();
            }
        }
    }

    fn write_column(
        &mut self,
        column: &OutputColumn,
        values: &Values,
        row: usize,
        currencies: &mut Currencies,
    ) -> Result<(), WriteError> {
        if let Values::Text(text) = values
            && is_currency(column)
        {
            self.write_upper(text.get(row).unwrap_or_default(), currencies);
            return Ok(());
        }
        let mut cell = Cell { key: &column.key, row, currencies, out: self.out };
        cell.write(values, row)?;
        // Numbers, dates and bools never need quotes, and the guard is not for them.
        if matches!(values, Values::Text(_) | Values::List(..) | Values::Object(_)) {
            self.finish_text();
        }
        Ok(())
    }
}

/// One cell under construction.
struct Cell<'c> {
    key: &'c str,
    row: usize,
    currencies: &'c mut Currencies,
    out: &'c mut Vec<u8>,
}

impl Cell<'_> {
    /// Writes the value at `position` of `values`; nothing for null.
    fn write(&mut self, values: &Values, position: usize) -> Result<(), WriteError> {
        if values.is_null(position) {
            return Ok(());
        }
        match values {
            Values::Int(array) => {
                let mut digits = itoa::Buffer::new();
                self.out.extend_from_slice(digits.format(array.value(position)).as_bytes());
            }
            Values::Text(text) => {
                self.out.extend_from_slice(text.get(position).unwrap_or_default().as_bytes());
            }
            Values::Bool(array) => {
                let word = if array.value(position) { "true" } else { "false" };
                self.out.extend_from_slice(word.as_bytes());
            }
            Values::Date(array) => Date::from_days(array.value(position)).write_to(self.out),
            Values::Instant(array) => {
                Instant::from_micros(array.value(position)).write_to(self.out);
            }
            Values::TimeOfDay(array) => write_time_of_day(array.value(position), self.out),
            Values::Amount(amount) => self.write_amount(amount, position)?,
            Values::List(list, items) => {
                for (number, item) in item_range(list, position).enumerate() {
                    if number > 0 {
                        self.out.extend_from_slice(ITEM_SEPARATOR);
                    }
                    self.write(items, item)?;
                }
            }
            Values::Object(object) => self.write_object(object, position)?,
        }
        Ok(())
    }

    /// Writes those parts that print as something, with `separator` between them.
    fn write_joined<'v>(
        &mut self,
        parts: impl Iterator<Item = (&'v Values, usize)>,
        separator: &[u8],
    ) -> Result<(), WriteError> {
        let mut is_first = true;
        for (values, position) in parts {
            let before = self.out.len();
            if !is_first {
                self.out.extend_from_slice(separator);
            }
            let start = self.out.len();
            self.write(values, position)?;
            if self.out.len() == start {
                self.out.truncate(before);
            } else {
                is_first = false;
            }
        }
        Ok(())
    }

    fn write_object(&mut self, object: &Object, position: usize) -> Result<(), WriteError> {
        let field = |name: &str| {
            let field = object.fields.iter().find(|field| field.name == name);
            field.map(|field| (&field.values, position))
        };
        match object.text {
            ObjectText::Field(name) => self.write_joined(field(name).into_iter(), b""),
            ObjectText::Pair(first, second) => {
                self.write_joined(field(first).into_iter().chain(field(second)), b" ")
            }
            ObjectText::Joined(separator) => {
                let fields = object.fields.iter().map(|field| (&field.values, position));
                self.write_joined(fields, separator.as_bytes())
            }
        }
    }

    fn write_amount(&mut self, amount: &Amount, position: usize) -> Result<(), WriteError> {
        let minor = amount.minor(position).unwrap_or_default();
        let code = amount.currency(self.row);
        let Some(currency) = self.currencies.get(code) else {
            let (key, currency) = (self.key.to_owned(), code.to_owned());
            return Err(WriteError::CurrencyUnknown { key, currency });
        };
        currency.format.write_decimal(minor, self.out);
        Ok(())
    }
}
