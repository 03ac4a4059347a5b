//! How much a page weighs, as it goes over the wire.

use std::collections::BTreeSet;

use crate::harness::Server;
use crate::list::World;
use crate::visitor::Visitor;

/// Bytes of a page with all that it loads, compressed.
const FIRST_PAGE_BYTES_MAX: usize = 60 << 10;

/// As browsers ask.
const PACKED: (&str, &str) = ("accept-encoding", "gzip, deflate, br, zstd");

/// Addresses of the files that a file names, made whole.
fn named_in(at: &str, text: &str) -> Vec<String> {
    let folder = at.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut found = Vec::new();
    for begin in ["href=\"/assets/", "src=\"/assets/"] {
        let rest = text.split(begin).skip(1).filter_map(|rest| rest.split(['"', '#']).next());
        found.extend(rest.map(|rest| format!("/assets/{rest}")));
    }
    for begin in ["from \"./", "import \"./", "url(\"./"] {
        let rest = text.split(begin).skip(1).filter_map(|rest| rest.split('"').next());
        found.extend(rest.map(|rest| format!("{folder}/{rest}")));
    }
    found
}

/// Bytes of a page and everything that it loads.
fn weight(visitor: &Visitor<'_>, path: &str) -> usize {
    let (mut open, mut seen, mut sum) = (vec![path.to_owned()], BTreeSet::new(), 0);
    while let Some(path) = open.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let packed = visitor.ask("GET", &path, None, &[PACKED]);
        assert_eq!(packed.status, 200, "{path}");
        let plain = visitor.ask("GET", &path, None, &[]);
        assert!(
            plain.bytes.len() < 1024 || packed.header("content-encoding").is_some(),
            "{path} is not packed"
        );
        sum += packed.bytes.len();
        open.extend(named_in(&path, &String::from_utf8_lossy(&plain.bytes)));
    }
    println!("{path}: {sum} bytes in {} answers", seen.len());
    assert!(seen.len() >= 5, "{seen:?}");
    sum
}

#[test]
fn the_first_pages_are_light() {
    let server = Server::start();
    let owner = Visitor::owner(&server);
    let world = World::of(&server, &owner.cookie());
    let nobody = Visitor::new(&server);
    for (visitor, path) in [
        (&nobody, "/login".to_owned()),
        (&owner, world.at("/spaces/{space}")),
        (&owner, world.at("/spaces/{space}/settings/tokens")),
        (&owner, world.at("/spaces/{space}/bases/{base}/tables/{table}")),
    ] {
        let bytes = weight(visitor, &path);
        assert!(bytes <= FIRST_PAGE_BYTES_MAX, "{path} weighs {bytes} bytes");
    }
}
