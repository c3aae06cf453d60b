"""Publishing to JetStream with many messages under way: all are sent, then all answers are awaited.

A message whose answer is lost with the connection is sent again; its id keeps it from being stored twice. What
the server stored before it went is a beginning of what was sent, so that the order stays as it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from matinee.base.bus.link import Link

_UNDER_WAY = 2000
"""Messages sent before their answers; a server drops what it cannot queue."""
_PAUSE_S = 0.1
_PATIENCE_S = 2.0
"""Silence after which what has no answer is sent again."""

Batch = Sequence[tuple[str, bytes]]


@dataclass
class Answers:
    """What the server said of a batch so far, by number of the message."""

    total: int
    offsets: dict[int, int] = field(default_factory=dict)
    doubled: set[int] = field(default_factory=set)
    refusal: str = ""
    unheard: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)
    repeated: set[int] = field(default_factory=set)
    """Sent more than once by us: a double of these may be our own."""

    @property
    def complete(self) -> bool:
        """Whether every message is stored."""
        return len(self.offsets) == self.total

    async def take(self, message: Msg) -> None:
        """One answer came."""
        number = int(message.subject.rpartition(".")[2])
        said: dict[str, Any] = orjson.loads(message.data) if message.data else {}
        if not said:  # nobody listens: JetStream is still starting, or has lost its stream
            self.unheard = True
        elif error := said.get("error"):
            self.refusal = str(error.get("description", error))
        else:
            self.offsets[number] = said["seq"]
            if said.get("duplicate") and number not in self.repeated:
                self.doubled.add(number)
        self.news.set()


async def publish(link: Link, subject: str, messages: Batch) -> Answers:
    """Publish in order and wait for all answers.

    Raises `Unavailable` where the server refuses, or says nothing for the link's timeout.
    """
    answers = Answers(len(messages))
    inbox = link.client.new_inbox()
    replies = await link.client.subscribe(f"{inbox}.*", cb=answers.take)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + link.timeout_s
    try:
        while not answers.complete:
            before = len(answers.offsets)
            await link.connected(deadline)
            await _send(link, subject, messages, inbox, answers)
            if answers.refusal:
                raise link.refused(answers.refusal)
            if len(answers.offsets) > before:
                deadline = loop.time() + link.timeout_s
            elif loop.time() > deadline:
                raise link.refused("no stream takes these messages") if answers.unheard else link.gone(None)
            elif answers.unheard:
                await asyncio.sleep(_PAUSE_S)
    finally:
        await _forget(replies)
    return answers


async def _send(link: Link, subject: str, messages: Batch, inbox: str, answers: Answers) -> None:
    """Send what has no answer yet; returns when all have, or after silence, or when the connection goes."""
    sent: list[int] = []
    answers.unheard = False
    for number, (name, body) in enumerate(messages):
        if number in answers.offsets:
            continue
        await link.client.publish(subject, body, f"{inbox}.{number}", {"Nats-Msg-Id": name})
        sent.append(number)
        if len(sent) >= _UNDER_WAY and not await _wait(link, answers, len(sent) - _UNDER_WAY // 2, sent):
            break
    else:
        await _wait(link, answers, len(sent), sent)
    answers.repeated.update(number for number in sent if number not in answers.offsets)


async def _wait(link: Link, answers: Answers, wanted: int, sent: list[int]) -> bool:
    """Wait for answers to the first `wanted` of the `sent`; False where they did not come."""
    awaited = sent[wanted - 1]
    while awaited not in answers.offsets:
        if answers.refusal or answers.unheard or not link.client.is_connected:
            return False
        answers.news.clear()
        try:
            await asyncio.wait_for(answers.news.wait(), _PATIENCE_S)
        except TimeoutError:
            return False
    return True


async def _forget(replies: Subscription) -> None:
    with suppress(NatsError, OSError):  # the connection may be gone, and the subscription with it
        await replies.unsubscribe()
