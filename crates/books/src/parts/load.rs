//! Loads the records of one part, grouped as the ledger takes them.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use accounting::records::{
    BalanceTransaction, Customer, Invoice, Order, OrderItem, Payment, Refund, Shipment, Sku,
    Subscription, TableRecord,
};
use accounting::{GroupedRecords, RecordTables, group_records};
use datafusion::prelude::col;
use mirror::MirrorSession;

use super::book_parts::{BookPart, BookParts};
use super::error::BooksError;
use super::scan::{KeyedScan, read_records, read_with_ids, read_with_keys};

/// The records of one part.
#[derive(Debug, Default)]
pub struct LoadedPart {
    /// The invoices with the records that act on them, and the records without an invoice.
    pub grouped: GroupedRecords,
    /// The balance transactions, of every kind.
    pub balance_transactions: Vec<BalanceTransaction>,
}

impl BookParts {
    /// Loads a part. Blocks: call it off the event loop.
    pub fn load(&self, position: usize) -> Result<LoadedPart, BooksError> {
        match self.parts.get(position) {
            Some(part) => self.load_part(part),
            None => Ok(LoadedPart::default()),
        }
    }

    pub(super) fn load_part(&self, part: &BookPart) -> Result<LoadedPart, BooksError> {
        let mut tables = self.read_tables(part)?;
        self.fill_directory(&mut tables)?;
        let balance_transactions = tables.balance_transactions.clone();
        Ok(LoadedPart { grouped: group_records(tables, &self.calendar), balance_transactions })
    }

    fn read_tables(&self, part: &BookPart) -> Result<RecordTables, BooksError> {
        let session = &self.session;
        match part {
            BookPart::Range { first, last } => {
                let is_member = |id: i64| !self.linked_invoices.contains(&id);
                self.read_invoice_tables(*first, *last, &is_member)
            }
            BookPart::Components(positions) => {
                let components = &self.links.components[positions.clone()];
                let ids: HashSet<i64> = components.iter().flatten().copied().collect();
                let first = ids.iter().min().copied().unwrap_or_default();
                let last = ids.iter().max().copied().unwrap_or_default();
                self.read_invoice_tables(first, last, &|id| ids.contains(&id))
            }
            BookPart::Payments { first, last } => Ok(RecordTables {
                payments: read_rows_without_invoice(session, *first, *last)?,
                ..RecordTables::default()
            }),
            BookPart::BalanceTransactions { first, last } => {
                let balance_transactions = read_rows_without_invoice(session, *first, *last)?;
                Ok(RecordTables { balance_transactions, ..RecordTables::default() })
            }
            BookPart::Refunds(positions) => {
                let ids = ids_at(&self.links.refunds_without_invoice, positions);
                let mut tables = RecordTables {
                    refunds: read_with_ids(session, &ids)?,
                    ..RecordTables::default()
                };
                read_refunded_payments(session, &mut tables)?;
                Ok(tables)
            }
            BookPart::Shipments(positions) => {
                let keys = ids_at(&self.links.shipments_without_invoice, positions);
                let shipments = read_with_keys(session, "subscription_id", &keys)?;
                Ok(RecordTables { shipments, ..RecordTables::default() })
            }
            BookPart::Orders(positions) => {
                let ids = ids_at(&self.links.orders_without_invoice, positions);
                Ok(RecordTables {
                    orders: read_with_ids(session, &ids)?,
                    ..RecordTables::default()
                })
            }
        }
    }

