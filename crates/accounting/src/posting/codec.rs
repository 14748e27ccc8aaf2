//! Binary encoding of postings, for closed months and for sorting.
//!
//! Integers take as few bytes as possible. The calculation behind a posting ([`Posting::calculation`])
//! is not stored; it is calculated again on demand.

use model::money::Currency;
use model::time::{Date, Instant};

use super::{
    CategoryAmounts, LedgerCategory, LedgerFile, PieceId, PieceProgress, PieceShare, Posting,
    PostingKey, PostingLinks, PostingSource,
};
use crate::calendar::Month;

/// The first byte of every posting. A released layout must stay readable.
const LAYOUT: u8 = 1;

/// The names of recognition methods. Their positions are stored, so new names are only appended.
const METHODS: [&str; 7] = [
    "daily",
    "exact",
    "monthly_even",
    "monthly_even_prorated",
    "at_once",
    "shipments",
    "order_item",
];

/// The error for bytes that are not a posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("these bytes are no posting of a known layout")]
pub struct DecodePostingError;

/// The length of [`order_key`].
pub const ORDER_KEY_BYTES: usize = 35;

/// Returns bytes that sort in the order of [`Posting::row_order`].
pub fn order_key(posting: &Posting) -> [u8; ORDER_KEY_BYTES] {
    let (occurred_at, source_id, adjusts, source, month) = posting.row_order();
    let (tag, piece) = source_parts(source);
    let mut key = [0; ORDER_KEY_BYTES];
    let mut end = 0;
    let mut push = |bytes: &[u8]| {
        key[end..end + bytes.len()].copy_from_slice(bytes);
        end += bytes.len();
    };
    push(&sorted_i64(occurred_at.micros()));
    push(&[u8::from(source_id.is_some())]);
    push(&sorted_i64(source_id.unwrap_or_default()));
    push(&[u8::from(adjusts.is_some())]);
    push(&sorted_i32(adjusts.map_or(0, Month::number)));
    push(&[tag]);
    push(&sorted_i64(piece));
    push(&sorted_i32(month.number()));
    key
}

/// The length of [`key_bytes`].
pub const KEY_BYTES: usize = 23;

/// Returns bytes that are equal for equal keys and sort in the order of [`PostingKey`].
pub fn key_bytes(key: &PostingKey) -> [u8; KEY_BYTES] {
    let (tag, piece) = source_parts(key.source);
    let mut bytes = [0; KEY_BYTES];
    bytes[0] = file_tag(key.file);
    bytes[1] = tag;
    bytes[2..10].copy_from_slice(&sorted_i64(piece));
    bytes[10] = u8::from(key.source_id.is_some());
    bytes[11..19].copy_from_slice(&sorted_i64(key.source_id.unwrap_or_default()));
    bytes[19..].copy_from_slice(&sorted_i32(key.month.number()));
    bytes
}

