//! The longest range that is allowed. Rule: spec/exports.md §4 `range`.

use model::time::{Fold, Instant, Zone};

use super::super::export_request::ExportRange;

const SECOND: i64 = 1_000_000;
const DAY_MICROS: i64 = 86_400 * SECOND;

/// Returns true if the range is in order and at most `months` calendar months long, in UTC or in
/// `zone`. 0 means no limit.
pub(super) fn is_range_allowed(range: ExportRange, months: u32, zone: &Zone) -> bool {
    let is_within = |zone: &Zone| range.to <= add_months(range.from, months, zone);
    range.from <= range.to && (months == 0 || is_within(&Zone::utc()) || is_within(zone))
}

/// Returns the instant `months` later at the same time of day. If that month lacks the day, its
/// last day is taken.
fn add_months(second: i64, months: u32, zone: &Zone) -> i64 {
    let instant = Instant::from_micros(second.saturating_mul(SECOND));
    let local = instant.micros() + i64::from(zone.offset_seconds(instant)) * SECOND;
    let date = zone.date_of(instant).plus_months(i64::from(months));
    zone.instant_at(date, local.rem_euclid(DAY_MICROS), Fold::Later).seconds()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of spec/exports.md §13.
    #[test]
    fn ranges_end_within_six_calendar_months() {
        for (zone, from, to, months, expected) in [
            ("UTC", "2024-01-01T00:00:00Z", "2024-04-01T00:00:00Z", 6, true),
            ("UTC", "2024-01-01T00:00:00Z", "2024-07-01T00:00:00Z", 6, true),
            ("UTC", "2024-01-01T00:00:00Z", "2024-07-01T00:00:01Z", 6, false),
            ("UTC", "2024-08-31T12:00:00Z", "2025-02-28T12:00:00Z", 6, true),
            ("UTC", "2024-08-31T12:00:00Z", "2025-02-28T12:00:01Z", 6, false),
            ("America/New_York", "2024-07-01T04:00:00Z", "2025-01-01T05:00:00Z", 6, true),
            ("America/New_York", "2024-07-01T04:00:00Z", "2025-01-01T05:00:01Z", 6, false),
            ("UTC", "2024-07-01T04:00:00Z", "2025-01-01T05:00:00Z", 6, false),
            ("UTC", "2024-04-01T00:00:00Z", "2024-01-01T00:00:00Z", 6, false),
            ("UTC", "2024-04-01T00:00:00Z", "2024-01-01T00:00:00Z", 0, false),
            ("UTC", "1970-01-01T00:00:00Z", "2025-01-01T00:00:00Z", 0, true),
            ("UTC", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z", 1, true),
            ("UTC", "2998-06-01T00:00:00Z", "2999-05-30T00:00:00Z", 12, true),
        ] {
            let zone = Zone::parse(zone).unwrap();
            let second = |text: &str| Instant::parse(text).unwrap().seconds();
            let range = ExportRange { from: second(from), to: second(to) };
            assert_eq!(is_range_allowed(range, months, &zone), expected, "{from} {to} {zone:?}");
        }
    }
}
