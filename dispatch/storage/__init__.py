"""PostgreSQL as every role uses it: connections, migrations, bulk writes, consumed offsets."""
