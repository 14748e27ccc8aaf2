//! Warns of files whose amounts may be in pounds instead of pence, because every amount of a table
//! is below one pound. Such rows are valid, so they are stored, and the answer has a warning.

use model::catalogue::{ColumnType, Table, tables};
use model::cell::Cell;
use model::import::{ImportWarning, WarningCode};
use model::money::Currency;

/// The amounts that a call has given, counted by table.
pub(crate) struct SmallAmounts {
    tables: Vec<TableAmounts>,
}

#[derive(Default)]
struct TableAmounts {
    /// True if an amount was at least one unit of its currency.
    has_usual: bool,
    /// The number of amounts below one unit, zero left out.
    small: u64,
    first: Option<FirstSmallAmount>,
}

/// The first small amount.
struct FirstSmallAmount {
    column: &'static str,
    id: i64,
    minor: i64,
    currency: Currency,
}

impl SmallAmounts {
    pub(crate) fn new() -> Self {
        Self { tables: tables().iter().map(|_| TableAmounts::default()).collect() }
    }

    /// Counts the amounts that a row of input gives, if the row also gives their currency.
    pub(crate) fn observe(&mut self, table: &'static Table, id: i64, cells: &[Cell]) {
        let tally = &mut self.tables[table.position];
        if tally.has_usual {
            return;
        }
        let currency = table.position_of("currency").and_then(|position| cells.get(position));
        let currency = currency.and_then(Cell::as_text).and_then(Currency::parse);
        let Some(currency) = currency.filter(|currency| currency.digits() > 0) else { return };
        let one = 10_u64.pow(currency.digits());
        for (column, cell) in table.columns.iter().zip(cells) {
            let (ColumnType::Money, Some(minor)) = (column.kind, cell.as_int()) else { continue };
            match minor.unsigned_abs() {
                0 => {}
                magnitude if magnitude >= one => tally.has_usual = true,
                _ => {
                    tally.small += 1;
                    let first = FirstSmallAmount { column: column.name, id, minor, currency };
                    tally.first.get_or_insert(first);
                }
            }
        }
    }

    pub(crate) fn warnings(&self) -> Vec<ImportWarning> {
        let tables = tables().iter().zip(&self.tables).filter(|(_, tally)| !tally.has_usual);
        let warnings = tables.filter_map(|(table, tally)| {
            let first = tally.first.as_ref()?;
            Some(warning(table, first, tally.small))
        });
        warnings.collect()
    }
}

fn warning(table: &Table, first: &FirstSmallAmount, small: u64) -> ImportWarning {
    let FirstSmallAmount { column, id, minor, currency } = first;
    let (name, code) = (table.name, currency.code().to_ascii_uppercase());
    let one = currency.decimal(10_i128.pow(currency.digits()));
    let read = currency.decimal((*minor).into());
    let meant = i128::from(*minor) * 10_i128.pow(currency.digits());
    let which = match small {
        1 => "the only amount is".to_owned(),
        count => format!("all {count} amounts are"),
    };
    let message = format!(
        "{name}: {which} below {one} {code}. Amounts are in minor units: {column} {minor} is \
         {read} {code}. If {shown} {code} was meant, write {meant} and import the rows again",
        shown = currency.decimal(meant),
    );
    ImportWarning {
        table: name.to_owned(),
        column: (*column).to_owned(),
        id: *id,
        code: WarningCode::AmountsBelowOne,
        message,
    }
}

#[cfg(test)]
mod tests {
    use model::catalogue::table;

    use super::*;

    fn observed(rows: &[(i64, &str)]) -> Vec<ImportWarning> {
        let table = table("memberships").unwrap();
        let mut amounts = SmallAmounts::new();
        for (id, (price, currency)) in (1..).zip(rows) {
            let mut cells = vec![Cell::Absent; table.columns.len()];
            cells[table.position_of("price").unwrap()] = Cell::Int(*price);
            if !currency.is_empty() {
                cells[table.position_of("currency").unwrap()] = Cell::text(*currency);
            }
            amounts.observe(table, id, &cells);
        }
        amounts.warnings()
    }

    #[test]
    fn a_table_with_small_amounts_alone_is_warned_of() {
        let warnings = observed(&[(0, "gbp"), (45, "gbp"), (-60, "gbp")]);
        let told: Vec<_> = warnings.iter().map(|w| (w.id, w.message.as_str())).collect();
        let expected = "memberships: all 2 amounts are below 1.00 GBP. Amounts are in minor units: \
            price 45 is 0.45 GBP. If 45.00 GBP was meant, write 4500 and import the rows again";
        assert_eq!(told, [(2, expected)]);
        assert_eq!(observed(&[(999, "kwd")]).len(), 1);
        for usual in [
            &[(45, "gbp"), (4500, "gbp")][..],
            &[(4500, "gbp"), (45, "gbp")],
            &[(100, "gbp")],
            &[(0, "gbp")],
            &[(45, "jpy")],
            &[(45, "")],
            &[(i64::MIN, "gbp")],
            &[],
        ] {
            assert_eq!(observed(usual), [], "{usual:?}");
        }
    }
}
