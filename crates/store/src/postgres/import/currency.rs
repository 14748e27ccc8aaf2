//! Checks that rows that name an invoice have its currency. Rule: spec/data-model.md §2, end.

use std::collections::HashMap;

use model::catalogue::{Table, tables};
use model::cell::Cell;

use super::{number_of, table_of};
use crate::error::StoreError;
use crate::import::problem::{Problem, Problems};
use crate::import::table_plan::{self, TableImportPlan};
use crate::postgres::connections::PostgresSession;
use crate::postgres::row::get;

const ADD_PENDING: &str = "INSERT INTO pg_temp.pending_currencies \
    (source, id, line, invoice_id, currency) SELECT $1::bigint, * \
    FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[]) \
    ON CONFLICT (source, id) DO UPDATE SET line = excluded.line, \
    invoice_id = excluded.invoice_id, currency = excluded.currency";
const CURRENCIES: &str =
    "SELECT id, currency FROM invoices WHERE provider_id = $1 AND id = ANY($2)";
const PENDING: &str = "SELECT p.source, p.id, p.line, p.invoice_id, p.currency, i.currency \
    FROM pg_temp.pending_currencies p \
    JOIN invoices i ON i.provider_id = $1 AND i.id = p.invoice_id \
    WHERE i.currency <> p.currency ORDER BY p.source, p.line, p.id";
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
pub(super) struct PostgresCurrencyCheck {
    of_invoices: HashMap<i64, Box<str>>,
    collected: Vec<RowInvoiceCurrency>,
    has_pending: bool,
}

impl PostgresCurrencyCheck {
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
    /// because the call may still change either row.
    pub(super) fn check_batch(
        &mut self,
        session: &PostgresSession<'_>,
        provider: i64,
        source: &Table,
    ) -> Result<(), StoreError> {
        let collected = std::mem::take(&mut self.collected);
        if collected.is_empty() {
            return Ok(());
        }
        self.look_up(session, provider, &collected)?;
        let differs = |named: &&RowInvoiceCurrency| {
            self.of_invoices.get(&named.invoice).is_none_or(|found| *found != named.currency)
        };
        let waiting: Vec<_> = collected.iter().filter(differs).collect();
        if waiting.is_empty() {
            return Ok(());
        }
        self.has_pending = true;
        let column = |value: fn(&RowInvoiceCurrency) -> i64| {
            waiting.iter().map(|n| value(n)).collect::<Vec<_>>()
        };
        let (ids, lines) = (column(|named| named.id), column(|named| named.line.cast_signed()));
        let invoices = column(|named| named.invoice);
        let currencies: Vec<&str> = waiting.iter().map(|named| &*named.currency).collect();
        let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
            &[&number_of(source), &ids, &lines, &invoices, &currencies];
        session.run("remember currencies", ADD_PENDING, params).map(drop)
    }

    fn look_up(
        &mut self,
        session: &PostgresSession<'_>,
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
        for row in session.all("look up invoices", CURRENCIES, &[&provider, &ids])? {
            self.of_invoices.insert(get(&row, 0)?, get::<&str>(&row, 1)?.into());
        }
        Ok(())
    }

    /// Reports the pending rows that differ at the end of the call. A missing invoice is reported
    /// as a missing reference instead.
    pub(super) fn check(
        &self,
        session: &PostgresSession<'_>,
        provider: i64,
        problems: &mut Problems,
    ) -> Result<(), StoreError> {
        if !self.has_pending {
            return Ok(());
        }
        for row in session.all("check currencies", PENDING, &[&provider])? {
            let (own, wanted): (&str, &str) = (get(&row, 4)?, get(&row, 5)?);
            let line: i64 = get(&row, 2)?;
            let problem = Problem::currency_mismatch(wanted, get(&row, 3)?, own);
            let source = table_of(get(&row, 0)?);
            problems.report(source, problem.at(line.cast_unsigned(), get(&row, 1)?));
        }
        Ok(())
    }
}

/// Reports invoices whose currency this call changed although rows that name them have another.
pub(super) fn check_altered_invoices(
    session: &PostgresSession<'_>,
    provider: i64,
    problems: &mut Problems,
) -> Result<(), StoreError> {
    let invoices = table_plan::required_table("invoices");
    for table in
        tables().iter().filter(|table| table_plan::for_table(table).invoice_currency.is_some())
    {
        let sql = format!(
            "SELECT DISTINCT ON (a.id) a.id, a.line, c.id, c.currency FROM \"{}\" c \
             JOIN pg_temp.altered a ON a.source = $2 AND a.id = c.invoice_id \
             JOIN invoices i ON i.provider_id = $1 AND i.id = a.id \
             WHERE c.provider_id = $1 AND c.currency <> i.currency \
             AND NOT EXISTS (SELECT 1 FROM pg_temp.pending_currencies p \
                WHERE p.source = $3 AND p.id = c.id) ORDER BY a.id, c.id",
            table.name
        );
        let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
            &[&provider, &number_of(invoices), &number_of(table)];
        for row in session.all("check currencies", &sql, params)? {
            let line: i64 = get(&row, 1)?;
            let problem = Problem::currency_in_use(table, get(&row, 2)?, get(&row, 3)?);
            problems.report(invoices, problem.at(line.cast_unsigned(), get(&row, 0)?));
        }
    }
    Ok(())
}
