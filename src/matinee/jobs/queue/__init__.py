"""Which job may run next, where and by whom: rows and rules, kept in one database."""
