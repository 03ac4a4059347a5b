//! Content codings: answers over 1 KiB are packed when asked, bodies are unpacked and then judged as any other.

use std::io::Read;

use serde_json::{Value, json};

use crate::ask::refused;
use crate::harness::Shop;

fn pack(coding: &str, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let level = flate2::Compression::fast();
    match coding {
        "gzip" => flate2::read::GzEncoder::new(bytes, level).read_to_end(&mut out),
        "deflate" => flate2::read::ZlibEncoder::new(bytes, level).read_to_end(&mut out),
        "br" => brotli::CompressorReader::new(bytes, 4096, 3, 20).read_to_end(&mut out),
        _ => return zstd::bulk::compress(bytes, 1).unwrap(),
    }
    .unwrap();
    out
}

fn unpack(coding: &str, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match coding {
        "gzip" => flate2::read::GzDecoder::new(bytes).read_to_end(&mut out),
        "br" => brotli::Decompressor::new(bytes, 4096).read_to_end(&mut out),
        "zstd" => zstd::stream::read::Decoder::new(bytes).unwrap().read_to_end(&mut out),
        other => panic!("{other}"),
    }
    .unwrap();
    out
}

#[test]
fn large_answers_are_packed_when_asked() {
    let shop = Shop::open();
    for _ in 0..30 {
        shop.record(json!({"title": "Dune"}));
    }
    let (large, small) = (shop.path("/records"), shop.path("/records?limit=1&fields=title"));
    let get = |path: &str, accept: Option<&str>| {
        let request = shop.server.get(path).token(&shop.token);
        request.header("accept-encoding", accept.unwrap_or("identity")).send()
    };
    let plain = get(&large, None);
    assert!(plain.header("content-encoding").is_none() && plain.bytes.len() > 1024);
    assert!(plain.header("vary").unwrap().contains("accept-encoding"));
    for (accept, coding) in [
        ("gzip", Some("gzip")),
        ("br", Some("br")),
        ("zstd", Some("zstd")),
        ("gzip, deflate, br, zstd", Some("zstd")),
        ("gzip;q=0.9, br;q=0.1", Some("gzip")),
        ("GZIP", Some("gzip")),
        ("gzip;q=0", None),
        ("deflate", None),
        ("compress", None),
        ("", None),
    ] {
        let packed = get(&large, Some(accept));
        assert_eq!((packed.status, packed.header("content-encoding")), (200, coding), "{accept}");
        let Some(coding) = coding else { continue };
        assert!(packed.bytes.len() < plain.bytes.len() / 2, "{accept}");
        assert_eq!(packed.header("content-length"), Some(packed.bytes.len().to_string().as_str()));
        assert_eq!(unpack(coding, &packed.bytes), plain.bytes, "{accept}");
        assert!(packed.header("vary").unwrap().contains("accept-encoding"));
        let head = shop.server.request("HEAD", &large).token(&shop.token).header("accept-encoding", accept);
        assert_eq!(head.send().bytes.len(), 0);
    }
    let little = get(&small, Some("gzip"));
    assert!(little.bytes.len() <= 1024 && little.header("content-encoding").is_none(), "{little:?}");
    let extra = "x".repeat(3000);
    let fault =
        shop.server.get(&format!("{large}?{extra}=1")).token(&shop.token).header("accept-encoding", "br");
    let fault = fault.send();
    assert_eq!((fault.status, fault.header("content-encoding")), (400, Some("br")), "problems too");
    let problem: Value = serde_json::from_slice(&unpack("br", &fault.bytes)).unwrap();
    assert_eq!(problem["code"], "invalid_parameter");
}

#[test]
fn bodies_are_read_in_every_coding() {
    let shop = Shop::open();
    let path = shop.path("/records");
    let send = |coding: &str, body: Vec<u8>| {
        let request = shop.server.post(&path).token(&shop.token).header("content-encoding", coding);
        request.raw("application/json", body).send()
    };
    let body = json!({"values": {"title": "Dune"}}).to_string().into_bytes();
    for coding in ["gzip", "deflate", "br", "zstd"] {
        let packed = pack(coding, &body);
        assert_eq!(send(coding, packed.clone()).status, 201, "{coding}");
        for (why, bytes) in
            [("it is plain", body.clone()), ("it is cut off", packed[..packed.len() / 2].to_vec())]
        {
            refused(&send(coding, bytes), &format!("{coding}: {why}"), 400, "invalid_json", &[]);
        }
        let wrong = pack(coding, br#"{"values": {"title": 1}}"#);
        refused(&send(coding, wrong), coding, 422, "invalid_input", &["/values/title wrong_type"]);
        let mut fits = body.clone();
        fits.resize(1 << 20, b' ');
        assert_eq!(send(coding, pack(coding, &fits)).status, 201, "{coding}: just the limit");
        fits.push(b' ');
        let packed = pack(coding, &fits);
        assert!(packed.len() < 1 << 20);
        refused(
            &send(coding, packed),
            &format!("{coding}: the limit holds unpacked"),
            413,
            "body_too_large",
            &[],
        );
    }
    assert_eq!(send("X-GZIP", pack("gzip", &body)).status, 201, "its old name, in any case");
    let keyed = |coding: Option<&str>| {
        let request = shop.server.post(&path).token(&shop.token).header("idempotency-key", "k");
        match coding {
            Some(coding) => {
                request.header("content-encoding", coding).raw("application/json", pack(coding, &body))
            }
            None => request.raw("application/json", body.clone()),
        }
        .send()
    };
    assert_eq!(keyed(None).header("idempotency-replayed"), None);
    assert_eq!(keyed(Some("br")).header("idempotency-replayed"), Some("true"), "the same body, packed");
}
