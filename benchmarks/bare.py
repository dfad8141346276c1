"""The baseline of the HTTP API: FastAPI with the same request and response models and nothing behind them.

``python -m benchmarks.bare KIND PORT``. Kinds:
``model``  reads AnswerRequest and returns a constant AnswerModel, as FastAPI's documentation has it;
``bytes``  reads AnswerRequest and returns a constant, ready-made body: the least that FastAPI can do;
``raw``    no FastAPI at all: a socket that reads a request and writes the ready-made body, to find out how
           many requests the load generator can make.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime

from api.models import AnswerModel, AnswerRequest

_TEXT = (
    "Open “My orders”, select the order and choose “Cancel”. This works until the order is packed, normally within "
    "2 hours of ordering. You will receive an e-mail confirming the cancellation; a card is only charged at "
    "dispatch, so nothing is taken."
)

ANSWER = {
    "id": "ans_5c85e1982b364de2b125a74021edfbc0",
    "decision": "answered",
    "reason": "confident",
    "confidence": 0.9731,
    "message": _TEXT,
    "language": {"code": "en", "source": "detected", "confidence": 0.9994},
    "answer": {
        "article_id": "order-cancel",
        "revision": 1,
        "question": "How do I cancel my order?",
        "text": _TEXT,
        "url": "https://vilora.example/help/order-cancel",
        "language": "en",
        "translation": {"kind": "human", "from": None, "engine": None},
    },
    "choices": [],
    "ticket": {"id": "T-7K3QX9M", "status": "new", "due_at": datetime(2030, 1, 1, tzinfo=UTC)},
    "generation": 1,
}


def main() -> None:
    kind, port = sys.argv[1], int(sys.argv[2])
    if kind == "raw":
        asyncio.run(_serve_raw(port))
    elif kind in ("model", "bytes"):
        _serve_fastapi(kind, port)
    else:
        raise SystemExit(f"the kind is {kind!r}; expected model, bytes or raw")


def _serve_fastapi(kind: str, port: int) -> None:
    import uvicorn
    from fastapi import FastAPI, Response

    app = FastAPI()
    answer = AnswerModel.model_validate(ANSWER)
    body = answer.model_dump_json(by_alias=True).encode()

    if kind == "model":

        @app.post("/v1/answers", response_model=AnswerModel)
        async def ask(body: AnswerRequest) -> AnswerModel:
            return answer
    else:

        @app.post("/v1/answers", response_model=AnswerModel)
        async def ask_ready(request: AnswerRequest) -> Response:
            return Response(body, media_type="application/json")

    @app.get("/readyz")
    async def ready() -> dict[str, str]:
        return {"status": "ok"}

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False, server_header=False)


class _Raw(asyncio.Protocol):
    body = AnswerModel.model_validate(ANSWER).model_dump_json(by_alias=True).encode()
    reply = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\ncontent-type: application/json\r\n\r\n%s" % (len(body), body)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(self.reply)  # the generator's requests come one by one, each in one piece


async def _serve_raw(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Raw, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    main()
