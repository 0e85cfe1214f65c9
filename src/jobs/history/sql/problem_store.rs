//! `SqlHistory` as a [`ProblemStore`].

use std::time::SystemTime;

use futures_core::future::BoxFuture;
use uuid::Uuid;

use super::dialect::Dialect;
use super::problems;
use super::sql_history::{SqlHistory, call_noting};
use crate::error::Error;
use crate::jobs::Problem;
use crate::jobs::history::ProblemStore;

impl<D: Dialect> ProblemStore for SqlHistory<D> {
    fn problems(&self) -> BoxFuture<'_, Result<Vec<Problem>, Error>> {
        call_noting(
            self,
            |pools| async move { problems::open(&pools.readers).await },
            |mirror, open: &Vec<Problem>| mirror.read_problems(open),
        )
    }

    fn report<'a>(
        &'a self,
        problem: &'a Problem,
        observed_at: SystemTime,
    ) -> BoxFuture<'a, Result<bool, Error>> {
        call_noting(
            self,
            move |pools| async move { problems::report(&pools.writer, problem, observed_at).await },
            |mirror, is_new| {
                if *is_new {
                    mirror.reported(problem);
                }
            },
        )
    }

    fn resolve<'a>(
        &'a self,
        problem: &'a Problem,
        caller: Uuid,
    ) -> BoxFuture<'a, Result<bool, Error>> {
        call_noting(
            self,
            move |pools| async move { problems::resolve(&pools.writer, problem, caller).await },
            |mirror, _| mirror.resolved(problem),
        )
    }
}
