//! Rows of `recognized_revenue_order_based.csv`: revenue recognized by order items.
//! Rule: spec/accounting.md §9.

use model::time::Instant;

use crate::posting::PieceProgress;
use crate::records::{Directory, OrderItem};

use super::field::{FieldKind::*, FieldValue, PackageColumn};

/// The columns after the common head, in order.
pub const COLUMNS: &[PackageColumn] = &[
    PackageColumn { name: "sku_id", kind: Int },
    PackageColumn { name: "sku_name", kind: Text },
    PackageColumn { name: "quantity", kind: Int },
    PackageColumn { name: "unit_amount", kind: Money },
    PackageColumn { name: "fulfilled_at", kind: Instant },
    PackageColumn { name: "net_amount", kind: Money },
    PackageColumn { name: "recognized_to_date", kind: Money },
    PackageColumn { name: "deferred_after", kind: Money },
];

/// The values after the common head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderBasedDetails<'a> {
    /// The id of the SKU.
    pub sku_id: Option<i64>,
    /// The name of the SKU.
    pub sku_name: Option<&'a str>,
    /// The quantity.
    pub quantity: i128,
    /// The price per unit.
    pub unit_amount: i128,
    /// The instant of fulfilment.
    pub fulfilled_at: Option<Instant>,
    /// The net of the item.
    pub net_amount: i128,
    /// The amount recognized and not taken back at the month's end.
    pub recognized_to_date: i128,
    /// The amount still deferred at the month's end.
    pub deferred_after: i128,
}

pub(super) fn details<'a>(
    item: &OrderItem,
    progress: &PieceProgress,
    directory: &'a Directory,
) -> super::RowDetails<'a> {
    let sku = item.sku_id.and_then(|id| directory.skus.get(&id));
    super::RowDetails::OrderBased(OrderBasedDetails {
        sku_id: item.sku_id,
        sku_name: sku.map(|sku| &*sku.name),
        quantity: i128::from(item.quantity),
        unit_amount: i128::from(item.unit_amount),
        fulfilled_at: item.fulfilled_at,
        net_amount: progress.net,
        recognized_to_date: progress.recognized_to_date,
        deferred_after: progress.deferred_after,
    })
}

impl<'a> OrderBasedDetails<'a> {
    pub(super) fn push_to(&self, fields: &mut Vec<FieldValue<'a>>) {
        fields.extend([
            FieldValue::optional_int(self.sku_id),
            FieldValue::optional_text(self.sku_name),
            FieldValue::Int(self.quantity),
            FieldValue::Money(self.unit_amount),
            FieldValue::optional_instant(self.fulfilled_at),
            FieldValue::Money(self.net_amount),
            FieldValue::Money(self.recognized_to_date),
            FieldValue::Money(self.deferred_after),
        ]);
    }
}
