use std::io::Write;

use flate2::write::GzEncoder;
use model::catalogue::table;
use model::import::ImportCode::CompressionInvalid;

use super::{chunked, input, read};
use crate::format::{Compression, Format};
use crate::read::{Mode, ReadError, read_table};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// With a checksum, as the `zstd` command writes it; without one no reader could tell every flip.
fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Rows that do not compress to nothing, so that a cut falls between them.
fn rows(ids: std::ops::Range<u64>) -> String {
    let row = |id: u64| {
        format!("{{\"id\":{id},\"name\":\"{:x}\"}}\n", id.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    };
    ids.map(row).collect()
}

#[test]
fn packed_inputs_of_one_or_more_parts_read_whole() {
    let (first, second) = (rows(1..500), rows(500..1000));
    for (compression, pack) in
        [(Compression::Gzip, gzip as fn(&[u8]) -> Vec<u8>), (Compression::Zstd, zstd)]
    {
        let packed = [pack(first.as_bytes()), pack(second.as_bytes())].concat();
        for size in [1, 7, usize::MAX] {
            let input = chunked(packed.clone(), size, Format::Ndjson, compression);
            let outcome = read("sites", Mode::Upsert, input);
            assert_eq!((outcome.ids().len(), &outcome.end), (999, &None), "{compression:?}");
        }
    }
}

#[test]
fn cut_or_damaged_packing_is_never_silently_short() {
    let text = rows(1..2000);
    for (compression, packed) in
        [(Compression::Gzip, gzip(text.as_bytes())), (Compression::Zstd, zstd(text.as_bytes()))]
    {
        let middle = packed.len() / 2;
        let mut flipped = packed.clone();
        flipped[middle] ^= 0x55;
        let with_garbage = [&packed[..], b"garbage behind the end"].concat();
        let cuts = [0, 1, 5, middle, packed.len() - 9, packed.len() - 1];
        let bad = cuts.iter().map(|cut| packed[..*cut].to_vec());
        for (number, bad) in bad.chain([flipped, with_garbage, b"not packed".to_vec()]).enumerate()
        {
            let outcome = read("sites", Mode::Upsert, input(bad, Format::Ndjson, compression));
            let end = outcome.end.map(|(code, ..)| code);
            assert_eq!(end, Some(CompressionInvalid), "{compression:?} {number}");
        }
    }
}

#[test]
fn the_error_of_a_cut_names_the_line_and_rows_before_it_are_still_read() {
    let text = rows(1..5000);
    let packed = gzip(text.as_bytes());
    let cut = packed[..packed.len() / 2].to_vec();
    let outcome = read("sites", Mode::Upsert, input(cut, Format::Ndjson, Compression::Gzip));
    let (_, line, ..) = outcome.end.unwrap();
    assert!(!outcome.changes.is_empty());
    assert_eq!(line, Some(outcome.changes.len() as u64 + 1));
}

#[test]
fn unpacking_stops_at_its_bound() {
    let text = rows(1..2000);
    for (compression, packed) in [
        (Compression::None, text.clone().into_bytes()),
        (Compression::Gzip, gzip(text.as_bytes())),
        (Compression::Zstd, zstd(text.as_bytes())),
    ] {
        let ends = |bytes_max: u64| {
            let mut input = input(packed.clone(), Format::Ndjson, compression);
            input.unpacked_bytes_max = Some(bytes_max);
            read_table(table("sites").unwrap(), Mode::Upsert, input).unwrap().last()
        };
        let size = text.len() as u64;
        assert!(matches!(ends(size), Some(Ok(_))), "{compression:?}");
        let refused = ends(size - 1);
        assert!(
            matches!(refused, Some(Err(ReadError::TooLarge { bytes_max })) if bytes_max == size - 1),
            "{compression:?}"
        );
    }
}
