//! What is known of the client besides its credentials: its address, and whether a page of another origin is calling.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::http::header::{self, HeaderMap};
use ipnet::IpNet;

/// Where a request comes from, as far as that can be believed.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    pub address: IpAddr,
    /// Whether the last step before a trusted proxy was encrypted.
    pub secure: bool,
}

impl Client {
    /// `peer` is who is connected; what it says of others is believed if it is a trusted proxy.
    pub fn of(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[IpNet]) -> Client {
        let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)).to_canonical();
        if !is_trusted(peer, trusted) {
            return Client { address: peer, secure: false };
        }
        let forwarded = header_text(headers, "x-forwarded-for").unwrap_or_default();
        // From the end: each trusted proxy added whom it saw, and the first one that is not trusted is the client.
        let steps = forwarded.rsplit(',').map_while(|step| step.trim().parse::<IpAddr>().ok());
        let mut address = peer;
        for step in steps {
            address = step.to_canonical();
            if !is_trusted(address, trusted) {
                break;
            }
        }
        let secure = header_text(headers, "x-forwarded-proto")
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
        Client { address, secure }
    }
}

fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|net| net.contains(&address))
}

fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Whether a browser says that a page of another origin sends this request (the Fetch standard's `Sec-Fetch-Site`, else
/// `Origin` compared with the host). Without both it is no browser's.
pub fn is_foreign(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[IpNet]) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return !matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return false };
    let from_proxy = peer.is_some_and(|peer| is_trusted(peer.to_canonical(), trusted));
    let forwarded = from_proxy.then(|| header_text(headers, "x-forwarded-host")).flatten();
    let host = forwarded.or_else(|| header_text(headers, "host")).unwrap_or_default();
    let authority =
        origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
    authority != Some(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        pairs.collect()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let sent = headers(&[
            ("x-forwarded-for", "203.0.113.9, 198.51.100.7, 10.0.0.2"),
            ("x-forwarded-proto", "https"),
        ]);
        let through = Client::of(Some([10, 0, 0, 1].into()), &sent, &trusted);
        assert_eq!((through.address, through.secure), (IpAddr::from([198, 51, 100, 7]), true));
        let direct = Client::of(Some([192, 0, 2, 1].into()), &sent, &trusted);
        assert_eq!((direct.address, direct.secure), (IpAddr::from([192, 0, 2, 1]), false));
        let garbled = headers(&[("x-forwarded-for", "nonsense")]);
        assert_eq!(
            Client::of(Some([10, 0, 0, 1].into()), &garbled, &trusted).address,
            IpAddr::from([10, 0, 0, 1])
        );
    }

    #[test]
    fn pages_of_other_origins_are_seen() {
        for (pairs, foreign) in [
            (&[][..], false),
            (&[("sec-fetch-site", "same-origin")], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("sec-fetch-site", "same-site")], true),
            (&[("sec-fetch-site", "cross-site"), ("origin", "http://a:1"), ("host", "a:1")], true),
            (&[("origin", "http://a:1"), ("host", "a:1")], false),
            (&[("origin", "http://b:1"), ("host", "a:1")], true),
            (&[("origin", "null"), ("host", "a:1")], true),
        ] {
            assert_eq!(is_foreign(None, &headers(pairs), &[]), foreign, "{pairs:?}");
        }
    }
}
