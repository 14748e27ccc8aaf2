//! Invoices that must be read together, because a record acts on one of them and names another.
//! Rule: spec/accounting.md §4, §6.4, §7.4.
//!
//! Very few invoices are linked to others, so these lists are small compared to the invoices.
//! Reading more invoices together than necessary does not change the result.

use std::collections::{BTreeMap, HashMap, HashSet};

use datafusion::logical_expr::{Expr, JoinType, LogicalPlanBuilder, lit};
use datafusion::prelude::col;
use mirror::MirrorSession;

use super::error::BooksError;
use super::scan::visit_rows;

/// The links between invoices, and between records and the invoices they are read with.
#[derive(Default)]
pub(super) struct InvoiceLinks {
    /// The ids of invoices that must be read together. Each component is sorted and has at least
    /// two.
    pub(super) components: Vec<Vec<i64>>,
    /// Pairs of an invoice and a refund that is read with it, sorted.
    pub(super) refunds_by_invoice: Vec<(i64, i64)>,
    /// Refunds for which neither they nor their payment name an invoice.
    pub(super) refunds_without_invoice: Vec<i64>,
    /// Pairs of an invoice and a subscription whose shipments are read with it, sorted.
    pub(super) shipments_by_invoice: Vec<(i64, i64)>,
    /// Subscriptions with shipments but without an invoice.
    pub(super) shipments_without_invoice: Vec<i64>,
    /// Orders that no invoice names.
    pub(super) orders_without_invoice: Vec<i64>,
}

impl InvoiceLinks {
    /// Reads the links. Only a few columns of a few tables are needed.
    pub(super) fn read(session: &MirrorSession) -> Result<Self, BooksError> {
        let mut ties = Self::default();
        let mut groups = LinkedSets::default();
        link_note_invoices(session, &mut groups)?;
        ties.link_orders(session, &mut groups)?;
        ties.link_refunds(session, &mut groups)?;
        ties.link_shipments(session, &mut groups)?;
        ties.components = groups.components();
        ties.refunds_by_invoice.sort_unstable();
        ties.refunds_without_invoice.sort_unstable();
        ties.shipments_by_invoice.sort_unstable();
        ties.shipments_without_invoice.sort_unstable();
        ties.orders_without_invoice.sort_unstable();
        Ok(ties)
    }

    /// Links the invoices of an order, and finds the orders without an invoice.
    fn link_orders(
        &mut self,
        session: &MirrorSession,
        groups: &mut LinkedSets,
    ) -> Result<(), BooksError> {
        let invoices_by_order = scan_columns(session, "invoices", "i", &["order_id", "id"])?
            .filter(col("order_id").is_not_null())?
            .sort(vec![col("order_id").sort(true, false)])?;
        let mut previous = None;
        visit_rows(session, invoices_by_order, |[order, invoice]| {
            if let Some((_, other)) = previous.filter(|(known, _)| *known == order) {
                groups.link(other, invoice);
            }
            previous = Some((order, invoice));
        })?;
        let invoiced = scan_columns(session, "invoices", "i", &["order_id"])?
            .filter(col("order_id").is_not_null())?
            .build()?;
        let loose = scan_columns(session, "orders", "o", &["id"])?.join(
            invoiced,
            JoinType::LeftAnti,
            (vec!["id"], vec!["order_id"]),
            None,
        )?;
        visit_rows(session, loose, |[order]| self.orders_without_invoice.extend(order))
    }

    /// Links the invoice of a refund with that of its payment and those of the credit notes that it
    /// pays out.
    fn link_refunds(
        &mut self,
        session: &MirrorSession,
        groups: &mut LinkedSets,
    ) -> Result<(), BooksError> {
        let payments = scan_columns(session, "payments", "p", &["id", "invoice_id"])?
            .project(vec![col("id").alias("paid_id"), col("invoice_id").alias("paid_invoice")])?
            .build()?;
        let notes = scan_columns(session, "credit_notes", "n", &["id", "invoice_id"])?
            .project(vec![col("id").alias("note_id"), col("invoice_id").alias("note_invoice")])?
            .build()?;
        let names = ["id", "invoice_id", "payment_id", "credit_note_id"];
        let refunds = scan_columns(session, "refunds", "r", &names)?
            .join(payments, JoinType::Left, (vec!["payment_id"], vec!["paid_id"]), None)?
            .join(notes, JoinType::Left, (vec!["credit_note_id"], vec!["note_id"]), None)?
            .project(["id", "invoice_id", "paid_invoice", "note_invoice"].map(col))?;
        let mut homes: HashMap<i64, i64> = HashMap::new();
        visit_rows(session, refunds, |[refund, own, paid, note]| {
            let Some(refund) = refund else { return };
            match own.or(paid) {
                Some(home) => {
                    groups.link(Some(home), paid);
                    groups.link(Some(home), note);
                    homes.insert(refund, home);
                }
                None => self.refunds_without_invoice.push(refund),
            }
        })?;
        let notes = scan_columns(session, "credit_notes", "n", &["refund_id", "invoice_id"])?
            .filter(col("refund_id").is_not_null())?;
        visit_rows(session, notes, |[refund, invoice]| {
            groups.link(refund.and_then(|refund| homes.get(&refund).copied()), invoice);
        })?;
        self.refunds_by_invoice = homes.into_iter().map(|(refund, home)| (home, refund)).collect();
        Ok(())
    }

