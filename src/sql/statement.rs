//! `Statement`: SQL and its parameters, for any database.

use serde_json::Value;
use sqlx::{Connection, Pool, Transaction};

use super::dialect::Dialect;
use super::fetch::{Fetch, Parameter};

/// A statement that is written for PostgreSQL, with parameters `$1`, `$2` and so on.
pub(crate) struct Statement {
    sql: String,
    parameters: Vec<Parameter>,
}

impl Statement {
    pub(crate) fn new(sql: impl Into<String>) -> Self {
        Self {
            sql: sql.into(),
            parameters: Vec::new(),
        }
    }

    /// The number of parameters.
    pub(crate) fn count(&self) -> usize {
        self.parameters.len()
    }

    /// Replaces the SQL, for statements that are put together with their parameters.
    pub(crate) fn with_sql(self, sql: String) -> Self {
        Self { sql, ..self }
    }

    pub(crate) fn text(mut self, text: impl Into<String>) -> Self {
        self.parameters.push(Parameter::Text(Some(text.into())));
        self
    }

    pub(crate) fn optional_text(mut self, text: Option<String>) -> Self {
        self.parameters.push(Parameter::Text(text));
        self
    }

    pub(crate) fn float(mut self, float: impl Into<Option<f64>>) -> Self {
        self.parameters.push(Parameter::Float(float.into()));
        self
    }

    /// Clamps numbers that exceed the range of a database.
    pub(crate) fn integer(mut self, integer: impl TryInto<i64>) -> Self {
        let integer = integer.try_into().unwrap_or(i64::MAX);
        self.parameters.push(Parameter::Integer(integer));
        self
    }

    pub(crate) fn bytes(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.parameters.push(Parameter::Bytes(bytes.into()));
        self
    }

    /// Many rows in one parameter, as JSON, because each statement costs a round trip. The statement reads them with
    /// [`ROWS`](super::dialect::ROWS), and their columns with `item.value->>0`, `item.value->>1` and so on.
    pub(crate) fn rows<R: Into<Value>>(self, rows: impl IntoIterator<Item = R>) -> Self {
        let rows = rows.into_iter().map(Into::into).collect();
        self.text(Value::Array(rows).to_string())
    }

    /// Returns all rows. Takes a transaction, because a statement outside of one is not safe behind PgBouncer.
    pub(crate) async fn fetch<D: Dialect>(
        self,
        transaction: &mut Transaction<'_, D>,
    ) -> Result<Vec<D::Row>, sqlx::Error> {
        let sql = D::translate(self.sql);
        let connection: &mut D::Connection = transaction;
        let rows = connection.fetch(sql, self.parameters, D::KEEPS_STATEMENTS);
        rows.await
    }

    /// Returns all rows, in a transaction of its own that begins like this.
    pub(crate) async fn fetch_alone<D: Dialect>(
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
