//! Rows of `recognized_revenue_order_based.csv`: revenue recognized by order items.
//! Rule: spec/accounting.md §9.

use crate::posting::PieceProgress;
use crate::records::{Directory, OrderItem};

use super::field::detail_columns;

detail_columns! {
    (item: &OrderItem, progress: &PieceProgress, directory: &'a Directory)
    "sku_id": Int = item.sku_id.map(i128::from),
    "sku_name": Text = item.sku_id.and_then(|id| directory.skus.get(&id)).map(|sku| &*sku.name),
    "quantity": Int = i128::from(item.quantity),
    "unit_amount": Money = item.unit_amount,
    "fulfilled_at": Instant = item.fulfilled_at,
    "net_amount": Money = progress.net,
    "recognized_to_date": Money = progress.recognized_to_date,
    "deferred_after": Money = progress.deferred_after,
}
