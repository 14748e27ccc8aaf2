//! Loads the records of one part, grouped as the ledger takes them.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use accounting::records::{
    BalanceTransaction, Customer, Invoice, Order, OrderItem, Payment, Record, Refund, Shipment,
    Sku, Subscription,
};
use accounting::{Grouped, Tables, group};
use datafusion::prelude::col;
use mirror::Session;

use super::error::BooksError;
use super::parts::{Part, Parts};
use super::scan::{Wanted, records, with_ids, with_keys};

/// The records of one part.
#[derive(Debug, Default)]
pub struct LoadedPart {
    /// The invoices with the records that act on them, and the records without an invoice.
    pub grouped: Grouped,
    /// The balance transactions, of every kind.
    pub balance_transactions: Vec<BalanceTransaction>,
}

impl Parts {
    /// Loads a part. Blocks: call it off the event loop.
    pub fn load(&self, position: usize) -> Result<LoadedPart, BooksError> {
        match self.parts.get(position) {
            Some(part) => self.load_part(part),
            None => Ok(LoadedPart::default()),
        }
    }

    pub(super) fn load_part(&self, part: &Part) -> Result<LoadedPart, BooksError> {
        let mut tables = self.tables(part)?;
        self.fill_directory(&mut tables)?;
        let balance_transactions = tables.balance_transactions.clone();
        Ok(LoadedPart { grouped: group(tables, &self.calendar), balance_transactions })
    }

    fn tables(&self, part: &Part) -> Result<Tables, BooksError> {
        let session = &self.session;
        match part {
            Part::Range { first, last } => {
                let is_member = |id: i64| !self.tied.contains(&id);
                self.of_invoices(*first, *last, &is_member)
            }
            Part::Components(positions) => {
                let components = &self.ties.components[positions.clone()];
                let ids: HashSet<i64> = components.iter().flatten().copied().collect();
                let first = ids.iter().min().copied().unwrap_or_default();
                let last = ids.iter().max().copied().unwrap_or_default();
                self.of_invoices(first, last, &|id| ids.contains(&id))
            }
            Part::Payments { first, last } => {
                Ok(Tables { payments: loose(session, *first, *last)?, ..Tables::default() })
            }
            Part::BalanceTransactions { first, last } => {
                let balance_transactions = loose(session, *first, *last)?;
                Ok(Tables { balance_transactions, ..Tables::default() })
            }
            Part::Refunds(positions) => {
                let ids = some_of(&self.ties.loose_refunds, positions);
                let mut tables = Tables { refunds: with_ids(session, &ids)?, ..Tables::default() };
                read_refunded_payments(session, &mut tables)?;
                Ok(tables)
            }
            Part::Shipments(positions) => {
                let keys = some_of(&self.ties.loose_shipments, positions);
                let shipments = with_keys(session, "subscription_id", &keys)?;
                Ok(Tables { shipments, ..Tables::default() })
            }
            Part::Orders(positions) => {
                let ids = some_of(&self.ties.loose_orders, positions);
                Ok(Tables { orders: with_ids(session, &ids)?, ..Tables::default() })
            }
        }
    }

    /// Reads invoices and all records that are read with them.
    fn of_invoices(
        &self,
        first: i64,
        last: i64,
        is_member: &dyn Fn(i64) -> bool,
    ) -> Result<Tables, BooksError> {
        let session = &self.session;
        let by = |key| Wanted { key, first, last, is_member, filter: None };
        let mut tables = Tables {
            invoices: records::<Invoice>(session, by("id"))?,
            lines: records(session, by("invoice_id"))?,
            payments: records(session, by("invoice_id"))?,
            balance_transactions: records(session, by("invoice_id"))?,
            credit_notes: records(session, by("invoice_id"))?,
            ..Tables::default()
        };
        let homes = within(&self.ties.refund_homes, first, last);
        let refunds = homes.filter(|(home, _)| is_member(*home)).map(|(_, refund)| refund);
        tables.refunds = with_ids::<Refund>(session, &refunds.collect())?;
        read_refunded_payments(session, &mut tables)?;
        let orders = tables.invoices.iter().filter_map(|invoice| invoice.order_id).collect();
        tables.orders = with_ids::<Order>(session, &orders)?;
        tables.order_items = with_keys::<OrderItem>(session, "order_id", &orders)?;
        let homes = within(&self.ties.shipment_homes, first, last);
        let subscriptions = homes.filter(|(home, _)| is_member(*home)).map(|(_, id)| id).collect();
        tables.shipments = with_keys::<Shipment>(session, "subscription_id", &subscriptions)?;
        Ok(tables)
    }

    /// Fills the directory with the records that this part refers to. Plans and products are copied
    /// whole.
    fn fill_directory(&self, tables: &mut Tables) -> Result<(), BooksError> {
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
            by_id(with_ids::<Subscription>(session, &subscriptions)?, |s| s.id);
        directory.skus = by_id(with_ids::<Sku>(session, &skus)?, |sku| sku.id);
        directory.customers = by_id(with_ids::<Customer>(session, &customers)?, |c| c.id);
        Ok(())
    }
}

/// Reads the payments that the refunds name and the part does not contain.
fn read_refunded_payments(session: &Session, tables: &mut Tables) -> Result<(), BooksError> {
    let mut named: HashSet<i64> = tables.refunds.iter().filter_map(|r| r.payment_id).collect();
    for payment in &tables.payments {
        named.remove(&payment.id);
    }
    tables.refunded_payments = with_ids::<Payment>(session, &named)?;
    Ok(())
}

fn customers_of(tables: &Tables) -> HashSet<i64> {
    let of_invoices = tables.invoices.iter().map(|invoice| invoice.customer_id);
    let of_notes = tables.credit_notes.iter().map(|note| note.customer_id);
    let of_balances = tables.balance_transactions.iter().map(|t| t.customer_id);
    let payments = tables.payments.iter().chain(&tables.refunded_payments);
    let of_payments = payments.filter_map(|payment| payment.customer_id);
    let of_refunds = tables.refunds.iter().filter_map(|refund| refund.customer_id);
    of_invoices.chain(of_notes).chain(of_balances).chain(of_payments).chain(of_refunds).collect()
}

/// Reads the rows without an invoice whose ids lie within these bounds.
fn loose<R: Record>(session: &Session, first: i64, last: i64) -> Result<Vec<R>, BooksError> {
    let filter = Some(col("t.invoice_id").is_null());
    records(session, Wanted { key: "id", first, last, is_member: &|_| true, filter })
}

fn some_of(ids: &[i64], positions: &Range<usize>) -> HashSet<i64> {
    ids.get(positions.clone()).unwrap_or_default().iter().copied().collect()
}

/// Returns the pairs whose first number lies within these bounds. `pairs` must be sorted.
fn within(pairs: &[(i64, i64)], first: i64, last: i64) -> impl Iterator<Item = (i64, i64)> {
    let start = pairs.partition_point(|(home, _)| *home < first);
    let rest = &pairs[start..];
    rest.iter().copied().take_while(move |(home, _)| *home <= last)
}

fn by_id<R>(records: Vec<R>, id: impl Fn(&R) -> i64) -> BTreeMap<i64, R> {
    records.into_iter().map(|record| (id(&record), record)).collect()
}
