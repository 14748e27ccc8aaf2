//! Customers with their addresses and newsletters, for every kind of business.

use std::io;

use model::time::{Date, Instant};

use super::names::{AWKWARD, COMPANIES, FIRST, LAST, MAIL_HOSTS, PLACES, STREETS};
use super::row::DemoValue;
use super::row_generator::RowGenerator;

/// A generated customer.
#[derive(Debug, Clone)]
pub(super) struct DemoCustomer {
    pub(super) customer_id: i64,
    pub(super) first_name: &'static str,
    pub(super) last_name: &'static str,
    pub(super) email: String,
    pub(super) joined: Date,
    pub(super) joined_at: Instant,
    pub(super) site_id: Option<i64>,
}

/// Facts about a new customer, apart from the name.
#[derive(Debug, Clone, Copy)]
pub(super) struct NewCustomer {
    /// Number of the customer, from 0.
    pub(super) number: u64,
    pub(super) joined: Date,
    pub(super) site_id: Option<i64>,
    pub(super) is_lead: bool,
    /// True for a British telephone number.
    pub(super) is_british: bool,
}

/// Adds a customer.
pub(super) fn add_customer(
    generator: &mut RowGenerator<'_>,
    arrival: NewCustomer,
) -> io::Result<DemoCustomer> {
    let draw = &mut generator.draw;
    let (first, last) = (draw.pick(&FIRST), draw.pick(&LAST));
    let is_awkward = arrival.number % 97 == 13;
    let (first_name, last_name) = if is_awkward { draw.pick(&AWKWARD) } else { (first.0, last.0) };
    let (local, host) = (first.1, draw.pick(&MAIL_HOSTS));
    let email = format!("{local}.{}{}@{host}", last.1, arrival.number + 1);
    let is_nameless = arrival.number % 61 == 17;
    let is_organization = arrival.number % 43 == 5;
    let joined_at = generator.calendar.at(arrival.joined, 8 * 3600 + draw.between(0, 12 * 3600));
    let phone = match (draw.below(4), arrival.is_british) {
        (0, _) => None,
        (_, true) => Some(format!("+44 20 7946 0{:03}", draw.below(1000))),
        (_, false) => Some(format!("+1 (212) 555-01{:02}", draw.below(100))),
    };
    let birthday = Date::from_days(i32::try_from(draw.between(-9000, 13_500)).unwrap_or_default());
    let gender = draw.pick(&[None, Some("female"), Some("female"), Some("male"), Some("other")]);
    let language = draw.pick(&[None, Some("en"), Some("en"), Some("fr"), Some("de")]);
    let organization = is_organization.then(|| draw.pick(&COMPANIES));
    let last_seen = joined_at.plus_seconds(draw.between(0, 400) * 86_400);
    let last_login_at = (!draw.one_in(5)).then(|| generator.calendar.not_after_now(last_seen));
    let external_id = draw.percent(30).then(|| format!("crm-{:07}", arrival.number * 7 + 1001));
    let metadata = match draw.below(8) {
        0 => r#"{"source":"instagram","note":"asked for \"early\" classes"}"#,
        1 => r#"{"referrer":"friend","visits":3}"#,
        _ => "{}",
    };
    let deleted_at = (arrival.number % 53 == 31)
        .then(|| joined_at.plus_seconds(draw.between(1, 60) * 86_400))
        .map(|at| generator.calendar.not_after_now(at));
    let updated_at = deleted_at.or(last_login_at).unwrap_or(joined_at);
    let name = format!("{first_name} {last_name}");
    let named =
        |text: &'static str| if is_nameless { DemoValue::Null } else { DemoValue::Text(text) };
    let customer_id = generator.add(
        "customers",
        (joined_at, updated_at),
        [
            ("site_id", arrival.site_id.into()),
            ("email", if arrival.number % 71 == 29 { DemoValue::Null } else { (&email).into() }),
            ("first_name", named(first_name)),
            ("last_name", named(last_name)),
            ("name", if is_nameless { DemoValue::Null } else { (&name).into() }),
            ("phone", phone.as_deref().into()),
            (
                "date_of_birth",
                if birthday.days() % 3 == 0 { DemoValue::Null } else { birthday.into() },
            ),
            ("gender", gender.into()),
            ("language", language.into()),
            ("organization", organization.into()),
            ("is_lead", arrival.is_lead.into()),
            ("last_login_at", last_login_at.into()),
            ("external_id", external_id.as_deref().into()),
            ("metadata", DemoValue::Json(metadata)),
            ("deleted_at", deleted_at.into()),
        ],
    )?;
    Ok(DemoCustomer {
        customer_id,
        first_name,
        last_name,
        email,
        joined: arrival.joined,
        joined_at,
        site_id: arrival.site_id,
    })
}

