"""A headless Chromium that opens a page at a width, answers questions about it, and clicks.

It is spoken to through its own debugging protocol (https://chromedevtools.github.io/devtools-protocol/), so that no
driver has to be installed; tests that need it are skipped where there is none.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
FOUND = next((path for name in NAMES if (path := shutil.which(name))), None)
needs_chromium = pytest.mark.skipif(FOUND is None, reason="no Chromium on this machine")
PATIENCE = 60.0
"""Seconds to wait for something to come true on a busy machine."""
WIDTHS = {"desktop": 1280, "phone": 390}


class Browser:
    """One window; use it in a `with` statement."""

    def __enter__(self) -> Browser:
        from tornado.websocket import websocket_connect

        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        options = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars")
        command = [str(FOUND), *options, "--remote-debugging-port=0", f"--user-data-dir={self._folder.name}"]
        self._process = subprocess.Popen(
            [*command, "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._loop, self._sent, self.addresses = asyncio.new_event_loop(), 0, set[str]()
        self.faults: list[str] = []
        written = Path(self._folder.name) / "DevToolsActivePort"
        until(lambda: written.exists() and written.read_text())
        with urllib.request.urlopen(f"http://127.0.0.1:{written.read_text().split()[0]}/json") as answer:
            address = next(tab["webSocketDebuggerUrl"] for tab in json.load(answer) if tab["type"] == "page")

        async def connect() -> Any:
            return await websocket_connect(address, max_message_size=2**28)

        self._socket = self._loop.run_until_complete(connect())
        for domain in ("Page", "Runtime", "Network"):
            self.call(f"{domain}.enable")
        return self

    def __exit__(self, *error: object) -> None:
        self._socket.close()
        self._process.terminate()
        self._process.wait()
        self._loop.close()
        self._folder.cleanup()

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Call a method of the protocol; what the page fetches and what goes wrong in it meanwhile is noted."""
        self._sent += 1
        message = json.dumps({"id": self._sent, "method": method, "params": parameters})

        async def exchange() -> dict[str, Any]:
            await self._socket.write_message(message)
            while True:
                heard = json.loads(await self._socket.read_message())
                if heard.get("method") == "Network.requestWillBeSent":
                    self.addresses.add(heard["params"]["request"]["url"])
                if heard.get("method") == "Runtime.exceptionThrown":
                    self.faults.append(str(heard["params"]["exceptionDetails"]))
                if heard.get("id") == self._sent:
                    return dict(heard["result"])

        return self._loop.run_until_complete(exchange())

    def open(self, address: str, width: int, height: int = 900) -> None:
        """Open a page at a width, pixels."""
        sizes = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **sizes)
        self.call("Page.navigate", url=address)
        until(lambda: self.ask("document.readyState") == "complete")

    def ask(self, script: str) -> Any:
        """Value of an expression in the page; nothing where it fails."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True)["result"]
        return None if found.get("subtype") == "error" else found.get("value")

    def overflows(self) -> int:
        """Pixels by which the page is wider than the window."""
        return int(self.ask("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def until(true: Callable[[], object]) -> None:
    """Wait until something is true."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)
