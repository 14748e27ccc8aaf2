//! Prints the schema that the catalogue asks for, of SQLite or, with the argument `postgres`, of
//! PostgreSQL: the text of the first migration.

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("postgres") => print!("{}", store::postgres::schema()),
        _ => print!("{}", store::sqlite::schema()),
    }
}
