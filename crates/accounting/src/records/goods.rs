//! Records of deliveries: orders, their items, and shipments of issues.

use model::money::Currency;
use model::time::Instant;

use super::{RecordCells, TableRecord};
use crate::error::AccountingError;

/// An order of goods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// `id`.
    pub id: i64,
    /// `customer_id`.
    pub customer_id: i64,
    /// `site_id`.
    pub site_id: Option<i64>,
    /// `status`.
    pub status: &'static str,
    /// `amount` in minor units, as all amounts are.
    pub amount: i64,
    /// `shipping_amount`.
    pub shipping_amount: i64,
    /// `currency`.
    pub currency: Currency,
    /// `date`.
    pub date: Instant,
    /// True if `deleted_at` is set.
    pub is_deleted: bool,
}

impl Order {
    /// Returns true if the order is an abandoned cart.
    pub fn is_abandoned(&self) -> bool {
        self.status == "created"
    }
}

impl TableRecord for Order {
    const TABLE: &'static str = "orders";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "customer_id",
        "site_id",
        "status",
        "amount",
        "shipping_amount",
        "currency",
        "date",
        "deleted_at",
    ];

    fn read(cells: &mut RecordCells<'_, '_>) -> Result<Self, AccountingError> {
        Ok(Self {
            id: cells.int()?,
            customer_id: cells.int()?,
            site_id: cells.optional_int()?,
            status: cells.word()?,
            amount: cells.int()?,
            shipping_amount: cells.int()?,
            currency: cells.currency()?,
            date: cells.instant()?,
            is_deleted: cells.is_given()?,
        })
    }
}

/// One item of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderItem {
    /// `id`.
    pub id: i64,
    /// `order_id`.
    pub order_id: i64,
    /// `sku_id`.
    pub sku_id: Option<i64>,
    /// `product_id`.
    pub product_id: Option<i64>,
    /// `description`.
    pub description: Option<Box<str>>,
    /// `quantity`.
    pub quantity: i64,
    /// `unit_amount`, in minor units.
    pub unit_amount: i64,
    /// `fulfilled_at`.
    pub fulfilled_at: Option<Instant>,
    /// `shipped_at`.
    pub shipped_at: Option<Instant>,
}

impl OrderItem {
    /// Returns the instant of delivery: the later of fulfilment and shipping; none if not
    /// fulfilled.
    pub fn delivered_at(&self) -> Option<Instant> {
        self.fulfilled_at.map(|fulfilled| self.shipped_at.map_or(fulfilled, |s| s.max(fulfilled)))
    }
}

impl TableRecord for OrderItem {
    const TABLE: &'static str = "order_items";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "order_id",
        "sku_id",
        "product_id",
        "description",
        "quantity",
        "unit_amount",
        "fulfilled_at",
        "shipped_at",
    ];

    fn read(cells: &mut RecordCells<'_, '_>) -> Result<Self, AccountingError> {
        Ok(Self {
            id: cells.int()?,
            order_id: cells.int()?,
            sku_id: cells.optional_int()?,
            product_id: cells.optional_int()?,
            description: cells.optional_text()?,
            quantity: cells.int()?,
            unit_amount: cells.int()?,
            fulfilled_at: cells.optional_instant()?,
            shipped_at: cells.optional_instant()?,
        })
    }
}

/// The status of a shipment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShipmentStatus {
    /// Not sent.
    Pending,
    /// Sent.
    Approved,
    /// Sent and returned.
    Returned,
}

/// One issue of a publication for one subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipment {
    /// `id`.
    pub id: i64,
    /// `subscription_id`.
    pub subscription_id: i64,
    /// `invoice_id`.
    pub invoice_id: Option<i64>,
    /// `status`.
    pub status: ShipmentStatus,
    /// `approved_at`.
    pub approved_at: Option<Instant>,
    /// `returned_at`.
    pub returned_at: Option<Instant>,
}

impl TableRecord for Shipment {
    const TABLE: &'static str = "shipments";
    const COLUMNS: &'static [&'static str] =
        &["id", "subscription_id", "invoice_id", "status", "approved_at", "returned_at"];

    fn read(cells: &mut RecordCells<'_, '_>) -> Result<Self, AccountingError> {
        Ok(Self {
            id: cells.int()?,
            subscription_id: cells.int()?,
            invoice_id: cells.optional_int()?,
            status: cells.meaning(&[
                ("pending", ShipmentStatus::Pending),
                ("approved", ShipmentStatus::Approved),
                ("returned", ShipmentStatus::Returned),
            ])?,
            approved_at: cells.optional_instant()?,
            returned_at: cells.optional_instant()?,
        })
    }
}
