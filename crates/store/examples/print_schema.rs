//! Prints the whole schema that the catalogue asks for: of the SQLite records file or, with the
//! argument `postgres`, of PostgreSQL. All migrations together must lead to it.

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("postgres") => print!("{}", store::postgres::schema()),
        _ => print!("{}", store::sqlite::schema()),
    }
}
