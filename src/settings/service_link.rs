//! Service links: Kubernetes gives every container variables of each Service of its namespace. A Service `monitoring`
//! sets `MONITORING_PORT` to `tcp://10.96.12.7:9090`.

use std::net::SocketAddr;

const PROTOCOLS: [&str; 3] = ["tcp", "udp", "sctp"];

/// Whether a Service can give the variable of this name the given link.
pub(super) fn is_service_link(name: &str, value: &str) -> bool {
    is_name(name) && is_link(value)
}

/// `<SERVICE>_PORT` or `<SERVICE>_PORT_<number>_<PROTOCOL>`, the names of links in kubelet's `envvars.FromServices`.
fn is_name(name: &str) -> bool {
    let of_one_port = || {
        let (name, protocol) = name.rsplit_once('_')?;
        let (name, port) = name.rsplit_once('_')?;
        let is_protocol = PROTOCOLS.iter().any(|own| own.to_uppercase() == protocol);
        (is_protocol && is_port(port)).then_some(name)
    };
    let service = of_one_port().unwrap_or(name).strip_suffix("_PORT");
    service.is_some_and(|service| !service.is_empty())
}

/// `<protocol>://<IP address>:<port>`, with brackets around an IPv6 address.
fn is_link(value: &str) -> bool {
    let Some((protocol, address)) = value.split_once("://") else {
        return false;
    };
    let has_zone = address.contains('%');
    let port = address.rsplit_once(':').map_or("", |(_, port)| port);
    PROTOCOLS.contains(&protocol)
        && !has_zone
        && is_port(port)
        && address.parse::<SocketAddr>().is_ok()
}

/// A port as Go formats it: no sign and no leading zero.
fn is_port(text: &str) -> bool {
    let port = text.parse::<u16>();
    port.is_ok_and(|port| port > 0 && port.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_links_are_those_that_kubelet_gives() {
        for name in [
            "MONITORING_PORT",
            "MONITORING_PORT_80_TCP",
            "MY_DNS_PORT_53_UDP",
            "A_PORT_65535_SCTP",
            "A_SERVICE_PORT",
        ] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "",
            "PORT",
            "_PORT",
            "PORT_80_TCP",
            "_PORT_80_TCP",
            "MONITORING_HOST",
            "MONITORING_SERVICE_HOST",
            "MONITORING_PORTS",
            "MONITORING_PORT_80",
            "MONITORING_PORT_80_tcp",
            "MONITORING_PORT_80_QUIC",
            "MONITORING_PORT_0_TCP",
            "MONITORING_PORT_HTTP_TCP",
            "MONITORING_PORT_80_TCP_ADDR",
        ] {
            assert!(!is_name(name), "{name}");
        }
    }
}
