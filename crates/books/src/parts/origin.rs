//! Loads the part of the books that contains a given record. Rule: spec/accounting.md §13
//! (explain).

use std::collections::HashSet;

use accounting::ProviderCalendar;
use accounting::records::{
    BalanceTransaction, CreditNote, Invoice, InvoiceLine, OrderItem, Payment, TableRecord,
};
use mirror::MirrorSession;

use super::book_parts::{BookPart, BookParts};
use super::error::BooksError;
use super::load::LoadedPart;
use super::scan::{read_with_ids, read_with_keys};

/// A record from which postings are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostingOrigin {
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
    session: &MirrorSession,
    calendar: ProviderCalendar,
    origin: PostingOrigin,
) -> Result<Option<LoadedPart>, BooksError> {
    let parts = BookParts::without_parts(session, calendar)?;
    match parts.part_of(origin)? {
        Some(part) => parts.load_part(&part).map(Some),
        None => Ok(None),
    }
}

impl BookParts {
    fn part_of(&self, origin: PostingOrigin) -> Result<Option<BookPart>, BooksError> {
        let session = &self.session;
        Ok(match origin {
            PostingOrigin::Invoice(id) => {
                let invoice = read_record::<Invoice>(session, id)?;
                invoice.map(|invoice| self.part_of_invoice(invoice.id))
            }
            PostingOrigin::Line(id) => {
                let line = read_record::<InvoiceLine>(session, id)?;
                line.map(|line| self.part_of_invoice(line.invoice_id))
            }
            PostingOrigin::OrderItem(id) => match read_record::<OrderItem>(session, id)? {
                Some(item) => {
                    let orders = HashSet::from([item.order_id]);
                    let invoices = read_with_keys::<Invoice>(session, "order_id", &orders)?;
                    invoices.first().map(|invoice| self.part_of_invoice(invoice.id))
                }
                None => None,
            },
            PostingOrigin::Payment(id) => read_record::<Payment>(session, id)?.map(|payment| {
                let loose = BookPart::Payments { first: id, last: id };
                payment.invoice_id.map_or(loose, |invoice| self.part_of_invoice(invoice))
            }),
            PostingOrigin::BalanceTransaction(id) => {
                read_record::<BalanceTransaction>(session, id)?.map(|transaction| {
                    let loose = BookPart::BalanceTransactions { first: id, last: id };
                    transaction.invoice_id.map_or(loose, |invoice| self.part_of_invoice(invoice))
                })
            }
            PostingOrigin::CreditNote(id) => {
                let note = read_record::<CreditNote>(session, id)?;
                note.map(|note| self.part_of_invoice(note.invoice_id))
            }
            PostingOrigin::Refund(id) => {
                let homes = &self.links.refunds_by_invoice;
                let home = homes.iter().find(|(_, refund)| *refund == id);
                let loose = self.links.refunds_without_invoice.binary_search(&id).ok();
                home.map(|(invoice, _)| self.part_of_invoice(*invoice))
                    .or(loose.map(|at| BookPart::Refunds(at..at + 1)))
            }
        })
    }

    fn part_of_invoice(&self, id: i64) -> BookPart {
        let holds = |component: &Vec<i64>| component.binary_search(&id).is_ok();
        match self.links.components.iter().position(holds) {
            Some(at) => BookPart::Components(at..at + 1),
            None => BookPart::Range { first: id, last: id },
        }
    }
}

fn read_record<R: TableRecord>(session: &MirrorSession, id: i64) -> Result<Option<R>, BooksError> {
    Ok(read_with_ids(session, &HashSet::from([id]))?.pop())
}
