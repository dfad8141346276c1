"""A real browser and a real server for the tests of the chat page."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from api.app import create_app
from api.product import Product
from api.settings import read_settings
from index.builder import build
from knowledge.sample import sample_articles
from tests.api.page.chat_page import PATIENCE, SPY, ChatPage, prefer

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")


@pytest.fixture(scope="session")
def live_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of a server that answers from the sample shop's articles."""
    settings = read_settings(data_dir=tmp_path_factory.mktemp("data"))
    product = Product(settings)
    product.importer.run(sample_articles(), filename="articles.jsonl", by="tests")
    build(product.generations, product.store, product.encoder)
    product.close()
    server = uvicorn.Server(uvicorn.Config(create_app(settings), port=0, ws="none", log_level="warning"))
    thread = threading.Thread(target=server.run, name="live-server")
    thread.start()
    try:
        deadline = time.monotonic() + PATIENCE
        while not server.started:
            assert thread.is_alive(), "the server did not start; its log says why"
            assert time.monotonic() < deadline, f"the server has not started within {PATIENCE} seconds"
            time.sleep(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(PATIENCE)


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """Yield a headless Chromium; skip, or fail under CI, where it is not installed."""
    if not (CHROMIUM.exists() and DRIVER.exists()):
        reason = f"{CHROMIUM} or {DRIVER} is missing. Install them with: apt-get install chromium chromium-driver"
        if os.environ.get("CI"):
            pytest.fail(f"{reason}; CI must test the page in a browser")
        pytest.skip(reason)
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (
        "headless",
        "no-sandbox",
        "disable-gpu",
        "disable-quic",
        "no-first-run",
        "disable-background-networking",
        "disable-component-update",
        "disable-dev-shm-usage",
        "disable-sync",
    ):
        options.add_argument(f"--{flag}")
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": SPY})
    driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Europe/Minsk"})
    prefer(driver)
    yield driver
    driver.quit()


@pytest.fixture
def page(chromium: webdriver.Chrome, live_server: str) -> Iterator[ChatPage]:
    """Yield the page opened anew; no test may leave an error or a broken policy in the console."""
    chat = ChatPage(chromium, live_server)
    chat.errors()  # what an earlier test left behind is not this one's
    chat.open()
    yield chat
    assert chat.errors() == []
