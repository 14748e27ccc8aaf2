//! Writing of a view in any format, with the writers of all other files.
//! Rule: spec/accounting.md §13, spec/exports.md §11.

use std::io::Write;
use std::path::Path;

use crate::parts::BooksError;
use files::write::{Dialect, JsonEnvelope, WriteOptions};
use model::file_format::FileFormat;
use serde_json::{Value, json};

use super::BooksView;
use crate::error::PackageError;
use crate::tables::{FieldRowSink, write_table};

/// Writes a view and returns the number of its rows. `folder` is for temporary files; `is_canceled`
/// is asked before each row. Blocking.
pub fn write_view(
    view: BooksView<'_>,
    format: FileFormat,
    has_formula_guard: bool,
    folder: &Path,
    is_canceled: &(dyn Fn() -> bool + Sync),
    out: &mut dyn Write,
) -> Result<u64, PackageError> {
    let options = WriteOptions {
        dialect: Dialect::Export,
        has_formula_guard,
        envelope: envelope(&view),
        sheet_name: view.name.to_owned(),
        folder: folder.to_owned(),
        ..WriteOptions::default()
    };
    let BooksView { columns, rows, .. } = view;
    let rows = Box::new(move |sink: &mut FieldRowSink<'_>| {
        rows(&mut |row| if is_canceled() { Err(BooksError::Canceled.into()) } else { sink(row) })
    });
    write_table(out, format, &options, &columns, rows)
}

/// Returns the JSON around the rows, which begins with the facts of the view.
fn envelope(view: &BooksView<'_>) -> JsonEnvelope {
    let mut facts = view.facts.clone();
    facts.insert("rev".to_owned(), json!(view.revision.0));
    let object = Value::Object(facts).to_string();
    let inside = object.trim_end_matches('}');
    JsonEnvelope { prefix: format!("{inside},\"data\":["), suffix: "]}".to_owned() }
}
