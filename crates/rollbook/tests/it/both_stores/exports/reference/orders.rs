//! Orders and their items. Rule: spec/exports.md §10.14.

use serde_json::Value as Json;

use super::books::{BusinessRows, customer, instant, int, is_issued, money, text};
use super::cell::ExportValue;
use super::kind::{ReferenceFilter, ReferenceLines, ReferenceType, ids, own, stored};
use crate::oracle::OracleRow;

pub(super) static ORDERS: ReferenceType = ReferenceType {
    object: "orders",
    table: "orders",
    columns: "id int · CUST · site_id int · status text · address_id int · ship_name text · \
        ship_company text · ship_line1 text · ship_line2 text · ship_city text · \
        ship_state text · ship_postal_code text · ship_country text · ship_phone text · \
        currency text · items_amount money · shipping_amount money · tax money · \
        discount_amount money · amount money · coupon_id int · coupon_code text · \
        invoice_id int · item_count int · items json · fulfilled_at ts · date ts · \
        metadata json · created_at ts · updated_at ts · deleted_at ts",
    filters: &[
        ("status", ReferenceFilter::Words("paid canceled fulfilled returned")),
        ("product_id", ReferenceFilter::Id),
        ("sku_id", ReferenceFilter::Id),
    ],
    is_one: |_, _| true,
    site_of: |_, o| o.int("site_id"),
    has,
    value,
    lines: Some(ReferenceLines {
        table: "order_items",
        key: "order_id",
        columns: "item_id int · order_id int · order_status text · order_date ts · CUST · \
            ship_name text · ship_company text · ship_line1 text · ship_line2 text · \
            ship_city text · ship_state text · ship_postal_code text · ship_country text · \
            ship_phone text · sku_id int · sku_name text · product_id int · product_name text · \
            description text · quantity int · unit_amount money · currency text · \
            fulfilled_at ts · shipped_at ts · created_at ts · updated_at ts",
        value: item_value,
    }),
};

fn items<'a>(books: &BusinessRows<'a>, o: &OracleRow) -> Vec<&'a OracleRow> {
    books.rows_referring_to("order_items", "order_id", o.id())
}

/// Returns the item's own product; otherwise that of its SKU.
fn product(books: &BusinessRows<'_>, item: &OracleRow) -> Option<i64> {
    let sku = books.referenced_row(item, "sku_id", "skus");
    item.int("product_id").or_else(|| sku.and_then(|sku| sku.int("product_id")))
}

/// Returns true if one item has both the product and the SKU of the request.
pub(super) fn item_has(
    books: &BusinessRows<'_>,
    item: &OracleRow,
    wanted_product: Option<i64>,
    wanted_sku: Option<i64>,
) -> bool {
    wanted_product.is_none_or(|id| product(books, item) == Some(id))
        && wanted_sku.is_none_or(|id| item.int("sku_id") == Some(id))
}

fn has(books: &BusinessRows<'_>, o: &OracleRow, filter: &str) -> Vec<Json> {
    match filter {
        "product_id" => ids(items(books, o).into_iter().map(|item| product(books, item))),
        "sku_id" => ids(items(books, o).into_iter().map(|item| item.int("sku_id"))),
        other => own(o, other),
    }
}

/// Returns first and last name of an address.
fn ship_name(address: &OracleRow) -> ExportValue {
    let names = format!("{} {}", address.word("first_name"), address.word("last_name"));
    ExportValue::text(Some(names.trim()).filter(|name| !name.is_empty()))
}

fn ship(books: &BusinessRows<'_>, o: &OracleRow, heading: &str) -> Option<ExportValue> {
    let address = books.referenced_row(o, "address_id", "addresses");
    match heading.strip_prefix("ship_")? {
        "name" => Some(address.map_or(ExportValue::Null, ship_name)),
        column => Some(text(address, column)),
    }
}

fn item_object(books: &BusinessRows<'_>, item: &OracleRow) -> ExportValue {
    let sku = books.referenced_row(item, "sku_id", "skus");
    let own = |name: &str, kind| (name.to_owned(), stored(item, name, kind));
    ExportValue::Object(vec![
        own("id", "int"),
        own("sku_id", "int"),
        ("sku_name".to_owned(), text(sku, "name")),
        ("product_id".to_owned(), ExportValue::int(product(books, item))),
        own("quantity", "int"),
        own("unit_amount", "money"),
        own("currency", "text"),
        own("fulfilled_at", "ts"),
        own("shipped_at", "ts"),
    ])
}

fn value(books: &BusinessRows<'_>, o: &OracleRow, heading: &str) -> Option<ExportValue> {
    let items = items(books, o);
    let amount = |item: &&OracleRow| item.amount("quantity") * item.amount("unit_amount");
    let items_amount: i128 = items.iter().map(amount).sum();
    Some(match heading {
        "items_amount" => money(items_amount, o),
        "discount_amount" => {
            let asked = items_amount + o.amount("shipping_amount") + o.amount("tax");
            money(asked - o.amount("amount"), o)
        }
        "coupon_code" => text(books.referenced_row(o, "coupon_id", "coupons"), "code"),
        "invoice_id" => {
            let invoices = books.rows_referring_to("invoices", "order_id", o.id());
            let issued = invoices.into_iter().filter(|invoice| is_issued(invoice));
            ExportValue::int(issued.map(OracleRow::id).min())
        }
        "item_count" => {
            ExportValue::Int(items.iter().filter_map(|item| item.int("quantity")).sum())
        }
        "items" => ExportValue::Array(items.iter().map(|item| item_object(books, item)).collect()),
        "fulfilled_at" if items.iter().all(|item| item.has("fulfilled_at")) => {
            ExportValue::instant(items.iter().filter_map(|item| item.instant("fulfilled_at")).max())
        }
        "fulfilled_at" => ExportValue::Null,
        _ => {
            let customer = customer(books.referenced_row(o, "customer_id", "customers"), heading);
            return customer.or_else(|| ship(books, o, heading));
        }
    })
}

fn item_value(
    books: &BusinessRows<'_>,
    o: &OracleRow,
    item: &OracleRow,
    heading: &str,
) -> Option<ExportValue> {
    let sku = books.referenced_row(item, "sku_id", "skus");
    let product = product(books, item);
    Some(match heading {
        "item_id" => int(Some(item), "id"),
        "order_id" => int(Some(o), "id"),
        "order_status" => text(Some(o), "status"),
        "order_date" => instant(Some(o), "date"),
        "sku_name" => text(sku, "name"),
        "product_id" => ExportValue::int(product),
        "product_name" => text(books.get("products", product), "name"),
        _ => {
            let customer = customer(books.referenced_row(o, "customer_id", "customers"), heading);
            return customer.or_else(|| ship(books, o, heading));
        }
    })
}
