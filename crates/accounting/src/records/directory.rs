//! Records that postings and rows look up by id.

use std::collections::BTreeMap;

use model::time::Instant;

use super::{RecordCells, TableRecord};
use crate::error::AccountingError;

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// `id`.
    pub id: i64,
    /// `site_id`.
    pub site_id: Option<i64>,
    /// `email`.
    pub email: Option<Box<str>>,
    /// `name`.
    pub name: Option<Box<str>>,
}

impl TableRecord for Customer {
    const TABLE: &'static str = "customers";
    const COLUMNS: &'static [&'static str] = &["id", "site_id", "email", "name"];

    fn read(cells: &mut RecordCells<'_, '_>) -> Result<Self, AccountingError> {
        Ok(Self {
            id: cells.int()?,
            site_id: cells.optional_int()?,
            email: cells.optional_text()?,
            name: cells.optional_text()?,
        })
    }
}

/// A subscription, with the columns that the ledger needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// `id`.
    pub id: i64,
    /// `plan_id`.
    pub plan_id: i64,
    /// `site_id`.
    pub site_id: Option<i64>,
    /// `type`.
    pub subscription_type: &'static str,
    /// `ended_at`.
    pub ended_at: Option<Instant>,
}

impl TableRecord for Subscription {
    const TABLE: &'static str = "subscriptions";
    const COLUMNS: &'static [&'static str] = &["id", "plan_id", "site_id", "type", "ended_at"];

    fn read(cells: &mut RecordCells<'_, '_>) -> Result<Self, AccountingError> {
        Ok(Self {
            id: cells.int()?,
            plan_id: cells.int()?,
            site_id: cells.optional_int()?,
            subscription_type: cells.word()?,
            ended_at: cells.optional_instant()?,
        })
    }
}

/// The basis on which a plan's revenue is recognized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecognitionBasis {
    /// Over the period of the invoice line.
    Time,
    /// By shipments.
    Shipments,
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRecord {
    /// `id`.
    pub id: i64,
    /// `product_id`.
    pub product_id: i64,
    /// `name`.
    pub name: Box<str>,
    /// `shipments_per_interval`.
    pub shipments_per_interval: i64,
    /// `recognition`.
    pub recognition: RecognitionBasis,
}

impl TableRecord for PlanRecord {
    const TABLE: &'static str = "plans";
    const COLUMNS: &'static [&'static str] =
        &["id", "product_id", "name", "shipments_per_interval", "recognition"];

    fn read(cells: &mut RecordCells<'_, '_>) -> Result<Self, AccountingError> {
        Ok(Self {
            id: cells.int()?,
            product_id: cells.int()?,
            name: cells.text()?,
            shipments_per_interval: cells.int()?,
            recognition: cells.meaning(&[
                ("time", RecognitionBasis::Time),
                ("shipments", RecognitionBasis::Shipments),
            ])?,
        })
    }
}

/// A product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// `id`.
    pub id: i64,
    /// `name`.
    pub name: Box<str>,
}

impl TableRecord for Product {
    const TABLE: &'static str = "products";
    const COLUMNS: &'static [&'static str] = &["id", "name"];

    fn read(cells: &mut RecordCells<'_, '_>) -> Result<Self, AccountingError> {
        Ok(Self { id: cells.int()?, name: cells.text()? })
    }
}

/// A variant of a product (stock keeping unit).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sku {
    /// `id`.
    pub id: i64,
    /// `product_id`.
    pub product_id: i64,
    /// `name`.
    pub name: Box<str>,
}

impl TableRecord for Sku {
    const TABLE: &'static str = "skus";
    const COLUMNS: &'static [&'static str] = &["id", "product_id", "name"];

    fn read(cells: &mut RecordCells<'_, '_>) -> Result<Self, AccountingError> {
        Ok(Self { id: cells.int()?, product_id: cells.int()?, name: cells.text()? })
    }
}

/// Records that are looked up by id. Only records that the given invoices name are needed, so a
/// streaming caller can fill one directory per batch.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    /// Customers.
    pub customers: BTreeMap<i64, Customer>,
    /// Subscriptions.
    pub subscriptions: BTreeMap<i64, Subscription>,
    /// Plans.
    pub plans: BTreeMap<i64, PlanRecord>,
    /// Products.
    pub products: BTreeMap<i64, Product>,
    /// SKUs.
    pub skus: BTreeMap<i64, Sku>,
}

impl Directory {
    /// Returns the plan of a line: its own, else its subscription's; none if there is no such row.
    pub fn plan_of(
        &self,
        plan_id: Option<i64>,
        subscription_id: Option<i64>,
    ) -> Option<&PlanRecord> {
        let of_subscription =
            || self.subscriptions.get(&subscription_id?).map(|subscription| subscription.plan_id);
        self.plans.get(&plan_id.or_else(of_subscription)?)
    }

    /// Returns the site of a subscription.
    pub fn subscription_site(&self, subscription_id: Option<i64>) -> Option<i64> {
        self.subscriptions.get(&subscription_id?)?.site_id
    }

    /// Returns the site of a customer.
    pub fn customer_site(&self, customer_id: Option<i64>) -> Option<i64> {
        self.customers.get(&customer_id?)?.site_id
    }
}
