//! Writer of JSON documents and NDJSON files.
//! Rule: spec/reports.md §3, §7.3; spec/exports.md §11.

use std::io::Write;

use arrow::array::RecordBatch;
use model::output::OutputColumn;

use super::json_cell::JsonCells;
use super::options::{JsonEnvelope, WriteOptions};
use super::values::{OutputValues, ValuePosition};
use super::{RowWriter, WriteError, flush_buffer};
use model::file_format::FileFormat;

/// Writes each row as an object.
pub(super) struct JsonRows {
    columns: Vec<OutputColumn>,
    row: Vec<JsonMember>,
    cells: JsonCells,
    frame: JsonFrame,
    has_rows: bool,
    buffer: Vec<u8>,
}

/// The text around rows.
enum JsonFrame {
    /// An envelope around all rows, and a comma between them.
    Document(JsonEnvelope),
    /// A line feed after each row.
    Lines,
}

/// One member of a row object.
struct JsonMember {
    name: String,
    /// The bytes `"name":`, ready to be written.
    json_key: Vec<u8>,
    place: JsonMemberSource,
}

enum JsonMemberSource {
    /// The value of the column at this position.
    Leaf(usize),
    /// A nested object. It is written as null if all columns in it are null.
    Parent(Vec<JsonMember>),
}

impl JsonRows {
    /// Creates a writer of rows with these columns. `format` must be JSON or NDJSON. Members have
    /// the order of the columns; a nested object is placed where its first column is.
    ///
    /// Errors: [`WriteError::KeyTaken`].
    pub(super) fn new(
        format: FileFormat,
        columns: &[OutputColumn],
        options: &WriteOptions,
    ) -> Result<Self, WriteError> {
        let mut row = Vec::new();
        for (position, column) in columns.iter().enumerate() {
            let path = if options.dialect.nests_rows() {
                column.path().collect()
            } else {
                vec![column.key.as_str()]
            };
            insert_member(&mut row, &path, position)
                .ok_or_else(|| WriteError::KeyTaken { key: column.key.clone() })?;
        }
        let frame = match format {
            FileFormat::Ndjson => JsonFrame::Lines,
            _ => JsonFrame::Document(options.envelope.clone()),
        };
        let cells = JsonCells::new(options.dialect.json_style(format));
        let (columns, buffer) = (columns.to_vec(), Vec::new());
        Ok(Self { columns, row, cells, frame, has_rows: false, buffer })
    }
}

fn insert_member(members: &mut Vec<JsonMember>, path: &[&str], position: usize) -> Option<()> {
    let (name, rest) = path.split_first()?;
    let known = members.iter_mut().find(|member| member.name == *name);
    let member = match known {
        Some(member) => member,
        None => {
            let json_key = format!("{}:", serde_json::Value::from(*name)).into_bytes();
            let place = match rest {
                [] => JsonMemberSource::Leaf(position),
                _ => JsonMemberSource::Parent(Vec::new()),
            };
            members.push(JsonMember { name: (*name).to_owned(), json_key, place });
            if rest.is_empty() {
                return Some(());
            }
            members.last_mut()?
        }
    };
    match &mut member.place {
        JsonMemberSource::Parent(members) => insert_member(members, rest, position),
        JsonMemberSource::Leaf(_) => None,
    }
}

impl RowWriter for JsonRows {
    fn start(&mut self, out: &mut dyn Write) -> Result<(), WriteError> {
        if let JsonFrame::Document(envelope) = &self.frame {
            self.buffer.extend_from_slice(envelope.prefix.as_bytes());
        }
        flush_buffer(&mut self.buffer, out, true)
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> Result<(), WriteError> {
        let values = OutputValues::from_batch(batch, &self.columns)?;
        let is_document = matches!(self.frame, JsonFrame::Document(_));
        let mut objects =
            JsonObjectWriter { columns: &self.columns, values: &values, cells: &mut self.cells };
        for row in 0..batch.num_rows() {
            if is_document && self.has_rows {
                self.buffer.push(b',');
            }
            self.has_rows = true;
            objects.write(&self.row, row, &mut self.buffer)?;
            if !is_document {
                self.buffer.push(b'\n');
            }
            flush_buffer(&mut self.buffer, out, false)?;
        }
        flush_buffer(&mut self.buffer, out, true)
    }

    fn finish(&mut self, out: &mut dyn Write) -> Result<(), WriteError> {
        if let JsonFrame::Document(envelope) = &self.frame {
            self.buffer.extend_from_slice(envelope.suffix.as_bytes());
        }
        flush_buffer(&mut self.buffer, out, true)
    }
}

/// The context for writing the row objects of one batch.
struct JsonObjectWriter<'w> {
    columns: &'w [OutputColumn],
    values: &'w [OutputValues],
    cells: &'w mut JsonCells,
}

impl JsonObjectWriter<'_> {
    /// Appends an object. Returns false if all columns in it are null.
    fn write(
        &mut self,
        members: &[JsonMember],
        row: usize,
        out: &mut Vec<u8>,
    ) -> Result<bool, WriteError> {
        let mut has_value = false;
        out.push(b'{');
        for (number, member) in members.iter().enumerate() {
            if number > 0 {
                out.push(b',');
            }
            out.extend_from_slice(&member.json_key);
            match &member.place {
                JsonMemberSource::Leaf(column) => {
                    let values = &self.values[*column];
                    has_value |= !values.is_null(row);
                    self.cells.write(
                        values,
                        ValuePosition::row(&self.columns[*column].key, row),
                        out,
                    )?;
                }
                JsonMemberSource::Parent(members) => {
                    let start = out.len();
                    if self.write(members, row, out)? {
                        has_value = true;
                    } else {
                        out.truncate(start);
                        out.extend_from_slice(b"null");
                    }
                }
            }
        }
        out.push(b'}');
        Ok(has_value)
    }
}
