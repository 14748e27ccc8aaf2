//! The price of an upgrade on a date, prorated by days. Rule: spec/usage.md §12.

use model::provider::Provider;
use model::time::Date;

use crate::date_range::DateRange;
use crate::membership::Membership;
use crate::period::PeriodCalendar;

/// The type of a customer's membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MembershipType {
    /// A number of uses.
    Pack,
    /// A period of time, paid once.
    Prepaid,
    /// A membership that is billed repeatedly.
    Recurring,
}

/// The price of an upgrade. Amounts are minor units of one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpgradePreview {
    /// The day of the upgrade, which counts as unused.
    pub date: Date,
    /// The paid period.
    pub period: DateRange,
    /// The number of days of the period.
    pub total_days: i64,
    /// The number of days of the period from `date` on.
    pub unused_days: i64,
    /// The paid amount for the unused days.
    pub credit_minor: i64,
    /// The price of the new membership.
    pub new_price_minor: i64,
    /// The amount to pay at once.
    pub first_payment_minor: i64,
    /// The credit left after the first payment.
    pub credit_left_minor: i64,
}

/// The reason why an upgrade has no preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UpgradeError {
    /// A pack, or a prepaid membership without both of its dates.
    #[error(
        "this membership has no period to prorate: it must be recurring, or prepaid with a start date and an expiration date"
    )]
    NoPeriod,
    /// A date on which the membership is not in force.
    #[error("must be a day on which the membership runs")]
    DateOutside,
}

impl UpgradeError {
    /// Returns a stable code for the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoPeriod => "upgrade_no_period",
            Self::DateOutside => "upgrade_date_outside",
        }
    }
}

/// Returns `amount * part / total` in minor units; exact halves are rounded away from zero. None if
/// `total` is not positive or the result does not fit 64 bits.
pub fn prorate(amount_minor: i64, part: i64, total: i64) -> Option<i64> {
    if total <= 0 {
        return None;
    }
    let product = i128::from(amount_minor) * i128::from(part);
    let total = i128::from(total);
    let rounded = (2 * product.abs() + total) / (2 * total) * product.signum();
    i64::try_from(rounded).ok()
}

/// Calculates the price of an upgrade on `date` to a membership of the new price. Both prices are
/// in one currency.
///
/// Errors: [`UpgradeError::NoPeriod`]; [`UpgradeError::DateOutside`] before the start, after the
/// expiration, or from the day of the cancellation on.
pub fn preview_upgrade(
    provider: &Provider,
    membership: &Membership,
    membership_type: MembershipType,
    billed_price_minor: i64,
    new_price_minor: i64,
    date: Date,
) -> Result<UpgradePreview, UpgradeError> {
    let period = paid_period(provider, membership, membership_type, date)?;
    if !runs_on(provider, membership, date) || !period.contains(date) {
        return Err(UpgradeError::DateOutside);
    }
    let total_days = period.days();
    let unused_days = DateRange { first: date, last: period.last }.days();
    let credit = prorate(billed_price_minor, unused_days, total_days);
    // The unused part is never more than the whole, so the credit fits.
    let credit_minor = credit.unwrap_or(billed_price_minor);
    Ok(UpgradePreview {
        date,
        period,
        total_days,
        unused_days,
        credit_minor,
        new_price_minor,
        first_payment_minor: new_price_minor.saturating_sub(credit_minor).max(0),
        credit_left_minor: credit_minor.saturating_sub(new_price_minor).max(0),
    })
}

fn paid_period(
    provider: &Provider,
    membership: &Membership,
    membership_type: MembershipType,
    date: Date,
) -> Result<DateRange, UpgradeError> {
    match (membership_type, membership.start_date, membership.expiration_date) {
        (MembershipType::Recurring, _, _) => {
            Ok(PeriodCalendar::for_membership(provider, membership).billing_month(date))
        }
        (MembershipType::Prepaid, Some(first), Some(last)) => Ok(DateRange { first, last }),
        _ => Err(UpgradeError::NoPeriod),
    }
}

fn runs_on(provider: &Provider, membership: &Membership, date: Date) -> bool {
    let cancelled = membership.cancelled_at.map(|at| provider.timezone.date_of(at));
    membership.start_date.is_none_or(|first| first <= date)
        && membership.expiration_date.is_none_or(|last| date <= last)
        && cancelled.is_none_or(|day| date < day)
}
