//! The silences that people make and end.

use std::time::SystemTime;

use super::alerts::Alerts;
use super::book::{Book, Step};
use super::shared_entry::SharedSilence;
use crate::alerts::state::{PersonalAct, Recurrence, SilenceId, SilenceTarget, State};
use crate::alerts::stores::{Event, SilenceEvent};
use crate::error::{Error, ErrorKind};

impl Alerts {
    /// Holds back the notifications of alerts until a time. Returns the silence's identity.
    ///
    /// # Errors
    ///
    /// Fails if the time is over, the target matches alerts without labels, a text is too long, there are too many silences, or
    /// the store does not take the change.
    pub async fn suppress(
        &self,
        target: SilenceTarget,
        until: SystemTime,
        by: &str,
        note: Option<&str>,
    ) -> Result<Vec<String>, Error> {
        if self.0.is_shared() {
            return self
                .share_silence(target, None, Some(until), by, note)
                .await;
        }
        self.make_silence(&target, |state, target, now| {
            let id = state.suppress(target, until, by, note, now)?;
            let silence = state.silences(now).find(|silence| silence.id == id);
            let began = silence.cloned().map(|silence| {
                Event::Silence(SilenceEvent {
                    at: now,
                    silence,
                    began: true,
                    ended_by: None,
                })
            });
            Ok((id, began))
        })
        .await
    }

    /// Holds back the notifications of alerts again and again, until a time or until [`unsuppress`](Self::unsuppress). Returns the
    /// silence's identity.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
    /// use std::time::Duration;
    /// use tower_vitals::alerts::Alerts;
    /// use tower_vitals::alerts::state::{Matcher, Recurrence, SilenceTarget};
    ///
    /// let alerts = Alerts::builder().run()?;
    /// let sundays = Recurrence::new("0 2 * * SUN", "Europe/Berlin", Duration::from_secs(2 * 60 * 60))?;
    /// let database = SilenceTarget::Labels(vec![Matcher::equal("component", "database")]);
    /// alerts.suppress_recurring(database, sundays, None, "ann", Some("maintenance")).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`suppress`](Self::suppress), and if the silence ends before it begins.
    pub async fn suppress_recurring(
        &self,
        target: SilenceTarget,
        recurrence: Recurrence,
        until: Option<SystemTime>,
        by: &str,
        note: Option<&str>,
    ) -> Result<Vec<String>, Error> {
        if self.0.is_shared() {
            return self
                .share_silence(target, Some(recurrence), until, by, note)
                .await;
        }
        self.make_silence(&target, |state, target, now| {
            let recurrence = recurrence.clone();
            let id = state.suppress_recurring(target, recurrence, until, by, note, now)?;
            // The notifier writes its begins.
            Ok((id, None))
        })
        .await
    }

    async fn share_silence(
        &self,
        target: SilenceTarget,
        recurrence: Option<Recurrence>,
        until: Option<SystemTime>,
        by: &str,
        note: Option<&str>,
    ) -> Result<Vec<String>, Error> {
        self.0.hold_if_closed().await;
        self.0.ready().await?;
        if let SilenceTarget::Alert(alert) = &target
            && !self.knows(*alert)
            && !self.0.is_elsewhere(*alert).await?
        {
            return Err(unknown());
        }
        let made = PersonalAct::new(by, note, SystemTime::now());
        let silence = SharedSilence {
            target: target.sealed(),
            until,
            recurrence,
            made,
            ended: None,
        };
        let id = self.0.silence(silence).await?;
        Ok(vec![id.to_string()])
    }

    async fn make_silence(
        &self,
        target: &SilenceTarget,
        make: impl Fn(
            &mut State,
            SilenceTarget,
            SystemTime,
        ) -> Result<(SilenceId, Option<Event>), Error>,
    ) -> Result<Vec<String>, Error> {
        self.0.hold_if_closed().await;
        let mut ids = Vec::new();
        for ledger in self.0.open_ledgers() {
            if let SilenceTarget::Alert(id) = target
                && !ledger.knows(*id)
            {
                continue;
            }
            let change = |book: &mut Book, step: &mut Step, now: SystemTime| {
                let (id, event) = make(&mut book.state, target.clone(), now)?;
                step.events.extend(event);
                Ok(id)
            };
            let id = ledger.act(change).await?;
            ids.push(format!("{}-{id}", ledger.name()));
        }
        if ids.is_empty() {
            self.0.ready().await?;
            return Err(unknown());
        }
        Ok(ids)
    }

    /// Ends a silence before its time. Returns whether there was one. Unless the store is shared, the number alone names a silence,
    /// too.
    ///
    /// # Errors
    ///
    /// Fails if the store does not take the change.
    pub async fn unsuppress(&self, id: &str, by: &str) -> Result<bool, Error> {
        if let (true, Ok(id)) = (self.0.is_shared(), id.parse()) {
            return self.0.end_silence(id, by).await;
        }
        // Notices and explanations name the number alone.
        let only = match &*self.0.ledgers {
            [only] => Some((only.name(), id)),
            _ => None,
        };
        let parts = id.rsplit_once('-').or(only);
        let parts = parts.and_then(|(name, number)| Some((name, number.parse().ok()?)));
        let Some((name, number)) = parts else {
            return Ok(false);
        };
        self.0.hold_if_closed().await;
        self.0.ready().await?;
        let Some(ledger) = self.0.open_ledgers().find(|ledger| ledger.name() == name) else {
            return Ok(false);
        };
        let change = |book: &mut Book, step: &mut Step, now: SystemTime| {
            let id = SilenceId(number);
            let ended = book.state.unsuppress(id, now);
            let was_there = ended.is_some();
            step.events.extend(ended.map(|silence| {
                Event::Silence(SilenceEvent {
                    at: now,
                    silence,
                    began: false,
                    ended_by: Some(by.to_owned()),
                })
            }));
            Ok(was_there)
        };
        ledger.act(change).await
    }
}

fn unknown() -> Error {
    Error::new(ErrorKind::Refused, "no such alert is known")
}
