//! The price of an upgrade on a day. Rule: spec/usage.md §12.

use files::write::money_object;
use model::money::Currency;
use model::time::Date;
use reports::request::FieldErrors;
use serde::Serialize;
use serde_json::value::RawValue;
use store::{Store, StoreError};
use usage::DateRange;
use usage::rows::MembershipReader;
use usage::upgrade::{self, UpgradeError, UpgradePreview};

use super::one::json;
use super::parameters::UpgradeParameters;
use super::records::{MembershipRecordReader, StoredRecord};
use super::{UsageCaller, UsageText};
use crate::error::{ApiError, NON_FIELD_ERRORS};

#[derive(Serialize)]
struct UpgradeAnswer {
    date: Date,
    period: UpgradePeriod,
    total_days: i64,
    unused_days: i64,
    credit: Box<RawValue>,
    new_price: Box<RawValue>,
    first_payment: Box<RawValue>,
    credit_left: Box<RawValue>,
}

#[derive(Serialize)]
struct UpgradePeriod {
    start_date: Date,
    end_date: Date,
}

/// Returns the price of a change to another plan, and changes nothing. `asked` may hold the error
/// of the parameters, which is only returned for a membership that the caller may see.
pub fn preview_upgrade(
    store: &dyn Store,
    asker: UsageCaller,
    id: i64,
    asked: Result<UpgradeParameters, ApiError>,
) -> Result<UsageText, ApiError> {
    let (snapshot, provider) = asker.open_snapshot(store)?;
    let records = MembershipRecordReader::new(snapshot.as_ref(), &provider);
    let row = records.row(id, asker.mode).map_err(ApiError::from_store_error)?;
    let row = row.ok_or_else(ApiError::not_found)?;
    let asked = asked?;
    let currency = currency_of(&row)?;
    let mut errors = FieldErrors::default();
    let plan = records.plan_row(asked.plan).map_err(ApiError::from_store_error)?;
    let new_price = new_price(plan.as_ref(), currency).unwrap_or_else(|message| {
        errors.push("membership", message);
        0
    });
    let reader = MembershipReader::default();
    let previewed = upgrade::preview_upgrade(
        &provider,
        &reader.read(row.at()).map_err(damaged)?,
        reader.membership_type(row.at()).map_err(damaged)?,
        row.cell("billed_price").as_int().unwrap_or_default(),
        new_price,
        asker.date(asked.date, &provider),
    );
    match previewed {
        Ok(preview) if errors.is_empty() => {
            let text = json(&UpgradeAnswer::from_preview(&preview, currency)?)?;
            return Ok(UsageText { text, revision: snapshot.revision() });
        }
        Ok(_) => {}
        Err(error @ UpgradeError::NoPeriod) => errors.push(NON_FIELD_ERRORS, error.to_string()),
        Err(error @ UpgradeError::DateOutside) => errors.push("date", error.to_string()),
    }
    Err(ApiError::parameters(errors))
}

impl UpgradeAnswer {
    fn from_preview(preview: &UpgradePreview, currency: Currency) -> Result<Self, ApiError> {
        let money = |minor: i64| {
            let object = RawValue::from_string(money_object(minor.into(), currency));
            object.map_err(|_| ApiError::internal())
        };
        let DateRange { first, last } = preview.period;
        Ok(Self {
            date: preview.date,
            period: UpgradePeriod { start_date: first, end_date: last },
            total_days: preview.total_days,
            unused_days: preview.unused_days,
            credit: money(preview.credit_minor)?,
            new_price: money(preview.new_price_minor)?,
            first_payment: money(preview.first_payment_minor)?,
            credit_left: money(preview.credit_left_minor)?,
        })
    }
}

/// Returns the plan's price. Fails with a message if it is not in this currency.
fn new_price(plan: Option<&StoredRecord>, currency: Currency) -> Result<i64, String> {
    let plan = plan.ok_or_else(|| "there is no membership with this id".to_owned())?;
    let (price, code) = (plan.cell("price").as_int(), plan.cell("currency").as_text());
    match price {
        Some(price) if code == Some(currency.code()) => Ok(price),
        _ => Err(format!("its price must be in {}", currency.code())),
    }
}

fn currency_of(row: &StoredRecord) -> Result<Currency, ApiError> {
    let currency = row.cell("currency").as_text().and_then(Currency::parse);
    let reason = "customer_memberships.currency is no currency";
    let damaged = || ApiError::from_store_error(StoreError::Damaged { reason: reason.to_owned() });
    currency.ok_or_else(damaged)
}

fn damaged(error: usage::UsageError) -> ApiError {
    ApiError::from_store_error(StoreError::Damaged { reason: error.to_string() })
}