/// Adds an address of a customer.
pub(super) fn add_address(
    generator: &mut RowGenerator<'_>,
    person: &DemoCustomer,
    kind: &'static str,
    is_default: bool,
) -> io::Result<i64> {
    let draw = &mut generator.draw;
    let (city, state, postal_code, country) = draw.pick(&PLACES);
    let line1 = format!("{} {}", draw.between(1, 480), draw.pick(&STREETS));
    let line2 = draw.one_in(4).then(|| format!("Apt {}", draw.between(1, 60)));
    let company = draw.one_in(9).then(|| draw.pick(&COMPANIES));
    let (has_names, has_city) = (!draw.one_in(6), !draw.one_in(25));
    let phone = draw.one_in(3).then(|| format!("+1 (212) 555-01{:02}", draw.below(100)));
    let external_id = draw.one_in(5).then(|| format!("addr-{}-{kind}", person.customer_id));
    let moved = person.joined_at.plus_seconds(30 * 86_400);
    let deleted_at = draw.one_in(40).then(|| generator.calendar.not_after_now(moved));
    generator.add(
        "addresses",
        (person.joined_at, deleted_at.unwrap_or(person.joined_at)),
        [
            ("customer_id", person.customer_id.into()),
            ("type", kind.into()),
            ("first_name", has_names.then_some(person.first_name).into()),
            ("last_name", has_names.then_some(person.last_name).into()),
            ("company", company.into()),
            ("line1", (&line1).into()),
            ("line2", line2.as_deref().into()),
            ("city", has_city.then_some(city).into()),
            ("state", state.into()),
            ("postal_code", postal_code.into()),
            ("country", country.into()),
            ("phone", phone.as_deref().into()),
            ("is_default", is_default.into()),
            ("external_id", external_id.as_deref().into()),
            ("deleted_at", deleted_at.into()),
        ],
    )
}

/// Adds a person's consent to newsletters.
pub(super) fn add_newsletter(
    generator: &mut RowGenerator<'_>,
    person: &DemoCustomer,
    lists: &'static str,
) -> io::Result<()> {
    let draw = &mut generator.draw;
    let consented_at = person.joined_at.plus_seconds(draw.between(60, 86_400));
    let source = draw.pick(&[None, Some("footer"), Some("checkout"), Some("event stand")]);
    let (_, _, postal_code, _) = draw.pick(&PLACES);
    let has_proof = !draw.one_in(3);
    let address = format!("192.0.2.{}", draw.between(1, 254));
    let has_names = !draw.one_in(4);
    generator.add(
        "newsletters",
        (consented_at, consented_at),
        [
            ("site_id", person.site_id.into()),
            ("email", (&person.email).into()),
            ("first_name", has_names.then_some(person.first_name).into()),
            ("last_name", has_names.then_some(person.last_name).into()),
            ("source", source.into()),
            ("lists", DemoValue::Json(lists)),
            ("postal_code", postal_code.into()),
            ("consent_url", has_proof.then_some("https://www.example.com/newsletter").into()),
            ("consent_ip", has_proof.then_some(address.as_str()).into()),
            ("consent_text", has_proof.then_some("Yes, send me the weekly letter.").into()),
            ("consent_type", has_proof.then_some("explicit").into()),
        ],
    )?;
    Ok(())
}
