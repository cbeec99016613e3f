#!/usr/bin/python3
"""Follows DeployHub's events and prints each of them once, a line each, whatever happens to the broker or to this program.

It is told of events by a durable queue of its own: what happens while it is away waits there. Events come at least once and in any
order. What it has handled is remembered in a file, by source and id, together with what it made of it; only then is it acknowledged.
"""
import argparse
import json
import os
import signal
import sqlite3
import sys
import time

import pika
from pika.exceptions import AMQPConnectionError, ChannelClosedByBroker

EXCHANGE = "deployhub.events"

# An event comes twice within minutes, if at all; what is older need not be remembered.
REMEMBERED_SECONDS = 30 * 24 * 3600


class Memory:
    """What was handled. An event and the mark that it was handled are one transaction."""

    def __init__(self, path):
        self.rows = sqlite3.connect(path, isolation_level=None)
        self.rows.execute("CREATE TABLE IF NOT EXISTS handled (source TEXT, id TEXT, subject TEXT, sequence INTEGER, at REAL, PRIMARY KEY (source, id))")
        self.rows.execute("CREATE INDEX IF NOT EXISTS of_subject ON handled (subject, sequence)")
        self.rows.execute("DELETE FROM handled WHERE at < ?", (time.time() - REMEMBERED_SECONDS,))

    def handle(self, event, act):
        """Acts on the event unless it was handled before."""
        self.rows.execute("BEGIN IMMEDIATE")
        try:
            sequence = int(event["sequence"]) if "sequence" in event else None
            new = self.rows.execute(
                "INSERT OR IGNORE INTO handled VALUES (?, ?, ?, ?, ?)", (event["source"], event["id"], event.get("subject"), sequence, time.time())
            ).rowcount
            if new:
                act(event)
            self.rows.execute("COMMIT")
        except BaseException:
            self.rows.execute("ROLLBACK")
            raise

    def missing(self, subject):
        """The numbers that a plan or batch still lacks: they are on their way."""
        seen = {row[0] for row in self.rows.execute("SELECT sequence FROM handled WHERE subject = ? AND sequence IS NOT NULL", (subject,))}
        return sorted(set(range(1, max(seen, default=0) + 1)) - seen)


def show(event):
    facts = {"type": event["type"], "subject": event.get("subject"), "sequence": event.get("sequence"), "time": event["time"], "data": event["data"]}
    print(json.dumps(facts, ensure_ascii=False), flush=True)


class End:
    """Whether the program was told to end. It does between two events, never within one."""

    def __init__(self):
        self.wanted = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.want)

    def want(self, *_):
        self.wanted = True


def follow(parameters, queue, keys, memory, end):
    """Reads until the connection breaks or the program is told to end."""
    connection = pika.BlockingConnection(parameters)
    try:
        channel = connection.channel()

        # Durable, and bounded: beyond so many events that nobody reads the oldest ones go, instead of the broker's disk.
        channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum", "x-max-length": 100_000, "x-overflow": "drop-head"})
        for key in keys:
            channel.queue_bind(queue, EXCHANGE, key)
        channel.basic_qos(prefetch_count=100)

        print(f"following {', '.join(keys)}", file=sys.stderr, flush=True)
        for method, _properties, body in channel.consume(queue, inactivity_timeout=1):
            if end.wanted:
                break
            if method is None:
                continue
            event = json.loads(body)
            memory.handle(event, show)
            if memory.missing(event.get("subject")):
                print(f"{event['subject']}: {memory.missing(event['subject'])} are yet to come", file=sys.stderr, flush=True)
            channel.basic_ack(method.delivery_tag)
    finally:
        if connection.is_open:
            connection.close()


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("keys", nargs="*", default=["#"], help="routing keys environment.noun.verb; * is one word, # is any number (all)")
    arguments.add_argument("--queue", default="audit-trail", help="the name of its queue; two programs with one queue share the events (audit-trail)")
    arguments.add_argument("--memory", default="handled.db", help="the file that remembers what was handled (handled.db)")
    chosen = arguments.parse_args()
    parameters = pika.URLParameters(os.environ["DEPLOYHUB_AMQP"])
    memory = Memory(chosen.memory)
    end = End()

    pause = 1
    while not end.wanted:
        started = time.monotonic()
        try:
            follow(parameters, chosen.queue, chosen.keys, memory, end)
        except (AMQPConnectionError, ChannelClosedByBroker) as problem:
            print(f"{problem!r}; again in {pause} s", file=sys.stderr, flush=True)
            time.sleep(pause)
            pause = 1 if time.monotonic() - started > 60 else min(pause * 2, 30)
    return 0


if __name__ == "__main__":
    sys.exit(main())
