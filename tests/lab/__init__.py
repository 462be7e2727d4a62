"""The laboratory: real PostgreSQL servers, databases, applications and a page in front of them, for tests and demos."""
