//! Scenarios in the specification's notation: `month 8 [HIIT 3, KB 3 extra]`.

use model::allotment::{self, Allotment, LimitType};
use model::id::ProviderId;
use model::provider::Provider;
use model::time::{Date, Instant};
use usage::{
    BookedEvent, Booking, BookingMethod, BookingStatus, EventKind, Hold, LimitCounts, Membership,
    MembershipStatus, Usage, UsageFacts, UsageLimits, UsagePlan,
};

/// The offering types by the names that the tests use.
pub(crate) const OFFERING_TYPES: [(&str, i64); 6] =
    [("HIIT", 12), ("KB", 13), ("Fitness", 14), ("Zumba", 15), ("Yoga", 16), ("Dance", 17)];

/// A scenario. Owns everything that [`UsageFacts`] borrow.
#[derive(Debug, Clone)]
pub(crate) struct UsageScenario {
    pub(crate) provider: Provider,
    pub(crate) plan: UsagePlan,
    pub(crate) membership: Membership,
    pub(crate) holds: Vec<Hold>,
    pub(crate) bookings: Vec<Booking>,
}

pub(crate) fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

pub(crate) fn instant(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

pub(crate) fn offering_type(name: &str) -> i64 {
    OFFERING_TYPES.iter().find(|(known, _)| *known == name).unwrap().1
}

fn name_of(id: i64) -> &'static str {
    OFFERING_TYPES.iter().find(|(_, known)| *known == id).unwrap().0
}

/// `month 8 [HIIT 3, KB 3 extra]; week course - [Dance 1]`, `-` = no limit; empty = unlimited.
pub(crate) fn allotment(notation: &str) -> Allotment {
    let limits = notation.split(';').map(str::trim).filter(|limit| !limit.is_empty());
    let limits: Vec<_> = limits.map(period_limit).collect();
    let text = serde_json::json!({ "period_limits": limits }).to_string();
    allotment::parse_allotment(&text).unwrap()
}

fn period_limit(notation: &str) -> serde_json::Value {
    let (head, own) = notation.trim_end_matches(']').split_once('[').unwrap_or((notation, ""));
    let words: Vec<_> = head.split_whitespace().collect();
    let (period, limit_type, max_uses) = match words[..] {
        [period, max] => (period, "event", max),
        [period, limit_type, max] => (period, limit_type, max),
        _ => panic!("{notation}"),
    };
    let own = own.split(',').map(str::trim).filter(|own| !own.is_empty()).map(|own| {
        let words: Vec<_> = own.split_whitespace().collect();
        serde_json::json!({
            "offering_type": offering_type(words[0]),
            "max_uses": words[1].parse::<i64>().ok(),
            "is_extra": words[2..].contains(&"extra"),
            "allow_zero": !words[2..].contains(&"nozero"),
        })
    });
    serde_json::json!({
        "period": period,
        "type": limit_type,
        "max_uses": max_uses.parse::<i64>().ok(),
        "offering_type_limits": own.collect::<Vec<_>>(),
    })
}

impl UsageScenario {
    /// Returns the default scenario: UTC, weeks from Monday, calendar alignment, half-up rounding;
    /// an active membership, bought long ago, without dates.
    pub(crate) fn new(notation: &str) -> Self {
        Self {
            provider: Provider::new(ProviderId(1), "Studio"),
            plan: UsagePlan {
                limits: UsageLimits::from_allotment(&allotment(notation)),
                begin_on_first_registration: false,
            },
            membership: Membership {
                id: 7,
                status: MembershipStatus::Active,
                purchased_at: instant("2020-01-15T12:00:00Z"),
                start_date: None,
                expiration_date: None,
                cancelled_at: None,
                custom_limits: None,
                billing_anchor_day: None,
                billing_interval_weeks: None,
            },
            holds: Vec::new(),
            bookings: Vec::new(),
        }
    }

    pub(crate) fn book(&mut self, name: &str, day: &str) -> &mut Booking {
        let attendance = 1000 + i64::try_from(self.bookings.len()).unwrap();
        self.bookings.push(Booking {
            attendance,
            status: BookingStatus::Registered,
            method: BookingMethod::Membership,
            is_comped: false,
            event: BookedEvent {
                kind: EventKind::Class,
                offering_type: offering_type(name),
                course: None,
                date: date(day),
                is_cancelled: false,
            },
        });
        self.bookings.last_mut().unwrap()
    }

    /// Adds bookings such as `8 HIIT, 2 KB`, all on one day.
    pub(crate) fn book_all(&mut self, notation: &str, day: &str) {
        for part in notation.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (count, name) = part.split_once(' ').unwrap();
            for _ in 0..count.parse().unwrap() {
                self.book(name, day);
            }
        }
    }

    /// Adds a hold such as `2026-03-09..2026-03-22`. Nothing after the dots means an open end.
    pub(crate) fn hold(&mut self, range: &str) -> &mut Hold {
        let (first, last) = range.split_once("..").unwrap();
        self.holds.push(Hold {
            id: 100 + i64::try_from(self.holds.len()).unwrap(),
            start_date: date(first),
            end_date: Date::parse(last),
            prorate_usage: true,
        });
        self.holds.last_mut().unwrap()
    }

    pub(crate) fn facts(&self) -> UsageFacts<'_> {
        UsageFacts {
            provider: &self.provider,
            plan: &self.plan,
            membership: &self.membership,
            holds: &self.holds,
            bookings: &self.bookings,
        }
    }

    pub(crate) fn usage_on(&self, day: &str) -> Usage {
        self.facts().usage_on(date(day))
    }
}

/// Returns the usage as `month 8/8 left 0 book 0 [KB 2/3 left 1 book 1]`. Entries are joined with
/// `; `, and null is `-`.
pub(crate) fn render(usage: &Usage) -> String {
    let entries = usage.periods.iter().map(|period| {
        let kind = match period.limit_type {
            LimitType::Event => "",
            LimitType::Course => " course",
        };
        let own = period.offering_types.iter();
        let own = own.map(|own| format!("{} {}", name_of(own.offering_type), numbers(&own.count)));
        let own: Vec<_> = own.collect();
        let own = if own.is_empty() { String::new() } else { format!(" [{}]", own.join(", ")) };
        format!("{}{kind} {}{own}", period.period.as_str(), numbers(&period.count))
    });
    entries.collect::<Vec<_>>().join("; ")
}

fn numbers(count: &LimitCounts) -> String {
    let text = |number: Option<i64>| number.map_or_else(|| "-".to_owned(), |n| n.to_string());
    format!(
        "{}/{} left {} book {}",
        count.used_count,
        text(count.max_uses),
        text(count.remaining_count),
        text(count.bookable_count)
    )
}

/// Returns the days of the only entry as `first..last`. An open end is empty.
pub(crate) fn days(usage: &Usage) -> String {
    let [period] = &usage.periods[..] else { panic!("one entry expected: {usage:?}") };
    let text = |date: Option<Date>| date.map_or_else(String::new, |date| date.to_string());
    format!("{}..{}", text(period.start_date), text(period.end_date))
}
