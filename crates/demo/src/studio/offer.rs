//! The offering types, membership plans and goods of the studio.

use std::io;

use crate::row::DemoValue;
use crate::row_generator::RowGenerator;

pub(super) const SITES: i64 = 3;
pub(super) const INSTRUCTORS: i64 = 12;
pub(super) const BOOKING_SOURCES: i64 = 5;

/// Offering types: name and kind. The id is the position in the list, from 1.
const OFFERING_TYPES: [(&str, &str); 9] = [
    ("Vinyasa Flow", "class"),
    ("HIIT", "class"),
    ("Reformer Pilates", "class"),
    ("Yin & Restore", "class"),
    ("Spin 45", "class"),
    ("Personal Training", "appointment"),
    ("Sports Massage", "appointment"),
    ("Beginners' Course", "course"),
    ("Pre-natal Yoga, 6 weeks", "course"),
];

/// The length of a membership, or the billing interval of a recurring one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlanTerm {
    Days(i64),
    Weeks(i64),
    Months(i64),
    Open,
}

/// The number of visits that a membership allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlanUses {
    Unlimited,
    PerMonth(u64),
    PerWeek(u64),
    Ever(u64),
}

/// A membership plan. Its id is its position in [`PLANS`], from 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct StudioPlan {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    category_id: Option<i64>,
    pub(super) price: i64,
    pub(super) term: PlanTerm,
    pub(super) uses: PlanUses,
    begins_on_first_registration: bool,
    pub(super) is_shareable: bool,
    allotment: &'static str,
}

const UNLIMITED: StudioPlan = StudioPlan {
    name: "Unlimited Monthly",
    kind: "recurring",
    category_id: Some(1),
    price: 8900,
    term: PlanTerm::Months(1),
    uses: PlanUses::Unlimited,
    begins_on_first_registration: false,
    is_shareable: false,
    allotment: "{}",
};

pub(super) const PLANS: [StudioPlan; 10] = [
    UNLIMITED,
    StudioPlan {
        name: "Eight a Month",
        category_id: Some(2),
        price: 6200,
        uses: PlanUses::PerMonth(8),
        allotment: r#"{"types":["event"],"period_limits":[{"period":"month","type":"event","max_uses":8,"offering_type_limits":[{"offering_type":2,"max_uses":3},{"offering_type":6,"max_uses":1,"is_extra":true}]}]}"#,
        ..UNLIMITED
    },
    StudioPlan {
        name: "Off-Peak Weekly",
        category_id: Some(2),
        price: 1500,
        term: PlanTerm::Weeks(4),
        uses: PlanUses::PerWeek(2),
        allotment: r#"{"types":["event"],"period_limits":[{"period":"week","max_uses":2},{"period":"day","max_uses":1}]}"#,
        ..UNLIMITED
    },
    StudioPlan {
        name: "Ten-Class Pack",
        kind: "pack",
        category_id: Some(3),
        price: 9500,
        term: PlanTerm::Months(6),
        uses: PlanUses::Ever(10),
        begins_on_first_registration: true,
        is_shareable: true,
        allotment: r#"{"period_limits":[{"period":"lifetime","type":"event","max_uses":10}]}"#,
    },
    StudioPlan {
        name: "Five-Class Pack",
        kind: "pack",
        category_id: Some(3),
        price: 5200,
        term: PlanTerm::Days(90),
        uses: PlanUses::Ever(5),
        allotment: r#"{"period_limits":[{"period":"lifetime","type":"event","max_uses":5,"offering_type_limits":[{"offering_type":7,"max_uses":0,"allow_zero":true}]}]}"#,
        ..UNLIMITED
    },
    StudioPlan {
        name: "Annual, Prepaid",
        kind: "prepaid",
        category_id: Some(1),
        price: 78_000,
        term: PlanTerm::Months(12),
        uses: PlanUses::PerWeek(5),
        allotment: r#"{"ignore_no_shows":true,"period_limits":[{"period":"year","max_uses":200},{"period":"day","max_uses":1}]}"#,
        ..UNLIMITED
    },
    StudioPlan {
        name: "Intro Month",
        kind: "prepaid",
        category_id: None,
        price: 3500,
        term: PlanTerm::Days(30),
        ..UNLIMITED
    },
    StudioPlan {
        name: "Course Pass",
        kind: "pack",
        category_id: Some(4),
        price: 11_000,
        term: PlanTerm::Weeks(12),
        uses: PlanUses::Ever(1),
        allotment: r#"{"types":["course"],"period_limits":[{"period":"lifetime","type":"course","max_uses":1,"offering_type_limits":[{"offering_type":8,"max_uses":null}]}]}"#,
        ..UNLIMITED
    },
    StudioPlan {
        name: "Weekend & Courses",
        price: 7200,
        uses: PlanUses::PerMonth(6),
        allotment: r#"{"types":["event","course"],"period_limits":[{"period":"month","type":"event","max_uses":6},{"period":"month","type":"course","max_uses":1}]}"#,
        ..UNLIMITED
    },
    StudioPlan { name: "Team", category_id: None, price: 0, term: PlanTerm::Open, ..UNLIMITED },
];

