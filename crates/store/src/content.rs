//! Bytes that come in chunks, counted and hashed on the way.

use std::io::Read;

use sha2::{Digest, Sha256};

use crate::error::StoreError;
use crate::port::books::ClosedPart;

/// Bytes of a stored chunk; only the last one of a part has fewer.
pub(crate) const CHUNK_BYTES: usize = 1 << 20;

/// Takes a chunk with its number, from 0.
type KeepChunk<'k> = dyn FnMut(i64, &[u8]) -> Result<(), StoreError> + 'k;

/// Reads `content` to its end and hands it to `keep`, chunk by chunk with its number.
///
/// [`StoreError::Damaged`] when it is not what `part` says.
pub(crate) fn in_chunks(
    part: &ClosedPart,
    content: &mut dyn Read,
    keep: &mut KeepChunk<'_>,
) -> Result<(), StoreError> {
    let mut chunk = Vec::with_capacity(CHUNK_BYTES);
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    for number in 0.. {
        chunk.clear();
        content.take(CHUNK_BYTES as u64).read_to_end(&mut chunk).map_err(|error| {
            StoreError::Unavailable {
                reason: format!("what is to be stored cannot be read: {error}"),
            }
        })?;
        if chunk.is_empty() {
            break;
        }
        hash.update(&chunk);
        bytes += chunk.len() as u64;
        keep(number, &chunk)?;
    }
    let sha256: [u8; 32] = hash.finalize().into();
    match (bytes, sha256) == (part.bytes, part.sha256) {
        true => Ok(()),
        false => {
            let reason = format!("a part of {bytes} bytes is not the one announced");
            Err(StoreError::Damaged { reason })
        }
    }
}
