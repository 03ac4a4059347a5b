//! Content codings both ways: what a client sends packed, and what it wants to have packed (RFC 9110, section 8.4).
//!
//! Unpacking stops at the limit of the body, however little of it is left to read: a bomb costs no more than an honest
//! body of that size. The framework's own decoder hands out whatever one packet unpacks to, which has no limit.

use std::io::Read;

use actix_web::http::header;
use actix_web::http::header::{HeaderMap, HeaderValue};

use crate::error::{Code, Error, Result};

/// The largest window that a zstd body may ask for: 8 MiB, which RFC 9659 makes the limit of the web.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// A content coding that is read and written here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Coding {
    const NAMES: [(&'static str, Coding); 5] = [
        ("zstd", Coding::Zstd),
        ("br", Coding::Brotli),
        ("gzip", Coding::Gzip),
        ("x-gzip", Coding::Gzip),
        ("deflate", Coding::Deflate),
    ];

    pub fn name(self) -> &'static str {
        match self {
            Coding::Gzip => "gzip",
            Coding::Deflate => "deflate",
            Coding::Brotli => "br",
            Coding::Zstd => "zstd",
        }
    }

    /// The coding that a body was sent in; `None` if it is plain.
    pub fn of_request(headers: &HeaderMap) -> Result<Option<Coding>> {
        let Some(value) = headers.get(header::CONTENT_ENCODING) else { return Ok(None) };
        let name = value.to_str().unwrap_or("?").trim().to_ascii_lowercase();
        if name.is_empty() || name == "identity" {
            return Ok(None);
        }
        let found = Coding::NAMES.iter().find(|(known, _)| *known == name).map(|(_, coding)| *coding);
        found.map(Some).ok_or_else(|| {
            Error::new(Code::MediaTypeUnsupported, format!("The content coding `{name}` is not read here."))
        })
    }

    /// The coding that the client likes best among those written here; `None` for plain.
    pub fn wanted(accept: Option<&HeaderValue>) -> Option<Coding> {
        let mut best: Option<(f32, usize, Coding)> = None;
        for (weight, place, coding) in offers(accept?.to_str().ok()?) {
            // Of those liked equally, the one that is cheapest for its gain: the order of the list.
            if coding != Coding::Deflate
                && best.is_none_or(|(q, p, _)| weight > q || (weight >= q && place < p))
            {
                best = Some((weight, place, coding));
            }
        }
        best.map(|(_, _, coding)| coding)
    }

    /// Whether the client takes this coding.
    pub fn is_taken(self, accept: Option<&HeaderValue>) -> bool {
        let accept = accept.and_then(|accept| accept.to_str().ok()).unwrap_or_default();
        offers(accept).any(|(_, _, coding)| coding == self)
    }

    /// Unpacks a body of at most `limit` bytes; `None` if there is more.
    pub fn unpack(self, bytes: &[u8], limit: usize) -> std::io::Result<Option<Vec<u8>>> {
        match self {
            Coding::Gzip => read_bounded(flate2::read::MultiGzDecoder::new(bytes), limit),
            Coding::Deflate => read_bounded(flate2::read::ZlibDecoder::new(bytes), limit),
            Coding::Brotli => read_bounded(brotli::Decompressor::new(bytes, 4096), limit),
            Coding::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                read_bounded(decoder, limit)
            }
        }
    }

    /// Packs an answer, at the level that costs least.
    pub fn pack(self, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        match self {
            Coding::Gzip => gzip(bytes, flate2::Compression::fast()),
            Coding::Deflate => {
                let mut out = Vec::new();
                flate2::bufread::ZlibEncoder::new(bytes, flate2::Compression::fast())
                    .read_to_end(&mut out)?;
                Ok(out)
            }
            Coding::Brotli => {
                let mut out = Vec::with_capacity(bytes.len() / 3);
                brotli::CompressorReader::new(bytes, 4096, 3, 20).read_to_end(&mut out)?;
                Ok(out)
            }
            Coding::Zstd => zstd::bulk::compress(bytes, 1),
        }
    }
}

/// Packs a file that is sent often, as small as it gets.
pub fn gzip_small(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    gzip(bytes, flate2::Compression::best())
}

fn gzip(bytes: &[u8], level: flate2::Compression) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(bytes.len() / 3);
    flate2::bufread::GzEncoder::new(bytes, level).read_to_end(&mut out)?;
    Ok(out)
}

/// What an `Accept-Encoding` names of the codings known here and does not weigh with 0: weight, place in the list, coding.
fn offers(accept: &str) -> impl Iterator<Item = (f32, usize, Coding)> {
    accept.split(',').filter_map(|part| {
        let mut parts = part.split(';');
        let name = parts.next()?.trim().to_ascii_lowercase();
        let weight =
            parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(Some(1.0), |q| q.parse().ok());
        let weight = weight.filter(|weight: &f32| *weight > 0.0)?;
        let place = Coding::NAMES.iter().position(|(known, _)| *known == name)?;
        Some((weight, place, Coding::NAMES.get(place)?.1))
    })
}

fn read_bounded(decoder: impl Read, limit: usize) -> std::io::Result<Option<Vec<u8>>> {
    let mut out = Vec::new();
    decoder.take(limit as u64 + 1).read_to_end(&mut out)?;
    Ok((out.len() <= limit).then_some(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Coding; 4] = [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd];

    #[test]
    fn what_is_packed_unpacks_up_to_the_limit() {
        let text = "undb ".repeat(2000).into_bytes();
        for coding in ALL {
            let packed = coding.pack(&text).unwrap();
            assert!(packed.len() < text.len() / 10, "{}", coding.name());
            assert_eq!(coding.unpack(&packed, text.len()).unwrap().as_deref(), Some(text.as_slice()));
            assert_eq!(coding.unpack(&packed, text.len() - 1).unwrap(), None);
            assert!(coding.unpack(b"this is packed in nothing", 100).is_err(), "{}", coding.name());
        }
    }

    #[test]
    fn the_best_liked_coding_is_taken() {
        let wanted =
            |accept: &str| Coding::wanted(Some(&HeaderValue::from_str(accept).unwrap())).map(Coding::name);
        assert_eq!(wanted("gzip, deflate, br, zstd"), Some("zstd"));
        assert_eq!(wanted("gzip, br;q=0.5"), Some("gzip"));
        assert_eq!(wanted("br;q=0, gzip"), Some("gzip"));
        assert_eq!(wanted("identity"), None);
        assert_eq!(wanted("*"), None);
        assert_eq!(wanted("gzip;q=x"), None);
        assert_eq!(Coding::wanted(None), None);
    }
}
