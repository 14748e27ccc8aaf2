//! The common head: the columns that every file starts with. Rule: spec/accounting.md §9.

use std::borrow::Cow;

use model::money::Currency;
use model::time::{Date, Instant};

use super::field::{FieldKind, FieldKind::*, FieldValue, PackageColumn};
use crate::calendar::Month;
use crate::posting::{CategoryAmounts, LedgerCategory, Posting, PostingLinks};
use crate::records::Directory;
use crate::settings::CustomerBalanceView;

/// The columns of the common head, in order.
pub const HEAD_COLUMNS: &[PackageColumn] = &[
    column("id", Int),
    column("date", Date),
    column("occurred_at", Instant),
    column("customer_id", Int),
    column("customer_email", Text),
    column("customer_name", Text),
    column("invoice_id", Int),
    column("invoice_number", Text),
    column("subscription_id", Int),
    column("order_id", Int),
    column("plan_id", Int),
    column("plan_name", Text),
    column("product_id", Int),
    column("product_name", Text),
    column("site_id", Int),
    column("currency", Text),
    column("cash_offline", Money),
    column("cash_online", Money),
    column("customer_balance", Money),
    column("accounts_receivable", Money),
    column("deferred_revenue", Money),
    column("taxes", Money),
    column("recognized_revenue", Money),
    column("adjusts_month", Text),
];

const fn column(name: &'static str, kind: FieldKind) -> PackageColumn {
    PackageColumn { name, kind }
}

/// The values of the common head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowHead<'a> {
    /// The id of the source record; none for residual pieces.
    pub id: Option<i64>,
    /// The local date of the event.
    pub date: Date,
    /// The instant of the event.
    pub occurred_at: Instant,
    /// The ids of linked records.
    pub belongs: PostingLinks,
    /// The customer's email.
    pub customer_email: Option<&'a str>,
    /// The customer's name.
    pub customer_name: Option<&'a str>,
    /// The invoice's number.
    pub invoice_number: Option<&'a str>,
    /// The plan's name.
    pub plan_name: Option<&'a str>,
    /// The product's name.
    pub product_name: Option<&'a str>,
    /// The currency of the amounts.
    pub currency: Currency,
    /// The seven amounts. The sign of the customer balance is the one that the caller chose.
    pub amounts: CategoryAmounts,
    /// The month that an adjustment corrects.
    pub adjusts_month: Option<Month>,
}

impl<'a> RowHead<'a> {
    pub(super) fn from_posting(
        posting: &'a Posting,
        invoice_number: Option<&'a str>,
        directory: &'a Directory,
        view: CustomerBalanceView,
    ) -> Self {
        let belongs = posting.links;
        let customer = belongs.customer_id.and_then(|id| directory.customers.get(&id));
        let plan = belongs.plan_id.and_then(|id| directory.plans.get(&id));
        let product = belongs.product_id.and_then(|id| directory.products.get(&id));
        let mut amounts = posting.amounts;
        if view == CustomerBalanceView::Credit {
            amounts[LedgerCategory::CustomerBalance] = -amounts[LedgerCategory::CustomerBalance];
        }
        Self {
            id: posting.source_id,
            date: posting.date,
            occurred_at: posting.occurred_at,
            belongs,
            customer_email: customer.and_then(|customer| customer.email.as_deref()),
            customer_name: customer.and_then(|customer| customer.name.as_deref()),
            invoice_number,
            plan_name: plan.map(|plan| &*plan.name),
            product_name: product.map(|product| &*product.name),
            currency: posting.currency,
            amounts,
            adjusts_month: posting.adjusts_month,
        }
    }

    pub(super) fn fields(&self) -> Vec<FieldValue<'a>> {
        let belongs = &self.belongs;
        let month = self.adjusts_month.map(|month| FieldValue::Text(Cow::Owned(month.to_string())));
        let currency = Cow::Owned(self.currency.code().to_owned());
        let mut fields = vec![
            FieldValue::int(self.id.map(i128::from)),
            FieldValue::Date(self.date),
            FieldValue::Instant(self.occurred_at),
            FieldValue::int(belongs.customer_id.map(i128::from)),
            FieldValue::text(self.customer_email),
            FieldValue::text(self.customer_name),
            FieldValue::int(belongs.invoice_id.map(i128::from)),
            FieldValue::text(self.invoice_number),
            FieldValue::int(belongs.subscription_id.map(i128::from)),
            FieldValue::int(belongs.order_id.map(i128::from)),
            FieldValue::int(belongs.plan_id.map(i128::from)),
            FieldValue::text(self.plan_name),
            FieldValue::int(belongs.product_id.map(i128::from)),
            FieldValue::text(self.product_name),
            FieldValue::int(belongs.site_id.map(i128::from)),
            FieldValue::Text(currency),
        ];
        fields
            .extend(LedgerCategory::ALL.map(|category| FieldValue::Money(self.amounts[category])));
        fields.push(month.unwrap_or(FieldValue::Empty));
        fields
    }
}
