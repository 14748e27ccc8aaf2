//! Day numbers and ISO 8601 text for the years 0000 to 9999, without the time library. Imports and
//! files read and write millions of these values, so speed matters.

const DAY_SECONDS: i64 = 86_400;
const SECOND: i64 = 1_000_000;
const MONTH_DAYS: [i32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// The last year that the fast path reads. Instants in the last days of 9999 exceed the time
/// library's range, so the library decides about that year.
const INSTANT_YEAR_MAX: i32 = 9998;

/// Returns the days since 1970-01-01 of a Gregorian date. The date must exist.
pub(crate) fn day_number(year: i32, month: i32, day: i32) -> i32 {
    // Years start in March, so that the leap day is the last day of its year.
    let march_year = if month <= 2 { year - 1 } else { year };
    let era = march_year.div_euclid(400);
    let year_of_era = march_year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Returns the year, month (1..12) and day of a number of days since 1970-01-01.
pub(crate) fn civil_day(days: i32) -> (i64, i32, i32) {
    let shifted = i64::from(days) + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097) as i32;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (i64::from(year_of_era) + era * 400 + i64::from(month <= 2), month, day)
}

/// Parses `YYYY-MM-DD` to days since 1970-01-01; none for other text and for dates that do not
/// exist.
pub(crate) fn parse_date(text: &[u8]) -> Option<i32> {
    parse_civil(text).map(|(year, month, day)| day_number(year, month, day))
}

fn parse_civil(text: &[u8]) -> Option<(i32, i32, i32)> {
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else {
        return None;
    };
    let year = two_digits(y1, y2)? * 100 + two_digits(y3, y4)?;
    let (month, day) = (two_digits(m1, m2)?, two_digits(d1, d2)?);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let month_days = match month {
        2 if is_leap => 29,
        1..=12 => MONTH_DAYS[month as usize - 1],
        _ => return None,
    };
    (1..=month_days).contains(&day).then_some((year, month, day))
}

fn two_digits(tens: u8, ones: u8) -> Option<i32> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i32::from(tens) * 10 + i32::from(ones))
}

/// Parses `YYYY-MM-DDTHH:MM:SS[.fraction]Z` to microseconds since 1970-01-01T00:00:00Z. Keeps six
/// fraction digits. Returns none for every other form, valid or not.
pub(crate) fn parse_utc_instant(text: &[u8]) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let &[b'T', h1, h2, b':', n1, n2, b':', s1, s2, ref fraction @ .., b'Z'] = rest else {
        return None;
    };
    let (year, month, day) = parse_civil(date)?;
    let (hour, minute, second) = (two_digits(h1, h2)?, two_digits(n1, n2)?, two_digits(s1, s2)?);
    if year > INSTANT_YEAR_MAX || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = i64::from(day_number(year, month, day));
    let seconds = days * DAY_SECONDS + i64::from(hour * 3600 + minute * 60 + second);
    Some(seconds * SECOND + parse_fraction(fraction)?)
}

fn parse_fraction(text: &[u8]) -> Option<i64> {
    let digits = match text {
        [] => return Some(0),
        [b'.', digits @ ..] if matches!(digits.len(), 1..=9) => digits,
        _ => return None,
    };
    let mut micros = 0;
    for position in 0..digits.len().max(6) {
        let digit = digits.get(position).map_or(0, |byte| byte.wrapping_sub(b'0'));
        if digit > 9 {
            return None;
        }
        if position < 6 {
            micros = micros * 10 + i64::from(digit);
        }
    }
    Some(micros)
}

/// Returns `YYYY-MM-DD`; none outside the years 0000 to 9999.
pub(crate) fn date_text(days: i32) -> Option<[u8; 10]> {
    let (year, month, day) = civil_day(days);
    let year = i32::try_from(year).ok().filter(|year| (0..=9999).contains(year))?;
    let mut text = *b"0000-00-00";
    put_two(&mut text[0..2], year / 100);
    put_two(&mut text[2..4], year % 100);
    put_two(&mut text[5..7], month);
    put_two(&mut text[8..10], day);
    Some(text)
}

/// Returns `HH:MM:SS` for a second of the day.
pub(crate) fn time_text(second_of_day: i32) -> [u8; 8] {
    let mut text = *b"00:00:00";
    put_two(&mut text[0..2], second_of_day / 3600);
    put_two(&mut text[3..5], second_of_day / 60 % 60);
    put_two(&mut text[6..8], second_of_day % 60);
    text
}

fn put_two(place: &mut [u8], value: i32) {
    place[0] = b'0' + (value / 10 % 10) as u8;
    place[1] = b'0' + (value % 10) as u8;
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::{Timestamp, civil};

    #[test]
    fn every_day_of_the_years_reads_as_it_prints_and_as_the_time_library_says() {
        let mut date = civil::date(0, 1, 1);
        for days in parse_date(b"0000-01-01").unwrap()..=parse_date(b"9999-12-31").unwrap() {
            let text = date_text(days).unwrap();
            assert_eq!(parse_date(&text), Some(days));
            let parts = (i64::from(date.year()), i32::from(date.month()), i32::from(date.day()));
            assert_eq!(civil_day(days), parts);
            date = date.tomorrow().unwrap_or(date);
        }
        assert_eq!(date_text(parse_date(b"9999-12-31").unwrap() + 1), None);
        assert_eq!(date_text(parse_date(b"0000-01-01").unwrap() - 1), None);
    }

    #[test]
    fn days_that_do_not_exist_are_refused() {
        for text in ["2023-02-29", "1900-02-29", "2024-00-01", "2024-04-31", "2024-01-00"] {
            assert_eq!(parse_date(text.as_bytes()), None, "{text}");
        }
        for text in ["2024-1-01", "+024-01-01", "2024/01/01", "2024-01-01 ", ""] {
            assert_eq!(parse_date(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn utc_instants_read_as_the_time_library_reads_them() {
        for text in [
            "1970-01-01T00:00:00Z",
            "2024-02-29T23:59:59Z",
            "0000-01-01T00:00:00Z",
            "9998-12-31T23:59:59.999999Z",
            "2026-01-05T10:00:00.5Z",
            "2026-01-05T10:00:00.123456Z",
            "2026-01-05T10:00:00.123456789Z",
        ] {
            let expected = text.parse::<Timestamp>().unwrap().as_microsecond();
            assert_eq!(parse_utc_instant(text.as_bytes()), Some(expected), "{text}");
        }
        for text in ["2026-01-05T10:00:60Z", "2026-01-05T24:00:00Z", "2026-01-05T10:00:00.Z"] {
            assert_eq!(parse_utc_instant(text.as_bytes()), None, "{text}");
        }
        for text in ["2026-01-05T10:00:00+00:00", "2026-01-05T10:00:00.1234567890Z", "Z"] {
            assert_eq!(parse_utc_instant(text.as_bytes()), None, "{text}");
        }
    }
}
