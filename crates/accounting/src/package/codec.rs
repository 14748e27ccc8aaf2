//! Binary encoding of a row's values, for sorting and for frozen months.

use std::borrow::Cow;

use model::time::{Date, Instant};

use super::field::FieldValue;
use crate::posting::codec::{DecodePostingError, push_int, take_byte, take_i64, take_int};

/// Appends the encoded values of a row.
pub fn encode_fields(fields: &[FieldValue<'_>], out: &mut Vec<u8>) {
    push_int(out, fields.len() as i128);
    for field in fields {
        match field {
            FieldValue::Empty => out.push(0),
            FieldValue::Int(value) => push_tagged(out, 1, *value),
            FieldValue::Text(text) => {
                push_tagged(out, 2, text.len() as i128);
                out.extend_from_slice(text.as_bytes());
            }
            FieldValue::Bool(value) => out.push(3 + u8::from(*value)),
            FieldValue::Date(date) => push_tagged(out, 5, i128::from(date.days())),
            FieldValue::Instant(instant) => push_tagged(out, 6, i128::from(instant.micros())),
            FieldValue::Money(minor) => push_tagged(out, 7, *minor),
        }
    }
}

fn push_tagged(out: &mut Vec<u8>, tag: u8, value: i128) {
    out.push(tag);
    push_int(out, value);
}

/// Decodes the values of a row from the front of `bytes` and advances it.
pub fn decode_fields<'b>(bytes: &mut &'b [u8]) -> Result<Vec<FieldValue<'b>>, DecodePostingError> {
    let count = usize::try_from(take_int(bytes)?).map_err(|_| DecodePostingError)?;
    (0..count).map(|_| decode_field(bytes)).collect()
}

fn decode_field<'b>(bytes: &mut &'b [u8]) -> Result<FieldValue<'b>, DecodePostingError> {
    Ok(match take_byte(bytes)? {
        0 => FieldValue::Empty,
        1 => FieldValue::Int(take_int(bytes)?),
        2 => {
            let length = usize::try_from(take_int(bytes)?).map_err(|_| DecodePostingError)?;
            let (text, rest) = bytes.split_at_checked(length).ok_or(DecodePostingError)?;
            *bytes = rest;
            FieldValue::Text(Cow::Borrowed(
                std::str::from_utf8(text).map_err(|_| DecodePostingError)?,
            ))
        }
        3 => FieldValue::Bool(false),
        4 => FieldValue::Bool(true),
        5 => FieldValue::Date(Date::from_days(
            i32::try_from(take_int(bytes)?).map_err(|_| DecodePostingError)?,
        )),
        6 => FieldValue::Instant(Instant::from_micros(take_i64(bytes)?)),
        7 => FieldValue::Money(take_int(bytes)?),
        _ => return Err(DecodePostingError),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_every_kind_come_back() {
        let fields = [
            FieldValue::Empty,
            FieldValue::Int(-7),
            FieldValue::Text(Cow::Borrowed("Zoë, \"x\"\r\n")),
            FieldValue::Text(Cow::Borrowed("")),
            FieldValue::Bool(true),
            FieldValue::Bool(false),
            FieldValue::Date(Date::from_days(-1)),
            FieldValue::Instant(Instant::from_micros(1)),
            FieldValue::Money(i128::MIN),
        ];
        let mut bytes = Vec::new();
        encode_fields(&fields, &mut bytes);
        let mut rest = bytes.as_slice();
        assert_eq!(decode_fields(&mut rest).unwrap(), fields);
        assert!(rest.is_empty());
        assert_eq!(decode_fields(&mut &bytes[..bytes.len() - 1]), Err(DecodePostingError));
    }
}
