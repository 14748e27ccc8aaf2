//! Tables on a terminal, and messages on standard error.

use std::io::{IsTerminal, Write};

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ContentArrangement, Table};

/// Line width in characters if it is unknown.
const WIDTH_USUAL: u16 = 100;

/// Returns true if standard output is a terminal.
pub(crate) fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Prints a line to standard error and ignores errors: the work goes on.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Returns the line width in characters: that of `COLUMNS`, otherwise that of the terminal.
pub(crate) fn width() -> u16 {
    let asked = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    asked.or_else(|| Table::new().width()).unwrap_or(WIDTH_USUAL)
}

/// Returns a number with its noun: `1 row`, `2 rows`.
pub(crate) fn count_with_noun(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// Returns a table that fits the terminal's width.
pub(crate) fn table<H, R, C>(header: H, rows: R) -> String
where
    H: IntoIterator,
    H::Item: ToString,
    R: IntoIterator<Item = C>,
    C: IntoIterator,
    C::Item: ToString,
{
    format!("{}\n", styled_table(header, rows))
}

/// Returns a table that fits the terminal's width, for further formatting.
pub(crate) fn styled_table<H, R, C>(header: H, rows: R) -> Table
where
    H: IntoIterator,
    H::Item: ToString,
    R: IntoIterator<Item = C>,
    C: IntoIterator,
    C::Item: ToString,
{
    let mut table = Table::new();
    table.load_preset(UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    if is_terminal() || std::env::var_os("COLUMNS").is_some() {
        table.set_width(width());
    }
    table.set_header(header.into_iter().map(|cell| cell.to_string()));
    for row in rows {
        table.add_row(row.into_iter().map(|cell| cell.to_string()));
    }
    table
}
