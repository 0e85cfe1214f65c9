//! `Statement`: SQL and its parameters, for any database.

use sqlx::{Connection, Pool, Transaction};

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

    pub(super) fn bytes(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.parameters.push(Parameter::Bytes(bytes.into()));
        self
    }

    /// Returns all rows. Takes a transaction, because a statement outside of one is not safe behind PgBouncer.
    pub(super) async fn fetch<D: Dialect>(
        self,
        transaction: &mut Transaction<'_, D>,
    ) -> Result<Vec<D::Row>, sqlx::Error> {
        let sql = D::translate(self.sql);
        let connection: &mut D::Connection = transaction;
        let rows = connection.fetch(sql, self.parameters, D::KEEPS_STATEMENTS);
        rows.await
    }

    /// Returns all rows, in a transaction of its own that writes nothing.
    pub(super) async fn read<D: Dialect>(self, pool: &Pool<D>) -> Result<Vec<D::Row>, sqlx::Error> {
        self.fetch_alone(pool, D::BEGIN_READ).await
    }

    /// Writes, and returns all rows, in a transaction of its own.
    pub(super) async fn write<D: Dialect>(
        self,
        pool: &Pool<D>,
    ) -> Result<Vec<D::Row>, sqlx::Error> {
        self.fetch_alone(pool, D::BEGIN).await
    }

    async fn fetch_alone<D: Dialect>(
        self,
        pool: &Pool<D>,
        begin: &'static str,
    ) -> Result<Vec<D::Row>, sqlx::Error> {
        let mut connection = D::acquire(pool).await?;
        let mut transaction = connection.begin_with(begin).await?;
        let rows = self.fetch(&mut transaction).await?;
        transaction.commit().await?;
        Ok(rows)
    }
}
