//! Splits an order's net over its items. Rule: spec/accounting.md §7.1.

use crate::arithmetic::split_by_weights;
use crate::records::{InvoiceLine, OrderItem};

/// Returns the net of each item, in the order given.
pub(super) fn split_over_items(
    net: i128,
    items: &[&OrderItem],
    lines: &[&InvoiceLine],
) -> Vec<i128> {
    split_by_weights(net, &weights(items, lines))
}

/// Returns the weight of each item: the sum of its invoice lines, if that is positive for all
/// items; else its value; if the values sum to zero, its quantity; else 1, so that the net is
/// always shared.
fn weights(items: &[&OrderItem], lines: &[&InvoiceLine]) -> Vec<i128> {
    let by_lines = |item: &&OrderItem| {
        let own = lines.iter().filter(|line| line.order_item_id == Some(item.id));
        own.map(|line| i128::from(line.amount)).sum::<i128>()
    };
    let by_value = |item: &&OrderItem| {
        // A value above 64 bits is nonsense. Saturation keeps the sums within 128 bits.
        i128::from(item.quantity.saturating_mul(item.unit_amount))
    };
    let by_quantity = |item: &&OrderItem| i128::from(item.quantity);
    let lines: Vec<_> = items.iter().map(by_lines).collect();
    if lines.iter().all(|weight| *weight > 0) {
        return lines;
    }
    let values: Vec<_> = items.iter().map(by_value).collect();
    if values.iter().sum::<i128>() != 0 {
        return values;
    }
    let quantities: Vec<_> = items.iter().map(by_quantity).collect();
    if quantities.iter().sum::<i128>() != 0 {
        return quantities;
    }
    vec![1; items.len()]
}
