//! `rollbook usage`: explains how much of one membership is used and left. Rule: spec/usage.md.

use std::fmt::Write;

use app::auth::scope::RequestMode;
use app::usage_answers::records::{MembershipRecordReader, MembershipRecords};
use clap::{Args, ValueEnum};
use model::clock::{Clock, SystemClock};
use model::id::ProviderId;
use model::time::Date;
use usage::json::{OfferingTypeNames, to_json};
use usage::{
    BookingMethod, CountedUse, LimitCounts, MembershipStatus, NotCountedReason, PeriodUsage,
    UnusableMembership, UsageExplanation, xml,
};

use super::print;
use super::provider::provider_id;
use crate::data_args::DataArgs;
use crate::failure::Failure;
use crate::{opening, terminal};

/// `rollbook usage`
#[derive(Debug, Args)]
pub struct UsageArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Id of the provider
    #[arg(long, value_name = "ID", value_parser = provider_id)]
    provider: ProviderId,
    /// Id of the customer membership
    #[arg(value_name = "MEMBERSHIP_ID", value_parser = membership_id)]
    membership: i64,
    /// The day to look at, such as 2025-11-20 [default: today in the provider's time zone]
    #[arg(long, value_parser = date)]
    date: Option<Date>,
    /// Output format [default: table on a terminal, else json]
    #[arg(long, value_enum)]
    format: Option<UsageFormat>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum UsageFormat {
    /// Table of periods, uses and holds, and of what did not count
    Table,
    /// The JSON that the server answers with
    Json,
    /// The XML that the server answers with
    Xml,
}

fn membership_id(text: &str) -> Result<i64, String> {
    let id = text.parse().ok().filter(|id| model::id::is_valid_id(*id));
    id.ok_or_else(|| format!("an id is an integer from 1 to {}", model::id::MAX_ID))
}

fn date(text: &str) -> Result<Date, String> {
    usage::period::parse_date(text)
        .ok_or_else(|| "expected YYYY-MM-DD, a real day from 1800-01-01 to 2999-12-31".to_owned())
}

pub(crate) fn run(args: UsageArgs) -> Result<(), Failure> {
    let (folder, settings) = super::open_folder(&args.data)?;
    let store = opening::open_store(&folder, &settings)?;
    let snapshot = store.snapshot()?;
    let provider = snapshot.provider(args.provider)?;
    let provider = provider.ok_or_else(|| Failure::provider_unknown(args.provider))?;
    let mut records = MembershipRecordReader::new(snapshot.as_ref(), &provider);
    let held = records.membership(args.membership, RequestMode::Provider)?;
    let held = held.ok_or_else(|| unknown(args.provider, args.membership))?;
    let date = args.date.unwrap_or_else(|| provider.timezone.date_of(SystemClock.now()));
    let format = match args.format {
        None if terminal::is_terminal() => UsageFormat::Table,
        None => UsageFormat::Json,
        Some(format) => format,
    };
    let text = match format {
        UsageFormat::Json => to_json(&held.facts().usage_on(date), records.names()).to_string(),
        UsageFormat::Xml => {
            let style = settings.xml.list_style;
            xml::to_xml(&held.facts().usage_on(date), records.names(), style)
        }
        UsageFormat::Table => {
            let why = held.facts().explain_on(date);
            records.learn_names(why.uses.iter().map(|each| each.offering_type))?;
            explanation_text(&held, &why, date, records.names())
        }
    };
    print(&(text.trim_end().to_owned() + "\n"))
}

fn unknown(provider: ProviderId, membership: i64) -> Failure {
    Failure::new(format!("provider {provider} has no customer membership {membership}")).hint(
        "`rollbook report customer_memberships --columns id,customer_name` lists those there are",
    )
}

/// Returns the whole answer as text.
fn explanation_text(
    held: &MembershipRecords<'_>,
    why: &UsageExplanation,
    date: Date,
    names: &OfferingTypeNames,
) -> String {
    let mut text =
        format!("{} on {}: {}\n", heading(held), day(date), usability_text(why.usage.unusable));
    if why.usage.periods.is_empty() {
        text.push_str("Its uses are unlimited.\n");
    } else {
        let header = ["period", "days", "of", "allowed", "used", "left", "bookable", "why"];
        text.push_str(&terminal::table(header, periods(why, names)));
    }
    if !why.uses.is_empty() {
        let header = ["day", "use", "attendances", "charged to"];
        let uses = why.uses.iter().enumerate().map(|(at, each)| use_row(at, each, why, names));
        text.push_str(&terminal::table(header, uses));
    }
    if !why.not_counted.is_empty() {
        let rows = why.not_counted.iter().map(|(id, why)| [id.to_string(), reason(*why)]);
        text.push_str(&terminal::table(["attendance", "does not count because"], rows));
    }
    text
}

