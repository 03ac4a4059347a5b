#!/usr/bin/env python3
"""What undb on PostgreSQL should reach: from the round trips of a call, the time that each takes, and the CPU that was measured.

    python3 benches/postgres/model.py [--clients 64] [--server-us 25] [--database-us 20] …

A closed loop: so many clients a process, each with one call at a time. A call takes its round trips one after another; reads
that wait at the same time share theirs, and all writes that wait at a process go into one transaction of two round trips, the
next one gathering meanwhile. So a process's writers are bounded by one group at a time, its readers by its CPU, and all of them
by the database's. The defaults are what `throughput.py` measured on two cores that servers, database and load share.
"""

import argparse

#: Round trips of a call with warm caches: the budget that tests/postgres/trips.rs asserts.
READS = {"get": 2, "list of 30": 3}
#: Identifying the caller; then the group's reads, and its commit.
CREATE_BEFORE, CREATE_GROUP = 1, 2


def read_rate(trips, trip, clients, server, database, processes):
    """Calls a second of all processes: bounded by waiting, by a process's CPU, by the database's."""
    waiting = clients / (trips * trip + server)
    return min(processes * min(waiting, 1 / server), 1 / database)


def create_rate(trip, clients, commit, server, database, processes, one_table):
    """Groups of one process follow each other; those of several do so too where they write the same table."""
    # A client is in one group and waits for half of the one before; what it does between is one more round trip.
    between = CREATE_BEFORE * trip + server
    members = clients
    for _ in range(50):
        group = CREATE_GROUP * trip + commit + members * database
        members = max(1.0, clients * group / (group + between))
    alone = min(members / group, 1 / server)
    if processes == 1:
        return alone
    # Only what follows the first read of a group keeps the others waiting.
    turn = trip + commit + members * database
    return min(processes * alone, members / turn if one_table else 1 / database)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=64, help="of each process")
    parser.add_argument("--server-us", type=float, default=40, help="CPU of a process for a call, in microseconds")
    parser.add_argument("--list-us", type=float, default=60, help="the same for a page of 30")
    parser.add_argument("--database-us", type=float, default=20, help="CPU of the database for a read of its share in a merged statement, or for a record written")
    parser.add_argument("--commit-us", type=float, default=400, help="a commit, with its flush")
    parser.add_argument("--trips-ms", type=float, nargs="+", default=[0.1, 1, 5, 50], help="round trips to the database")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 4, 16])
    options = parser.parse_args()
    server, page, database, commit = (value / 1e6 for value in (options.server_us, options.list_us, options.database_us, options.commit_us))
    print("| round trip | processes | get | list of 30 | create, one table | create, many tables |")
    print("| --- | --- | --- | --- | --- | --- |")
    for trip in options.trips_ms:
        for processes in options.processes:
            figures = [
                read_rate(READS["get"], trip / 1e3, options.clients, server, database, processes),
                read_rate(READS["list of 30"], trip / 1e3, options.clients, page, database * 2, processes),
                *(create_rate(trip / 1e3, options.clients, commit, server, database, processes, one) for one in (True, False)),
            ]
            print(f"| {trip:g} ms | {processes} | " + " | ".join(f"{figure:,.0f}" for figure in figures) + " |")


if __name__ == "__main__":
    main()
