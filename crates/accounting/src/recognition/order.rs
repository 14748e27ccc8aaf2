//! How an order's net is shared over its items. Rule: spec/accounting.md §7.1.

use crate::arithmetic::share;
use crate::records::{InvoiceLine, OrderItem};

/// The net of each item, in the order given.
pub(super) fn share_over_items(
    net: i128,
    items: &[&OrderItem],
    lines: &[&InvoiceLine],
) -> Vec<i128> {
    share(net, &weights(items, lines))
}

/// Weight = the item's invoice lines, if all items have them with a positive sum; else its value;
/// all zero: its quantity, and at last one each, so that the net is always shared.
fn weights(items: &[&OrderItem], lines: &[&InvoiceLine]) -> Vec<i128> {
    let by_lines = |item: &&OrderItem| {
        let own = lines.iter().filter(|line| line.order_item_id == Some(item.id));
        own.map(|line| i128::from(line.amount)).sum::<i128>()
    };
    let by_value = |item: &&OrderItem| {
        // Past 64 bits an item's value is nonsense; saturating keeps the sums inside 128.
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
