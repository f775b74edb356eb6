"""The read road: rows straight from the database, each with how the actor stands to it. One module a context."""
