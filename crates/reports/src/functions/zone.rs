//! Instants to civil dates and back, in the provider's zone, by a look-up in its table of offsets.
//! The engine's own zone functions are not used, because they carry another copy of the zone
//! database.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{AsArray, Date32Array, Int64Array, TimestampMicrosecondArray};
use datafusion::arrow::datatypes::{DataType, Date32Type, TimestampMicrosecondType};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use mirror::schema::instant;
use model::time::{Date, Instant, Zone};

const DAY_MICROS: i64 = 86_400_000_000;
const HOUR_MICROS: i64 = 3_600_000_000;
const YEAR_MICROS: i64 = 366 * DAY_MICROS;

/// The offsets of a zone from 1970 until ten years after the present. Instants outside are looked
/// up in the zone one by one.
#[derive(Debug, Clone)]
pub(crate) struct ZoneOffsets {
    zone: Zone,
    /// The changes of the offset: the instant, and the offset from then on. Both in microseconds.
    changes: Arc<[(i64, i64)]>,
    until: i64,
}

impl ZoneOffsets {
    /// Reads the offsets of `zone` that rows of a provider can be expected to need at `now`.
    pub(crate) fn for_present(zone: &Zone, now: Instant) -> Self {
        let until = now.micros().max(0).saturating_add(10 * YEAR_MICROS);
        let changes = zone.offsets_between(Instant::from_micros(0), Instant::from_micros(until));
        let changes = changes.iter().map(|(at, offset)| (at.micros(), seconds(*offset)));
        Self { zone: zone.clone(), changes: changes.collect(), until }
    }

    fn offset(&self, micros: i64) -> i64 {
        if !(0..=self.until).contains(&micros) {
            return seconds(self.zone.offset_seconds(Instant::from_micros(micros)));
        }
        let after = self.changes.partition_point(|(at, _)| *at <= micros);
        self.changes[after.saturating_sub(1)].1
    }

    /// Returns the local date of an instant, in days since 1970-01-01.
    pub(crate) fn date(&self, micros: i64) -> i32 {
        i32::try_from(self.local(micros).div_euclid(DAY_MICROS)).unwrap_or_default()
    }

    /// Returns the local time of day of an instant, in microseconds since midnight.
    pub(crate) fn micros_of_day(&self, micros: i64) -> i64 {
        self.local(micros).rem_euclid(DAY_MICROS)
    }

    fn local(&self, micros: i64) -> i64 {
        micros.saturating_add(self.offset(micros))
    }

    fn start(&self, days: i32) -> i64 {
        self.zone.start_of(Date::from_days(days)).micros()
    }
}

fn seconds(offset: i32) -> i64 {
    i64::from(offset) * 1_000_000
}

impl PartialEq for ZoneOffsets {
    fn eq(&self, other: &Self) -> bool {
        self.zone == other.zone && self.until == other.until
    }
}

impl Eq for ZoneOffsets {}

impl Hash for ZoneOffsets {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.zone.name().hash(state);
        self.until.hash(state);
    }
}

/// Returns the function `local_date(instant)`: the local date of an instant.
pub(crate) fn local_date(offsets: &ZoneOffsets) -> ScalarUDF {
    let signature = Signature::exact(vec![instant()], Volatility::Immutable);
    ScalarUDF::new_from_impl(LocalDate { offsets: offsets.clone(), signature })
}

/// Returns the function `local_hour(instant)`: the local hour of the day, 0 to 23.
pub(crate) fn local_hour(offsets: &ZoneOffsets) -> ScalarUDF {
    let signature = Signature::exact(vec![instant()], Volatility::Immutable);
    ScalarUDF::new_from_impl(LocalHour { offsets: offsets.clone(), signature })
}

/// Returns the function `day_start(date)`: the first instant of a local date.
pub(crate) fn day_start(offsets: &ZoneOffsets) -> ScalarUDF {
    let signature = Signature::exact(vec![DataType::Date32], Volatility::Immutable);
    ScalarUDF::new_from_impl(DayStart { offsets: offsets.clone(), signature })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct LocalDate {
    offsets: ZoneOffsets,
    signature: Signature,
}

impl ScalarUDFImpl for LocalDate {
    fn name(&self) -> &str {
        "local_date"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Date32)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let values = args.args[0].to_array(args.number_rows)?;
        let instants = values.as_primitive::<TimestampMicrosecondType>();
        let dates: Date32Array = instants.unary(|micros| self.offsets.date(micros));
        Ok(ColumnarValue::Array(Arc::new(dates)))
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct LocalHour {
    offsets: ZoneOffsets,
    signature: Signature,
}

impl ScalarUDFImpl for LocalHour {
    fn name(&self) -> &str {
        "local_hour"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let values = args.args[0].to_array(args.number_rows)?;
        let instants = values.as_primitive::<TimestampMicrosecondType>();
        let hours: Int64Array =
            instants.unary(|micros| self.offsets.micros_of_day(micros) / HOUR_MICROS);
        Ok(ColumnarValue::Array(Arc::new(hours)))
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct DayStart {
    offsets: ZoneOffsets,
    signature: Signature,
}

impl ScalarUDFImpl for DayStart {
    fn name(&self) -> &str {
        "day_start"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(instant())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let values = args.args[0].to_array(args.number_rows)?;
        let dates = values.as_primitive::<Date32Type>();
        // Neighbouring rows often hold the same day, and asking the zone is slow.
        let mut last = None;
        let starts = dates.iter().map(|days| {
            let days = days?;
            let start = match last {
                Some((known, start)) if known == days => start,
                _ => self.offsets.start(days),
            };
            last = Some((days, start));
            Some(start)
        });
        let starts: TimestampMicrosecondArray = starts.collect();
        Ok(ColumnarValue::Array(Arc::new(starts.with_timezone("UTC"))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_agree_with_the_zone_inside_and_outside_the_table() {
        let now = Instant::parse("2026-02-14T12:00:00Z").unwrap();
        for name in ["UTC", "Europe/London", "America/Sao_Paulo", "Pacific/Apia"] {
            let zone = Zone::parse(name).unwrap();
            let offsets = ZoneOffsets::for_present(&zone, now);
            for hours in (-900_000..900_000_i64).step_by(13) {
                let micros = hours * 3_600_000_000;
                let expected = zone.date_of(Instant::from_micros(micros)).days();
                assert_eq!(offsets.date(micros), expected, "{name} {micros}");
            }
        }
    }
}
