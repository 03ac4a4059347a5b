//! Bodies that unpack to a gigabyte: refused with the memory flat. A process of its own, so that its memory tells.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the helpers of tests may end them too"
)]

mod harness;

use std::io::Read;

use harness::Shop;

const MIB: usize = 1 << 20;
/// What the process may grow by at its peak: less than a tenth of what the bombs unpack to.
const GROWTH_KIB: usize = 64 * 1024;

/// The peak of the memory that this process has had, in KiB.
fn peak_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn zeros(bytes: usize) -> impl Read {
    std::io::repeat(0).take(bytes as u64)
}

/// A gigabyte of zeros: a packed piece as often as it takes, which both formats allow.
fn repeated(piece: &[u8], of: usize) -> Vec<u8> {
    piece.repeat((1024 * MIB).div_ceil(of))
}

#[test]
fn a_body_that_unpacks_to_a_gigabyte_is_refused_with_the_memory_flat() {
    let shop = Shop::open();
    let plain = vec![0; 16 * MIB];
    let mut gzip = Vec::new();
    flate2::read::GzEncoder::new(plain.as_slice(), flate2::Compression::best())
        .read_to_end(&mut gzip)
        .unwrap();
    let mut deflate = Vec::new();
    let level = flate2::Compression::fast();
    flate2::read::ZlibEncoder::new(zeros(256 * MIB), level).read_to_end(&mut deflate).unwrap();
    let mut brotli = Vec::new();
    brotli::CompressorReader::new(zeros(256 * MIB), 65536, 1, 20).read_to_end(&mut brotli).unwrap();
    let bombs = [
        ("gzip", repeated(&gzip, plain.len())),
        ("zstd", repeated(&zstd::bulk::compress(&plain, 3).unwrap(), plain.len())),
        ("deflate", deflate),
        ("br", brotli),
    ];
    drop(plain);
    for (coding, bomb) in &bombs {
        println!("{coding}: {} bytes", bomb.len());
        assert!(bomb.len() < 3 * MIB / 2, "{coding}: {} bytes", bomb.len());
    }
    let before = peak_kib();
    for (path, method) in [("/records", "POST"), ("/records/bulk", "POST"), ("/records", "DELETE")] {
        for (coding, bomb) in &bombs {
            let request = shop.server.request(method, &shop.path(path)).token(&shop.token);
            let request = request.header("content-encoding", coding).raw("application/json", bomb.clone());
            let answer = request.send();
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (413, "body_too_large"),
                "{coding}: {answer:?}"
            );
        }
    }
    let grown = peak_kib() - before;
    println!("the peak has grown by {grown} KiB");
    assert!(grown < GROWTH_KIB, "by {grown} KiB");
    assert_eq!(shop.server.get("/healthz").send().status, 200);
}
