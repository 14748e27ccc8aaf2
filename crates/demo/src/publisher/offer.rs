//! The products, plans and coupons of the publisher.

use std::io;

use model::money::Currency;

use crate::row_generator::RowGenerator;

/// Products: site, name and kind. The id is the position in the list, from 1.
const PRODUCTS: [(Option<i64>, &str, &str); 7] = [
    (Some(1), "Harbour Review Digital", "subscription"),
    (Some(1), "Harbour Review in Print", "subscription"),
    (Some(2), "Coastal Kitchen", "subscription"),
    (None, "Harbour Circle", "membership"),
    (Some(1), "Newsroom Fund", "donation"),
    (None, "Prints & Posters", "ecommerce"),
    (Some(2), "Cookbooks", "ecommerce"),
];

/// A plan. Its id is its position in [`PLANS`], from 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct PublisherPlan {
    pub(super) product_id: i64,
    pub(super) name: &'static str,
    pub(super) amount: i64,
    pub(super) is_euro: bool,
    pub(super) interval: &'static str,
    pub(super) count: i64,
    pub(super) shipments: i64,
}

const DIGITAL: PublisherPlan = PublisherPlan {
    product_id: 1,
    name: "Digital, monthly",
    amount: 999,
    is_euro: false,
    interval: "month",
    count: 1,
    shipments: 0,
};

pub(super) const PLANS: [PublisherPlan; 10] = [
    DIGITAL,
    PublisherPlan { name: "Digital, annual", amount: 9900, interval: "year", ..DIGITAL },
    PublisherPlan { name: "Digital, weekly", amount: 299, interval: "week", ..DIGITAL },
    PublisherPlan { name: "Day pass", amount: 150, interval: "day", ..DIGITAL },
    PublisherPlan {
        product_id: 2,
        name: "Print, annual (12 issues)",
        amount: 12_000,
        interval: "year",
        shipments: 12,
        ..DIGITAL
    },
    PublisherPlan {
        product_id: 2,
        name: "Print, quarterly (3 issues)",
        amount: 3300,
        count: 3,
        shipments: 3,
        ..DIGITAL
    },
    PublisherPlan { product_id: 3, name: "Coastal Kitchen, monthly", amount: 699, ..DIGITAL },
    PublisherPlan {
        product_id: 3,
        name: "Coastal Kitchen Europe, monthly",
        amount: 649,
        is_euro: true,
        ..DIGITAL
    },
    PublisherPlan {
        product_id: 4,
        name: "Circle, annual",
        amount: 25_000,
        interval: "year",
        ..DIGITAL
    },
    PublisherPlan { product_id: 5, name: "Supporter, monthly", amount: 500, ..DIGITAL },
];

/// Ids of the plans that the generator refers to.
pub(super) mod plan_id {
    pub(in crate::publisher) const MONTHLY: i64 = 1;
    pub(in crate::publisher) const ANNUAL: i64 = 2;
    pub(in crate::publisher) const WEEKLY: i64 = 3;
    pub(in crate::publisher) const DAY: i64 = 4;
    pub(in crate::publisher) const PRINT: i64 = 5;
    pub(in crate::publisher) const QUARTERLY: i64 = 6;
    pub(in crate::publisher) const KITCHEN: i64 = 7;
    pub(in crate::publisher) const KITCHEN_EUROPE: i64 = 8;
    pub(in crate::publisher) const CIRCLE: i64 = 9;
    pub(in crate::publisher) const SUPPORTER: i64 = 10;
}

/// Returns the plan with this id.
pub(super) fn plan(id: i64) -> &'static PublisherPlan {
    let index = usize::try_from(id - 1).unwrap_or_default();
    PLANS.get(index).unwrap_or(&FIRST)
}

static FIRST: PublisherPlan = DIGITAL;

impl PublisherPlan {
    /// Returns the currency of the price.
    pub(super) fn currency(&self, own: Currency) -> Currency {
        match Currency::parse("eur") {
            Some(euro) if self.is_euro => euro,
            _ => own,
        }
    }
}

/// Goods: product, name, price before tax. The id is the position in the list, from 1.
pub(super) const SKUS: [(i64, &str, i64); 6] = [
    (6, "Lighthouse print, A2", 4500),
    (6, "Harbour map 1898, A3", 2800),
    (6, "Tide calendar", 1900),
    (7, "Salt & Smoke, hardcover", 3500),
    (7, "Soups of the coast, 2nd ed.", 2200),
    (7, "Gift box \"Winter\"", 6400),
];

