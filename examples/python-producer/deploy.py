#!/usr/bin/python3
"""Deploys a container image by putting a command on DeployHub's queue, and waits for the answer.

The exit code tells it: 0 accepted, 1 refused, 2 no answer in time. The same key is sent with every try, so however often this is
repeated, one plan is begun.
"""
import argparse
import json
import os
import sys
import time
import uuid

import pika
from pika.exceptions import AMQPConnectionError, AMQPChannelError, NackError, UnroutableError

EXCHANGE = "deployhub.commands"


class NoAnswer(Exception):
    """The command may have arrived or not: send it again, under the same key."""


def ask(parameters, command, body, seconds):
    """Sends one command over a connection of its own and gives the answer to it."""
    connection = pika.BlockingConnection(parameters)
    try:
        channel = connection.channel()
        answers = []
        correlation_id = str(uuid.uuid4())

        # Direct reply-to: no queue has to be declared, so the user needs no right but to write to the exchange.
        channel.basic_consume("amq.rabbitmq.reply-to", lambda _c, _m, properties, text: answers.append((properties, text)), auto_ack=True)
        channel.confirm_delivery()
        channel.basic_publish(
            EXCHANGE,
            command,
            json.dumps(body).encode(),
            pika.BasicProperties(
                content_type="application/json",
                delivery_mode=2,  # survives a restart of the broker
                message_id=body["idempotencyKey"],
                correlation_id=correlation_id,
                reply_to="amq.rabbitmq.reply-to",
                user_id=parameters.credentials.username,  # checked by the broker: DeployHub knows the account by it
            ),
            mandatory=True,  # an exchange that leads to no queue is an error, not a silence
        )
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            connection.process_data_events(time_limit=max(0.1, end - time.monotonic()) if not answers else 0)
            for properties, text in answers:
                if properties.correlation_id == correlation_id:
                    return json.loads(text)
        raise NoAnswer(f"no answer within {seconds} seconds")
    finally:
        if connection.is_open:
            connection.close()


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("image", help="the container image's id in DeployHub")
    arguments.add_argument("tag", help="the tag to deploy")
    arguments.add_argument("--key", default=str(uuid.uuid4()), help="what the deploy is known by, such as the number of a build; repeat it to repeat the command")
    arguments.add_argument("--tries", type=int, default=5, help="how often it is sent before giving up (5)")
    arguments.add_argument("--wait", type=float, default=10, help="seconds to wait for the answer to each (10)")
    chosen = arguments.parse_args()
    parameters = pika.URLParameters(os.environ["DEPLOYHUB_AMQP"])
    body = {"containerImageId": chosen.image, "imageTag": chosen.tag, "idempotencyKey": chosen.key}

    for attempt in range(1, chosen.tries + 1):
        try:
            answer = ask(parameters, "deploy-container-image", body, chosen.wait)
            print(json.dumps(answer))
            return 0 if answer["status"] == "accepted" else 1
        except (AMQPConnectionError, AMQPChannelError, NackError, UnroutableError, NoAnswer) as problem:
            print(f"try {attempt} of {chosen.tries}: {problem!r}", file=sys.stderr)
            if attempt < chosen.tries:
                time.sleep(min(2**attempt, 30))
    return 2


if __name__ == "__main__":
    sys.exit(main())
