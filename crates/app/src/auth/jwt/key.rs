//! Loading of a configured JWT key, with checks of its size. Rule: spec/auth-and-errors.md §1.2.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jsonwebtoken::{Algorithm, DecodingKey};

use super::JwtKey;
use crate::settings::{JwtKeySettings, SettingsError};

const SECRET_BYTES_MIN: usize = 32;
const RSA_BITS_MIN: usize = 2048;
/// The size of an uncompressed point on P-256: 04, x, y.
const P256_POINT_BYTES: usize = 65;

/// Returns the algorithm with this name, if it is supported.
pub(super) fn algorithm(name: &str) -> Option<Algorithm> {
    match name {
        "HS256" => Some(Algorithm::HS256),
        "RS256" => Some(Algorithm::RS256),
        "ES256" => Some(Algorithm::ES256),
        "EdDSA" => Some(Algorithm::EdDSA),
        _ => None,
    }
}

impl JwtKey {
    pub(super) fn load(settings: &JwtKeySettings) -> Result<Self, SettingsError> {
        let wrong = |problem: String| SettingsError::JwtKey { kid: settings.kid.clone(), problem };
        let algorithm = algorithm(&settings.alg)
            .ok_or_else(|| wrong("needs alg HS256, RS256, ES256 or EdDSA".to_owned()))?;
        let key = match algorithm {
            Algorithm::HS256 => secret(settings),
            _ => public_key(settings, algorithm),
        };
        Ok(Self {
            kid: settings.kid.clone(),
            algorithm,
            key: key.map_err(wrong)?,
            issuer: settings.issuer.clone(),
            audience: settings.audience.clone(),
        })
    }
}

fn secret(settings: &JwtKeySettings) -> Result<DecodingKey, String> {
    let (Some(secret), None, None) = (&settings.secret, &settings.pem, &settings.pem_file) else {
        return Err("needs a secret, and no PEM, with HS256".to_owned());
    };
    let lenient = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(false);
    let standard = GeneralPurpose::new(&alphabet::STANDARD, lenient);
    let url_safe = GeneralPurpose::new(&alphabet::URL_SAFE, lenient);
    let text = secret.0.trim();
    let bytes = standard.decode(text).or_else(|_| url_safe.decode(text));
    match bytes {
        Ok(bytes) if bytes.len() >= SECRET_BYTES_MIN => Ok(DecodingKey::from_secret(&bytes)),
        Ok(_) => Err(format!("has a secret shorter than {SECRET_BYTES_MIN} bytes")),
        Err(_) => Err("has a secret that is not base64".to_owned()),
    }
}

fn public_key(settings: &JwtKeySettings, algorithm: Algorithm) -> Result<DecodingKey, String> {
    let pem = match (&settings.pem, &settings.pem_file, &settings.secret) {
        (Some(pem), None, None) => pem.clone(),
        (None, Some(file), None) => std::fs::read_to_string(file)
            .map_err(|error| format!("has a pem_file that cannot be read: {error}"))?,
        _ => return Err(format!("needs pem or pem_file, and no secret, with {}", settings.alg)),
    };
    let read = match algorithm {
        Algorithm::RS256 => DecodingKey::from_rsa_pem(pem.as_bytes()),
        Algorithm::ES256 => DecodingKey::from_ec_pem(pem.as_bytes()),
        _ => DecodingKey::from_ed_pem(pem.as_bytes()),
    };
    let unreadable = || format!("needs a public key in PEM that fits {}", settings.alg);
    let key = read.map_err(|_| unreadable())?;
    let bytes = key.try_get_as_bytes().map_err(|_| unreadable())?;
    match algorithm {
        Algorithm::RS256 if rsa_modulus_bits(bytes) < Some(RSA_BITS_MIN) => {
            Err(format!("needs an RSA public key of at least {RSA_BITS_MIN} bits"))
        }
        Algorithm::ES256 if bytes.len() != P256_POINT_BYTES => Err(unreadable()),
        _ => Ok(key),
    }
}

/// Returns the bits of the modulus of a DER `RSAPublicKey`: SEQUENCE { INTEGER n, INTEGER e }.
fn rsa_modulus_bits(der: &[u8]) -> Option<usize> {
    let sequence = der_element(der, 0x30)?;
    let modulus = der_element(sequence, 0x02)?;
    let significant = modulus.iter().position(|byte| *byte != 0)?;
    let first = modulus.get(significant)?;
    Some((modulus.len() - significant) * 8 - first.leading_zeros() as usize)
}

/// Returns the content of the DER element at the beginning of `bytes`, if it has this tag.
fn der_element(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let (found, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    (*found == tag).then(|| rest.get(..length)).flatten()
}
