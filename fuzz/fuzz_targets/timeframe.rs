//! Any text as a timeframe of a report's filter: no panic, and what is accepted in one spelling is
//! accepted in another.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::id::ProviderId;
use model::provider::Provider;
use model::time::Instant;
use reports::find_report;
use reports::request::{RawValue, RequestContext, parse_page};

fuzz_target!(|bytes: &[u8]| {
    let Some((first, text)) = bytes.split_first().filter(|(_, text)| text.len() <= 256) else {
        return;
    };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let mut provider = Provider::new(ProviderId(1), "P");
    let zones = ["UTC", "Europe/London", "Pacific/Kiritimati", "America/St_Johns"];
    let zone = zones[usize::from(*first) % zones.len()];
    provider.timezone = model::time::Zone::parse(zone).expect("the zone exists");
    let context = RequestContext {
        // Near the end of a year, where units of all lengths change.
        now: Instant::from_micros(1_703_980_799_000_000 + i64::from(*first) * 3_600_000_000),
        page_size_max: 500,
        caller_name: None,
    };
    let report = find_report("customers").expect("the report exists");
    let is_accepted = |text: String| {
        let given = vec![("created_at_timeframe".to_owned(), RawValue::Text(text))];
        parse_page(report, &given, &provider, &context).is_ok()
    };
    if is_accepted(text.to_owned()) {
        assert!(is_accepted(text.to_ascii_uppercase()), "case is ignored: {text:?}");
    }
});
