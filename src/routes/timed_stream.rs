//! A connection whose client must send and read in time.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use super::connections::Connection;

/// A stream whose reads fail once a request head takes too long, and whose writes fail once none of them made progress for
/// too long, because a response that is never read holds memory and a permit that others wait for.
pub(super) struct TimedStream {
    stream: TcpStream,
    /// Set while a request head is being sent: its number, and when it must be complete.
    head: Option<(u64, Pin<Box<Sleep>>)>,
    /// Set while a write waits.
    write: Option<Pin<Box<Sleep>>>,
    /// Below `stream`, because it makes room for another connection when this one is closed.
    connection: Arc<Connection>,
}

impl TimedStream {
    pub(super) fn new(stream: TcpStream, connection: Arc<Connection>) -> Self {
        let head = Box::pin(sleep(connection.limits().head));
        Self {
            stream,
            head: Some((0, head)),
            write: None,
            connection,
        }
    }

    fn write(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut TcpStream>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(written) = write(Pin::new(&mut self.stream), cx) {
            self.write = None;
            return Poll::Ready(written);
        }
        let timeout = self.connection.limits().write;
        let deadline = self.write.get_or_insert_with(|| Box::pin(sleep(timeout)));
        ready!(deadline.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for TimedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let length = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let awaited = self.connection.awaited_head();
        self.head.take_if(|(number, _)| awaited != Some(*number));
        match (read, awaited) {
            (Poll::Ready(read), Some(number)) => {
                if self.head.is_none() && buffer.filled().len() > length {
                    let timeout = self.connection.limits().head;
                    self.head = Some((number, Box::pin(sleep(timeout))));
                }
                Poll::Ready(read)
            }
            (Poll::Pending, Some(_)) => {
                let Some((_, deadline)) = &mut self.head else {
                    return Poll::Pending;
                };
                ready!(deadline.as_mut().poll(cx));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            (read, None) => read,
        }
    }
}

impl AsyncWrite for TimedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write(cx, |stream, cx| stream.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write(cx, |stream, cx| stream.poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// hyper flushes once its own buffer is empty.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.connection.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
