//! Loads the part of the books that contains a given record. Rule: spec/accounting.md §13
//! (explain).

use std::collections::HashSet;

use accounting::Calendar;
use accounting::records::{
    BalanceTransaction, CreditNote, Invoice, InvoiceLine, OrderItem, Payment, Record,
};
use mirror::Session;

use super::error::BooksError;
use super::load::LoadedPart;
use super::parts::{Part, Parts};
use super::scan::{with_ids, with_keys};

/// A record from which postings are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// An invoice.
    Invoice(i64),
    /// A line of an invoice.
    Line(i64),
    /// An item of an order.
    OrderItem(i64),
    /// A payment.
    Payment(i64),
    /// A balance transaction.
    BalanceTransaction(i64),
    /// A credit note.
    CreditNote(i64),
    /// A refund.
    Refund(i64),
}

/// Loads the records that determine the postings of `origin`; none if there is no such record.
/// Blocks.
pub fn load_origin(
    session: &Session,
    calendar: Calendar,
    origin: Origin,
) -> Result<Option<LoadedPart>, BooksError> {
    let parts = Parts::uncut(session, calendar)?;
    match parts.part_of(origin)? {
        Some(part) => parts.load_part(&part).map(Some),
        None => Ok(None),
    }
}

impl Parts {
    fn part_of(&self, origin: Origin) -> Result<Option<Part>, BooksError> {
        let session = &self.session;
        Ok(match origin {
            Origin::Invoice(id) => {
                let invoice = one::<Invoice>(session, id)?;
                invoice.map(|invoice| self.part_of_invoice(invoice.id))
            }
            Origin::Line(id) => {
                let line = one::<InvoiceLine>(session, id)?;
                line.map(|line| self.part_of_invoice(line.invoice_id))
            }
            Origin::OrderItem(id) => match one::<OrderItem>(session, id)? {
                Some(item) => {
                    let orders = HashSet::from([item.order_id]);
                    let invoices = with_keys::<Invoice>(session, "order_id", &orders)?;
                    invoices.first().map(|invoice| self.part_of_invoice(invoice.id))
                }
                None => None,
            },
            Origin::Payment(id) => one::<Payment>(session, id)?.map(|payment| {
                let loose = Part::Payments { first: id, last: id };
                payment.invoice_id.map_or(loose, |invoice| self.part_of_invoice(invoice))
            }),
            Origin::BalanceTransaction(id) => {
                one::<BalanceTransaction>(session, id)?.map(|transaction| {
                    let loose = Part::BalanceTransactions { first: id, last: id };
                    transaction.invoice_id.map_or(loose, |invoice| self.part_of_invoice(invoice))
                })
            }
            Origin::CreditNote(id) => {
                let note = one::<CreditNote>(session, id)?;
                note.map(|note| self.part_of_invoice(note.invoice_id))
            }
            Origin::Refund(id) => {
                let homes = &self.ties.refund_homes;
                let home = homes.iter().find(|(_, refund)| *refund == id);
                let loose = self.ties.loose_refunds.binary_search(&id).ok();
                home.map(|(invoice, _)| self.part_of_invoice(*invoice))
                    .or(loose.map(|at| Part::Refunds(at..at + 1)))
            }
        })
    }

    fn part_of_invoice(&self, id: i64) -> Part {
        let holds = |component: &Vec<i64>| component.binary_search(&id).is_ok();
        match self.ties.components.iter().position(holds) {
            Some(at) => Part::Components(at..at + 1),
            None => Part::Range { first: id, last: id },
        }
    }
}

fn one<R: Record>(session: &Session, id: i64) -> Result<Option<R>, BooksError> {
    Ok(with_ids(session, &HashSet::from([id]))?.pop())
}
