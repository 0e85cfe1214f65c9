//! `Statement`: SQL and its parameters, for any database.

use sqlx::{
    AssertSqlSafe, Connection, Database, Encode, Executor, IntoArguments, Pool, Type, query,
};
use uuid::Uuid;

use super::dialect::{DbFuture, Dialect};

/// A statement that is written for PostgreSQL, with parameters `$1`, `$2` and so on.
pub(super) struct Statement {
    sql: String,
    parameters: Vec<Parameter>,
}

pub(super) enum Parameter {
    Text(Option<String>),
    Float(Option<f64>),
    Integer(i64),
}

impl Statement {
    pub(super) fn new(sql: impl Into<String>) -> Self {
        Self {
            sql: sql.into(),
            parameters: Vec::new(),
        }
    }

    pub(super) fn bind(mut self, parameter: impl Into<Parameter>) -> Self {
        self.parameters.push(parameter.into());
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

/// A connection that runs statements. It collects the bounds that sqlx's traits need, so that no other code repeats them.
pub(super) trait Fetch: Connection {
    fn fetch(
        &mut self,
        sql: String,
        parameters: Vec<Parameter>,
    ) -> DbFuture<'_, Vec<<Self::Database as Database>::Row>>;
}

impl<C: Connection> Fetch for C
where
    for<'c> &'c mut C: Executor<'c, Database = C::Database>,
    <C::Database as Database>::Arguments: IntoArguments<C::Database>,
    for<'q> Option<String>: Encode<'q, C::Database> + Type<C::Database>,
    for<'q> Option<f64>: Encode<'q, C::Database> + Type<C::Database>,
    for<'q> i64: Encode<'q, C::Database> + Type<C::Database>,
{
    fn fetch(
        &mut self,
        sql: String,
        parameters: Vec<Parameter>,
    ) -> DbFuture<'_, Vec<<Self::Database as Database>::Row>> {
        Box::pin(async move {
            let query = query::<C::Database>(AssertSqlSafe(sql));
            let query = parameters
                .into_iter()
                .fold(query, |query, parameter| match parameter {
                    Parameter::Text(text) => query.bind(text),
                    Parameter::Float(float) => query.bind(float),
                    Parameter::Integer(integer) => query.bind(integer),
                });
            query.fetch_all(self).await
        })
    }
}

impl From<&str> for Parameter {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<Option<&str>> for Parameter {
    fn from(text: Option<&str>) -> Self {
        Self::Text(text.map(str::to_owned))
    }
}

impl From<String> for Parameter {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<Option<String>> for Parameter {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

impl From<Uuid> for Parameter {
    fn from(id: Uuid) -> Self {
        Self::from(Some(id))
    }
}

impl From<Option<Uuid>> for Parameter {
    fn from(id: Option<Uuid>) -> Self {
        Self::Text(id.map(|id| id.to_string()))
    }
}

impl From<f64> for Parameter {
    fn from(float: f64) -> Self {
        Self::Float(Some(float))
    }
}

impl From<Option<f64>> for Parameter {
    fn from(float: Option<f64>) -> Self {
        Self::Float(float)
    }
}

/// Numbers that exceed the range of a database become its largest.
impl From<u64> for Parameter {
    fn from(integer: u64) -> Self {
        Self::Integer(i64::try_from(integer).unwrap_or(i64::MAX))
    }
}

impl From<usize> for Parameter {
    fn from(integer: usize) -> Self {
        Self::from(integer as u64)
    }
}
