//! Campaigns and their runs.

use std::io;

use crate::row_generator::RowGenerator;

/// Key of the campaign that brought new subscribers.
pub(super) const SPRING: &str = "spring-launch";
/// Key of the campaign that reminds of renewals.
pub(super) const RENEWAL: &str = "renewal-14d";

type CampaignEntry =
    (Option<i64>, &'static str, &'static str, &'static str, Option<&'static str>, i64);

/// Campaigns: site, name, key, type, description, days between runs.
const CAMPAIGNS: [CampaignEntry; 6] = [
    (Some(1), "Spring launch", SPRING, "promotional", Some("Three months for one"), 60),
    (None, "Renewal, 14 days ahead", RENEWAL, "renewal", None, 7),
    (Some(1), "Please stay", "stay", "cancellation", Some("Offer on the way out, \"50 %\""), 14),
    (Some(2), "Welcome to the kitchen", "kitchen-hello", "creation", None, 7),
    (None, "Donors' letter", "donors", "promotional", Some("To the Circle, yearly"), 180),
    (Some(2), "Cookbook autumn", "cookbook", "promotional", None, 90),
];

/// Adds all campaigns with the runs of a year.
pub(super) fn add_campaigns(generator: &mut RowGenerator<'_>, customers: u64) -> io::Result<()> {
    let audience = customers.cast_signed();
    for (place, (site_id, name, key, kind, description, every)) in (1..).zip(CAMPAIGNS) {
        let (product_id, plan_id, coupon_id) = match place {
            1 => (Some(1), Some(1), Some(1)),
            2 => (None, None, None),
            4 => (Some(3), Some(7), None),
            6 => (Some(7), None, Some(3)),
            _ => (Some(4), None, None),
        };
        let campaign_id = generator.add_founding(
            "campaigns",
            [
                ("site_id", site_id.into()),
                ("name", name.into()),
                ("key", key.into()),
                ("type", kind.into()),
                ("description", description.into()),
                ("product_id", product_id.into()),
                ("plan_id", plan_id.into()),
                ("coupon_id", coupon_id.into()),
            ],
        )?;
        let mut day = generator.calendar.first_day().plus_days(place * 3);
        while day <= generator.calendar.today() {
            add_run(generator, campaign_id, day, audience)?;
            day = day.plus_days(every);
        }
    }
    Ok(())
}

fn add_run(
    generator: &mut RowGenerator<'_>,
    campaign_id: i64,
    day: model::time::Date,
    audience: i64,
) -> io::Result<()> {
    let started_at = generator.calendar.at(day, 11 * 3600);
    if !generator.calendar.has_passed(started_at) {
        return Ok(());
    }
    let draw = &mut generator.draw;
    let sent = audience / 10 + draw.between(5, 5 + audience / 2);
    let delivered = sent - sent * draw.between(0, 4) / 100;
    let opened = delivered * draw.between(18, 52) / 100;
    let clicked = opened * draw.between(4, 30) / 100;
    let converted = clicked * draw.between(0, 20) / 100;
    let own = generator.currency;
    let currency = if campaign_id == 4 { "eur" } else { own.code() };
    generator.add(
        "campaign_runs",
        (started_at, started_at.plus_seconds(86_400)),
        [
            ("campaign_id", campaign_id.into()),
            ("started_at", started_at.into()),
            ("sent", sent.into()),
            ("delivered", delivered.into()),
            ("opened", opened.into()),
            ("clicked", clicked.into()),
            ("converted", converted.into()),
            ("revenue", (converted * 999).into()),
            ("currency", currency.into()),
        ],
    )?;
    Ok(())
}
