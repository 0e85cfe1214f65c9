//! `Statement`: SQL and its parameters, for any database.

use sqlx::{Database, Pool};

use super::dialect::Dialect;
use super::fetch::{Fetch, Parameter};

/// A statement that is written for PostgreSQL, with parameters `$1`, `$2` and so on.
pub(super) struct Statement {
    sql: String,
    parameters: Vec<Parameter>,
}

impl Statement {
    pub(super) fn new(sql: impl Into<String>) -> Self {
        Self {
            sql: sql.into(),
            parameters: Vec::new(),
        }
    }

    pub(super) fn text(mut self, text: impl Into<Option<String>>) -> Self {
        self.parameters.push(Parameter::Text(text.into()));
        self
    }

    pub(super) fn float(mut self, float: impl Into<Option<f64>>) -> Self {
        self.parameters.push(Parameter::Float(float.into()));
        self
    }

    /// Clamps numbers that exceed the range of a database.
    pub(super) fn integer(mut self, integer: impl TryInto<i64>) -> Self {
        let integer = integer.try_into().unwrap_or(i64::MAX);
        self.parameters.push(Parameter::Integer(integer));
        self
    }

    /// Returns all rows.
    pub(super) async fn fetch<C>(
        self,
        connection: &mut C,
    ) -> Result<Vec<<C::Database as Database>::Row>, sqlx::Error>
    where
        C: Fetch,
        C::Database: Dialect,
    {
        let sql = C::Database::translate(self.sql);
        connection.fetch(sql, self.parameters).await
    }

    /// Returns all rows, on any connection.
    pub(super) async fn fetch_from<D: Dialect>(
        self,
        pool: &Pool<D>,
    ) -> Result<Vec<D::Row>, sqlx::Error> {
        let mut connection = pool.acquire().await?;
        self.fetch(&mut *connection).await
    }
}
