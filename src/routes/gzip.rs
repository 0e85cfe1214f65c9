//! Content negotiation of gzip, and compression.
//!
//! tower-http's `CompressionLayer` compresses each response by itself, on the async thread that sends it. Here, a text is rendered and
//! compressed once for all scrapers that wait for it, off the async threads and within the limits of the render queue.

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

use super::accept::weight;

/// Evaluates `Accept-Encoding` (RFC 9110, section 12.5.3): the highest weight wins, and gzip wins ties. A coding's own name
/// takes precedence over the wildcard.
pub(super) fn is_accepted(headers: &HeaderMap) -> bool {
    let (mut gzip, mut identity, mut wildcard) = (None, None, None);
    for value in headers.get_all(ACCEPT_ENCODING) {
        for coding in value.to_str().unwrap_or_default().split(',') {
            let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
            let weight_of_coding = match name.trim() {
                "*" => &mut wildcard,
                name if ["gzip", "x-gzip"]
                    .iter()
                    .any(|own| name.eq_ignore_ascii_case(own)) =>
                {
                    &mut gzip
                }
                name if name.eq_ignore_ascii_case("identity") => &mut identity,
                _ => continue,
            };
            weight_of_coding.get_or_insert(weight(parameters));
        }
    }
    // Identity is acceptable unless it is refused, with the lowest preference.
    let gzip = gzip.or(wildcard).unwrap_or(0.0);
    gzip > 0.0 && gzip >= identity.unwrap_or(0.0)
}

#[cfg_attr(
    not(any(feature = "dashboard", feature = "docs-ui", feature = "redoc")),
    expect(dead_code, reason = "only pages have compressed files")
)]
pub(super) fn decompress(gzip: &[u8]) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    GzDecoder::new(gzip).read_to_end(&mut text)?;
    Ok(text)
}

/// Uses the fastest level: exposition text shrinks about tenfold at any.
#[cfg_attr(
    not(any(feature = "prometheus", feature = "profile")),
    expect(dead_code, reason = "only metrics and profiles are compressed")
)]
pub(super) fn compress(text: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 8), Compression::fast());
    encoder.write_all(text)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn accepts(values: &[&'static str]) -> bool {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(ACCEPT_ENCODING, HeaderValue::from_static(value));
        }
        is_accepted(&headers)
    }

    #[test]
    fn gzip_is_used_if_it_is_accepted() {
        assert!(accepts(&["gzip"]));
        assert!(accepts(&["GZip;q=0.1"]));
        assert!(accepts(&["deflate, x-gzip; q=1"]));
        assert!(accepts(&["br", "gzip"]));
        assert!(accepts(&["*"]));
        assert!(accepts(&["identity;q=0.5, gzip"]));
        assert!(accepts(&["identity, gzip"]));
        assert!(accepts(&["identity;q=0, *;q=0.1"]));
    }

    #[test]
    fn gzip_is_not_used_if_it_is_refused_or_not_named() {
        assert!(!accepts(&[]));
        assert!(!accepts(&[""]));
        assert!(!accepts(&["identity"]));
        assert!(!accepts(&["gzip;q=0"]));
        assert!(!accepts(&["gzip; Q=0.000"]));
        assert!(!accepts(&["*, gzip;q=0"]));
        assert!(!accepts(&["gzip;q=0, *"]));
        assert!(!accepts(&["*;q=0"]));
        assert!(!accepts(&["gzip;q=much"]));
        assert!(!accepts(&["identity, gzip;q=0.1"]));
        assert!(!accepts(&["identity;q=1, *;q=0.5"]));
    }
}
