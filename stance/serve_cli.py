"""``stance serve``: the HTTP service from the command line."""

from __future__ import annotations

import argparse
import ipaddress
import socket
import sys
from contextlib import suppress

from stance.errors import InputError, require
from stance.opening import open_classifier
from stance.output import print_json, say


def serve(options: argparse.Namespace) -> int:
    """Answer over HTTP until told to stop."""
    require("fastapi", "serve")
    require("prometheus_client", "serve")
    uvicorn = require("uvicorn", "serve")
    from stance.service.app import build_app
    from stance.service.gate import VARIABLE, read_key

    key = read_key()
    with listen(options.host, options.port) as listener:
        host, port = listener.getsockname()[:2]
        url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        if key is None and not ipaddress.ip_address(host).is_loopback:
            say(f"stance: warning: {url} is open to everyone who reaches this machine; set {VARIABLE}")
        classifier = open_classifier(options)
        app = build_app(classifier, limits=options.limits, key=key)
        # without its own logging: warnings go to stderr, nothing to stdout
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="on"))
        if options.json:
            print_json({"url": url, "model": classifier.checkpoint.digest, "runtime": classifier.runtime})
            sys.stdout.flush()
        else:
            say(f"listening on {url}; Ctrl+C stops")
        with suppress(KeyboardInterrupt):  # raised once more when everything accepted is answered
            server.run(sockets=[listener])
    return 0


def listen(host: str, port: int) -> socket.socket:
    """Take an address; connections wait until they are answered.

    Raises
    ------
    InputError
        If the address is unknown, taken or not allowed.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=1024)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no host name"
        raise InputError(
            f"cannot listen on {host!r:.80}, port {port}: {reason}; give another --host or --port"
        ) from error
    # accepted connections inherit it; without it the body of an answer waits until the headers are confirmed
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