fn sorted_i64(value: i64) -> [u8; 8] {
    (value.cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

fn sorted_i32(value: i32) -> [u8; 4] {
    (value.cast_unsigned() ^ (1 << 31)).to_be_bytes()
}

/// Appends the encoded posting.
pub fn encode_posting(posting: &Posting, out: &mut Vec<u8>) {
    out.push(LAYOUT);
    out.push(file_tag(posting.file));
    let (tag, piece) = source_parts(posting.source);
    out.push(tag);
    push_int(out, i128::from(piece));
    push_id(out, posting.source_id);
    push_int(out, i128::from(posting.month.number()));
    push_int(out, i128::from(posting.date.days()));
    push_int(out, i128::from(posting.occurred_at.micros()));
    out.extend_from_slice(posting.currency.code().as_bytes());
    LedgerCategory::ALL.into_iter().for_each(|category| push_int(out, posting.amounts[category]));
    let belongs = &posting.links;
    for id in [
        belongs.customer_id,
        belongs.invoice_id,
        belongs.subscription_id,
        belongs.order_id,
        belongs.plan_id,
        belongs.product_id,
        belongs.site_id,
    ] {
        push_id(out, id);
    }
    push_id(out, posting.booking_month.map(|month| i64::from(month.number())));
    push_id(out, posting.adjusts_month.map(|month| i64::from(month.number())));
    push_int(out, posting.shares.len() as i128);
    posting.shares.iter().for_each(|share| push_share(out, share));
    match &posting.progress {
        Some(progress) => push_progress(out, progress),
        None => out.push(u8::MAX),
    }
}

/// Decodes a posting from the front of `bytes` and advances it.
pub fn decode_posting(bytes: &mut &[u8]) -> Result<Posting, DecodePostingError> {
    if take_byte(bytes)? != LAYOUT {
        return Err(DecodePostingError);
    }
    let file = *LedgerFile::ALL.get(usize::from(take_byte(bytes)?)).ok_or(DecodePostingError)?;
    let tag = take_byte(bytes)?;
    let source = source_from_parts(tag, take_i64(bytes)?)?;
    let source_id = take_id(bytes)?;
    let month = take_month(bytes)?;
    let date = Date::from_days(i32::try_from(take_int(bytes)?).map_err(|_| DecodePostingError)?);
    let occurred_at = Instant::from_micros(take_i64(bytes)?);
    let (code, rest) = bytes.split_at_checked(3).ok_or(DecodePostingError)?;
    *bytes = rest;
    let code = std::str::from_utf8(code).map_err(|_| DecodePostingError)?;
    let currency = Currency::parse(code).ok_or(DecodePostingError)?;
    let mut amounts = CategoryAmounts::ZERO;
    for category in LedgerCategory::ALL {
        amounts[category] = take_int(bytes)?;
    }
    let belongs = PostingLinks {
        customer_id: take_id(bytes)?,
        invoice_id: take_id(bytes)?,
        subscription_id: take_id(bytes)?,
        order_id: take_id(bytes)?,
        plan_id: take_id(bytes)?,
        product_id: take_id(bytes)?,
        site_id: take_id(bytes)?,
    };
    let booking_month = take_id(bytes)?.map(month_of).transpose()?;
    let adjusts_month = take_id(bytes)?.map(month_of).transpose()?;
    let count = take_int(bytes)?;
    let shares = (0..count).map(|_| take_share(bytes)).collect::<Result<_, _>>()?;
    let progress = take_progress(bytes)?;
    Ok(Posting {
        file,
        source,
        source_id,
        month,
        date,
        occurred_at,
        currency,
        amounts,
        links: belongs,
        booking_month,
        shares,
        progress,
        adjusts_month,
        calculation: Vec::new(),
    })
}

/// Returns the tag of a file. Frozen months hold it: the order of the files never changes.
fn file_tag(file: LedgerFile) -> u8 {
    u8::try_from(file.position()).unwrap_or(u8::MAX)
}

/// Returns the tag of a source, which sorts as sources do, and the id of its piece.
fn source_parts(source: PostingSource) -> (u8, i64) {
    match source {
        PostingSource::Invoice => (0, 0),
        PostingSource::Piece(PieceId::Line(id)) => (1, id),
        PostingSource::Piece(PieceId::Item(id)) => (2, id),
        PostingSource::Piece(PieceId::Residual(id)) => (3, id),
        PostingSource::Payment => (4, 0),
        PostingSource::BalanceTransaction => (5, 0),
        PostingSource::CreditNote => (6, 0),
        PostingSource::CreditNoteInvoice => (7, 0),
        PostingSource::Refund => (8, 0),
    }
}

fn source_from_parts(tag: u8, piece: i64) -> Result<PostingSource, DecodePostingError> {
    Ok(match tag {
        0 => PostingSource::Invoice,
        1 => PostingSource::Piece(PieceId::Line(piece)),
        2 => PostingSource::Piece(PieceId::Item(piece)),
        3 => PostingSource::Piece(PieceId::Residual(piece)),
        4 => PostingSource::Payment,
        5 => PostingSource::BalanceTransaction,
        6 => PostingSource::CreditNote,
        7 => PostingSource::CreditNoteInvoice,
        8 => PostingSource::Refund,
        _ => return Err(DecodePostingError),
    })
}

fn push_share(out: &mut Vec<u8>, share: &PieceShare) {
    let (tag, piece) =
        share.piece.map_or((0, 0), |piece| source_parts(PostingSource::Piece(piece)));
    out.push(tag);
    push_int(out, i128::from(piece));
    push_id(out, share.plan_id);
    push_id(out, share.product_id);
    push_int(out, share.deferred);
    push_int(out, share.recognized);
}

fn take_share(bytes: &mut &[u8]) -> Result<PieceShare, DecodePostingError> {
    let tag = take_byte(bytes)?;
    let piece = match source_from_parts(tag, take_i64(bytes)?)? {
        PostingSource::Invoice => None,
        PostingSource::Piece(piece) => Some(piece),
        _ => return Err(DecodePostingError),
    };
    Ok(PieceShare {
        piece,
        plan_id: take_id(bytes)?,
        product_id: take_id(bytes)?,
        deferred: take_int(bytes)?,
        recognized: take_int(bytes)?,
    })
}

fn push_progress(out: &mut Vec<u8>, progress: &PieceProgress) {
    let method = METHODS.iter().position(|name| *name == progress.method);
    out.push(method.and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX - 1));
    out.push(u8::from(progress.period.is_some()));
    if let Some((start, end)) = progress.period {
        push_int(out, i128::from(start.micros()));
        push_int(out, i128::from(end.micros()));
    }
    for value in [
        progress.units_before,
        progress.units,
        progress.units_total,
        progress.net,
        progress.recognized_to_date,
        progress.deferred_after,
    ] {
        push_int(out, value);
    }
}

fn take_progress(bytes: &mut &[u8]) -> Result<Option<PieceProgress>, DecodePostingError> {
    let method = match take_byte(bytes)? {
        u8::MAX => return Ok(None),
        position => *METHODS.get(usize::from(position)).ok_or(DecodePostingError)?,
    };
    let period = match take_byte(bytes)? {
        0 => None,
        _ => {
            let start = Instant::from_micros(take_i64(bytes)?);
            Some((start, Instant::from_micros(take_i64(bytes)?)))
        }
    };
    Ok(Some(PieceProgress {
        method,
        period,
        units_before: take_int(bytes)?,
        units: take_int(bytes)?,
        units_total: take_int(bytes)?,
        net: take_int(bytes)?,
        recognized_to_date: take_int(bytes)?,
        deferred_after: take_int(bytes)?,
    }))
}

fn push_id(out: &mut Vec<u8>, id: Option<i64>) {
    out.push(u8::from(id.is_some()));
    if let Some(id) = id {
        push_int(out, i128::from(id));
    }
}

fn take_id(bytes: &mut &[u8]) -> Result<Option<i64>, DecodePostingError> {
    match take_byte(bytes)? {
        0 => Ok(None),
        _ => take_i64(bytes).map(Some),
    }
}

/// Appends an integer: 7 bits per byte, lowest first, with the sign in the lowest bit.
pub(crate) fn push_int(out: &mut Vec<u8>, value: i128) {
    let mut rest = ((value << 1) ^ (value >> 127)).cast_unsigned();
    while rest >= 0x80 {
        out.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

pub(crate) fn take_int(bytes: &mut &[u8]) -> Result<i128, DecodePostingError> {
    let mut value: u128 = 0;
    for shift in (0..128).step_by(7) {
        let byte = take_byte(bytes)?;
        value |= u128::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
        }
    }
    Err(DecodePostingError)
}

pub(crate) fn take_i64(bytes: &mut &[u8]) -> Result<i64, DecodePostingError> {
    i64::try_from(take_int(bytes)?).map_err(|_| DecodePostingError)
}

fn take_month(bytes: &mut &[u8]) -> Result<Month, DecodePostingError> {
    month_of(take_i64(bytes)?)
}

fn month_of(number: i64) -> Result<Month, DecodePostingError> {
    i32::try_from(number).map(Month::from_number).map_err(|_| DecodePostingError)
}

pub(crate) fn take_byte(bytes: &mut &[u8]) -> Result<u8, DecodePostingError> {
    let (first, rest) = bytes.split_first().ok_or(DecodePostingError)?;
    *bytes = rest;
    Ok(*first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_every_size_come_back() {
        for value in [0, 1, -1, 63, 64, -64, -65, i128::from(i64::MIN), i128::MAX, i128::MIN] {
            let mut bytes = Vec::new();
            push_int(&mut bytes, value);
            assert_eq!(take_int(&mut bytes.as_slice()), Ok(value));
        }
        assert_eq!(take_int(&mut [0xff; 30].as_slice()), Err(DecodePostingError));
    }

    #[test]
    fn every_method_has_its_number() {
        use crate::settings::RecognitionMethod::*;
        for method in [Daily, Exact, MonthlyEven, MonthlyEvenProrated] {
            assert!(METHODS.contains(&method.as_str()));
        }
    }
}
