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

use crate::grouping::UnlinkedRecords;
use crate::invariants::BrokenInvariant;
use crate::invoice_records::InvoiceRecords;
use crate::posting::{LedgerFile, Posting, PostingSource};
use crate::records::Directory;
use crate::settings::CustomerBalanceView;

pub use field::{FieldKind, FieldValue, PackageColumn};
pub use head::RowHead;

/// A row of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageRow<'a> {
    /// The common head.
    pub head: RowHead<'a>,
    /// The values after the common head. Those of an adjustment are empty if its source record no
    /// longer exists.
    details: Vec<FieldValue<'a>>,
}

/// Returns all columns of a file, in order.
pub fn package_columns(file: LedgerFile) -> Vec<PackageColumn> {
    head::HEAD_COLUMNS.iter().chain(further_columns(file)).copied().collect()
}

/// Returns the columns of a file after the common head.
fn further_columns(file: LedgerFile) -> &'static [PackageColumn] {
    match file {
        LedgerFile::SubscriptionRevenue | LedgerFile::OtherInvoices => {
            subscription_revenue::COLUMNS
        }
        LedgerFile::OrderRevenue => order_revenue::COLUMNS,
        LedgerFile::RecognizedRevenue | LedgerFile::OtherRecognizedRevenue => {
            recognized_revenue::COLUMNS
        }
        LedgerFile::RecognizedRevenueIssueBased => issue_based::COLUMNS,
        LedgerFile::RecognizedRevenueOrderBased => order_based::COLUMNS,
        LedgerFile::PaymentsReceived => payments_received::COLUMNS,
        LedgerFile::AppliedBalance => applied_balance::COLUMNS,
        LedgerFile::RefundsMade => refunds_made::COLUMNS,
        LedgerFile::Uncollectible => uncollectible::COLUMNS,
        LedgerFile::Voided => voided::COLUMNS,
        LedgerFile::CreditNotes => credit_notes::COLUMNS,
        LedgerFile::BalanceAdjustments => balance_adjustments::COLUMNS,
    }
}

/// Returns the row of an invoice's posting.
///
/// Errors: [`BrokenInvariant::SourceMissing`] if `records` does not contain the posting's source.
pub fn invoice_row<'a>(
    posting: &'a Posting,
    records: &'a InvoiceRecords,
    directory: &'a Directory,
    view: CustomerBalanceView,
) -> Result<PackageRow<'a>, BrokenInvariant> {
    let number = records.invoice.number.as_deref();
    let head = RowHead::from_posting(posting, number, directory, view);
    let details = invoice_details(posting, records, directory);
    let missing = || BrokenInvariant::SourceMissing { entry_id: posting.entry_id() };
    Ok(PackageRow { head, details: details.ok_or_else(missing)? })
}

/// Returns the row of a posting that is linked to no invoice.
///
/// Errors: [`BrokenInvariant::SourceMissing`] if `records` does not contain the posting's source.
pub fn unlinked_row<'a>(
    posting: &'a Posting,
    records: &'a UnlinkedRecords,
    directory: &'a Directory,
    view: CustomerBalanceView,
) -> Result<PackageRow<'a>, BrokenInvariant> {
    let id = posting.source_id;
    let details = match posting.source {
        PostingSource::Payment => {
            let payment = by_id(&records.payments, id, |payment| payment.id);
            payment.map(|payment| payments_received::details(payment, posting))
        }
        PostingSource::Refund => {
            by_id(&records.refunds, id, |refund| refund.id).map(refunds_made::details)
        }
        PostingSource::BalanceTransaction => {
            by_id(&records.adjustments, id, |transaction| transaction.id)
                .map(balance_adjustments::details)
        }
        _ => None,
    };
    let missing = || BrokenInvariant::SourceMissing { entry_id: posting.entry_id() };
    let head = RowHead::from_posting(posting, None, directory, view);
    Ok(PackageRow { head, details: details.ok_or_else(missing)? })
}

/// Returns the record with this id from a list that is sorted by id.
fn by_id<R>(records: &[R], id: Option<i64>, id_of: impl Fn(&R) -> i64) -> Option<&R> {
    let position = records.binary_search_by_key(&id?, id_of).ok()?;
    records.get(position)
}

/// Returns the row of an adjustment whose source record is no longer in the books.
pub fn row_without_source<'a>(
    posting: &'a Posting,
    directory: &'a Directory,
    view: CustomerBalanceView,
) -> PackageRow<'a> {
    let head = RowHead::from_posting(posting, None, directory, view);
    let details = vec![FieldValue::Empty; further_columns(posting.file).len()];
    PackageRow { head, details }
}

fn invoice_details<'a>(
    posting: &'a Posting,
    records: &'a InvoiceRecords,
    directory: &'a Directory,
) -> Option<Vec<FieldValue<'a>>> {
    if posting.file.is_recognition() {
        return recognition_details(posting, records, directory);
    }
    let id = posting.source_id?;
    match posting.file {
        LedgerFile::SubscriptionRevenue | LedgerFile::OtherInvoices => {
            Some(subscription_revenue::details_of_invoice(records, directory))
        }
        LedgerFile::OrderRevenue => Some(order_revenue::details_of_order(records)),
        LedgerFile::PaymentsReceived => {
            let payment = records.payments.iter().find(|payment| payment.id == id)?;
            Some(payments_received::details(payment, posting))
        }
        LedgerFile::AppliedBalance => {
            if posting.source == PostingSource::Payment {
                return Some(applied_balance::details_of_payment_ahead(posting));
            }
            let transaction = records.applications.iter().find(|t| t.id == id)?;
            Some(applied_balance::details_of_transaction(transaction))
        }
        LedgerFile::RefundsMade => {
            let tied = records.refunds.iter().find(|tied| tied.refund.id == id)?;
            Some(refunds_made::details(&tied.refund))
        }
        LedgerFile::Uncollectible => Some(uncollectible::details(&records.invoice)),
        LedgerFile::Voided => Some(voided::details(&records.invoice)),
        LedgerFile::CreditNotes => credit_notes::details_of_credit(records, posting),
        _ => None,
    }
}

fn recognition_details<'a>(
    posting: &'a Posting,
    records: &'a InvoiceRecords,
    directory: &'a Directory,
) -> Option<Vec<FieldValue<'a>>> {
    let progress = posting.progress.as_ref()?;
    match posting.file {
        LedgerFile::RecognizedRevenueIssueBased => Some(issue_based::details(progress)),
        LedgerFile::RecognizedRevenueOrderBased => {
            let item =
                records.order_items.iter().find(|item| Some(item.id) == posting.source_id)?;
            Some(order_based::details(item, progress, directory))
        }
        _ => Some(recognized_revenue::details_of_line(posting, progress, records)),
    }
}

impl<'a> PackageRow<'a> {
    /// Returns the values, one per column of [`package_columns`].
    pub fn fields(&self) -> Vec<FieldValue<'a>> {
        let mut fields = self.head.fields();
        fields.extend_from_slice(&self.details);
        fields
    }
}
