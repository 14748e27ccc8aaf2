//! Invoices and their lines. Rule: spec/exports.md §10.4.

use super::books::{BusinessRows, customer, instant, int, is_deleted, money, text};
use super::cell::ExportValue;
use super::kind::{ReferenceFilter, ReferenceLines, ReferenceType, own, stored};
use crate::oracle::OracleRow;

pub(super) static INVOICES: ReferenceType = ReferenceType {
    object: "invoices",
    table: "invoices",
    columns: "id int · number text · CUST · subscription_id int · order_id int · \
        customer_membership_id int · site_id int · plan_id int · plan_name text · product_id int · \
        product_name text · status text · billing_reason text · collection_method text · \
        is_advance bool · is_credit_note bool · refunded_invoice_id int · currency text · \
        subtotal money · discount money · tax money · total money · amount_due money · \
        amount_paid money · credit_applied money · amount_remaining money · \
        amount_refunded money · date ts · due_date date · period_start ts · period_end ts · \
        paid_at ts · voided_at ts · uncollectible_at ts · payment_processor_id int · \
        payment_processor_name text · purchase_type text · discount_code text · \
        description text · billing_company text · billing_line1 text · billing_line2 text · \
        billing_city text · billing_state text · billing_postal_code text · \
        billing_country text · metadata json · line_count int · line_items json · created_at ts · \
        updated_at ts · deleted_at ts",
    filters: &[("status", ReferenceFilter::Words("draft open paid past_due void uncollectible"))],
    is_one: |_, _| true,
    site_of: |_, i| i.int("site_id"),
    has: |_, i, filter| own(i, filter),
    value,
    lines: Some(ReferenceLines {
        table: "invoice_lines",
        key: "invoice_id",
        columns: "line_id int · invoice_id int · invoice_number text · invoice_status text · \
            invoice_date ts · CUST · subscription_id int · plan_id int · plan_name text · \
            product_id int · product_name text · customer_membership_id int · order_item_id int · \
            type text · description text · quantity int · amount money · discount money · \
            tax money · currency text · period_start ts · period_end ts · is_proration bool · \
            created_at ts · updated_at ts",
        value: line_value,
    }),
};

fn lines<'a>(books: &BusinessRows<'a>, i: &OracleRow) -> Vec<&'a OracleRow> {
    books.rows_referring_to("invoice_lines", "invoice_id", i.id())
}

/// Returns the plan of the first line that has one; otherwise that of the subscription.
fn plan<'a>(books: &BusinessRows<'a>, i: &OracleRow) -> Option<&'a OracleRow> {
    let first = lines(books, i).into_iter().find(|line| line.has("plan_id"));
    let subscription = books.referenced_row(i, "subscription_id", "subscriptions");
    first.or(subscription).and_then(|row| books.referenced_row(row, "plan_id", "plans"))
}

/// Returns a column of a plan or its product.
fn of_plan(
    books: &BusinessRows<'_>,
    plan: Option<&OracleRow>,
    heading: &str,
) -> Option<ExportValue> {
    let product = plan.and_then(|plan| books.referenced_row(plan, "product_id", "products"));
    Some(match heading {
        "plan_id" => int(plan, "id"),
        "plan_name" => text(plan, "name"),
        "product_id" => int(plan, "product_id"),
        "product_name" => text(product, "name"),
        _ => return None,
    })
}

/// Returns the refunded amount of an invoice, over refunds that name it or one of its payments.
fn refunded(books: &BusinessRows<'_>, i: &OracleRow) -> i128 {
    let is_of_invoice = |refund: &&OracleRow| {
        let payment = books.referenced_row(refund, "payment_id", "payments");
        let of_payment = payment.and_then(|payment| payment.int("invoice_id"));
        refund.int("invoice_id").or(of_payment) == Some(i.id())
    };
    let refunds = books.tables.all("refunds").into_iter();
    let counted = refunds.filter(|r| r.word("status") == "succeeded" && !is_deleted(r));
    counted.filter(is_of_invoice).map(|refund| refund.amount("amount")).sum()
}

fn billing_address<'a>(books: &BusinessRows<'a>, i: &OracleRow) -> Option<&'a OracleRow> {
    let all = books.rows_referring_to("addresses", "customer_id", i.int("customer_id")?);
    let billing = all.into_iter().filter(|a| a.word("type") == "billing" && !is_deleted(a));
    billing.min_by_key(|address| (!address.flag("is_default"), address.id()))
}

fn item(line: &OracleRow) -> ExportValue {
    let notation = [
        ("id", "int"),
        ("description", "text"),
        ("quantity", "int"),
        ("amount", "money"),
        ("discount", "money"),
        ("tax", "money"),
        ("currency", "text"),
        ("period_start", "ts"),
        ("period_end", "ts"),
        ("is_proration", "bool"),
        ("subscription_id", "int"),
        ("plan_id", "int"),
    ];
    let members = notation.map(|(name, kind)| (name.to_owned(), stored(line, name, kind)));
    ExportValue::Object(members.into())
}

fn value(books: &BusinessRows<'_>, i: &OracleRow, heading: &str) -> Option<ExportValue> {
    if let Some(column) = heading.strip_prefix("billing_").filter(|column| *column != "reason") {
        return Some(text(billing_address(books, i), column));
    }
    if let Some(found) = of_plan(books, plan(books, i), heading) {
        return Some(found);
    }
    Some(match heading {
        "amount_due" => money(i.amount("total") - i.amount("credit_applied"), i),
        "amount_refunded" => money(refunded(books, i), i),
        "payment_processor_name" => {
            text(books.referenced_row(i, "payment_processor_id", "payment_processors"), "name")
        }
        "line_count" => ExportValue::int(i64::try_from(lines(books, i).len()).ok()),
        "line_items" => ExportValue::Array(lines(books, i).into_iter().map(item).collect()),
        _ => return customer(books.referenced_row(i, "customer_id", "customers"), heading),
    })
}

fn line_value(
    books: &BusinessRows<'_>,
    i: &OracleRow,
    line: &OracleRow,
    heading: &str,
) -> Option<ExportValue> {
    let plan = books.referenced_row(line, "plan_id", "plans").or_else(|| plan(books, i));
    if let Some(found) = of_plan(books, plan, heading) {
        return Some(found);
    }
    Some(match heading {
        "line_id" => int(Some(line), "id"),
        "invoice_id" => int(Some(i), "id"),
        "invoice_number" => text(Some(i), "number"),
        "invoice_status" => text(Some(i), "status"),
        "invoice_date" => instant(Some(i), "date"),
        "subscription_id" => {
            ExportValue::int(line.int("subscription_id").or_else(|| i.int("subscription_id")))
        }
        _ => return customer(books.referenced_row(i, "customer_id", "customers"), heading),
    })
}
