//! Makes the codes, tokens and identifiers.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::options::Options;

/// Derives every secret from one seed, so that randomness is asked for once and a failure of it is a failure to
/// start, and so that a test with a fixed seed sees the same tokens each time.
pub(crate) struct Mint {
    seed: [u8; 32],
    drawn: AtomicU64,
    /// Empty, or the marker with a dash behind it.
    marker: String,
}

impl Mint {
    pub(crate) fn new(options: &Options) -> std::io::Result<Self> {
        let mut seed = [0; 32];
        (options.entropy)(&mut seed)?;
        Ok(Self {
            seed,
            drawn: AtomicU64::new(0),
            marker: options
                .marker
                .as_ref()
                .map(|m| format!("{m}-"))
                .unwrap_or_default(),
        })
    }

    pub(crate) fn access_token(&self) -> String {
        format!("sk-ant-oat01-practice-{}{}", self.marker, self.draw())
    }

    pub(crate) fn refresh_token(&self) -> String {
        format!("sk-ant-ort01-practice-{}{}", self.marker, self.draw())
    }

    pub(crate) fn code(&self) -> String {
        format!("practice-{}{}", self.marker, self.draw())
    }

    /// Names one showing of the consent page.
    pub(crate) fn consent_id(&self) -> String {
        self.draw()
    }

    pub(crate) fn request_id(&self) -> String {
        let mut id = self.draw();
        id.truncate(24);
        format!("req_{id}")
    }

    fn draw(&self) -> String {
        let count = self.drawn.fetch_add(1, Ordering::Relaxed);
        let mut hash = Sha256::new();
        hash.update(self.seed);
        hash.update(count.to_be_bytes());
        URL_SAFE_NO_PAD.encode(hash.finalize())
    }
}

/// A UUID that is always the same for the same name, so that an account is recognised over restarts (RFC 9562
/// §5.8, version 8).
pub(crate) fn uuid_of(name: &str) -> String {
    let digest = Sha256::digest(name.as_bytes());
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ]
    .join("-")
}
