//! What is known of the client besides its credentials: its address, and whether a page of another origin is calling.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

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
        // From the end: each trusted proxy added whom it saw, and the first one that is not trusted is the client.
        let forwarded = header_list(headers, "x-forwarded-for");
        let (mut address, mut place) = (peer, 0);
        for (n, step) in forwarded.iter().rev().map_while(|step| address_read(step)).enumerate() {
            (address, place) = (step.to_canonical(), n);
            if !is_trusted(address, trusted) {
                break;
            }
        }
        // Proxies that add to this list too say in the same place how they were reached from that address. Where the list is
        // shorter, as by a proxy that sets it anew, what was said first of it is taken.
        let schemes = header_list(headers, "x-forwarded-proto");
        let scheme = schemes.iter().rev().nth(place).or(schemes.first());
        Client { address, secure: scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https")) }
    }
}

/// An address as proxies write it: alone, in brackets, or with a port.
fn address_read(step: &str) -> Option<IpAddr> {
    let bare = || step.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    step.parse().ok().or_else(bare).or_else(|| step.parse().ok().map(|socket: SocketAddr| socket.ip()))
}

/// The items of a list, which may come in several lines (RFC 9110, section 5.3).
fn header_list<'a>(headers: &'a HeaderMap, name: &'static str) -> Vec<&'a str> {
    let lines = headers.get_all(name).map(|line| line.to_str().unwrap_or_default());
    lines.flat_map(|line| line.split(',').map(str::trim)).collect()
}

fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|net| net.contains(&address))
}

fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// How the client reached this server: scheme and host, as it or a trusted proxy in between says.
pub fn origin(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[IpNet]) -> String {
    let scheme = if Client::of(peer, headers, trusted).secure { "https" } else { "http" };
    format!("{scheme}://{}", host(peer, headers, trusted))
}

fn host<'a>(peer: Option<IpAddr>, headers: &'a HeaderMap, trusted: &[IpNet]) -> &'a str {
    let from_proxy = peer.is_some_and(|peer| is_trusted(peer.to_canonical(), trusted));
    let forwarded = from_proxy.then(|| header_text(headers, "x-forwarded-host")).flatten();
    forwarded.or_else(|| header_text(headers, "host")).unwrap_or_default()
}

/// Whether a browser says that a page of another origin sends this request (the Fetch standard's `Sec-Fetch-Site`, else
/// `Origin` compared with the host). Without both it is no browser's.
pub fn is_foreign(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[IpNet]) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return !matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return false };
    let authority =
        origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
    authority != Some(host(peer, headers, trusted))
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
    fn what_proxies_say_is_read_however_they_write_it() {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "2001:db8:1::/48".parse().unwrap()];
        let (client, six) = (IpAddr::from([198, 51, 100, 7]), "2001:db8::7".parse::<IpAddr>().unwrap());
        for (why, lines, wanted) in [
            ("two lines", &["203.0.113.9", "198.51.100.7, 10.0.0.2"][..], client),
            ("the last line alone is trusted", &["198.51.100.7", "10.0.0.2"], client),
            ("with a port", &["203.0.113.9, 198.51.100.7:4711, 10.0.0.2:80"], client),
            ("version 6 in brackets", &["[2001:db8::7], [2001:db8:1::2]"], six),
            ("and with a port", &["[2001:db8::7]:4711, 10.0.0.2"], six),
            ("and bare", &["2001:db8::7"], six),
            ("mapped", &["::ffff:198.51.100.7"], client),
            ("nonsense behind a trusted one ends it", &["198.51.100.7, x, 10.0.0.2"], [10, 0, 0, 2].into()),
        ] {
            let mut sent = HeaderMap::new();
            for line in lines {
                sent.append(HeaderName::from_static("x-forwarded-for"), HeaderValue::from_static(line));
            }
            assert_eq!(Client::of(Some([10, 0, 0, 1].into()), &sent, &trusted).address, wanted, "{why}");
        }
    }

    #[test]
    fn the_scheme_is_that_of_the_step_that_is_believed() {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        for (why, forwarded, schemes, secure) in [
            ("the proxy in front ends TLS", "198.51.100.7, 10.0.0.2", "https, http", true),
            ("only the inner way is encrypted", "198.51.100.7, 10.0.0.2", "http, https", false),
            ("the client says so itself", "203.0.113.9, 198.51.100.7", "https, http", false),
            ("set anew by the last one", "198.51.100.7, 10.0.0.2", "HTTPS", true),
            ("set anew by the last one", "198.51.100.7, 10.0.0.2", "http", false),
            ("no address", "", "http, https", true),
            ("no scheme", "198.51.100.7", "", false),
        ] {
            let sent = headers(&[("x-forwarded-for", forwarded), ("x-forwarded-proto", schemes)]);
            assert_eq!(Client::of(Some([10, 0, 0, 1].into()), &sent, &trusted).secure, secure, "{why}");
        }
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
