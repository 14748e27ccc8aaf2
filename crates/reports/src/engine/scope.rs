//! What expressions and plans of one request may depend on.

use datafusion::logical_expr::{Expr, ScalarUDF, lit};
use datafusion::scalar::ScalarValue;
use mirror::Session;
use model::provider::Provider;
use model::time::{Date, Instant};

use crate::functions;
use crate::functions::event_time::Part;
use crate::functions::json_text::Amounts;
use crate::functions::zone::Offsets;
use crate::request::question::Question;

/// The present of one request.
pub(crate) struct Present<'a> {
    pub(crate) provider: &'a Provider,
    /// The day of the present in the provider's zone.
    pub(crate) today: Date,
}

impl<'a> Present<'a> {
    /// The present `now` of a provider.
    pub(crate) fn of(provider: &'a Provider, now: Instant) -> Self {
        Self { provider, today: provider.timezone.date_of(now) }
    }
}

/// What a scope is made of beside the session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    now: Instant,
    usage_date: Date,
    amounts: Amounts,
}

/// One request's present, day, provider and tables.
pub(crate) struct Scope<'a> {
    pub(crate) session: &'a Session,
    pub(crate) now: Instant,
    /// The day of `now` in the provider's zone.
    pub(crate) today: Date,
    /// The day whose usage is meant.
    pub(crate) usage_date: Date,
    /// How amounts inside JSON text read.
    pub(crate) amounts: Amounts,
    local_date: ScalarUDF,
    day_start: ScalarUDF,
    local_hour: ScalarUDF,
    offsets: Offsets,
}

impl<'a> Scope<'a> {
    /// The scope of a request whose present is `now`.
    pub(crate) fn new(session: &'a Session, now: Instant) -> Self {
        let zone = Offsets::around(&session.provider().timezone, now);
        let today = session.provider().timezone.date_of(now);
        Self {
            session,
            now,
            today,
            usage_date: today,
            amounts: Amounts::default(),
            local_date: functions::zone::local_date(&zone),
            day_start: functions::zone::day_start(&zone),
            local_hour: functions::zone::local_hour(&zone),
            offsets: zone,
        }
    }

    /// The scope of a checked question.
    pub(crate) fn of(session: &'a Session, question: &Question) -> Self {
        let scope = Self::new(session, question.now);
        let usage_date = question.usage_date().unwrap_or(scope.today);
        Self { usage_date, ..scope }
    }

    /// The scope of a moment that was taken from another over the same session.
    pub(crate) fn at(session: &'a Session, moment: Moment) -> Self {
        let Moment { now, usage_date, amounts } = moment;
        Self { usage_date, amounts, ..Self::new(session, now) }
    }

    /// What it takes to have this scope again.
    pub(crate) fn moment(&self) -> Moment {
        Moment { now: self.now, usage_date: self.usage_date, amounts: self.amounts }
    }

    /// The same scope with amounts inside JSON text that read like this.
    pub(crate) fn with_amounts(self, amounts: Amounts) -> Self {
        Self { amounts, ..self }
    }

    pub(crate) fn provider(&self) -> &Provider {
        self.session.provider()
    }

    /// The date on which an instant falls in the provider's zone: `local(t)`.
    pub(crate) fn local(&self, instant: Expr) -> Expr {
        self.local_date.call(vec![instant])
    }

    /// The first instant of a date in the provider's zone.
    pub(crate) fn day_start(&self, date: Expr) -> Expr {
        self.day_start.call(vec![date])
    }

    /// The hour of the day, 0 to 23, of an instant in the provider's zone.
    pub(crate) fn local_hour(&self, instant: Expr) -> Expr {
        self.local_hour.call(vec![instant])
    }

    /// A part of the local time at which an event starts; `zone` is what its site names.
    pub(crate) fn event_time(&self, part: Part, starts_at: Expr, zone: Expr) -> Expr {
        functions::event_time::event_time(part, starts_at, zone, &self.offsets, self.now)
    }

    /// The offsets of the provider's zone.
    pub(crate) fn offsets(&self) -> &Offsets {
        &self.offsets
    }

    /// Today, as a literal.
    pub(crate) fn today(&self) -> Expr {
        date(self.today)
    }

    /// Now, as a literal.
    pub(crate) fn now(&self) -> Expr {
        instant(self.now)
    }
}

/// A date, as a literal.
pub(crate) fn date(date: Date) -> Expr {
    lit(ScalarValue::Date32(Some(date.days())))
}

/// An instant, as a literal.
pub(crate) fn instant(instant: Instant) -> Expr {
    lit(ScalarValue::TimestampMicrosecond(Some(instant.micros()), Some("UTC".into())))
}
