//! Checks that rows that name an invoice have its currency. Rule: spec/data-model.md §2, end.

use std::collections::HashMap;

use model::catalogue::{Table, tables};
use model::cell::Cell;
use model::import::ERRORS_COUNTED_MAX;

use super::import_session::ImportSession;
use super::problem::{Problem, Problems};
use super::table_plan::{self, TableImportPlan};
use super::temp_tables::PENDING_CURRENCIES;
use super::{number_of, table_of};
use crate::error::StoreError;
use crate::sql::value::{SqlValue, values};

const CURRENCIES: &str = "SELECT id, currency FROM invoices WHERE provider_id = ?1 AND id {in ?2}";
const PENDING: &str = "SELECT p.source, p.id, p.line, p.invoice_id, p.currency, i.currency \
    FROM pending_currencies p \
    {join} invoices i ON i.provider_id = ?1 AND i.id = p.invoice_id \
    WHERE i.currency <> p.currency ORDER BY p.source, p.line, p.id LIMIT ?2";
/// The number of invoices whose currency is cached between batches.
const INVOICES_MAX: usize = 1 << 16;

/// A row that names an invoice, with the currency it has.
struct RowInvoiceCurrency {
    id: i64,
    line: u64,
    invoice: i64,
    currency: Box<str>,
}

#[derive(Default)]
pub(super) struct InvoiceCurrencyCheck {
    of_invoices: HashMap<i64, Box<str>>,
    collected: Vec<RowInvoiceCurrency>,
    has_pending: bool,
}

impl InvoiceCurrencyCheck {
    /// Collects the invoice and the currency of a complete row.
    pub(super) fn collect(&mut self, plan: &TableImportPlan, id: i64, line: u64, cells: &[Cell]) {
        let Some(rule) = &plan.invoice_currency else { return };
        if let (Some(invoice), Some(currency)) =
            (cells[rule.invoice_id].as_int(), cells[rule.currency].as_text())
        {
            self.collected.push(RowInvoiceCurrency {
                id,
                line,
                invoice,
                currency: currency.into(),
            });
        }
    }

    /// Drops the cached currency of an invoice that was changed or deleted.
    pub(super) fn forget(&mut self, invoice: i64) {
        self.of_invoices.remove(&invoice);
    }

    /// Compares the collected rows with their invoices. Rows that differ now are stored as pending,
    /// because the call may still change either row. Returns the invoices that exist.
    pub(super) fn check_batch(
        &mut self,
        session: &dyn ImportSession,
        provider: i64,
        source: &Table,
    ) -> Result<Vec<i64>, StoreError> {
        let collected = std::mem::take(&mut self.collected);
        if collected.is_empty() {
            return Ok(Vec::new());
        }
        self.look_up(session, provider, &collected)?;
        let differs = |named: &&RowInvoiceCurrency| {
            self.of_invoices.get(&named.invoice).is_none_or(|found| *found != named.currency)
        };
        let waiting: Vec<_> = collected.iter().filter(differs).collect();
        if !waiting.is_empty() {
            self.has_pending = true;
            add_pending(session, source, &waiting)?;
        }
        let is_known = |invoice: &i64| self.of_invoices.contains_key(invoice);
        Ok(collected.iter().map(|named| named.invoice).filter(is_known).collect())
    }

    fn look_up(
        &mut self,
        session: &dyn ImportSession,
        provider: i64,
        collected: &[RowInvoiceCurrency],
    ) -> Result<(), StoreError> {
        if self.of_invoices.len() >= INVOICES_MAX {
            self.of_invoices.clear();
        }
        let mut ids: Vec<_> = collected.iter().map(|named| named.invoice).collect();
        ids.retain(|id| !self.of_invoices.contains_key(id));
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(());
        }
        for row in session.all("look up invoices", CURRENCIES, values![provider, ids])? {
            self.of_invoices.insert(row.get(0)?, row.get::<String>(1)?.into());
        }
        Ok(())
    }

    /// Reports the pending rows that differ at the end of the call. A missing invoice is reported
    /// as a missing reference instead.
    pub(super) fn check(
        &self,
        session: &dyn ImportSession,
        provider: i64,
        problems: &mut Problems,
    ) -> Result<(), StoreError> {
        if !self.has_pending {
            return Ok(());
        }
        for row in
            session.all("check currencies", PENDING, values![provider, ERRORS_COUNTED_MAX])?
        {
            let (own, wanted): (String, String) = (row.get(4)?, row.get(5)?);
            let line: i64 = row.get(2)?;
            let problem = Problem::currency_mismatch(&wanted, row.get(3)?, &own);
            let source = table_of(row.get(0)?);
            problems.report(source, problem.at(line.cast_unsigned(), row.get(1)?));
        }
        Ok(())
    }
}

/// Reports invoices whose currency this call changed although rows that name them have another.
pub(super) fn check_altered_invoices(
    session: &dyn ImportSession,
    provider: i64,
    problems: &mut Problems,
) -> Result<(), StoreError> {
    let invoices = table_plan::required_table("invoices");
    for table in
        tables().iter().filter(|table| table_plan::for_table(table).invoice_currency.is_some())
    {
        let sql = format!(
            "SELECT first.invoice, first.line, first.id, t.currency FROM \
                (SELECT a.id AS invoice, a.line AS line, min(c.id) AS id FROM \"{name}\" c \
                 {{join}} altered a ON a.source = ?2 AND a.id = c.invoice_id \
                 {{join}} invoices i ON i.provider_id = ?1 AND i.id = a.id \
                 WHERE c.provider_id = ?1 AND c.currency <> i.currency \
                 AND NOT EXISTS (SELECT 1 FROM pending_currencies p \
                    WHERE p.source = ?3 AND p.id = c.id) GROUP BY a.id, a.line) first \
             {{join}} \"{name}\" t ON t.provider_id = ?1 AND t.id = first.id \
             ORDER BY first.invoice LIMIT {ERRORS_COUNTED_MAX}",
            name = table.name
        );
        let (altered, naming) = (number_of(invoices), number_of(table));
        for row in session.all("check currencies", &sql, values![provider, altered, naming])? {
            let line: i64 = row.get(1)?;
            let currency: String = row.get(3)?;
            let problem = Problem::currency_in_use(table, row.get(2)?, &currency);
            problems.report(invoices, problem.at(line.cast_unsigned(), row.get(0)?));
        }
    }
    Ok(())
}

fn add_pending(
    session: &dyn ImportSession,
    source: &Table,
    waiting: &[&RowInvoiceCurrency],
) -> Result<(), StoreError> {
    let column = |value: fn(&RowInvoiceCurrency) -> i64| {
        waiting.iter().map(|named| value(named)).collect::<Vec<_>>()
    };
    let sources = vec![number_of(source); waiting.len()];
    let (ids, lines) = (column(|named| named.id), column(|named| named.line.cast_signed()));
    let invoices = column(|named| named.invoice);
    let currencies = waiting.iter().map(|named| &*named.currency).collect();
    let columns = [&sources, &ids, &lines, &invoices];
    let mut columns: Vec<_> = columns.map(|values| SqlValue::Ints(values)).into();
    columns.push(SqlValue::Texts(currencies));
    session.add_rows(&PENDING_CURRENCIES, &columns)
}
