//! A report page as text for the terminal: as a table, or record by record.

use app::report_pages::page_file;
use comfy_table::{CellAlignment, ColumnConstraint, Width};
use model::output::{OutputColumn, OutputKind};
use reports::ReportPage;

use crate::failure::{Failure, FailureContext};
use crate::terminal::{self, count_with_noun};

/// Width above which a column is wrapped.
const COLUMN_WIDTH_MAX: u16 = 32;
/// Number of characters between two columns.
const GAP: u16 = 3;

/// The columns and cells of a page as text; amounts have their currency.
pub(super) struct PageText {
    columns: Vec<PageTextColumn>,
    rows: Vec<Vec<String>>,
    /// Number of rows of the whole report.
    total: u64,
}

struct PageTextColumn {
    label: String,
    is_number: bool,
    /// True if the column was requested, or chosen by default.
    is_wanted: bool,
}

impl PageText {
    /// Converts a page. `named` are the requested columns; columns that every answer has in
    /// addition are not shown.
    pub(super) fn from_page(page: &ReportPage, named: &[&str]) -> Result<Self, Failure> {
        let csv = page_file::page_csv(page, false, false).doing(|| "show the report".to_owned())?;
        let mut reader = csv::ReaderBuilder::new().from_reader(csv.as_slice());
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.doing(|| "show the report".to_owned())?;
            let mut cells: Vec<String> = record.iter().map(printable).collect();
            let currencies = cells.split_off(page.columns.len().min(cells.len()));
            append_currencies(&page.columns, &mut cells, &currencies);
            rows.push(cells);
        }
        let columns =
            page.headers.iter().zip(&page.columns).map(|(header, column)| PageTextColumn {
                label: header.label.clone(),
                is_number: is_number(&column.kind),
                is_wanted: !header.required || named.contains(&header.key.as_str()),
            });
        Ok(Self { columns: columns.collect(), rows, total: page.total })
    }

    /// Returns a table of as many columns as fit the terminal, with lines about what is left out.
    /// `column_count` is the number of columns of the report if only the brief ones were chosen.
    pub(super) fn table(&self, column_count: Option<usize>) -> String {
        let wanted: Vec<usize> =
            (0..self.columns.len()).filter(|at| self.columns[*at].is_wanted).collect();
        let fitting = self.fitting_columns(&wanted, terminal::width());
        let header = fitting.iter().map(|at| &self.columns[*at].label);
        let rows = self.rows.iter().map(|row| fitting.iter().map(|at| &row[*at]));
        let mut table = terminal::styled_table(header, rows);
        for (column, at) in table.column_iter_mut().zip(&fitting) {
            column.set_constraint(ColumnConstraint::UpperBoundary(Width::Fixed(COLUMN_WIDTH_MAX)));
            if self.columns[*at].is_number {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let left_out: Vec<&str> =
            wanted[fitting.len()..].iter().map(|at| self.columns[*at].label.as_str()).collect();
        let more = match (column_count, left_out.as_slice()) {
            (Some(count), _) => more_columns(count.saturating_sub(fitting.len())),
            (None, []) => String::new(),
            (None, some) => {
                format!("Too narrow for {}: --format records shows every column\n", some.join(", "))
            }
        };
        format!("{table}\n{}{more}", self.row_line())
    }

    /// Returns each row as lines of column and value. Columns without a value are left out.
    pub(super) fn records(&self) -> String {
        let labels = self.columns.iter().map(|column| column.label.chars().count());
        let width = labels.max().unwrap_or_default();
        let mut text = String::new();
        for row in &self.rows {
            for (column, cell) in self.columns.iter().zip(row) {
                if column.is_wanted && !cell.is_empty() {
                    text.push_str(&format!("{:width$}  {cell}\n", column.label));
                }
            }
            text.push('\n');
        }
        text + &self.row_line()
    }

    /// Returns the first of these columns that fit beside each other; at least one.
    fn fitting_columns(&self, places: &[usize], width: u16) -> Vec<usize> {
        let all = terminal::styled_table(
            self.columns.iter().map(|column| &column.label),
            self.rows.iter().map(|row| row.iter()),
        );
        let widths = all.column_max_content_widths();
        let mut taken = 0;
        let fitting = places.iter().take_while(|at| {
            taken += widths.get(**at).map_or(0, |width| (*width).min(COLUMN_WIDTH_MAX)) + GAP;
            taken <= width
        });
        let mut fitting: Vec<usize> = fitting.copied().collect();
        if fitting.is_empty() {
            fitting.extend(places.first());
        }
        fitting
    }

    fn row_line(&self) -> String {
        let (shown, total) = (self.rows.len() as u64, count_with_noun(self.total, "row"));
        if shown < self.total {
            format!(
                "{shown} of {total}: --limit and --offset show others, --format csv writes all\n"
            )
        } else {
            format!("{total}\n")
        }
    }
}

fn more_columns(count: usize) -> String {
    match count {
        0 => String::new(),
        _ => {
            format!(
                "+{}: see --columns, --format records\n",
                count_with_noun(count as u64, "more column")
            )
        }
    }
}

/// Replaces control characters in a cell, except line breaks, so that it cannot steer the terminal.
fn printable(cell: &str) -> String {
    cell.replace(|c: char| c.is_control() && c != '\n', "\u{fffd}")
}

fn is_number(kind: &OutputKind) -> bool {
    matches!(
        kind,
        OutputKind::Int | OutputKind::Dec4 | OutputKind::Money { .. } | OutputKind::Decimal { .. }
    )
}

/// Appends the currency codes to the amounts; `currencies` holds one for all amounts, or one for
/// each.
fn append_currencies(columns: &[OutputColumn], cells: &mut [String], currencies: &[String]) {
    let amounts = columns.iter().zip(cells).filter(|(column, _)| {
        matches!(column.kind, OutputKind::Money { .. } | OutputKind::Decimal { .. })
    });
    for (nth, (_, cell)) in amounts.enumerate() {
        let currency = if currencies.len() == 1 { currencies.first() } else { currencies.get(nth) };
        if let Some(currency) = currency
            && !cell.is_empty()
        {
            *cell = format!("{cell} {currency}");
        }
    }
}
