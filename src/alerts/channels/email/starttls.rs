//! The clear-text part of a connection that changes to TLS.

use std::io;
use std::ops::ControlFlow;

use lettre::transport::smtp::extension::ClientId;
use tokio::net::TcpStream;

use super::refusals::refused;
use crate::alerts::channels::delivery_error::DeliveryError;

/// The bytes of a reply.
const MAX_REPLY: usize = 16 << 10;

/// Asks the server to change to TLS.
///
/// lettre does the same, but keeps replies that arrive together with the one to STARTTLS, and takes them for replies to the commands
/// that it sends encrypted. So somebody on the way could accept mails in the server's name. Here, such a connection is given up.
pub(super) async fn ask_for_tls(
    stream: &TcpStream,
    hello_name: &ClientId,
) -> Result<(), DeliveryError> {
    let mut replies = Replies {
        stream,
        read: Vec::new(),
    };
    let greeting = replies.next().await?;
    greeting.expect("cannot connect", 220)?;
    write(stream, &format!("EHLO {hello_name}\r\n")).await?;
    let hello = replies.next().await?;
    hello.expect("the hello is refused", 250)?;
    let is_offered = |line: &String| line.trim().eq_ignore_ascii_case("STARTTLS");
    if !hello.lines.iter().any(is_offered) {
        return Err(DeliveryError::retry(
            "the server does not offer STARTTLS, so nothing is sent to it",
        ));
    }
    write(stream, "STARTTLS\r\n").await?;
    replies.next().await?.expect("cannot start TLS", 220)?;
    if !replies.read.is_empty() {
        return Err(DeliveryError::retry(
            "the connection holds more replies than the one to STARTTLS, so somebody may have added them on the way",
        ));
    }
    Ok(())
}

struct Reply {
    code: u16,
    lines: Vec<String>,
}

impl Reply {
    fn expect(&self, what: &str, code: u16) -> Result<(), DeliveryError> {
        if self.code == code {
            Ok(())
        } else {
            Err(refused(what, self.code, &self.lines.join(" ")))
        }
    }
}

/// The replies of the server, one after another.
struct Replies<'a> {
    stream: &'a TcpStream,
    read: Vec<u8>,
}

impl Replies<'_> {
    /// A reply has lines such as `250-first` and ends with one such as `250 last` (RFC 5321, section 4.2.1).
    async fn next(&mut self) -> Result<Reply, DeliveryError> {
        let mut lines = Vec::new();
        loop {
            let line = self.line().await?;
            let code = line.get(..3).and_then(|code| code.parse().ok());
            let Some(code) = code else {
                return Err(DeliveryError::retry("the server does not speak SMTP"));
            };
            lines.push(line.get(4..).unwrap_or_default().to_owned());
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(Reply { code, lines });
            }
            if lines.len() > MAX_REPLY / 4 {
                return Err(DeliveryError::retry("a reply of the server is too long"));
            }
        }
    }

    async fn line(&mut self) -> Result<String, DeliveryError> {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let line: Vec<_> = self.read.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            if self.read.len() > MAX_REPLY {
                return Err(DeliveryError::retry("a reply of the server is too long"));
            }
            let mut buffer = [0; 1024];
            let count = loop {
                self.stream.readable().await.map_err(|error| lost(&error))?;
                if let ControlFlow::Break(result) = ready(self.stream.try_read(&mut buffer)) {
                    break result?;
                }
            };
            if count == 0 {
                return Err(DeliveryError::retry("the server closed the connection"));
            }
            self.read.extend_from_slice(&buffer[..count]);
        }
    }
}

async fn write(stream: &TcpStream, command: &str) -> Result<(), DeliveryError> {
    let mut rest = command.as_bytes();
    while !rest.is_empty() {
        stream.writable().await.map_err(|error| lost(&error))?;
        if let ControlFlow::Break(result) = ready(stream.try_write(rest)) {
            rest = &rest[result?..];
        }
    }
    Ok(())
}

/// Goes on if the stream only seemed to be ready.
fn ready(result: io::Result<usize>) -> ControlFlow<Result<usize, DeliveryError>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => ControlFlow::Continue(()),
        result => ControlFlow::Break(result.map_err(|error| lost(&error))),
    }
}

fn lost(error: &io::Error) -> DeliveryError {
    DeliveryError::retry(format!("the connection to the server is lost: {error}"))
}
