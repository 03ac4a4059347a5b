//! The secret of a session: 256 random bits in a cookie, of which the store holds a hash.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngExt;

const BYTES: usize = 32;

/// A cookie's value in the clear. No `Debug`, `Display` or `Serialize` on purpose.
pub struct PlainSession(String);

/// The BLAKE3 hash of a cookie's value, and the key under which its session is found.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionHash(pub [u8; 32]);

impl PlainSession {
    pub fn generate() -> PlainSession {
        PlainSession(URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; BYTES]>()))
    }

    /// Reads what a request presents; `None` if it can't be a session's.
    pub fn parse(text: &str) -> Option<PlainSession> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == BYTES).then(|| PlainSession(text.to_owned()))
    }

    pub fn hash(&self) -> SessionHash {
        SessionHash(*blake3::hash(self.0.as_bytes()).as_bytes())
    }

    /// The secret itself, to be written into the cookie.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_reads_back_and_others_do_not() {
        let plain = PlainSession::generate();
        assert!(PlainSession::parse(plain.reveal()).unwrap().hash() == plain.hash());
        for wrong in ["", "abc", &plain.reveal()[1..], "é", &format!("{}=", plain.reveal())] {
            assert!(PlainSession::parse(wrong).is_none(), "{wrong}");
        }
    }
}
