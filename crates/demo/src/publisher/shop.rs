//! Orders of goods.

use std::io;

use model::time::Instant;

use crate::billing::{
    self, Correction, CustomerAccount, InvoiceDraft, InvoiceLineDraft, InvoiceOutcome, LinePrice,
};
use crate::people::DemoCustomer;
use crate::row::DemoValue;
use crate::row_generator::RowGenerator;

use super::offer::{SKUS, coupon_code, coupon_discount};

const DAY: i64 = 86_400;
const TAX: i64 = 800;
const SHIPPING: i64 = 650;

/// One item of an order.
#[derive(Debug, Clone, Copy)]
struct OrderItemDraft {
    sku: usize,
    quantity: i64,
    net: i64,
    discount: i64,
}

/// Writes an order with its items and, unless it was abandoned, its invoice.
pub(super) fn write_order(
    generator: &mut RowGenerator<'_>,
    person: &DemoCustomer,
    account: &mut CustomerAccount,
    address_id: Option<i64>,
    number: u64,
) -> io::Result<()> {
    let days = generator.draw.between(2, 330);
    let at =
        generator.calendar.now().plus_seconds(-days * DAY).max(person.joined_at.plus_seconds(600));
    if !generator.calendar.has_passed(at) {
        return Ok(());
    }
    let status = match number % 13 {
        0 => "created",
        1 | 2 => "paid",
        3 => "canceled",
        4 => "returned",
        _ => "fulfilled",
    };
    let coupon_id = (number % 5 == 2).then(|| generator.draw.pick(&[1, 2, 3]));
    let items = choose_items(generator, coupon_id);
    let (order_id, shipping) =
        add_order(generator, person, address_id, coupon_id, &items, at, status)?;
    let mut item_ids = Vec::new();
    for item in &items {
        item_ids.push(add_item(generator, order_id, item, at, status)?);
    }
    if status == "created" {
        return Ok(());
    }
    let mut lines: Vec<InvoiceLineDraft<'_>> = Vec::new();
    for (item, item_id) in items.iter().zip(item_ids) {
        let price = LinePrice::plus_tax(item.net, item.discount, TAX);
        let line = InvoiceLineDraft::with_price("order_item", SKUS[item.sku].1, price);
        lines.push(InvoiceLineDraft {
            quantity: item.quantity,
            order_item_id: Some(item_id),
            ..line
        });
    }
    lines.push(InvoiceLineDraft::with_price(
        "shipping",
        "Shipping",
        LinePrice { net: shipping, discount: 0, tax: 0 },
    ));
    let draft = InvoiceDraft {
        order_id: Some(order_id),
        reason: Some("order"),
        collection_method: Some("charge_automatically"),
        processor_id: Some(1),
        discount_code: coupon_id.map(coupon_code),
        description: Some("Web shop"),
        outcome: if status == "canceled" { InvoiceOutcome::Void } else { InvoiceOutcome::Paid },
        correction: if status == "returned" {
            Correction::NoteThenRefund
        } else {
            Correction::None
        },
        ..InvoiceDraft::paid_by_card(person, generator.currency, at, &lines)
    };
    billing::write_invoice(generator, account, &draft)?;
    Ok(())
}

fn choose_items(generator: &mut RowGenerator<'_>, coupon_id: Option<i64>) -> Vec<OrderItemDraft> {
    let count = generator.draw.between(1, 3);
    let mut items = Vec::new();
    for _ in 0..count {
        let sku = usize::try_from(generator.draw.below(SKUS.len() as u64)).unwrap_or_default();
        let quantity = generator.draw.between(1, 2);
        let net = SKUS[sku].2 * quantity;
        // A fixed amount is taken off once, a percentage off every item.
        let off = match coupon_id {
            Some(3) if !items.is_empty() => 0,
            coupon => coupon_discount(coupon, net),
        };
        items.push(OrderItemDraft { sku, quantity, net, discount: off });
    }
    items
}

fn add_order(
    generator: &mut RowGenerator<'_>,
    person: &DemoCustomer,
    address_id: Option<i64>,
    coupon_id: Option<i64>,
    items: &[OrderItemDraft],
    at: Instant,
    status: &'static str,
) -> io::Result<(i64, i64)> {
    let prices = items.iter().map(|item| LinePrice::plus_tax(item.net, item.discount, TAX));
    let (goods, tax) =
        prices.fold((0, 0), |(goods, tax), price| (goods + price.amount(), tax + price.tax));
    let is_abandoned = status == "created";
    let deleted_at = (is_abandoned && person.customer_id % 2 == 0).then(|| at.plus_seconds(DAY));
    let deleted_at = deleted_at.map(|at| generator.calendar.not_after_now(at));
    let currency = generator.currency;
    let note = if coupon_id.is_some() { r#"{"channel":"newsletter"}"# } else { "{}" };
    let order_id = generator.add(
        "orders",
        (at, deleted_at.unwrap_or(at)),
        [
            ("customer_id", person.customer_id.into()),
            ("address_id", address_id.into()),
            ("site_id", person.site_id.into()),
            ("status", status.into()),
            ("amount", (goods + tax + SHIPPING).into()),
            ("shipping_amount", SHIPPING.into()),
            ("tax", tax.into()),
            ("currency", currency.code().into()),
            ("coupon_id", coupon_id.into()),
            ("date", at.into()),
            ("metadata", DemoValue::Json(note)),
            ("deleted_at", deleted_at.into()),
        ],
    )?;
    Ok((order_id, SHIPPING))
}

fn add_item(
    generator: &mut RowGenerator<'_>,
    order_id: i64,
    item: &OrderItemDraft,
    at: Instant,
    status: &'static str,
) -> io::Result<i64> {
    let (product_id, name, unit) = SKUS[item.sku];
    let sku_id = i64::try_from(item.sku).unwrap_or_default() + 1;
    let is_sent = matches!(status, "fulfilled" | "returned");
    let packed_at = generator.calendar.not_after_now(at.plus_seconds(DAY));
    let shipped_at = generator.calendar.not_after_now(at.plus_seconds(DAY + 14_400));
    let by_sku = order_id % 17 != 3;
    let by_product = order_id % 17 == 3 || order_id % 2 == 0;
    let currency = generator.currency;
    generator.add(
        "order_items",
        (at, if is_sent { shipped_at } else { at }),
        [
            ("order_id", order_id.into()),
            ("sku_id", by_sku.then_some(sku_id).into()),
            ("product_id", by_product.then_some(product_id).into()),
            ("description", (order_id % 3 == 0).then_some(name).into()),
            ("quantity", item.quantity.into()),
            ("unit_amount", unit.into()),
            ("currency", currency.code().into()),
            ("fulfilled_at", is_sent.then_some(packed_at).into()),
            ("shipped_at", is_sent.then_some(shipped_at).into()),
        ],
    )
}
