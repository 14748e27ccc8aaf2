//! Fast formatting of dates and instants, which make up most of a generated row.

use std::io::{self, Write};
use std::sync::LazyLock;

use model::time::{Date, Instant};

/// Number of days with prepared text, up to 2079-06-06. Later dates are formatted one by one.
const PREPARED_DAYS: i32 = 39_968;

static DAY_TEXTS: LazyLock<Vec<[u8; 10]>> = LazyLock::new(|| {
    let days = (0..PREPARED_DAYS).map(|day| Date::from_days(day).to_string());
    days.map(|text| text.as_bytes().try_into().unwrap_or([b'?'; 10])).collect()
});

/// Appends `YYYY-MM-DD`.
pub(super) fn write_date(line: &mut Vec<u8>, date: Date) -> io::Result<()> {
    match usize::try_from(date.days()).ok().and_then(|day| DAY_TEXTS.get(day)) {
        Some(text) => line.extend_from_slice(text),
        None => write!(line, "{date}")?,
    }
    Ok(())
}

/// Appends an instant as RFC 3339 in UTC, in the same form as the `Display` of [`Instant`].
pub(super) fn write_instant(line: &mut Vec<u8>, instant: Instant) -> io::Result<()> {
    let seconds = instant.seconds();
    let day = i32::try_from(seconds.div_euclid(86_400)).unwrap_or(-1);
    if instant.micros() % 1_000_000 != 0 || !(0..PREPARED_DAYS).contains(&day) {
        return write!(line, "{instant}");
    }
    write_date(line, Date::from_days(day))?;
    let second = seconds.rem_euclid(86_400);
    for (separator, part) in [(b'T', second / 3600), (b':', second / 60 % 60), (b':', second % 60)]
    {
        let part = u8::try_from(part).unwrap_or_default();
        line.extend_from_slice(&[separator, b'0' + part / 10, b'0' + part % 10]);
    }
    line.push(b'Z');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quick_way_writes_what_the_slow_way_shows() {
        for micros in [
            0,
            1,
            -1,
            1_782_820_800_000_000,
            1_582_934_399_000_000,
            1_582_934_400_000_000,
            951_782_400_123_000,
            i64::from(PREPARED_DAYS) * 86_400_000_000 - 1_000_000,
            i64::from(PREPARED_DAYS) * 86_400_000_000,
            -86_400_000_000,
        ] {
            let instant = Instant::from_micros(micros);
            let mut line = Vec::new();
            write_instant(&mut line, instant).unwrap();
            assert_eq!(String::from_utf8(line).unwrap(), instant.to_string());
        }
    }
}
