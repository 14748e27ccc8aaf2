//! Lines of an invoice. The amount of a line is net: after discount, before tax.

use std::io;

use model::time::Instant;

use super::InvoiceDraft;
use crate::row_generator::RowGenerator;

/// The price of one line, in minor units of the invoice's currency.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LinePrice {
    /// Net amount before discount.
    pub(crate) net: i64,
    /// Discount on the net amount.
    pub(crate) discount: i64,
    /// Tax on the discounted net amount.
    pub(crate) tax: i64,
}

/// One line of an invoice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InvoiceLineDraft<'a> {
    pub(crate) kind: Option<&'static str>,
    pub(crate) description: Option<&'a str>,
    pub(crate) plan_id: Option<i64>,
    pub(crate) order_item_id: Option<i64>,
    pub(crate) quantity: i64,
    pub(crate) price: LinePrice,
    pub(crate) period: Option<(Instant, Instant)>,
    pub(crate) is_proration: bool,
}

/// Totals over the lines of one invoice.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct InvoiceTotals {
    pub(crate) subtotal: i64,
    pub(crate) discount: i64,
    pub(crate) tax: i64,
    pub(crate) total: i64,
}

impl LinePrice {
    /// Splits a gross price that includes 20 % tax; `discount` is gross too.
    pub(crate) fn with_tax_inside(price: i64, discount: i64) -> Self {
        let net = net_of(price);
        let net_left = net_of(price - discount);
        Self { net, discount: net - net_left, tax: price - discount - net_left }
    }

    /// Returns a net price with a discount and a tax of `rate` ten-thousandths on top.
    pub(crate) fn plus_tax(net: i64, discount: i64, rate: i64) -> Self {
        Self { net, discount, tax: ((net - discount) * rate + 5_000).div_euclid(10_000) }
    }

    /// Returns the amount of the line: after discount, before tax.
    pub(crate) fn amount(self) -> i64 {
        self.net - self.discount
    }
}

fn net_of(price: i64) -> i64 {
    (price * 10 + 6).div_euclid(12)
}

impl<'a> InvoiceLineDraft<'a> {
    /// Returns a line for one item without a plan or a period.
    pub(crate) fn with_price(kind: &'static str, description: &'a str, price: LinePrice) -> Self {
        Self {
            kind: Some(kind),
            description: Some(description),
            plan_id: None,
            order_item_id: None,
            quantity: 1,
            price,
            period: None,
            is_proration: false,
        }
    }
}

impl InvoiceTotals {
    pub(crate) fn sum_up(lines: &[InvoiceLineDraft<'_>]) -> Self {
        let mut totals = Self::default();
        for InvoiceLineDraft { price, .. } in lines {
            totals.subtotal += price.net;
            totals.discount += price.discount;
            totals.tax += price.tax;
        }
        totals.total = totals.subtotal - totals.discount + totals.tax;
        totals
    }
}

pub(super) fn add_line(
    generator: &mut RowGenerator<'_>,
    draft: &InvoiceDraft<'_>,
    invoice_id: i64,
    line: &InvoiceLineDraft<'_>,
) -> io::Result<()> {
    let written_at = draft.advanced_at.unwrap_or(draft.at);
    generator.add(
        "invoice_lines",
        (written_at, written_at),
        [
            ("invoice_id", invoice_id.into()),
            ("subscription_id", draft.subscription_id.into()),
            ("plan_id", line.plan_id.into()),
            ("customer_membership_id", draft.customer_membership_id.into()),
            ("order_item_id", line.order_item_id.into()),
            ("type", line.kind.into()),
            ("description", line.description.into()),
            ("quantity", line.quantity.into()),
            ("amount", line.price.amount().into()),
            ("discount", line.price.discount.into()),
            ("tax", line.price.tax.into()),
            ("currency", draft.currency.code().into()),
            ("period_start", line.period.map(|(start, _)| start).into()),
            ("period_end", line.period.map(|(_, end)| end).into()),
            ("is_proration", line.is_proration.into()),
        ],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_with_tax_inside_adds_up_to_itself() {
        for (price, discount, net, tax) in
            [(8900, 0, 7417, 1483), (1200, 0, 1000, 200), (8900, 890, 7417, 1335), (0, 0, 0, 0)]
        {
            let got = LinePrice::with_tax_inside(price, discount);
            assert_eq!((got.net, got.tax), (net, tax), "{price} less {discount}");
            assert_eq!(got.amount() + got.tax, price - discount);
        }
    }

    #[test]
    fn taxes_added_are_rounded_to_the_nearest_minor_unit() {
        for (net, discount, tax) in [(999, 0, 80), (1000, 500, 40), (6, 0, 0), (-999, 0, -80)] {
            assert_eq!(LinePrice::plus_tax(net, discount, 800).tax, tax, "{net} less {discount}");
        }
    }
}
