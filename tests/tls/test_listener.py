"""A listening socket under a flood: each address has its share, and running out of descriptors is survived."""

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
import textwrap

import pytest

from octt.tls import listener as room
from octt.tls.listener import Listener


def connected(port):
    return socket.create_connection(("127.0.0.1", port), 20)


@contextlib.asynccontextmanager
async def echo(report=None):
    """An echo server on a Listener; its port."""

    async def serve(reader, writer):
        writer.write(await reader.read(100))
        await writer.drain()
        writer.close()

    listener = Listener("127.0.0.1", 0, report=report)
    async with await asyncio.start_server(serve, sock=listener):
        yield listener.getsockname()[1]


async def said(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"hello")
        return await asyncio.wait_for(reader.read(), 20)
    finally:
        writer.close()


def test_one_address_has_its_share_and_no_more(monkeypatch):
    monkeypatch.setattr(room, "PER_PEER", 5)

    async def work():
        turned_away, noticed = [], asyncio.Event()

        def report(opening):
            turned_away.append(opening)
            noticed.set()

        async with echo(report) as port, asyncio.timeout(20):
            held = [connected(port) for _ in range(5)]
            one_more = connected(port)
            await noticed.wait()
            assert await asyncio.to_thread(one_more.recv, 1) == b""
            one_more.close()
            assert "127.0.0.1 has 5 connections to this port already" in turned_away[0].failure
            for connection in held:
                connection.close()
            while True:  # until the server has seen them leave
                with contextlib.suppress(ConnectionError):
                    if await said(port) == b"hello":
                        return
                await asyncio.sleep(0.01)

    asyncio.run(work())


OUT_OF_DESCRIPTORS = """
import asyncio, json, resource, sys
from octt.tls.listener import Listener

resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
errors, turned_away = [], []

async def serve(reader, writer):
    writer.write(await reader.read(100))
    writer.close()

async def main():
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: errors.append(context["message"]))
    listener = Listener("127.0.0.1", 0, report=turned_away.append)
    async with await asyncio.start_server(serve, sock=listener):
        print(listener.getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        print(json.dumps([errors, sorted({opening.failure for opening in turned_away})]), flush=True)
        await asyncio.to_thread(sys.stdin.readline)

asyncio.run(main())
"""


def test_no_descriptor_left_is_no_flood_of_errors_and_no_end():
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(OUT_OF_DESCRIPTORS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        port = int(process.stdout.readline())
        held = [connected(port) for _ in range(60)]
        # Those that were turned away are closed; the first ones wait for a word from us.
        assert held[-1].recv(1) == b""
        process.stdin.write("\n")
        process.stdin.flush()
        errors, reasons = json.loads(process.stdout.readline())
        for connection in held:
            connection.close()
        assert errors == []
        assert reasons == ["this computer had no descriptor left for another connection"]
        assert asyncio.run(said_in_the_end(port)) == b"hello"
        process.stdin.close()
    assert process.returncode == 0


async def said_in_the_end(port):
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(ConnectionError):
                if answer := await said(port):
                    return answer
            await asyncio.sleep(0.01)


def test_what_an_event_loop_needs_to_wait_is_raised():
    with Listener("127.0.0.1", 0) as listener, pytest.raises(BlockingIOError):
        listener.accept()
