"""``python -m benchmarks.speed.silence``: use the package where opening a socket kills the process.

A seccomp filter of the Linux kernel does so, for native code too and for every child; nothing has to
be believed of a library. What a process would send, it has to open a socket for.

Run as a file by the interpreter of any environment that has the package (no other module is needed).
"""

from __future__ import annotations

import ctypes
import json
import platform
import struct
import sys

SYSCALLS = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""Of a processor the name of its calls in filters (linux/audit.h), and the number of ``socket``."""

_NO_NEW_PRIVILEGES, _SET_FILTER, _FILTER_MODE = 38, 22, 2
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_KILL_PROCESS, _ALLOW = 0x80000000, 0x7FFF0000
_NUMBER, _ARCHITECTURE = 0, 4


def can_forbid() -> bool:
    """Whether this system has the filter, for a processor whose calls are known here."""
    return sys.platform == "linux" and platform.machine() in SYSCALLS


def forbid_sockets() -> None:
    """From now on the kernel ends this process, and its children, when they open a socket.

    Raises
    ------
    OSError
        If the kernel does not take the filter.
    """
    architecture, number = SYSCALLS[platform.machine()]
    program = b"".join(
        struct.pack("HBBI", *step)
        for step in (
            (_LOAD, 0, 0, _ARCHITECTURE),
            (_JUMP_IF_EQUAL, 0, 2, architecture),
            (_LOAD, 0, 0, _NUMBER),
            (_JUMP_IF_EQUAL, 0, 1, number),
            (_RETURN, 0, 0, _KILL_PROCESS),
            (_RETURN, 0, 0, _ALLOW),
        )
    )

    class Filter(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("program", ctypes.c_char_p))

    kernel = ctypes.CDLL(None, use_errno=True)
    rule = Filter(len(program) // 8, program)
    done = kernel.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    done = done or kernel.prctl(_SET_FILTER, _FILTER_MODE, ctypes.byref(rule), 0, 0)
    if done:
        raise OSError(ctypes.get_errno(), "the kernel takes no filter of system calls")


def use_the_package() -> dict[str, object]:
    """Classify, check and compare, and return what was loaded on the way."""
    from stance import Article, StanceClassifier, check_article, compare_sources

    processes: list[str] = []
    sys.addaudithook(
        lambda event, _: processes.append(event) if event in ("subprocess.Popen", "os.fork") else None
    )
    classifier = StanceClassifier.from_pretrained(device="cpu")
    claim, sentence = "The envoys met.", "The ministry denied that the envoys had met."
    label = classifier.classify(claim, sentence).label.value
    check_article(classifier, claim, Article(sentence))
    compare_sources(classifier, [claim], [Article(sentence, article_id="a"), Article(claim, article_id="b")])
    packages = {name.partition(".")[0] for name in sys.modules}
    return {
        "label": label,
        "telemetry_modules": sorted(package for package in packages if "telemetry" in package),
        "processes": processes,
    }


if __name__ == "__main__":
    forbid_sockets()
    if "--open-one" in sys.argv:  # what shows that the filter works
        import socket

        socket.socket()
    print(json.dumps(use_the_package()))