    /// Links the invoices of a subscription if it has shipments, because the invoices share them.
    fn link_shipments(
        &mut self,
        session: &MirrorSession,
        groups: &mut LinkedSets,
    ) -> Result<(), BooksError> {
        let sent = col("status").not_eq(lit("pending"));
        let shipments =
            scan_columns(session, "shipments", "s", &["subscription_id", "invoice_id", "status"])?
                .filter(sent)?
                .project(["subscription_id", "invoice_id"].map(col))?;
        let mut homes: BTreeMap<i64, Option<i64>> = BTreeMap::new();
        let mut tie = |homes: &mut BTreeMap<i64, Option<i64>>, subscription, invoice| {
            if let Some(home) = homes.get_mut(&subscription) {
                groups.link(*home, invoice);
                *home = home.or(invoice);
            }
        };
        visit_rows(session, shipments, |[subscription, invoice]| {
            if let Some(subscription) = subscription {
                homes.entry(subscription).or_default();
                tie(&mut homes, subscription, invoice);
            }
        })?;
        if homes.is_empty() {
            return Ok(());
        }
        for (table, invoice) in [("invoices", "id"), ("invoice_lines", "invoice_id")] {
            let billed = scan_columns(session, table, "b", &["subscription_id", invoice])?
                .filter(col("subscription_id").is_not_null())?;
            visit_rows(session, billed, |[subscription, invoice]| {
                if let Some(subscription) = subscription {
                    tie(&mut homes, subscription, invoice);
                }
            })?;
        }
        for (subscription, home) in homes {
            match home {
                Some(home) => self.shipments_by_invoice.push((home, subscription)),
                None => self.shipments_without_invoice.push(subscription),
            }
        }
        Ok(())
    }

    /// Returns all invoices that are linked to others.
    pub(super) fn linked(&self) -> HashSet<i64> {
        self.components.iter().flatten().copied().collect()
    }
}

/// Links invoices that act as credit notes with the invoices that they refund.
fn link_note_invoices(session: &MirrorSession, groups: &mut LinkedSets) -> Result<(), BooksError> {
    let acting =
        scan_columns(session, "invoices", "i", &["id", "refunded_invoice_id", "is_credit_note"])?
            .filter(col("is_credit_note").and(col("refunded_invoice_id").is_not_null()))?
            .project(["id", "refunded_invoice_id"].map(col))?;
    visit_rows(session, acting, |[note, invoice]| groups.link(note, invoice))
}

/// Returns a plan with columns of a table under their own names.
fn scan_columns(
    session: &MirrorSession,
    table: &str,
    alias: &str,
    names: &[&str],
) -> Result<LogicalPlanBuilder, BooksError> {
    let columns: Vec<Expr> =
        names.iter().map(|name| col(format!("{alias}.{name}")).alias(*name)).collect();
    Ok(session.scan(table, alias)?.project(columns)?)
}

/// Sets of linked ids (a union-find structure).
#[derive(Default)]
struct LinkedSets {
    parents: HashMap<i64, i64>,
}

impl LinkedSets {
    fn link(&mut self, one: Option<i64>, other: Option<i64>) {
        let (Some(one), Some(other)) = (one, other) else { return };
        let (one, other) = (self.root(one), self.root(other));
        if one != other {
            self.parents.insert(one.max(other), one.min(other));
        }
    }

    fn root(&mut self, id: i64) -> i64 {
        let mut root = id;
        while let Some(parent) = self.parents.get(&root) {
            root = *parent;
        }
        let mut at = id;
        while at != root {
            at = self.parents.insert(at, root).unwrap_or(root);
        }
        root
    }

    /// Returns the sets of linked ids, each sorted, ordered by their smallest id.
    fn components(mut self) -> Vec<Vec<i64>> {
        let ids: Vec<i64> = self.parents.keys().copied().collect();
        let mut components: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        for id in ids {
            let root = self.root(id);
            components.entry(root).or_insert_with(|| vec![root]).push(id);
        }
        let sorted = components.into_values().map(|mut ids| {
            ids.sort_unstable();
            ids
        });
        sorted.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_join_through_any_member() {
        let mut groups = LinkedSets::default();
        for (one, other) in [(5, 9), (2, 3), (9, 7), (3, 2), (7, 5), (10, 3), (8, 8)] {
            groups.link(Some(one), Some(other));
        }
        groups.link(Some(1), None);
        assert_eq!(groups.components(), [vec![2, 3, 10], vec![5, 7, 9]]);
    }
}
