//! Any bytes as a Parquet file: no panic, no allocation without bound.
#![no_main]

mod reading;

use libfuzzer_sys::fuzz_target;
use model::file_format::FileFormat;

fuzz_target!(|bytes: &[u8]| {
    reading::rows_of("customers", bytes, usize::MAX, FileFormat::Parquet);
});
