"""Pages of the three administrators: accounts, rights, audit."""
