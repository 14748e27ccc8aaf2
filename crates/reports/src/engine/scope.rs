//! What expressions and plans of one request may depend on.

use datafusion::logical_expr::{Expr, ScalarUDF, lit};
use datafusion::scalar::ScalarValue;
use mirror::Session;
use model::provider::Provider;
use model::time::{Date, Instant};

use crate::functions;
use crate::functions::json_text::Amounts;

/// One request's present, day, provider and tables.
pub(crate) struct Scope<'a> {
    pub(crate) session: &'a Session,
    pub(crate) now: Instant,
    /// The day of `now` in the provider's zone.
    pub(crate) today: Date,
    /// How amounts inside JSON text read.
    pub(crate) amounts: Amounts,
    local_date: ScalarUDF,
    day_start: ScalarUDF,
}

impl<'a> Scope<'a> {
    /// The scope of a request whose present is `now`.
    pub(crate) fn new(session: &'a Session, now: Instant) -> Self {
        let zone = functions::zone::Offsets::around(&session.provider().timezone, now);
        Self {
            session,
            now,
            today: session.provider().timezone.date_of(now),
            amounts: Amounts::default(),
            local_date: functions::zone::local_date(&zone),
            day_start: functions::zone::day_start(&zone),
        }
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
