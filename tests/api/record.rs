//! Records, one at a time.

use serde_json::json;

use crate::harness::Shop;

#[test]
fn a_record_is_made_read_changed_and_deleted() {
    let shop = Shop::open();
    let id = shop.record(json!({"title": "Dune", "isbn": "1", "pages": 412, "tags": ["new"]}));
    let path = shop.path(&format!("/records/{id}"));
    let got = shop.server.get(&path).token(&shop.token).send();
    assert_eq!(got.status, 200);
    assert_eq!(got.at("/data/values/title"), "Dune");
    assert_eq!(got.at("/data/values/shelf"), "A1");
    assert_eq!(got.header("etag"), Some("\"1\""));
    let changed = shop.server.patch(&path).token(&shop.token).json(json!({"values": {"pages": null}})).send();
    assert_eq!((changed.status, changed.at("/data/version")), (200, json!(2)));
    let gone = shop.server.delete(&path).token(&shop.token).send();
    assert_eq!(gone.status, 204);
    assert_eq!(shop.server.get(&path).token(&shop.token).send().code(), "record_not_found");
}
