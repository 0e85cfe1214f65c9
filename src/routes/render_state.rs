//! `RenderState`: who waits, and who may go on.

use std::collections::HashMap;
use std::net::IpAddr;

use super::render_job::{Key, Waiting};

/// Concurrent renders of one [`Routes`](super::Routes): each keeps a core busy.
const MAX_RENDERS: usize = 4;

/// Texts of one [`Routes`](super::Routes) that are being rendered, or that some response has not sent to its end: 10,000
/// histograms make 9 MiB.
const MAX_TEXTS: usize = 16;

/// Requests that wait for their render to start.
const MAX_WAITING: usize = 256;

const RENDERS_BUSY: &str =
    "As many renders as are allowed at once are in progress. Try again in a second.";
const TEXTS_BUSY: &str =
    "As many responses as are allowed at once wait to be read. Try again in a second.";
const QUEUE_FULL: &str =
    "As many requests as are allowed at once wait for a render. Try again in a second.";

/// One known address gets at most half of everything, so that it cannot crowd out others.
fn share_of(client: Option<IpAddr>, most: usize) -> usize {
    if client.is_some() { most / 2 } else { most }
}

#[derive(Default)]
pub(super) struct RenderState {
    last_number: u64,
    /// By number, in the order of arrival.
    waiting: Vec<(u64, Waiting)>,
    running: Vec<Running>,
    texts: usize,
    held: Held,
}

/// The texts of each known client.
#[derive(Default)]
struct Held(HashMap<IpAddr, usize>);

impl Held {
    fn by(&self, client: Option<IpAddr>) -> usize {
        let held = client.and_then(|client| self.0.get(&client));
        held.copied().unwrap_or_default()
    }

    fn may_hold(&self, client: Option<IpAddr>) -> bool {
        self.by(client) < share_of(client, MAX_TEXTS)
    }
}

/// A render in progress, on the account of one of the clients that wait for it.
#[derive(Clone, Copy)]
pub(super) struct Running {
    number: u64,
    key: Option<Key>,
    client: Option<IpAddr>,
}

impl RenderState {
    /// Returns the number of the place in the queue, or why there is none.
    pub(super) fn enter(&mut self, waiting: Waiting) -> Result<u64, (Waiting, &'static str)> {
        let client = waiting.job.client;
        let is_own = |(_, other): &&(u64, Waiting)| other.job.client == client;
        let own = self.waiting.iter().filter(is_own).count();
        if self.waiting.len() == MAX_WAITING || own == share_of(client, MAX_WAITING) {
            return Err((waiting, QUEUE_FULL));
        }
        let number = self.next_number();
        self.waiting.push((number, waiting));
        Ok(number)
    }

    pub(super) fn is_waiting(&self, number: u64) -> bool {
        self.position(number).is_some()
    }

    /// Removes a request that still waits, and says why.
    pub(super) fn leave(&mut self, number: u64) -> Option<(Waiting, &'static str)> {
        let (_, left) = self.waiting.remove(self.position(number)?);
        let reason = self.reason(left.job.client);
        Some((left, reason))
    }

    /// Removes the requests whose clients have left.
    pub(super) fn take_gone(&mut self) -> Vec<(u64, Waiting)> {
        let is_gone = |(_, waiting): &mut (u64, Waiting)| waiting.answer.is_closed();
        self.waiting.extract_if(.., is_gone).collect()
    }

    /// Begins the next render, if there is room for one. Returns all requests that share it, the first of which asked first.
    ///
    /// Clients that hold few texts go first, then requests that came early. A key is rendered once at a time, except for
    /// the impatient request, because a render may hang.
    pub(super) fn start_next(&mut self, impatient: Option<u64>) -> Option<(Running, Vec<Waiting>)> {
        let may_start = |(number, waiting): &&(u64, Waiting)| {
            let job = &waiting.job;
            let is_running =
                job.key.is_some() && self.running.iter().any(|running| running.key == job.key);
            self.has_room(job.client) && (!is_running || impatient == Some(*number))
        };
        let startable = self.waiting.iter().filter(may_start);
        let (number, first) = startable
            .min_by_key(|(number, waiting)| (self.held.by(waiting.job.client), *number))?;
        let running = Running {
            number: *number,
            key: first.job.key,
            client: first.job.client,
        };
        let held = &self.held;
        let shares = |(number, waiting): &mut (u64, Waiting)| {
            let is_same = running.key.is_some() && running.key == waiting.job.key;
            *number == running.number || (is_same && held.may_hold(waiting.job.client))
        };
        let batch = self.waiting.extract_if(.., shares);
        let batch: Vec<_> = batch.map(|(_, waiting)| waiting).collect();
        self.begin(
            running,
            batch.iter().filter_map(|waiting| waiting.job.client),
        );
        Some((running, batch))
    }

    /// Begins a render that was not in the queue, or says why there is no room for one.
    pub(super) fn start_unqueued(
        &mut self,
        client: Option<IpAddr>,
    ) -> Result<Running, &'static str> {
        if !self.has_room(client) {
            return Err(self.reason(client));
        }
        let running = Running {
            number: self.next_number(),
            key: None,
            client,
        };
        self.begin(running, client.into_iter());
        Ok(running)
    }

    fn begin(&mut self, running: Running, clients: impl Iterator<Item = IpAddr>) {
        self.running.push(running);
        self.texts += 1;
        let mut clients: Vec<_> = clients.collect();
        clients.sort_unstable();
        clients.dedup();
        for client in clients {
            *self.held.0.entry(client).or_default() += 1;
        }
    }

    pub(super) fn end_render(&mut self, ended: Running) {
        self.running
            .retain(|running| running.number != ended.number);
    }

    pub(super) fn release_text(&mut self) {
        self.texts -= 1;
    }

    pub(super) fn release_hold(&mut self, client: IpAddr) {
        if let Some(held) = self.held.0.get_mut(&client) {
            *held -= 1;
            if *held == 0 {
                self.held.0.remove(&client);
            }
        }
    }

    fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    fn position(&self, number: u64) -> Option<usize> {
        self.waiting.iter().position(|(other, _)| *other == number)
    }

    fn has_room(&self, client: Option<IpAddr>) -> bool {
        let own = self
            .running
            .iter()
            .filter(|running| running.client == client);
        self.running.len() < MAX_RENDERS
            && own.count() < share_of(client, MAX_RENDERS)
            && self.texts < MAX_TEXTS
            && self.held.may_hold(client)
    }

    fn reason(&self, client: Option<IpAddr>) -> &'static str {
        if self.texts == MAX_TEXTS || !self.held.may_hold(client) {
            TEXTS_BUSY
        } else {
            RENDERS_BUSY
        }
    }
}
