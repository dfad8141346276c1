"""The chat page as a customer handles it, and replies that a test puts in the server's place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

QUESTION = "Where is my order and how can I check its status?"  # as the sample shop has it
PATIENCE = 20  # seconds: a slow shared machine, not a slow page

# Stands between the page and the server: notes what is sent, and may answer in the server's place.
SPY = """
window.spy = { sent: [], prepared: [], hold: null };
const reach = window.fetch;
window.fetch = async (address, options) => {
  if (options?.method !== "POST") return reach(address, options);
  spy.sent.push({ path: new URL(address).pathname, body: JSON.parse(options.body), raw: options.body });
  const prepared = spy.prepared.shift();
  await spy.hold;
  if (prepared === "no network") throw new TypeError("Failed to fetch");
  if (prepared === "never") {
    const { signal } = options;
    return new Promise((_, reject) => { signal.addEventListener("abort", () => reject(signal.reason)); });
  }
  if (!prepared) return reach(address, options);
  return new Response(JSON.stringify(prepared.body), { status: prepared.status ?? 200, headers: prepared.headers });
};
"""


class ChatPage:
    """The page as a customer handles it."""

    def __init__(self, driver: webdriver.Chrome, address: str) -> None:
        self.driver = driver
        self.address = address

    def open(self, language: str = "en-US", *, width: int = 1100, height: int = 800) -> None:
        cdp = self.driver.execute_cdp_cmd
        agent = self.driver.execute_script("return navigator.userAgent")
        cdp("Emulation.setUserAgentOverride", {"userAgent": agent, "acceptLanguage": language})
        phone = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        cdp("Emulation.setDeviceMetricsOverride", phone)
        if not self.driver.current_url.startswith(self.address):
            self.driver.get(f"{self.address}/")
        self.driver.execute_script("localStorage.clear(); sessionStorage.clear()")
        self.reload()

    def reload(self) -> None:
        self.driver.get(f"{self.address}/")
        self.settle()

    def wait(self, condition: Callable[[], Any]) -> Any:
        return WebDriverWait(self.driver, PATIENCE, poll_frequency=0.05).until(lambda _: condition())

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def find(self, selector: str) -> WebElement | None:
        found = self.all(selector)
        return found[-1] if found else None

    def last(self, selector: str) -> WebElement:
        """Return the newest such element, waiting until there is one."""
        element: WebElement = self.wait(lambda: self.find(selector))
        return element

    def prepare(self, *replies: Any) -> None:
        self.driver.execute_script("spy.prepared.push(...arguments[0])", list(replies))

    def sent(self) -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = self.driver.execute_script("return spy.sent")
        return sent

    @property
    def question(self) -> WebElement:
        return self.last("#question")

    def type(self, text: str) -> None:
        """Put the text into the question box: the driver itself cannot type beyond the basic plane."""
        script = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input', {bubbles: true}))"
        self.driver.execute_script(script, self.question, text)

    def ask(self, text: str) -> None:
        """Ask, and wait until the server's word on it is shown."""
        self.type(text)
        self.question.send_keys(Keys.ENTER)
        self.settle()

    def settle(self) -> None:
        self.wait(lambda: self.find("#stream[data-state=ready]"))

    def press(self, *keys: str) -> None:
        self.driver.switch_to.active_element.send_keys(*keys)

    def said(self, who: str = "theirs") -> list[str]:
        return [str(bubble.get_property("textContent")) for bubble in self.all(f".{who} .bubble")]

    def errors(self) -> list[dict[str, Any]]:
        """Return what the console has complained of since the last call, broken policies included."""
        log: list[dict[str, Any]] = self.driver.execute("getLog", {"type": "browser"})["value"]
        return [entry for entry in log if entry["level"] == "SEVERE"]

    def root(self, attribute: str) -> str | None:
        return self.last("html").get_attribute(attribute)

    def overflow(self) -> int:
        """Return by how many CSS pixels the page is wider than the window."""
        return int(self.driver.execute_script("return document.documentElement.scrollWidth - window.innerWidth"))


def prefer(driver: webdriver.Chrome, *, motion: str = "reduce", scheme: str = "light") -> None:
    features = [
        {"name": "prefers-reduced-motion", "value": motion},
        {"name": "prefers-color-scheme", "value": scheme},
    ]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def reply(message: str, language: str = "en", **rest: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": "ans_1",
        "decision": "answered",
        "message": message,
        "language": {"code": language, "source": "detected", "confidence": 0.9},
        "answer": None,
        "choices": [],
        "ticket": None,
    }
    return {"body": body | rest}


CLARIFY = reply(
    "Did you mean one of these?",
    decision="clarify",
    choices=[
        {"article_id": "returns", "question": QUESTION},
        {"article_id": "refunds", "question": "When is it paid?"},
    ],
)


def problem(status: int, detail: str, **headers: str) -> dict[str, Any]:
    body = {"type": "about:blank", "title": "Refused", "status": status, "detail": detail, "request_id": "r-1"}
    return {"status": status, "headers": headers, "body": body}
