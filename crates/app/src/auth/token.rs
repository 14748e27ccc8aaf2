//! Creation and hashing of opaque tokens. Rule: spec/auth-and-errors.md §1.1.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use store::token::TokenHash;

const PREFIX: &str = "rbk_";
const RANDOM_BYTES: usize = 32;
const DISPLAYED_CHARS: usize = 8;

/// A newly created token.
#[derive(Clone)]
pub struct NewToken {
    /// The text of the token. It is shown once and stored nowhere.
    pub text: String,
    /// The hash that the token is stored and found by.
    pub hash: TokenHash,
    /// The first characters of the token, for display.
    pub prefix: String,
}

/// Creates a token of 256 random bits.
pub fn new_token() -> NewToken {
    let mut random = [0_u8; RANDOM_BYTES];
    rand::fill(&mut random);
    let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random));
    let hash = hash(&text);
    let prefix = text.chars().take(DISPLAYED_CHARS).collect();
    NewToken { text, hash, prefix }
}

/// Returns the hash that a token is stored and found by.
pub fn hash(text: &str) -> TokenHash {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_the_documented_form_and_are_not_repeated() {
        let tokens: Vec<NewToken> = (0..100).map(|_| new_token()).collect();
        for token in &tokens {
            let random = token.text.strip_prefix("rbk_").unwrap();
            assert_eq!(random.len(), 43);
            assert!(random.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
            assert_eq!(token.prefix, token.text[..8]);
            assert_eq!(token.hash, hash(&token.text));
        }
        let distinct: std::collections::BTreeSet<_> = tokens.iter().map(|t| &t.text).collect();
        assert_eq!(distinct.len(), tokens.len());
    }
}
