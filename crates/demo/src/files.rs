//! Generated rows as import files, one per provider and table.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use model::catalogue;
use model::file_format::FileFormat;
use model::provider::Provider;

use super::dates::{write_date, write_instant};
use super::row::{DemoRow, DemoRowSink, DemoValue};

const BUFFER_BYTES: usize = 128 * 1024;

/// The import files of one provider. Each is created with the first row of its table.
pub struct ImportFileWriter {
    folder: PathBuf,
    format: FileFormat,
    tables: Vec<Option<BufWriter<File>>>,
    line: Vec<u8>,
    rows: u64,
}

impl ImportFileWriter {
    /// Files in `folder`, as CSV or else as NDJSON. The folder is made when missing. Existing files of the same name are replaced.
    pub fn create(folder: &Path, format: FileFormat) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let tables = catalogue::tables().iter().map(|_| None).collect();
        Ok(Self { folder: folder.to_owned(), format, tables, line: Vec::new(), rows: 0 })
    }

    /// Flushes all files. Returns the number of rows written.
    pub fn finish(mut self) -> io::Result<u64> {
        for file in self.tables.iter_mut().flatten() {
            file.flush()?;
        }
        Ok(self.rows)
    }
}

impl DemoRowSink for ImportFileWriter {
    fn row(&mut self, row: &DemoRow<'_>) -> io::Result<()> {
        self.line.clear();
        self.rows += 1;
        let slot = &mut self.tables[row.table.position];
        let file = match slot {
            Some(file) => file,
            None => {
                let name = format!("{}.{}", row.table.name, self.format.extension());
                let file = File::create(self.folder.join(name))?;
                if self.format == FileFormat::Csv {
                    write_header(&mut self.line, row);
                }
                slot.insert(BufWriter::with_capacity(BUFFER_BYTES, file))
            }
        };
        match self.format {
            FileFormat::Csv => write_csv(&mut self.line, row)?,
            _ => write_json(&mut self.line, row)?,
        }
        file.write_all(&self.line)
    }
}

/// Writes a README with the import commands, and the settings of the providers as JSON.
pub fn write_readme(folder: &Path, providers: &[Provider]) -> io::Result<()> {
    let settings = serde_json::to_string_pretty(providers).map_err(io::Error::other)?;
    fs::write(folder.join("providers.json"), settings + "\n")?;
    let mut text = String::from("# Sample data\n\nGenerated, not real. To import it:\n\n```\n");
    for provider in providers {
        text.push_str(&create_command(provider));
        let id = provider.id;
        text.push_str(&format!("rollbook import --data DATA --provider {id} provider-{id}\n"));
    }
    text.push_str("```\n");
    fs::write(folder.join("README.md"), text)
}

fn create_command(provider: &Provider) -> String {
    let word = |value: serde_json::Result<serde_json::Value>| {
        value.ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    };
    format!(
        "rollbook provider create --data DATA --id {} --name {:?} --timezone {} --currency {} \
         --week-starts-on {} --usage-alignment {}\n",
        provider.id,
        provider.name,
        provider.timezone.name(),
        provider.currency,
        word(serde_json::to_value(provider.week_starts_on)),
        word(serde_json::to_value(provider.usage_alignment)),
    )
}

/// Appends a row as one line of JSON.
pub fn write_json(line: &mut Vec<u8>, row: &DemoRow<'_>) -> io::Result<()> {
    let mut separator = b'{';
    for (name, value) in row.columns() {
        line.push(separator);
        separator = b',';
        line.push(b'"');
        line.extend_from_slice(name.as_bytes());
        line.extend_from_slice(b"\":");
        match value {
            DemoValue::Null => line.extend_from_slice(b"null"),
            DemoValue::Text(text) => serde_json::to_writer(&mut *line, text)?,
            DemoValue::Date(_) | DemoValue::Instant(_) => {
                line.push(b'"');
                write_plain(line, value)?;
                line.push(b'"');
            }
            plain => write_plain(line, plain)?,
        }
    }
    line.extend_from_slice(b"}\n");
    Ok(())
}

fn write_header(line: &mut Vec<u8>, row: &DemoRow<'_>) {
    for (position, (name, _)) in row.columns().enumerate() {
        if position > 0 {
            line.push(b',');
        }
        line.extend_from_slice(name.as_bytes());
    }
    line.extend_from_slice(b"\r\n");
}

fn write_csv(line: &mut Vec<u8>, row: &DemoRow<'_>) -> io::Result<()> {
    for (position, (_, value)) in row.columns().enumerate() {
        if position > 0 {
            line.push(b',');
        }
        match value {
            DemoValue::Null => {}
            DemoValue::Text(text) | DemoValue::Json(text) => write_quoted(line, text),
            plain => write_plain(line, plain)?,
        }
    }
    line.extend_from_slice(b"\r\n");
    Ok(())
}

fn write_quoted(line: &mut Vec<u8>, text: &str) {
    let needs_quotes = text.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\r' | b'\n'));
    if !needs_quotes && !text.is_empty() {
        line.extend_from_slice(text.as_bytes());
        return;
    }
    line.push(b'"');
    for byte in text.bytes() {
        if byte == b'"' {
            line.push(b'"');
        }
        line.push(byte);
    }
    line.push(b'"');
}

/// Appends a value that is written alike in both formats.
fn write_plain(line: &mut Vec<u8>, value: DemoValue<'_>) -> io::Result<()> {
    match value {
        DemoValue::Null => {}
        DemoValue::Int(number) => {
            line.extend_from_slice(itoa::Buffer::new().format(number).as_bytes())
        }
        DemoValue::Bool(flag) => line.extend_from_slice(if flag { b"true" } else { b"false" }),
        DemoValue::Date(date) => write_date(line, date)?,
        DemoValue::Instant(instant) => write_instant(line, instant)?,
        DemoValue::Text(text) | DemoValue::Json(text) => line.extend_from_slice(text.as_bytes()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::time::{Date, Instant};

    #[test]
    fn a_row_reads_back_from_both_formats() {
        let table = catalogue::table("sites").unwrap();
        let values = [
            ("a", DemoValue::Text("x, \"y\"")),
            ("b", DemoValue::Null),
            ("c", DemoValue::Json(r#"["a","b"]"#)),
            ("d", DemoValue::Date(Date::from_days(1))),
            ("e", DemoValue::Bool(true)),
            ("f", DemoValue::Int(-7)),
        ];
        let stamp = Instant::from_micros(1_500_000);
        let row = DemoRow { table, id: 3, values: &values, created_at: stamp, updated_at: stamp };
        let mut json = Vec::new();
        write_json(&mut json, &row).unwrap();
        assert_eq!(
            String::from_utf8(json).unwrap(),
            concat!(
                r#"{"id":3,"a":"x, \"y\"","b":null,"c":["a","b"],"d":"1970-01-02","e":true,"f":-7,"#,
                r#""created_at":"1970-01-01T00:00:01.500Z","updated_at":"1970-01-01T00:00:01.500Z"}"#,
                "\n"
            )
        );
        let mut csv = Vec::new();
        write_header(&mut csv, &row);
        write_csv(&mut csv, &row).unwrap();
        assert_eq!(
            String::from_utf8(csv).unwrap(),
            "id,a,b,c,d,e,f,created_at,updated_at\r\n3,\"x, \"\"y\"\"\",,\"[\"\"a\"\",\"\"b\"\"]\",\
             1970-01-02,true,-7,1970-01-01T00:00:01.500Z,1970-01-01T00:00:01.500Z\r\n"
        );
    }
}