    /// Reads invoices and all records that are read with them.
    fn read_invoice_tables(
        &self,
        first: i64,
        last: i64,
        is_member: &dyn Fn(i64) -> bool,
    ) -> Result<RecordTables, BooksError> {
        let session = &self.session;
        let by = |key| KeyedScan { key, first, last, is_member, filter: None };
        let mut tables = RecordTables {
            invoices: read_records::<Invoice>(session, by("id"))?,
            lines: read_records(session, by("invoice_id"))?,
            payments: read_records(session, by("invoice_id"))?,
            balance_transactions: read_records(session, by("invoice_id"))?,
            credit_notes: read_records(session, by("invoice_id"))?,
            ..RecordTables::default()
        };
        let homes = pairs_within(&self.links.refunds_by_invoice, first, last);
        let refunds = homes.filter(|(home, _)| is_member(*home)).map(|(_, refund)| refund);
        tables.refunds = read_with_ids::<Refund>(session, &refunds.collect())?;
        read_refunded_payments(session, &mut tables)?;
        let orders = tables.invoices.iter().filter_map(|invoice| invoice.order_id).collect();
        tables.orders = read_with_ids::<Order>(session, &orders)?;
        tables.order_items = read_with_keys::<OrderItem>(session, "order_id", &orders)?;
        let homes = pairs_within(&self.links.shipments_by_invoice, first, last);
        let subscriptions = homes.filter(|(home, _)| is_member(*home)).map(|(_, id)| id).collect();
        tables.shipments = read_with_keys::<Shipment>(session, "subscription_id", &subscriptions)?;
        Ok(tables)
    }

    /// Fills the directory with the records that this part refers to. Plans and products are copied
    /// whole.
    fn fill_directory(&self, tables: &mut RecordTables) -> Result<(), BooksError> {
        let session = &self.session;
        let of_invoices = tables.invoices.iter().map(|invoice| invoice.subscription_id);
        let of_lines = tables.lines.iter().map(|line| line.subscription_id);
        let subscriptions = of_invoices.chain(of_lines).flatten().collect();
        let skus = tables.order_items.iter().filter_map(|item| item.sku_id).collect();
        let customers = customers_of(tables);
        let directory = &mut tables.directory;
        directory.plans.clone_from(&self.directory.plans);
        directory.products.clone_from(&self.directory.products);
        directory.subscriptions =
            by_id(read_with_ids::<Subscription>(session, &subscriptions)?, |s| s.id);
        directory.skus = by_id(read_with_ids::<Sku>(session, &skus)?, |sku| sku.id);
        directory.customers = by_id(read_with_ids::<Customer>(session, &customers)?, |c| c.id);
        Ok(())
    }
}

/// Reads the payments that the refunds name and the part does not contain.
fn read_refunded_payments(
    session: &MirrorSession,
    tables: &mut RecordTables,
) -> Result<(), BooksError> {
    let mut named: HashSet<i64> = tables.refunds.iter().filter_map(|r| r.payment_id).collect();
    for payment in &tables.payments {
        named.remove(&payment.id);
    }
    tables.refunded_payments = read_with_ids::<Payment>(session, &named)?;
    Ok(())
}

fn customers_of(tables: &RecordTables) -> HashSet<i64> {
    let of_invoices = tables.invoices.iter().map(|invoice| invoice.customer_id);
    let of_notes = tables.credit_notes.iter().map(|note| note.customer_id);
    let of_balances = tables.balance_transactions.iter().map(|t| t.customer_id);
    let payments = tables.payments.iter().chain(&tables.refunded_payments);
    let of_payments = payments.filter_map(|payment| payment.customer_id);
    let of_refunds = tables.refunds.iter().filter_map(|refund| refund.customer_id);
    of_invoices.chain(of_notes).chain(of_balances).chain(of_payments).chain(of_refunds).collect()
}

/// Reads the rows without an invoice whose ids lie within these bounds.
fn read_rows_without_invoice<R: TableRecord>(
    session: &MirrorSession,
    first: i64,
    last: i64,
) -> Result<Vec<R>, BooksError> {
    let filter = Some(col("t.invoice_id").is_null());
    read_records(session, KeyedScan { key: "id", first, last, is_member: &|_| true, filter })
}

fn ids_at(ids: &[i64], positions: &Range<usize>) -> HashSet<i64> {
    ids.get(positions.clone()).unwrap_or_default().iter().copied().collect()
}

/// Returns the pairs whose first number lies within these bounds. `pairs` must be sorted.
fn pairs_within(pairs: &[(i64, i64)], first: i64, last: i64) -> impl Iterator<Item = (i64, i64)> {
    let start = pairs.partition_point(|(home, _)| *home < first);
    let rest = &pairs[start..];
    rest.iter().copied().take_while(move |(home, _)| *home <= last)
}

fn by_id<R>(records: Vec<R>, id: impl Fn(&R) -> i64) -> BTreeMap<i64, R> {
    records.into_iter().map(|record| (id(&record), record)).collect()
}
