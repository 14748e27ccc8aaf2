//! Rows as nested JSON objects. Rule: spec/reports.md §3, §13.

use std::io::Write;

use arrow::array::RecordBatch;
use model::output::OutputColumn;
use model::time::{Date, Instant, write_time_of_day};

use super::currencies::Currencies;
use super::values::{Amount, Values, item_range};
use super::{RowWriter, WriteError, hand_over};

/// Writes row objects with a comma between them: the inside of the envelope's `rows` list.
///
/// The envelope is the caller's: `{"total":…,"column_headers":…,"rows":[` … `]}`.
pub struct JsonRows {
    columns: Vec<OutputColumn>,
    row: Vec<Member>,
    currencies: Currencies,
    buffer: Vec<u8>,
    has_rows: bool,
}

/// One member of a row object.
struct Member {
    name: String,
    /// `"name":`, ready to be written.
    json_key: Vec<u8>,
    place: Place,
}

enum Place {
    /// The column at this position.
    Leaf(usize),
    /// An object; null when all leaves below it are null.
    Parent(Vec<Member>),
}

impl JsonRows {
    /// A writer of rows with these columns. Keys keep the order of the columns, grouped under
    /// their parents, each parent where its first leaf stands.
    ///
    /// Errors: [`WriteError::KeyTaken`].
    pub fn new(columns: &[OutputColumn]) -> Result<Self, WriteError> {
        let mut row = Vec::new();
        for (position, column) in columns.iter().enumerate() {
            let path: Vec<&str> = column.path().collect();
            insert(&mut row, &path, position)
                .ok_or_else(|| WriteError::KeyTaken { key: column.key.clone() })?;
        }
        let (currencies, buffer) = (Currencies::default(), Vec::new());
        Ok(Self { columns: columns.to_vec(), row, currencies, buffer, has_rows: false })
    }
}

fn insert(members: &mut Vec<Member>, path: &[&str], position: usize) -> Option<()> {
    let (name, rest) = path.split_first()?;
    let known = members.iter_mut().find(|member| member.name == *name);
    let member = match known {
        Some(member) => member,
        None => {
            let json_key = format!("{}:", serde_json::Value::from(*name)).into_bytes();
            let place = match rest {
                [] => Place::Leaf(position),
                _ => Place::Parent(Vec::new()),
            };
            members.push(Member { name: (*name).to_owned(), json_key, place });
            if rest.is_empty() {
                return Some(());
            }
            members.last_mut()?
        }
    };
    match &mut member.place {
        Place::Parent(members) => insert(members, rest, position),
        Place::Leaf(_) => None,
    }
}

impl RowWriter for JsonRows {
    fn start(&mut self, _: &mut dyn Write) -> Result<(), WriteError> {
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> Result<(), WriteError> {
        let columns = Values::of_batch(batch, &self.columns)?;
        let mut cells = Cells {
            columns: &self.columns,
            values: &columns,
            currencies: &mut self.currencies,
            out: &mut self.buffer,
        };
        for row in 0..batch.num_rows() {
            if self.has_rows {
                cells.out.push(b',');
            }
            self.has_rows = true;
            cells.write_members(&self.row, row)?;
            hand_over(cells.out, out, false)?;
        }
        hand_over(&mut self.buffer, out, true)
    }

    fn finish(&mut self, _: &mut dyn Write) -> Result<(), WriteError> {
        Ok(())
    }
}

/// What is needed to write the cells of one batch.
struct Cells<'w> {
    columns: &'w [OutputColumn],
    values: &'w [Values],
    currencies: &'w mut Currencies,
    out: &'w mut Vec<u8>,
}

impl Cells<'_> {
    /// Writes an object; false when all its leaves are null.
    fn write_members(&mut self, members: &[Member], row: usize) -> Result<bool, WriteError> {
        let mut has_value = false;
        for (number, member) in members.iter().enumerate() {
            self.out.push(if number == 0 { b'{' } else { b',' });
            self.out.extend_from_slice(&member.json_key);
            match &member.place {
                Place::Leaf(column) => {
                    let values = &self.values[*column];
                    has_value |= !values.is_null(row);
                    self.write_value(values, *column, row, row)?;
                }
                Place::Parent(members) => {
                    let start = self.out.len();
                    if self.write_members(members, row)? {
                        has_value = true;
                    } else {
                        self.out.truncate(start);
                        self.out.extend_from_slice(b"null");
                    }
                }
            }
        }
        if members.is_empty() {
            self.out.push(b'{');
        }
        self.out.push(b'}');
        Ok(has_value)
    }

    /// Writes the value at `position` of `values`, which belong to `column` and to `row`.
    fn write_value(
        &mut self,
        values: &Values,
        column: usize,
        position: usize,
        row: usize,
    ) -> Result<(), WriteError> {
        if values.is_null(position) {
            self.out.extend_from_slice(b"null");
            return Ok(());
        }
        match values {
            Values::Int(array) => {
                let mut digits = itoa::Buffer::new();
                self.out.extend_from_slice(digits.format(array.value(position)).as_bytes());
            }
            Values::Text(text) => write_text(text.get(position).unwrap_or_default(), self.out),
            Values::Bool(array) => {
                let word = if array.value(position) { "true" } else { "false" };
                self.out.extend_from_slice(word.as_bytes());
            }
            Values::Date(array) => {
                self.out.push(b'"');
                Date::from_days(array.value(position)).write_to(self.out);
                self.out.push(b'"');
            }
            Values::Instant(array) => {
                self.out.push(b'"');
                Instant::from_micros(array.value(position)).write_to(self.out);
                self.out.push(b'"');
            }
            Values::TimeOfDay(array) => {
                self.out.push(b'"');
                write_time_of_day(array.value(position), self.out);
                self.out.push(b'"');
            }
            Values::Amount(amount) => self.write_amount(amount, column, position, row)?,
            Values::List(list, items) => {
                self.out.push(b'[');
                for (number, item) in item_range(list, position).enumerate() {
                    if number > 0 {
                        self.out.push(b',');
                    }
                    self.write_value(items, column, item, row)?;
                }
                self.out.push(b']');
            }
            Values::Object(object) => {
                self.out.push(b'{');
                for (number, field) in object.fields.iter().enumerate() {
                    if number > 0 {
                        self.out.push(b',');
                    }
                    self.out.extend_from_slice(&field.json_key);
                    self.write_value(&field.values, column, position, row)?;
                }
                self.out.push(b'}');
            }
        }
        Ok(())
    }

    fn write_amount(
        &mut self,
        amount: &Amount,
        column: usize,
        position: usize,
        row: usize,
    ) -> Result<(), WriteError> {
        let minor = amount.minor(position).unwrap_or_default();
        let code = amount.currency(row);
        let Some(currency) = self.currencies.get(code) else {
            let key = self.columns[column].key.clone();
            return Err(WriteError::CurrencyUnknown { key, currency: code.to_owned() });
        };
        if !amount.is_money {
            currency.format.write_decimal(minor, self.out);
            return Ok(());
        }
        self.out.extend_from_slice(b"{\"decimal\":");
        currency.format.write_decimal(minor, self.out);
        self.out.extend_from_slice(b",\"string\":\"");
        currency.format.write_display(minor, self.out);
        self.out.extend_from_slice(currency.json_tail.as_bytes());
        Ok(())
    }
}

/// Appends a JSON string.
fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let is_plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    if text.bytes().all(is_plain) {
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
        return;
    }
    for character in text.chars() {
        match character {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            control if control < '\u{20}' => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                let code = control as usize;
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&[HEX[code >> 4], HEX[code & 15]]);
            }
            other => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}
