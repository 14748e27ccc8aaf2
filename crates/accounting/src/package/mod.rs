//! The typed rows of the package's files. This crate does not write the files.
//! Rule: spec/accounting.md §9.
//!
//! | module | holds |
//! | --- | --- |
//! | [`field`] | columns and values |
//! | [`codec`] | binary encoding of a row's values |
//! | [`head`] | the common head of all rows |
//! | [`subscription_revenue`] | invoices, also the rows of `other_invoices` |
//! | [`order_revenue`] | invoices of orders |
//! | [`recognized_revenue`] | recognition over time and at once, for all classes |
//! | [`issue_based`], [`order_based`] | recognition by shipments and by order items |
//! | [`payments_received`], [`applied_balance`], [`refunds_made`] | settlement |
//! | [`uncollectible`], [`voided`], [`credit_notes`] | write-offs, voids and credit notes |
//! | [`balance_adjustments`] | credit given away |

pub mod applied_balance;
pub mod balance_adjustments;
pub mod codec;
pub mod credit_notes;
pub mod field;
pub mod head;
pub mod issue_based;
pub mod order_based;
pub mod order_revenue;
pub mod payments_received;
pub mod recognized_revenue;
pub mod refunds_made;
pub mod subscription_revenue;
pub mod uncollectible;
pub mod voided;

use crate::grouping::{InvoiceRecords, UntiedRecords};
use crate::invariants::BrokenInvariant;
use crate::posting::{File, Posting, Source};
use crate::records::Directory;
use crate::settings::CustomerBalanceView;

pub use field::{Column, Field, FieldKind};
pub use head::Head;

/// A row of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<'a> {
    /// The common head.
    pub head: Head<'a>,
    /// The values after the common head.
    pub details: Details<'a>,
}

