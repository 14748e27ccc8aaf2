//! Binary encoding of a row's values, for sorting and for frozen months.

use std::borrow::Cow;

use model::time::{Date, Instant};

use super::field::Field;
use crate::posting::codec::{CodecError, push_int, take, take_int, take_small};

/// Appends the encoded values of a row.
pub fn encode_fields(fields: &[Field<'_>], out: &mut Vec<u8>) {
    push_int(out, fields.len() as i128);
    for field in fields {
        match field {
            Field::Empty => out.push(0),
            Field::Int(value) => push_tagged(out, 1, *value),
            Field::Text(text) => {
                push_tagged(out, 2, text.len() as i128);
                out.extend_from_slice(text.as_bytes());
            }
            Field::Bool(value) => out.push(3 + u8::from(*value)),
            Field::Date(date) => push_tagged(out, 5, i128::from(date.days())),
            Field::Instant(instant) => push_tagged(out, 6, i128::from(instant.micros())),
            Field::Money(minor) => push_tagged(out, 7, *minor),
        }
    }
}

fn push_tagged(out: &mut Vec<u8>, tag: u8, value: i128) {
    out.push(tag);
    push_int(out, value);
}

/// Decodes the values of a row from the front of `bytes` and advances it.
pub fn decode_fields<'b>(bytes: &mut &'b [u8]) -> Result<Vec<Field<'b>>, CodecError> {
    let count = usize::try_from(take_int(bytes)?).map_err(|_| CodecError)?;
    (0..count).map(|_| decode_field(bytes)).collect()
}

fn decode_field<'b>(bytes: &mut &'b [u8]) -> Result<Field<'b>, CodecError> {
    Ok(match take(bytes)? {
        0 => Field::Empty,
        1 => Field::Int(take_int(bytes)?),
        2 => {
            let length = usize::try_from(take_int(bytes)?).map_err(|_| CodecError)?;
            let (text, rest) = bytes.split_at_checked(length).ok_or(CodecError)?;
            *bytes = rest;
            Field::Text(Cow::Borrowed(std::str::from_utf8(text).map_err(|_| CodecError)?))
        }
        3 => Field::Bool(false),
        4 => Field::Bool(true),
        5 => Field::Date(Date::from_days(i32::try_from(take_int(bytes)?).map_err(|_| CodecError)?)),
        6 => Field::Instant(Instant::from_micros(take_small(bytes)?)),
        7 => Field::Money(take_int(bytes)?),
        _ => return Err(CodecError),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_every_kind_come_back() {
        let fields = [
            Field::Empty,
            Field::Int(-7),
            Field::Text(Cow::Borrowed("Zoë, \"x\"\r\n")),
            Field::Text(Cow::Borrowed("")),
            Field::Bool(true),
            Field::Bool(false),
            Field::Date(Date::from_days(-1)),
            Field::Instant(Instant::from_micros(1)),
            Field::Money(i128::MIN),
        ];
        let mut bytes = Vec::new();
        encode_fields(&fields, &mut bytes);
        let mut rest = bytes.as_slice();
        assert_eq!(decode_fields(&mut rest).unwrap(), fields);
        assert!(rest.is_empty());
        assert_eq!(decode_fields(&mut &bytes[..bytes.len() - 1]), Err(CodecError));
    }
}
