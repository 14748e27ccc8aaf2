//! Rows of `recognized_revenue_order_based.csv`: revenue recognized by order items.
//! Rule: spec/accounting.md §9.

use model::time::Instant;

use crate::posting::Progress;
use crate::records::{Directory, OrderItem};

use super::field::{Column, Field, FieldKind::*};

/// The columns after the common head, in order.
pub const COLUMNS: &[Column] = &[
    Column { name: "sku_id", kind: Int },
    Column { name: "sku_name", kind: Text },
    Column { name: "quantity", kind: Int },
    Column { name: "unit_amount", kind: Money },
    Column { name: "fulfilled_at", kind: Instant },
    Column { name: "net_amount", kind: Money },
    Column { name: "recognized_to_date", kind: Money },
    Column { name: "deferred_after", kind: Money },
];

/// The values after the common head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details<'a> {
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
    progress: &Progress,
    directory: &'a Directory,
) -> super::Details<'a> {
    let sku = item.sku_id.and_then(|id| directory.skus.get(&id));
    super::Details::OrderBased(Details {
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

impl<'a> Details<'a> {
    pub(super) fn push_to(&self, fields: &mut Vec<Field<'a>>) {
        fields.extend([
            Field::optional_int(self.sku_id),
            Field::optional_text(self.sku_name),
            Field::Int(self.quantity),
            Field::Money(self.unit_amount),
            Field::optional_instant(self.fulfilled_at),
            Field::Money(self.net_amount),
            Field::Money(self.recognized_to_date),
            Field::Money(self.deferred_after),
        ]);
    }
}
