#!/usr/bin/env python3
"""What undb on PostgreSQL should reach: from the round trips of a call, the time that each takes, and the CPU that was measured.

    python3 benches/postgres/model.py            # 1, 4, 16 processes at 1, 5, 50 ms, each on a machine of its own
    python3 benches/postgres/model.py --check    # what throughput.py measured, beside what this says of it

A closed loop: so many clients, spread over the processes, each with one call at a time.

- Reads: gets that wait at the same time share a statement, of which few are on their way at once. So with many clients each
  waits for one round trip and then for its own. A list also has a snapshot, of which a process lends a bounded number, for two
  round trips.
- Writes: all that waits at a process goes into one transaction of two round trips; who comes meanwhile is in the next one.
  Groups of several processes that write one table take turns.
- CPU: a process has its cores, and the database has its own; with `--shared` all of them, and the load, have the same ones.
"""

import argparse
import dataclasses

#: Statements of merged gets on their way at once, and snapshots that lists share, of one process.
LANES, SNAPSHOTS = 2, 10
#: CPU in microseconds of a process, of the database, and of the load, at 64 connections, as measured from the processes' times.
CPU = {"get": (25, 10, 15), "list": (200, 100, 25), "create": (52, 32, 15)}
#: Of a create's, what its group waits for: the body, run twice, and the rows; and a commit with its flush.
GROUP_US, COMMIT_US = 60, 700

#: (processes, connections, added round trip in ms) and what was measured of get, list, create; `throughput.py`, all on two cores.
#: The proxy's timer adds 1.6 ms where it is asked for 1 ms.
MEASURED = [
    (1, 1, 0.13, 2702, 1740, 950),
    (1, 64, 0.13, 40696, 4734, 13640),
    (3, 64, 0.13, 34404, 4692, 9620),
    (1, 1, 1.6, 321, 202, 193),
    (1, 64, 1.6, 9407, 1973, 5241),
]


@dataclasses.dataclass
class Place:
    processes: int
    clients: int
    trip: float
    cores: float
    shared: bool
    one_table: bool = True

    def bounded(self, kind, rate):
        """What the cores allow."""
        server, database, load = (value / 1e6 for value in CPU[kind])
        if self.shared:
            return min(rate, self.cores / (server + database + load))
        return min(rate, self.processes * self.cores / server, self.cores / database)

    def own(self):
        """Clients of one process."""
        return max(1, self.clients / self.processes)

    def merged(self):
        """A trip that is shared, and the wait for it."""
        return 2 * self.trip if self.own() > LANES else self.trip

    def work(self, kind):
        return sum(CPU[kind][:2]) / 1e6

    def get(self):
        return self.bounded("get", self.clients / (2 * self.merged() + self.work("get")))

    def list(self):
        snapshot = 2 * self.trip + self.work("list")
        waiting = self.clients / (self.merged() + snapshot)
        return self.bounded("list", min(waiting, self.processes * SNAPSHOTS / snapshot))

    def create(self):
        between, members = self.merged() + self.work("create"), self.own()
        for _ in range(100):
            group = 2 * self.trip + (COMMIT_US + members * GROUP_US) / 1e6
            # Who is not between two calls waits for the group on its way, and then for its own.
            members = max(1.0, self.own() * group / (group + between))
        busy = self.processes if not self.one_table else 1
        turns = busy * members / group
        return self.bounded("create", turns if self.own() > 1 else min(turns, self.clients / (group + between)))


def table(options):
    print("| round trip | processes | get | list of 30 | create, one table | create, many tables |")
    print("| --- | --- | --- | --- | --- | --- |")
    for trip in options.trips_ms:
        for processes in options.processes:
            place = Place(processes, options.clients * processes, trip / 1e3, options.cores, False)
            many = dataclasses.replace(place, one_table=False)
            figures = (place.get(), place.list(), place.create(), many.create())
            print(f"| {trip:g} ms | {processes} | " + " | ".join(f"{figure:,.0f}" for figure in figures) + " |")


def check():
    print("| processes | connections | round trip | get | list of 30 | create |")
    print("| --- | --- | --- | --- | --- | --- |")
    for processes, clients, trip, *found in MEASURED:
        place = Place(processes, clients, trip / 1e3, 2, True)
        said = (place.get(), place.list(), place.create())
        cells = [f"{one:,.0f} for {other:,.0f}: {one / other:.2f}" for one, other in zip(said, found)]
        print(f"| {processes} | {clients} | {trip:g} ms | " + " | ".join(cells) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="what was measured beside what this says")
    parser.add_argument("--clients", type=int, default=64, help="of each process")
    parser.add_argument("--cores", type=float, default=2, help="of each process, and of the database")
    parser.add_argument("--trips-ms", type=float, nargs="+", default=[1, 5, 50], help="round trips to the database")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 4, 16])
    options = parser.parse_args()
    check() if options.check else table(options)


if __name__ == "__main__":
    main()
