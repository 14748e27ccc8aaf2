//! Splits the content of a closed month's part into chunks, and checks its size and hash.

use std::io::Read;

use sha2::{Digest, Sha256};

use crate::error::StoreError;
use crate::port::books::ClosedPart;

/// The number of bytes in a stored chunk; only the last chunk of a part has fewer.
pub(crate) const CHUNK_BYTES: usize = 1 << 20;

/// Stores one chunk, given its number (counted from 0) and its bytes.
type KeepChunk<'k> = dyn FnMut(i64, &[u8]) -> Result<(), StoreError> + 'k;

/// Reads `content` to its end and passes each chunk to `keep`, with its number.
///
/// Errors: [`StoreError::Damaged`] when size or hash differ from those that `part` announces.
pub(crate) fn store_in_chunks(
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
    if (bytes, sha256) == (part.bytes, part.sha256) {
        Ok(())
    } else {
        let reason = format!("a part of {bytes} bytes is not the one announced");
        Err(StoreError::Damaged { reason })
    }
}
