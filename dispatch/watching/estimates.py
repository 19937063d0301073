"""How many rows there are, where that is asked again and again."""

COUNTED = """case
            when (select reltuples from pg_class where oid = '{relation}'::regclass) > 100000
            then (select cast(reltuples as bigint) from pg_class where oid = '{relation}'::regclass)
            else ({count}) end"""


def counted(count: str, relation: str) -> str:
    """SQL that counts by the query `count`; above 100,000, PostgreSQL's estimate of `relation`.

    `relation` is a table or index that holds exactly these rows. Its estimate is as of its last
    analysis: counting hundreds of thousands every few seconds would be work that is seen.
    """
    return COUNTED.replace("{relation}", relation).replace("{count}", count)
