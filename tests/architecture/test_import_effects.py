"""Importing brokerport does nothing: no connection, no file, no thread, no logging set up."""

from __future__ import annotations

import json
import subprocess
import sys

PROBE = """
import importlib, json, logging, pkgutil, sys, threading, warnings

acts = []
FORBIDDEN = {"socket.connect", "socket.bind", "socket.getaddrinfo", "subprocess.Popen", "os.mkdir"}

def listen(event, args):
    written = event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+")
    if event in FORBIDDEN or (written and not str(args[0]).endswith((".pyc", ".nbi", ".nbc"))
                              and "__pycache__" not in str(args[0])):
        acts.append(f"{event} {args!r}")

def logging_state():
    return [repr(handler) for handler in logging.root.handlers], logging.root.level

before = logging_state()
import brokerport
names = [module.name for module in pkgutil.walk_packages(brokerport.__path__, "brokerport.")
         if not module.name.endswith("__main__")]
sys.addaudithook(listen)
for name in names:
    importlib.import_module(name)
for thread in threading.enumerate():
    if thread is not threading.main_thread():
        acts.append(f"thread {thread.name}")
if logging_state() != before:
    acts.append(f"logging {before} became {logging_state()}")
print(json.dumps({"imported": names, "acts": acts}))
"""


def test_importing_every_module_has_no_effect() -> None:
    """Configuration and connections are built at start, by the container, never by an import."""
    run = subprocess.run(
        [sys.executable, "-B", "-W", "error::ResourceWarning", "-c", PROBE],
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    outcome = json.loads(run.stdout)
    assert "brokerport.domain.orders" in outcome["imported"]
    assert outcome["acts"] == []
