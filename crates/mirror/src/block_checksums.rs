//! The checksums of the blocks of a segment, as the manifest has them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The size of a block, in bytes. Smaller blocks make the manifest longer; larger blocks make it
/// more expensive to read a single page.
pub(crate) const BLOCK_BYTES: u64 = 1 << 15;

/// The number of hexadecimal digits of one checksum.
const DIGITS: usize = 8;

/// The CRC-32 of each block of a file, in order. The manifest holds them as text, eight hexadecimal
/// digits each.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BlockChecksums(pub(crate) Arc<[u32]>);

impl BlockChecksums {
    /// Returns true if there is one checksum for each block of a file of this size.
    pub(crate) fn cover(&self, bytes: u64) -> bool {
        self.0.len() as u64 == bytes.div_ceil(BLOCK_BYTES)
    }

    /// Returns true if `content`, which starts with block `first`, has the recorded checksums.
    pub fn agree(&self, first: u64, content: &[u8]) -> bool {
        let known = usize::try_from(first).ok().and_then(|first| self.0.get(first..));
        let mut known = known.unwrap_or_default().iter();
        content
            .chunks(BLOCK_BYTES as usize)
            .all(|block| known.next() == Some(&crc32fast::hash(block)))
    }
}

impl From<BlockChecksums> for String {
    fn from(checksums: BlockChecksums) -> Self {
        checksums.0.iter().map(|checksum| format!("{checksum:08x}")).collect()
    }
}

impl TryFrom<String> for BlockChecksums {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (numbers, rest) = text.as_bytes().as_chunks::<DIGITS>();
        let number = |digits: &[u8; DIGITS]| {
            let digits = str::from_utf8(digits).ok()?;
            u32::from_str_radix(digits, 16).ok()
        };
        let checksums: Option<Arc<[u32]>> = numbers.iter().map(number).collect();
        match checksums {
            Some(checksums) if rest.is_empty() => Ok(Self(checksums)),
            _ => Err("checksums are not written as eight hexadecimal digits each".to_owned()),
        }
    }
}
