"""What is kept: tables, repositories, queries, the unit of work, the event log and the migrations."""