/// A coupon. Its id is its position in [`COUPONS`], from 1.
#[derive(Debug, Clone, Copy)]
struct Coupon {
    code: &'static str,
    name: Option<&'static str>,
    discount: CouponDiscount,
}

#[derive(Debug, Clone, Copy)]
enum CouponDiscount {
    /// Ten-thousandths of a percent.
    Percent(i64),
    Amount(i64),
    Euro(i64),
}

const COUPONS: [Coupon; 5] = [
    Coupon { code: "WELCOME20", name: Some("Welcome"), discount: CouponDiscount::Percent(200_000) },
    Coupon {
        code: "STUDENT",
        name: Some("Students: a third off"),
        discount: CouponDiscount::Percent(333_333),
    },
    Coupon { code: "FIVER", name: None, discount: CouponDiscount::Amount(500) },
    Coupon { code: "BERLIN", name: Some("Book fair"), discount: CouponDiscount::Euro(200) },
    Coupon { code: "FRIENDS", name: None, discount: CouponDiscount::Percent(1_000_000) },
];

fn coupon(id: i64) -> Option<&'static Coupon> {
    usize::try_from(id - 1).ok().and_then(|place| COUPONS.get(place))
}

/// Returns the code of coupon `id`.
pub(super) fn coupon_code(id: i64) -> &'static str {
    coupon(id).map_or("", |coupon| coupon.code)
}

/// Adds the rows that exist before the first customer: sites, products, plans, coupons.
pub(super) fn add_offer(generator: &mut RowGenerator<'_>) -> io::Result<()> {
    let own = generator.currency;
    let sites = [("Harbour Review", Some("America/New_York")), ("Coastal Kitchen", None)];
    for (name, timezone) in sites {
        generator.add_founding("sites", [("name", name.into()), ("timezone", timezone.into())])?;
    }
    for (name, kind) in [("Cardinal Pay", Some("card")), ("Lockbox", None)] {
        generator
            .add_founding("payment_processors", [("name", name.into()), ("type", kind.into())])?;
    }
    for (site_id, name, kind) in PRODUCTS {
        generator.add_founding(
            "products",
            [("site_id", site_id.into()), ("name", name.into()), ("kind", kind.into())],
        )?;
    }
    for plan in &PLANS {
        add_plan(generator, plan, own)?;
    }
    for (product_id, name, amount) in SKUS {
        generator.add_founding(
            "skus",
            [
                ("product_id", product_id.into()),
                ("name", name.into()),
                ("unit_amount", amount.into()),
                ("currency", own.code().into()),
            ],
        )?;
    }
    for coupon in &COUPONS {
        add_coupon(generator, coupon, own)?;
    }
    Ok(())
}

fn add_plan(
    generator: &mut RowGenerator<'_>,
    plan: &PublisherPlan,
    own: Currency,
) -> io::Result<()> {
    let recognition = if plan.shipments > 0 { "shipments" } else { "time" };
    generator.add_founding(
        "plans",
        [
            ("product_id", plan.product_id.into()),
            ("name", plan.name.into()),
            ("amount", plan.amount.into()),
            ("currency", plan.currency(own).code().into()),
            ("interval", plan.interval.into()),
            ("interval_count", plan.count.into()),
            ("shipments_per_interval", plan.shipments.into()),
            ("recognition", recognition.into()),
        ],
    )?;
    Ok(())
}

fn add_coupon(generator: &mut RowGenerator<'_>, coupon: &Coupon, own: Currency) -> io::Result<()> {
    let (percent, amount, currency) = match coupon.discount {
        CouponDiscount::Percent(share) => {
            (Some(model::money::decimal_text(share.into(), 4)), None, None)
        }
        CouponDiscount::Amount(amount) => (None, Some(amount), Some(own.code())),
        CouponDiscount::Euro(amount) => (None, Some(amount), Some("eur")),
    };
    generator.add_founding(
        "coupons",
        [
            ("code", coupon.code.into()),
            ("name", coupon.name.into()),
            ("percent_off", percent.as_deref().into()),
            ("amount_off", amount.into()),
            ("currency", currency.into()),
        ],
    )?;
    Ok(())
}

/// Returns the amount that coupon `id` takes off.
pub(super) fn coupon_discount(coupon_id: Option<i64>, amount: i64) -> i64 {
    match coupon_id.and_then(coupon).map(|coupon| coupon.discount) {
        None => 0,
        Some(CouponDiscount::Percent(share)) => (amount * share + 500_000).div_euclid(1_000_000),
        Some(CouponDiscount::Amount(discount) | CouponDiscount::Euro(discount)) => {
            amount.min(discount)
        }
    }
}
