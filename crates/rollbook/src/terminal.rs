//! Tables on a terminal, and words beside the output.

use std::io::{IsTerminal, Write};

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ContentArrangement, Table};

/// Characters of a line where nothing says how wide it is.
const WIDTH_USUAL: u16 = 100;

/// Whether standard output is a terminal.
pub(crate) fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Says a line on standard error. Nobody has to hear it: what is being done goes on.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Characters of a line: as `COLUMNS` says, else as wide as the terminal is.
pub(crate) fn width() -> u16 {
    let asked = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    asked.or_else(|| Table::new().width()).unwrap_or(WIDTH_USUAL)
}

/// A number with what it counts: `1 row`, `2 rows`.
pub(crate) fn counted(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// A table within the terminal's width.
pub(crate) fn table<H, R, C>(header: H, rows: R) -> String
where
    H: IntoIterator,
    H::Item: ToString,
    R: IntoIterator<Item = C>,
    C: IntoIterator,
    C::Item: ToString,
{
    format!("{}\n", styled(header, rows))
}

/// The same, to be changed before it is shown.
pub(crate) fn styled<H, R, C>(header: H, rows: R) -> Table
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
