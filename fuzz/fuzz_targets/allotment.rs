//! Any text as an allotment: no panic, and what is accepted reads back as the same allotment.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::allotment::parse_allotment;

fuzz_target!(|text: &str| {
    if let Ok(allotment) = parse_allotment(text) {
        assert_eq!(parse_allotment(&allotment.to_json()).as_ref(), Ok(&allotment));
    }
});
