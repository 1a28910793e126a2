"""Answers queries on a file until the asking process goes: pickled requests on standard input, answers on the output.

DuckDB lives in a process of its own, with what it says at exit: a test run ends with its summary.
"""

import os
import pickle
import sys

import duckdb


def opened(path, view):
    """A database with the file as table `raw`, all of its cells texts, and what `view` makes of it as `facts`."""
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    database.execute(
        "CREATE TABLE raw AS SELECT * FROM read_csv(?, header = true, delim = ',', quote = '', all_varchar = true)",
        [path],
    )
    database.execute(f"CREATE TABLE facts AS {view}")
    return database


def main():
    """The first request opens the file, each further one is a query with its values."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    database = None
    while True:
        try:
            one, two = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            if database is None:
                database, answer = opened(one, two), None
            else:
                answer = database.execute(one, two).fetchall()
        except duckdb.Error as error:
            answer = RuntimeError(str(error))
        pickle.dump(answer, sys.stdout.buffer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