fn heading(held: &MembershipRecords<'_>) -> String {
    let customer = held.row.cell("customer_id").as_int().unwrap_or_default();
    let limits = match held.membership.custom_limits {
        Some(_) => "limits of its own",
        None => "the plan's limits",
    };
    let (id, plan) = (held.membership.id, held.plan_id);
    format!("Membership {id} of customer {customer}, plan {plan} with {limits},")
}

fn usability_text(unusable: Option<UnusableMembership>) -> String {
    match unusable {
        None => "can be used".to_owned(),
        Some(UnusableMembership::Ended(MembershipStatus::Cancelled)) => {
            "cannot be used: it is cancelled".to_owned()
        }
        Some(UnusableMembership::Ended(_)) => "cannot be used: it is completed".to_owned(),
        Some(UnusableMembership::HeldWithoutHold) => "cannot be used: it is on hold".to_owned(),
        Some(UnusableMembership::OnHold(hold)) => {
            format!("cannot be used: hold {hold} covers the day")
        }
        Some(UnusableMembership::BeginsOn(first)) => {
            format!("cannot be used: it begins on {}", day(first))
        }
        Some(UnusableMembership::ExpiredOn(last)) => {
            format!("cannot be used: it expired on {}", day(last))
        }
        Some(UnusableMembership::CancelledOn(from)) => {
            format!("cannot be used: it is cancelled from {} on", day(from))
        }
    }
}

/// Returns one row for each period limit, and one for each offering type's limit in it.
fn periods(why: &UsageExplanation, names: &OfferingTypeNames) -> Vec<[String; 8]> {
    let mut rows = Vec::new();
    for period in &why.usage.periods {
        let limit_type = period.limit_type.as_str().to_owned();
        rows.push(limit_row(period, limit_type, &period.count));
        for own in &period.offering_types {
            let extra = if own.is_extra { ", extra" } else { "" };
            let what = format!("  {}{extra}", name(own.offering_type, names));
            rows.push(limit_row(period, what, &own.count));
        }
    }
    rows
}

fn limit_row(period: &PeriodUsage, what: String, count: &LimitCounts) -> [String; 8] {
    let open = || "…".to_owned();
    let first = period.start_date.map_or_else(open, day);
    let last = period.end_date.map_or_else(open, day);
    [
        period.period.as_str().to_owned(),
        format!("{first} to {last}"),
        what,
        limit_text(count.max_uses),
        count.used_count.to_string(),
        limit_text(count.remaining_count),
        limit_text(count.bookable_count),
        proration(count),
    ]
}

fn limit_text(number: Option<i64>) -> String {
    number.map_or_else(|| "no limit".to_owned(), |number| number.to_string())
}

/// Describes how holds changed the allowance.
fn proration(count: &LimitCounts) -> String {
    let Some(adjusted) = &count.prorate_adjustment else { return String::new() };
    let mut text = format!(
        "{} for {} of {} days",
        adjusted.original_max_uses, adjusted.active_days, adjusted.total_days
    );
    for hold in adjusted.holds.iter() {
        let last = hold.end_date.map_or_else(|| "…".to_owned(), day);
        // Writing to a string cannot fail.
        let _ = write!(text, "; hold {}: {} to {last}", hold.id, day(hold.start_date));
    }
    text
}

/// Returns the row of one use: its day, its kind, the records behind it, and the limits it is
/// charged to.
fn use_row(
    at: usize,
    each: &CountedUse,
    why: &UsageExplanation,
    names: &OfferingTypeNames,
) -> [String; 4] {
    let attendances: Vec<String> = each.attendances.iter().map(i64::to_string).collect();
    let mut charged = Vec::new();
    for (period, charges) in why.usage.periods.iter().zip(&why.periods) {
        let period_name = period.period.as_str();
        if charges.uses.contains(&at) {
            charged.push(period_name.to_owned());
        }
        let own = period.offering_types.iter().zip(&charges.offering_types);
        for (own, _) in own.filter(|(_, uses)| uses.contains(&at)) {
            charged.push(format!("{period_name} {}", name(own.offering_type, names)));
        }
    }
    let what = format!("{} ({})", name(each.offering_type, names), each.limit_type.as_str());
    [day(each.date), what, attendances.join(", "), charged.join(", ")]
}

fn reason(why: NotCountedReason) -> String {
    match why {
        NotCountedReason::Method(BookingMethod::Dropin) => "it was paid as a drop-in",
        NotCountedReason::Method(_) => "it was free",
        NotCountedReason::Comped => "it was comped",
        NotCountedReason::EventCancelled => "the event was cancelled",
        NotCountedReason::NoShow => "no-shows do not count here",
    }
    .to_owned()
}

fn name(offering_type: i64, names: &OfferingTypeNames) -> String {
    names.get(&offering_type).cloned().unwrap_or_else(|| offering_type.to_string())
}

fn day(date: Date) -> String {
    date.to_string()
}
