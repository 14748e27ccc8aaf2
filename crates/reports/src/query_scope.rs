//! The context on which expressions and plans of one request may depend.

use datafusion::logical_expr::{Expr, ScalarUDF, lit};
use datafusion::scalar::ScalarValue;
use mirror::MirrorSession;
use model::provider::Provider;
use model::time::{Date, Instant};

use crate::functions;
use crate::functions::event_time::EventTimePart;
use crate::functions::json_text::AmountNotation;
use crate::functions::zone::ZoneOffsets;

/// The present of a request, at its provider.
pub(crate) struct ProviderPresent<'a> {
    pub(crate) provider: &'a Provider,
    /// The local date of the present.
    pub(crate) today: Date,
}

impl<'a> ProviderPresent<'a> {
    /// Makes the present of a provider at `now`.
    pub(crate) fn at_instant(provider: &'a Provider, now: Instant) -> Self {
        Self { provider, today: provider.timezone.date_of(now) }
    }
}

/// The values of a scope without its session, from which it can be made again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScopeValues {
    now: Instant,
    usage_date: Date,
    amounts: AmountNotation,
}

/// The context of one request: session, present, provider, and functions in the provider's zone.
pub(crate) struct QueryScope<'a> {
    pub(crate) session: &'a MirrorSession,
    pub(crate) now: Instant,
    /// The local date of `now`.
    pub(crate) today: Date,
    /// The day for which usage is computed.
    pub(crate) usage_date: Date,
    /// The notation of amounts inside JSON text.
    pub(crate) amounts: AmountNotation,
    local_date: ScalarUDF,
    day_start: ScalarUDF,
    local_hour: ScalarUDF,
    offsets: ZoneOffsets,
}

impl<'a> QueryScope<'a> {
    /// Makes the scope of a request whose present is `now`.
    pub(crate) fn new(session: &'a MirrorSession, now: Instant) -> Self {
        let zone = ZoneOffsets::for_present(&session.provider().timezone, now);
        let today = session.provider().timezone.date_of(now);
        Self {
            session,
            now,
            today,
            usage_date: today,
            amounts: AmountNotation::default(),
            local_date: functions::zone::local_date(&zone),
            day_start: functions::zone::day_start(&zone),
            local_hour: functions::zone::local_hour(&zone),
            offsets: zone,
        }
    }

    /// Returns the scope with another day for which usage is computed.
    pub(crate) fn with_usage_date(self, usage_date: Date) -> Self {
        Self { usage_date, ..self }
    }

    /// Makes the scope with the values of [`Self::moment`], over the same session.
    pub(crate) fn with_values(session: &'a MirrorSession, moment: ScopeValues) -> Self {
        let ScopeValues { now, usage_date, amounts } = moment;
        Self { usage_date, amounts, ..Self::new(session, now) }
    }

    /// Returns the values from which [`Self::at`] makes the same scope again.
    pub(crate) fn values(&self) -> ScopeValues {
        ScopeValues { now: self.now, usage_date: self.usage_date, amounts: self.amounts }
    }

    /// Returns the scope with another notation of amounts inside JSON text.
    pub(crate) fn with_amounts(self, amounts: AmountNotation) -> Self {
        Self { amounts, ..self }
    }

    pub(crate) fn provider(&self) -> &Provider {
        self.session.provider()
    }

    /// Returns the local date of an instant in the provider's zone: `local(t)`.
    pub(crate) fn local_date(&self, instant: Expr) -> Expr {
        self.local_date.call(vec![instant])
    }

    /// Returns the first instant of a date in the provider's zone.
    pub(crate) fn day_start(&self, date: Expr) -> Expr {
        self.day_start.call(vec![date])
    }

    /// Returns the hour of the day, 0 to 23, of an instant in the provider's zone.
    pub(crate) fn local_hour(&self, instant: Expr) -> Expr {
        self.local_hour.call(vec![instant])
    }

    /// Returns a part of the local time at which an event starts. `zone` is the name of its site's
    /// zone, or null.
    pub(crate) fn event_time(&self, part: EventTimePart, starts_at: Expr, zone: Expr) -> Expr {
        functions::event_time::event_time(part, starts_at, zone, &self.offsets, self.now)
    }

    /// Returns the offsets of the provider's zone.
    pub(crate) fn offsets(&self) -> &ZoneOffsets {
        &self.offsets
    }

    /// Returns today's date as a literal.
    pub(crate) fn today(&self) -> Expr {
        date(self.today)
    }

    /// Returns the present as a literal.
    pub(crate) fn now(&self) -> Expr {
        instant(self.now)
    }
}

/// Returns a date as a literal.
pub(crate) fn date(date: Date) -> Expr {
    lit(ScalarValue::Date32(Some(date.days())))
}

/// Returns an instant as a literal.
pub(crate) fn instant(instant: Instant) -> Expr {
    lit(ScalarValue::TimestampMicrosecond(Some(instant.micros()), Some("UTC".into())))
}
