//! The days of the generated year, and instants on them.

use model::time::{Date, Instant, Zone};

const DAY_SECONDS: i64 = 86_400;
const YEARS_BACK: i64 = 6;
const YEARS_AHEAD: i64 = 3;

/// The calendar of one provider around its "today". UTC offsets are looked up once per day, so
/// instants in the hours of a clock change would be wrong; no row is dated there.
#[derive(Debug)]
pub(crate) struct DemoCalendar {
    now: Instant,
    today: Date,
    first: Date,
    offsets: Vec<i32>,
}

impl DemoCalendar {
    pub(crate) fn new(zone: &Zone, now: Instant) -> Self {
        let today = zone.date_of(now);
        let first = today.plus_days(-366 * YEARS_BACK);
        let days = 366 * (YEARS_BACK + YEARS_AHEAD);
        let noon =
            |day| Instant::from_seconds(i64::from(first.days() + day) * DAY_SECONDS + 43_200);
        let days = 0..i32::try_from(days).unwrap_or_default();
        let offsets = days.map(|day| noon(day).map_or(0, |noon| zone.offset_seconds(noon)));
        Self { now, today, first, offsets: offsets.collect() }
    }

    /// Returns the present: the end of the generated history.
    pub(crate) fn now(&self) -> Instant {
        self.now
    }

    /// Returns the civil date of [`Self::now`].
    pub(crate) fn today(&self) -> Date {
        self.today
    }

    /// Returns the first day of the generated history: the Monday at least 52 weeks ago.
    pub(crate) fn first_day(&self) -> Date {
        self.today.plus_days(-364).week_start(model::time::Weekday::Monday)
    }

    /// Returns the instant `seconds` after midnight of `day`.
    pub(crate) fn at(&self, day: Date, seconds: i64) -> Instant {
        let index = usize::try_from(day.days() - self.first.days()).unwrap_or_default();
        let offset = self.offsets.get(index).or(self.offsets.last()).copied().unwrap_or_default();
        let utc = i64::from(day.days()) * DAY_SECONDS + seconds - i64::from(offset);
        Instant::from_micros(utc * 1_000_000)
    }

    /// Returns the civil date of an instant.
    pub(crate) fn date_of(&self, instant: Instant) -> Date {
        let utc = instant.seconds();
        let day = utc.div_euclid(DAY_SECONDS) - i64::from(self.first.days());
        let offset = usize::try_from(day).ok().and_then(|day| self.offsets.get(day)).copied();
        let local = (utc + i64::from(offset.unwrap_or_default())).div_euclid(DAY_SECONDS);
        Date::from_days(i32::try_from(local).unwrap_or_default())
    }

    /// Returns true if the instant is not in the future.
    pub(crate) fn has_passed(&self, instant: Instant) -> bool {
        instant <= self.now
    }

    /// Returns the instant, or the present if it is in the future.
    pub(crate) fn not_after_now(&self, instant: Instant) -> Instant {
        instant.min(self.now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_follow_the_zone() {
        let zone = Zone::parse("Europe/London").unwrap();
        let calendar = DemoCalendar::new(&zone, Instant::parse("2026-06-30T12:00:00Z").unwrap());
        assert_eq!(calendar.today().to_string(), "2026-06-30");
        assert_eq!(calendar.first_day().to_string(), "2025-06-30");
        for (day, instant) in [
            ("2026-06-29", "2026-06-29T08:00:00Z"),
            ("2026-01-05", "2026-01-05T09:00:00Z"),
            ("2021-12-05", "2021-12-05T09:00:00Z"),
        ] {
            let day = Date::parse(day).unwrap();
            assert_eq!(calendar.at(day, 9 * 3600).to_string(), instant);
            assert_eq!(
                calendar.at(day, 9 * 3600),
                zone.instant_at(day, 9 * 3_600_000_000, model::time::Fold::Earlier)
            );
        }
    }
}