/// Ids of the plans that the generator refers to.
pub(super) mod plan_id {
    pub(in crate::studio) const UNLIMITED: i64 = 1;
    pub(in crate::studio) const EIGHT: i64 = 2;
    pub(in crate::studio) const WEEKLY: i64 = 3;
    pub(in crate::studio) const TEN_PACK: i64 = 4;
    pub(in crate::studio) const FIVE_PACK: i64 = 5;
    pub(in crate::studio) const ANNUAL: i64 = 6;
    pub(in crate::studio) const INTRO: i64 = 7;
    pub(in crate::studio) const COURSE: i64 = 8;
    pub(in crate::studio) const WEEKEND: i64 = 9;
    pub(in crate::studio) const TEAM: i64 = 10;
}

/// Returns the plan with this id.
pub(super) fn plan(id: i64) -> &'static StudioPlan {
    let index = usize::try_from(id - 1).unwrap_or_default();
    PLANS.get(index).unwrap_or(&UNLIMITED_PLAN)
}

static UNLIMITED_PLAN: StudioPlan = UNLIMITED;

/// Goods of the studio's shop: id, name, price before tax.
pub(super) const SHOP: [(i64, &str, i64); 3] =
    [(1, "Yoga mat, slate", 3000), (2, "Grip socks", 1000), (3, "Bottle \"750 ml\"", 1500)];

/// Adds the rows that exist before the first customer: sites, offering types, plans, goods.
pub(super) fn add_offer(generator: &mut RowGenerator<'_>) -> io::Result<()> {
    let sites: [(&str, Option<&str>); SITES as usize] = [
        ("Northlight Central", None),
        ("Northlight Riverside", Some("Europe/London")),
        ("Northlight Lisboa", Some("Europe/Lisbon")),
    ];
    for (name, timezone) in sites {
        generator.add_founding("sites", [("name", name.into()), ("timezone", timezone.into())])?;
    }
    let processors =
        [("Cardinal Pay", Some("card")), ("Bank debit", Some("debit")), ("Front desk", None)];
    for (name, kind) in processors {
        generator
            .add_founding("payment_processors", [("name", name.into()), ("type", kind.into())])?;
    }
    add_goods(generator)?;
    for (name, kind) in OFFERING_TYPES {
        generator.add_founding("offering_types", [("name", name.into()), ("kind", kind.into())])?;
    }
    let categories = ["Unlimited", "Limited", "Packs", "Courses"];
    add_names(generator, "membership_categories", &categories)?;
    let instructors: [&str; INSTRUCTORS as usize] = [
        "Ana Sousa",
        "Ben Achterberg",
        "Caoimhe Doyle",
        "Dev Raman",
        "Ffion Pryce",
        "Goran Ilić",
        "Hana Suzuki",
        "Idris Bello",
        "Juno Park",
        "Kit Marlowe",
        "Lena Vogt",
        "María Ibáñez",
    ];
    add_names(generator, "instructors", &instructors)?;
    let sources: [&str; BOOKING_SOURCES as usize] =
        ["Website", "App", "Front desk", "Widget", "Partner \"FitPass\""];
    add_names(generator, "booking_sources", &sources)?;
    for plan in &PLANS {
        add_plan(generator, plan)?;
    }
    Ok(())
}

fn add_goods(generator: &mut RowGenerator<'_>) -> io::Result<()> {
    let shop = [
        ("site_id", DemoValue::Null),
        ("name", "Studio shop".into()),
        ("kind", "ecommerce".into()),
    ];
    let product_id = generator.add_founding("products", shop)?;
    let currency = generator.currency;
    for (_, name, price) in SHOP {
        generator.add_founding(
            "skus",
            [
                ("product_id", product_id.into()),
                ("name", name.into()),
                ("unit_amount", price.into()),
                ("currency", currency.code().into()),
            ],
        )?;
    }
    Ok(())
}

fn add_names(
    generator: &mut RowGenerator<'_>,
    table: &'static str,
    names: &[&str],
) -> io::Result<()> {
    for name in names {
        generator.add_founding(table, [("name", (*name).into())])?;
    }
    Ok(())
}

fn add_plan(generator: &mut RowGenerator<'_>, plan: &StudioPlan) -> io::Result<()> {
    let (duration, unit) = match plan.term {
        PlanTerm::Days(days) => (Some(days), Some("days")),
        PlanTerm::Weeks(weeks) => (Some(weeks), Some("weeks")),
        PlanTerm::Months(months) => (Some(months), Some("months")),
        PlanTerm::Open => (None, None),
    };
    let currency = generator.currency;
    generator.add_founding(
        "memberships",
        [
            ("category_id", plan.category_id.into()),
            ("name", plan.name.into()),
            ("type", plan.kind.into()),
            ("price", plan.price.into()),
            ("currency", currency.code().into()),
            ("duration", duration.into()),
            ("duration_unit", unit.into()),
            ("begin_on_first_registration", plan.begins_on_first_registration.into()),
            ("shareable", plan.is_shareable.into()),
            ("allotment", DemoValue::Json(plan.allotment)),
        ],
    )?;
    Ok(())
}
