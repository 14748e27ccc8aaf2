//! Checks that rows that name an invoice have its currency.
//! Rule: spec/data-model.md §2, rules on import.

use std::collections::HashMap;

use model::catalogue::{Table, tables};
use model::cell::Cell;
use rusqlite::{Connection, OptionalExtension};

use crate::error::StoreError;
use crate::import::problem::{Problem, Problems};
use crate::import::table_plan::{self, TableImportPlan};
use crate::sqlite::errors::failed;

const ADD_PENDING: &str = "INSERT OR REPLACE INTO temp.pending_currencies \
    (source, id, line, invoice_id, currency) VALUES (?1, ?2, ?3, ?4, ?5)";
const CURRENCY: &str = "SELECT currency FROM invoices WHERE provider_id = ?1 AND id = ?2";
const PENDING: &str = "SELECT p.source, p.id, p.line, p.invoice_id, p.currency, i.currency \
    FROM temp.pending_currencies p \
    CROSS JOIN main.invoices i ON i.provider_id = ?1 AND i.id = p.invoice_id \
    WHERE i.currency <> p.currency ORDER BY p.source, p.line, p.id";
/// The number of invoices whose currency is cached between rows.
const INVOICES_MAX: usize = 1 << 16;

type CurrencyCode = [u8; 3];

#[derive(Default)]
pub(super) struct SqliteCurrencyCheck {
    of_invoices: HashMap<i64, CurrencyCode>,
    has_pending: bool,
}

impl SqliteCurrencyCheck {
    /// Compares a complete row with its invoice, and returns the invoice's id if it exists. A row
    /// that differs now is stored as pending, because the call may still change either row.
    pub(super) fn collect(
        &mut self,
        connection: &Connection,
        provider: i64,
        (table, plan): (&Table, &TableImportPlan),
        (id, line): (i64, u64),
        cells: &[Cell],
    ) -> Result<Option<i64>, StoreError> {
        let Some(rule) = &plan.invoice_currency else { return Ok(None) };
        let (Some(invoice), Some(currency)) =
            (cells[rule.invoice_id].as_int(), cells[rule.currency].as_text())
        else {
            return Ok(None);
        };
        let found = self.currency(connection, provider, invoice)?;
        if found.is_none_or(|found| found != currency.as_bytes()) {
            self.has_pending = true;
            let row = (table.position, id, line.cast_signed(), invoice, currency);
            let wait = failed("remember currencies");
            connection
                .prepare_cached(ADD_PENDING)
                .and_then(|mut wait| wait.execute(row))
                .map_err(wait)?;
        }
        Ok(found.map(|_| invoice))
    }

    /// Drops the cached currency of an invoice that was changed or deleted.
    pub(super) fn forget(&mut self, invoice: i64) {
        self.of_invoices.remove(&invoice);
    }

    fn currency(
        &mut self,
        connection: &Connection,
        provider: i64,
        invoice: i64,
    ) -> Result<Option<CurrencyCode>, StoreError> {
        if let Some(currency) = self.of_invoices.get(&invoice) {
            return Ok(Some(*currency));
        }
        let look = failed("look up invoices");
        let mut statement = connection.prepare_cached(CURRENCY).map_err(look)?;
        let found = statement
            .query_row((provider, invoice), |row| {
                Ok(row.get_ref(0)?.as_bytes().map(<CurrencyCode>::try_from))
            })
            .optional()
            .map_err(look)?;
        let Some(Ok(Ok(currency))) = found else { return Ok(None) };
        if self.of_invoices.len() >= INVOICES_MAX {
            self.of_invoices.clear();
        }
        self.of_invoices.insert(invoice, currency);
        Ok(Some(currency))
    }

    /// Reports the pending rows that differ at the end of the call. A missing invoice is reported
    /// as a missing reference instead.
    pub(super) fn check(
        &self,
        connection: &Connection,
        provider: i64,
        problems: &mut Problems,
    ) -> Result<(), StoreError> {
        if !self.has_pending {
            return Ok(());
        }
        let check = failed("check currencies");
        let mut statement = connection.prepare_cached(PENDING).map_err(check)?;
        let mut rows = statement.query([provider]).map_err(check)?;
        while let Some(row) = rows.next().map_err(check)? {
            let (source, id, line, invoice, own, wanted): (usize, i64, i64, i64, String, String) =
                row.try_into().map_err(check)?;
            let problem = Problem::currency_mismatch(&wanted, invoice, &own);
            problems.report(&tables()[source], problem.at(line.cast_unsigned(), id));
        }
        Ok(())
    }
}

/// Reports invoices whose currency this call changed although rows that name them have another.
pub(super) fn check_altered_invoices(
    connection: &Connection,
    provider: i64,
    problems: &mut Problems,
) -> Result<(), StoreError> {
    let check = failed("check currencies");
    let invoices = table_plan::required_table("invoices");
    for table in
        tables().iter().filter(|table| table_plan::for_table(table).invoice_currency.is_some())
    {
        let sql = format!(
            "SELECT a.id, a.line, min(c.id), c.currency FROM main.\"{}\" c \
             CROSS JOIN temp.altered a ON a.source = ?2 AND a.id = c.invoice_id \
             CROSS JOIN main.invoices i ON i.provider_id = ?1 AND i.id = a.id \
             WHERE c.provider_id = ?1 AND c.currency <> i.currency \
             AND NOT EXISTS (SELECT 1 FROM temp.pending_currencies p \
                WHERE p.source = ?3 AND p.id = c.id) \
             GROUP BY a.id, a.line ORDER BY a.id",
            table.name
        );
        let mut statement = connection.prepare_cached(&sql).map_err(check)?;
        let params = (provider, invoices.position, table.position);
        let mut rows = statement.query(params).map_err(check)?;
        while let Some(row) = rows.next().map_err(check)? {
            let (id, line, child, currency): (i64, i64, i64, String) =
                row.try_into().map_err(check)?;
            let problem = Problem::currency_in_use(table, child, &currency);
            problems.report(invoices, problem.at(line.cast_unsigned(), id));
        }
    }
    Ok(())
}