/// The values of a row after the common head, by file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Details<'a> {
    /// A row of `subscription_revenue` or `other_invoices`.
    Invoice(subscription_revenue::Details<'a>),
    /// A row of `order_revenue`.
    Order(order_revenue::Details),
    /// A row of `recognized_revenue` or `other_recognized_revenue`.
    Recognized(recognized_revenue::Details<'a>),
    /// A row of `recognized_revenue_issue_based`.
    IssueBased(issue_based::Details),
    /// A row of `recognized_revenue_order_based`.
    OrderBased(order_based::Details<'a>),
    /// A row of `payments_received`.
    Payment(payments_received::Details<'a>),
    /// A row of `applied_balance`.
    Applied(applied_balance::Details<'a>),
    /// A row of `refunds_made`.
    Refund(refunds_made::Details<'a>),
    /// A row of `uncollectible`.
    Uncollectible(uncollectible::Details),
    /// A row of `voided`.
    Voided(voided::Details),
    /// A row of `credit_notes`.
    CreditNote(credit_notes::Details<'a>),
    /// A row of `balance_adjustments`.
    Adjustment(balance_adjustments::Details<'a>),
    /// An adjustment row whose source record no longer exists. Its other columns are empty.
    Gone(File),
}

/// Returns all columns of a file, in order.
pub fn columns(file: File) -> Vec<Column> {
    let further = match file {
        File::SubscriptionRevenue | File::OtherInvoices => subscription_revenue::COLUMNS,
        File::OrderRevenue => order_revenue::COLUMNS,
        File::RecognizedRevenue | File::OtherRecognizedRevenue => recognized_revenue::COLUMNS,
        File::RecognizedRevenueIssueBased => issue_based::COLUMNS,
        File::RecognizedRevenueOrderBased => order_based::COLUMNS,
        File::PaymentsReceived => payments_received::COLUMNS,
        File::AppliedBalance => applied_balance::COLUMNS,
        File::RefundsMade => refunds_made::COLUMNS,
        File::Uncollectible => uncollectible::COLUMNS,
        File::Voided => voided::COLUMNS,
        File::CreditNotes => credit_notes::COLUMNS,
        File::BalanceAdjustments => balance_adjustments::COLUMNS,
    };
    head::COLUMNS.iter().chain(further).copied().collect()
}

/// Returns the row of an invoice's posting.
///
/// Errors: [`BrokenInvariant::SourceMissing`] if `records` does not contain the posting's source.
pub fn invoice_row<'a>(
    posting: &'a Posting,
    records: &'a InvoiceRecords,
    directory: &'a Directory,
    view: CustomerBalanceView,
) -> Result<Row<'a>, BrokenInvariant> {
    let number = records.invoice.number.as_deref();
    let head = Head::of(posting, number, directory, view);
    let details = invoice_details(posting, records, directory);
    let missing = || BrokenInvariant::SourceMissing { entry_id: posting.entry_id() };
    Ok(Row { head, details: details.ok_or_else(missing)? })
}

/// Returns the row of a posting that is linked to no invoice.
///
/// Errors: [`BrokenInvariant::SourceMissing`] if `records` does not contain the posting's source.
pub fn untied_row<'a>(
    posting: &'a Posting,
    records: &'a UntiedRecords,
    directory: &'a Directory,
    view: CustomerBalanceView,
) -> Result<Row<'a>, BrokenInvariant> {
    let id = posting.source_id;
    let details = match posting.source {
        Source::Payment => {
            let payment = by_id(&records.payments, id, |payment| payment.id);
            payment.map(|payment| payments_received::details(payment, posting))
        }
        Source::Refund => {
            by_id(&records.refunds, id, |refund| refund.id).map(refunds_made::details)
        }
        Source::BalanceTransaction => by_id(&records.adjustments, id, |transaction| transaction.id)
            .map(balance_adjustments::details),
        _ => None,
    };
    let missing = || BrokenInvariant::SourceMissing { entry_id: posting.entry_id() };
    let head = Head::of(posting, None, directory, view);
    Ok(Row { head, details: details.ok_or_else(missing)? })
}

/// Returns the record with this id from a list that is sorted by id.
fn by_id<R>(records: &[R], id: Option<i64>, id_of: impl Fn(&R) -> i64) -> Option<&R> {
    let position = records.binary_search_by_key(&id?, id_of).ok()?;
    records.get(position)
}

/// Returns the row of an adjustment whose source record is no longer in the books.
pub fn gone_row<'a>(
    posting: &'a Posting,
    directory: &'a Directory,
    view: CustomerBalanceView,
) -> Row<'a> {
    let head = Head::of(posting, None, directory, view);
    Row { head, details: Details::Gone(posting.file) }
}

fn invoice_details<'a>(
    posting: &'a Posting,
    records: &'a InvoiceRecords,
    directory: &'a Directory,
) -> Option<Details<'a>> {
    if posting.file.is_recognition() {
        return recognition_details(posting, records, directory);
    }
    let id = posting.source_id?;
    match posting.file {
        File::SubscriptionRevenue | File::OtherInvoices => {
            Some(subscription_revenue::details(records, directory))
        }
        File::OrderRevenue => Some(order_revenue::details(records)),
        File::PaymentsReceived => {
            let payment = records.payments.iter().find(|payment| payment.id == id)?;
            Some(payments_received::details(payment, posting))
        }
        File::AppliedBalance => {
            if posting.source == Source::Payment {
                return Some(applied_balance::of_payment_ahead(posting));
            }
            let transaction = records.applications.iter().find(|t| t.id == id)?;
            Some(applied_balance::details(transaction))
        }
        File::RefundsMade => {
            let tied = records.refunds.iter().find(|tied| tied.refund.id == id)?;
            Some(refunds_made::details(&tied.refund))
        }
        File::Uncollectible => Some(uncollectible::details(records)),
        File::Voided => Some(voided::details(records)),
        File::CreditNotes => credit_notes::details(records, posting),
        _ => None,
    }
}

fn recognition_details<'a>(
    posting: &'a Posting,
    records: &'a InvoiceRecords,
    directory: &'a Directory,
) -> Option<Details<'a>> {
    let progress = posting.progress.as_ref()?;
    match posting.file {
        File::RecognizedRevenueIssueBased => Some(issue_based::details(progress)),
        File::RecognizedRevenueOrderBased => {
            let item =
                records.order_items.iter().find(|item| Some(item.id) == posting.source_id)?;
            Some(order_based::details(item, progress, directory))
        }
        _ => Some(recognized_revenue::details(posting, progress, records)),
    }
}

impl<'a> Row<'a> {
    /// Returns the values, one per column of [`columns`].
    pub fn fields(&self) -> Vec<Field<'a>> {
        let mut fields = self.head.fields();
        match &self.details {
            Details::Invoice(details) => details.push_to(&mut fields),
            Details::Order(details) => details.push_to(&mut fields),
            Details::Recognized(details) => details.push_to(&mut fields),
            Details::IssueBased(details) => details.push_to(&mut fields),
            Details::OrderBased(details) => details.push_to(&mut fields),
            Details::Payment(details) => details.push_to(&mut fields),
            Details::Applied(details) => details.push_to(&mut fields),
            Details::Refund(details) => details.push_to(&mut fields),
            Details::Uncollectible(details) => details.push_to(&mut fields),
            Details::Voided(details) => details.push_to(&mut fields),
            Details::CreditNote(details) => details.push_to(&mut fields),
            Details::Adjustment(details) => details.push_to(&mut fields),
            Details::Gone(file) => fields.resize(columns(*file).len(), Field::Empty),
        }
        fields
    }
}
