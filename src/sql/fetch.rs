//! `Fetch`: runs statements on a connection of any database.

use futures_core::future::BoxFuture;
use sqlx::database::HasStatementCache;
use sqlx::{
    AssertSqlSafe, Connection, Database, Encode, Executor, IntoArguments, Type, query, raw_sql,
};

pub(crate) type DbFuture<'a, T> = BoxFuture<'a, Result<T, sqlx::Error>>;

pub(crate) enum Parameter {
    Text(Option<String>),
    Float(Option<f64>),
    Integer(i64),
    Bytes(Vec<u8>),
}

/// A connection that runs statements. It collects the bounds that sqlx's traits need, so that no other code repeats them.
pub(crate) trait Fetch: Connection {
    fn fetch(
        &mut self,
        sql: String,
        parameters: Vec<Parameter>,
        keeps_statement: bool,
    ) -> DbFuture<'_, Vec<<Self::Database as Database>::Row>>;

    /// Runs a script of statements, which are not prepared.
    fn run_script(&mut self, sql: &'static str) -> DbFuture<'_, ()>;
}

impl<C: Connection<Database: HasStatementCache>> Fetch for C
where
    for<'c> &'c mut C: Executor<'c, Database = C::Database>,
    <C::Database as Database>::Arguments: IntoArguments<C::Database>,
    for<'q> Option<String>: Encode<'q, C::Database> + Type<C::Database>,
    for<'q> Option<f64>: Encode<'q, C::Database> + Type<C::Database>,
    for<'q> i64: Encode<'q, C::Database> + Type<C::Database>,
    for<'q> Vec<u8>: Encode<'q, C::Database> + Type<C::Database>,
{
    fn fetch(
        &mut self,
        sql: String,
        parameters: Vec<Parameter>,
        keeps_statement: bool,
    ) -> DbFuture<'_, Vec<<Self::Database as Database>::Row>> {
        Box::pin(async move {
            let query = query::<C::Database>(AssertSqlSafe(sql));
            let query = parameters
                .into_iter()
                .fold(query, |query, parameter| match parameter {
                    Parameter::Text(text) => query.bind(text),
                    Parameter::Float(float) => query.bind(float),
                    Parameter::Integer(integer) => query.bind(integer),
                    Parameter::Bytes(bytes) => query.bind(bytes),
                });
            query.persistent(keeps_statement).fetch_all(self).await
        })
    }

    fn run_script(&mut self, sql: &'static str) -> DbFuture<'_, ()> {
        Box::pin(async move { raw_sql(sql).execute(self).await.map(drop) })
    }
}
