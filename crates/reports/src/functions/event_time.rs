//! The local time of an event at its site: `evlocal(e)`. Rule: spec/reports.md §16.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Int64Array, StringViewArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, TimestampMicrosecondType};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use model::time::{Date, Instant, Zone};

use super::zone::ZoneOffsets;

const SECOND_MICROS: i64 = 1_000_000;

/// The part of an event's local time that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum EventTimePart {
    Date,
    /// Microseconds since midnight, in whole seconds.
    TimeOfDay,
    /// The day of the week, 0 = Sunday to 6 = Saturday.
    Weekday,
}

/// Returns a part of the time at which an event starts, in the zone of its site. The provider's
/// zone is used if the site names none or an unknown one.
pub(crate) fn event_time(
    part: EventTimePart,
    starts_at: Expr,
    zone: Expr,
    provider: &ZoneOffsets,
    now: Instant,
) -> Expr {
    let zones =
        SiteZoneOffsets { provider: Arc::new(provider.clone()), now, known: Arc::default() };
    let signature = Signature::any(2, Volatility::Immutable);
    ScalarUDF::new_from_impl(EventTimeFunction { part, zones, signature })
        .call(vec![starts_at, zone])
}

/// The offsets of the zones that sites name, each looked up once.
#[derive(Debug)]
struct SiteZoneOffsets {
    provider: Arc<ZoneOffsets>,
    now: Instant,
    known: Arc<Mutex<HashMap<String, Arc<ZoneOffsets>>>>,
}

impl SiteZoneOffsets {
    fn offsets_for(&self, name: Option<&str>) -> Arc<ZoneOffsets> {
        let Some(name) = name else { return Arc::clone(&self.provider) };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(offsets) = known.get(name) {
            return Arc::clone(offsets);
        }
        let offsets = match Zone::parse(name) {
            Some(zone) => Arc::new(ZoneOffsets::for_present(&zone, self.now)),
            None => Arc::clone(&self.provider),
        };
        known.insert(name.to_owned(), Arc::clone(&offsets));
        offsets
    }
}

#[derive(Debug)]
struct EventTimeFunction {
    part: EventTimePart,
    zones: SiteZoneOffsets,
    signature: Signature,
}

impl PartialEq for EventTimeFunction {
    fn eq(&self, other: &Self) -> bool {
        self.part == other.part && self.zones.provider == other.zones.provider
    }
}

impl Eq for EventTimeFunction {}

impl Hash for EventTimeFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.part.hash(state);
        self.zones.provider.hash(state);
    }
}

impl ScalarUDFImpl for EventTimeFunction {
    fn name(&self) -> &str {
        match self.part {
            EventTimePart::Date => "event_date",
            EventTimePart::TimeOfDay => "event_time_of_day",
            EventTimePart::Weekday => "event_weekday",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match self.part {
            EventTimePart::Date => DataType::Date32,
            EventTimePart::TimeOfDay | EventTimePart::Weekday => DataType::Int64,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let starts = args.args[0].to_array(args.number_rows)?;
        let starts = starts.as_primitive::<TimestampMicrosecondType>();
        let names = cast(&args.args[1].to_array(args.number_rows)?, &DataType::Utf8View)?;
        let mut offsets =
            ZoneCursor { zones: &self.zones, names: names.as_string_view(), last: None };
        let rows = 0..args.number_rows;
        let mut each = |part: fn(&ZoneOffsets, i64) -> i64| {
            let values = rows.clone().map(|row| {
                starts.is_valid(row).then(|| part(offsets.offsets_at(row), starts.value(row)))
            });
            values.collect::<Vec<Option<i64>>>()
        };
        let values: ArrayRef = match self.part {
            EventTimePart::Date => {
                let days = each(|offsets, micros| offsets.date(micros).into());
                let days = days.into_iter().map(|days| days.and_then(|days| days.try_into().ok()));
                Arc::new(days.collect::<Date32Array>())
            }
            EventTimePart::TimeOfDay => Arc::new(Int64Array::from(each(|offsets, micros| {
                let micros = offsets.micros_of_day(micros);
                micros - micros.rem_euclid(SECOND_MICROS)
            }))),
            EventTimePart::Weekday => Arc::new(Int64Array::from(each(|offsets, micros| {
                Date::from_days(offsets.date(micros)).days_since_sunday().into()
            }))),
        };
        Ok(ColumnarValue::Array(values))
    }
}

/// A cursor over the zones of rows. It keeps the last offsets, because neighbouring rows mostly
/// share their zone.
struct ZoneCursor<'a> {
    zones: &'a SiteZoneOffsets,
    names: &'a StringViewArray,
    last: Option<(Option<&'a str>, Arc<ZoneOffsets>)>,
}

impl ZoneCursor<'_> {
    fn offsets_at(&mut self, row: usize) -> &ZoneOffsets {
        let name = self.names.is_valid(row).then(|| self.names.value(row));
        let is_known = self.last.as_ref().is_some_and(|(known, _)| *known == name);
        if !is_known {
            self.last = None;
        }
        let zones = self.zones;
        &self.last.get_or_insert_with(|| (name, zones.offsets_for(name))).1
    }
}
