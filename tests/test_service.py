"""The HTTP service: its answers are those of the direct call; everything else gets a reason as JSON."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stance import Article, StanceClassifier, __version__, check_article, compare_sources
from stance.checkpoint import Checkpoint
from stance.errors import InputError
from stance.inference.encoding import EncodedPairs
from stance.schema import Prediction
from stance.service import gate, models, routes
from stance.service.app import REFUSALS, build_app
from stance.service.limits import Limits
from starlette.testclient import TestClient

from conftest import WORDS, wait_for
from strategies import texts

KEY = "s3cret-key"
STATUSES = {200, 400, 401, 404, 413, 422, 429}
POSTS = ("/classify", "/check", "/compare")
PAIR = {"claim": "the minister met the envoy", "sentence": "they met on monday"}
TEXT = "They met on Monday. The ministry denied reports of talks!\nADVERTISEMENT\nNo."
BODIES: dict[str, dict[str, Any]] = {
    "/classify": {"pairs": [PAIR, {"claim": "it rose", "sentence": "no " * 200}]},
    "/check": {"claim": "they spoke", "article": {"text": TEXT, "outlet": "Outlet Ü", "url": "https://a.b"}},
    "/compare": {
        "claims": ["they spoke", "the minister met the envoy"],
        "articles": [{"text": TEXT, "article_id": "a"}, {"text": "No talks took place.", "article_id": "b"}],
    },
}


@pytest.fixture(scope="module")
def client(clf: StanceClassifier) -> Iterator[TestClient]:
    limits = Limits(body_bytes=200_000, pairs=300, characters=5_000)
    with TestClient(build_app(clf, limits=limits)) as client:
        yield client


def reason(response: Any, status: int) -> str:
    """Return the message of a refusal after a look at its shape."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert list(response.json()) == ["error"]
    message = response.json()["error"]
    assert "Traceback" not in message
    return str(message)


def same(one: Any, other: Any) -> bool:
    """Tell whether two answers are equal, numbers within what padding may change."""
    if isinstance(one, float):
        return bool(abs(one - other) <= 1e-3)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    return bool(one == other)


def direct(clf: StanceClassifier, path: str, body: Any) -> Any:
    """Return what the package says without a service."""
    if path == "/classify":
        found = clf.classify_pairs([(pair["claim"], pair["sentence"]) for pair in body["pairs"]])
        return [
            {
                "label": one.label.value,
                "probabilities": {label.value: p for label, p in one.probabilities.items()},
                "voice": one.voice,
                "truncated": one.truncated,
            }
            for one in found
        ]
    if path == "/check":
        return check_article(clf, body["claim"], Article(**body["article"])).to_dict()
    return compare_sources(clf, body["claims"], [Article(**one) for one in body["articles"]]).to_dict()


# answers


@pytest.mark.parametrize("path", POSTS)
def test_the_answer_is_that_of_the_direct_call(client: TestClient, clf: StanceClassifier, path: str) -> None:
    response = client.post(path, json=BODIES[path])
    assert response.status_code == 200
    assert same(response.json(), direct(clf, path, BODIES[path]))


def test_a_sentence_that_was_cut_is_said_to_be(client: TestClient) -> None:
    answers = client.post("/classify", json=BODIES["/classify"]).json()
    assert [one["truncated"] for one in answers] == [False, True]
    article = {"text": f"They spoke. The {'rose ' * 200}fell."}
    checked = client.post("/check", json={"claim": "they spoke", "article": article}).json()
    assert [one["truncated"] for one in checked["sentences"]] == [False, True]
    compared = client.post("/compare", json={"claims": ["they spoke"], "articles": [article]}).json()
    assert compared["claims"][0]["articles"][0]["cut_sentences"] == 1


def test_answers_name_the_voice_where_the_checkpoint_tells(speaking_checkpoint: Checkpoint) -> None:
    clf = StanceClassifier.from_pretrained(speaking_checkpoint.path, device="cpu")
    sentences = ("the envoy said that it rose", "reports of talks the ministry denied", "no")
    body = {"pairs": [{"claim": "the talks took place", "sentence": one} for one in sentences]}
    with TestClient(build_app(clf)) as client:
        answers = client.post("/classify", json=body).json()
        checked = client.post("/check", json=BODIES["/check"]).json()
    assert same(answers, direct(clf, "/classify", body))
    voices = [one["voice"] for one in answers]
    assert any(voices)
    assert all(voice in sentence for voice, sentence in zip(voices, sentences, strict=True) if voice)
    assert any(one["voice"] is not None for one in checked["sentences"])


def test_no_pairs_are_no_answers(client: TestClient) -> None:
    assert client.post("/classify", json={"pairs": []}).json() == []


def test_fifty_clients_at_once_get_their_own_answers(clf: StanceClassifier) -> None:
    words = " ".join(WORDS).split()

    def sentence(seed: int) -> str:
        return " ".join(words[(seed * (k + 3) + k * k) % len(words)] for k in range(3 + seed % 17))

    def body(number: int) -> tuple[str, Any]:
        path = POSTS[number % 3]
        claim = sentence(number)
        if path == "/classify":
            count = 60 if number % 10 == 0 else 1 + number % 7
            pairs = [{"claim": claim, "sentence": sentence(number * 100 + k)} for k in range(count)]
            return path, {"pairs": pairs}
        articles = [
            {"text": ". ".join(sentence(number + k * j).capitalize() for k in range(5)), "article_id": f"{j}"}
            for j in range(1, 3)
        ]
        if path == "/check":
            return path, {"claim": claim, "article": articles[0]}
        return path, {"claims": [claim, sentence(number + 1)], "articles": articles}

    requests = [body(number) for number in range(100)]
    expected = [direct(clf, *request) for request in requests]
    with (
        TestClient(build_app(clf, limits=Limits(batch_tokens=512))) as client,
        ThreadPoolExecutor(50) as clients,
    ):
        answers = list(clients.map(lambda request: client.post(request[0], json=request[1]), requests))
    assert [answer.status_code for answer in answers] == [200] * len(requests)
    wrong = [n for n, answer in enumerate(answers) if not same(answer.json(), expected[n])]
    assert wrong == []


def test_health_tells_what_answers(client: TestClient, clf: StanceClassifier) -> None:
    response = client.get("/health")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "version": __version__,
        "model": clf.checkpoint.digest,
        "runtime": clf.runtime,
    }


def test_health_fails_when_nobody_answers(clf: StanceClassifier) -> None:
    client = TestClient(build_app(clf))  # not started
    assert client.get("/health").status_code == 503
    assert client.get("/health").json()["status"] == "failed"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_who_computes_nothing_says_503_and_not_to_ask_again(
    clf: StanceClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(client: TestClient, message: str) -> None:
        for path in POSTS:
            response = client.post(path, json=BODIES[path])
            assert message in reason(response, 503)
            assert "retry-after" not in response.headers
        assert client.post("/classify", json={"pairs": []}).status_code == 503

    def end(*_: object) -> None:
        raise SystemExit

    client = TestClient(build_app(clf))
    refused(client, "nothing computes here: the service was not started")
    with TestClient(build_app(clf), raise_server_exceptions=False) as failing:
        monkeypatch.setattr(StanceClassifier, "classify_encoded", end)
        assert failing.post("/classify", json=BODIES["/classify"]).status_code == 500
        assert failing.get("/health").status_code == 503
        refused(failing, "or failed; look at its log")
    refused(failing, "the service is stopping")


# OpenAPI


def test_the_examples_in_openapi_are_answered_and_the_answers_have_the_described_form(
    client: TestClient,
) -> None:
    described = client.get("/openapi.json").json()
    answers = {
        "/classify": models.PairOut,
        "/check": models.CheckAnswer,
        "/compare": models.CompareAnswer,
    }
    for path, model in answers.items():
        post = described["paths"][path]["post"]
        name = post["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        (example,) = described["components"]["schemas"][name]["examples"]
        answer = client.post(path, json=example)
        assert answer.status_code == 200
        for one in answer.json() if path == "/classify" else [answer.json()]:
            model.model_validate(one, strict=True)  # unknown and missing names are refused
        assert set(post["responses"]) == {"200", *map(str, REFUSALS)}
        assert post["responses"]["422"]["content"]["application/json"]["schema"]["$ref"].endswith("Problem")
    models.HealthAnswer.model_validate(client.get("/health").json(), strict=True)
    assert set(described["paths"]) == {*POSTS, "/health", "/metrics"}


def test_openapi_tells_of_the_key_where_there_is_one(clf: StanceClassifier, client: TestClient) -> None:
    shown = {"Authorization": f"Bearer {KEY}"}
    described = TestClient(build_app(clf, key=KEY)).get("/openapi.json", headers=shown).json()
    assert set(described["components"]["securitySchemes"]) == {"HTTPBearer", "APIKeyHeader"}
    assert "security" in described["paths"]["/check"]["post"]
    assert "security" not in described["paths"]["/health"]["get"]
    assert "securitySchemes" not in client.get("/openapi.json").json()["components"]


# refusals


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/classify", {}, "pairs: Field required; see /openapi.json"),
        ("/classify", [], "the body: Input should be a valid dictionary"),
        ("/classify", None, "the body: "),
        ("/classify", "x", "the body: Input should be a valid dictionary"),
        ("/classify", {"pairs": "x" * 100}, f"pairs: Input should be a valid list, not '{'x' * 59};"),
        ("/classify", {"pairs": [PAIR, 5]}, "pairs[1]: Input should be a valid dictionary"),
        ("/classify", {"pairs": [{"claim": "a"}]}, "pairs[0].sentence: Field required"),
        ("/classify", {"pairs": [{**PAIR, "claim": 5}]}, "valid string, not 5; see"),
        ("/classify", {"pairs": [{**PAIR, "claim": None}]}, "pairs[0].claim: Input should be a valid string"),
        ("/classify", {"pairs": [PAIR], "a b": 1}, "a b: Extra inputs are not permitted, not 1"),
        ("/classify", {"pairs": [PAIR], "pears": 1}, "pears: Extra inputs are not permitted"),
        ("/classify", {"pairs": [PAIR], "a b\ud800": 1}, "string, unable to parse raw data as a unicode"),
        ("/classify", {"a": 1, "b": 2}, "pairs: Field required"),
        ("/classify", {"pairs": [PAIR, {**PAIR, "sentence": " "}]}, "pair 1: sentence is empty"),
        ("/classify", {"pairs": [{**PAIR, "claim": "\ud800"}]}, "pairs[0].claim holds a lone surrogate"),
        ("/classify", {"pairs": [{**PAIR, "claim": "met " * 99}]}, "pair 0: the claim 'met met"),
        ("/classify", {"pairs": [PAIR], "k" * 100: 1}, f"{'k' * 60}: Extra inputs are not permitted"),
        ("/classify", {"pairs": [1] * 9999}, "pairs[0]: Input should be a valid dictionary"),
        ("/classify", {"pairs": [PAIR] * 301}, "makes 301 or more pairs of a claim and a sentence"),
        ("/classify", {"pairs": [{**PAIR, "sentence": "x" * 5001}]}, "sentence has 5,001 characters"),
        ("/check", {"claim": "x", "article": TEXT}, "article: Input should be a valid dictionary"),
        ("/check", {"claim": "", "article": {"text": TEXT}}, "the claim is ''; expected a text"),
        ("/check", {"claim": "x", "article": {"text": " \n"}}, "article 'article' has no text"),
        ("/check", {"claim": "x", "article": {"text": "x" * 5001}}, "article.text has 5,001 characters"),
        ("/check", {"claim": "x", "article": {"text": "x", "outlet": "\udfff"}}, "article.outlet holds"),
        ("/check", {"claim": "x", "article": {"text": "x", "outlet": 5}}, "article.outlet: Input should be"),
        ("/compare", {"claims": [], "articles": [{"text": "x"}]}, "no claim is given"),
        ("/compare", {"claims": ["x"], "articles": []}, "no article is given"),
        ("/compare", {"claims": "x", "articles": [{"text": "x"}]}, "claims: Input should be a valid"),
        ("/compare", {"claims": ["x"], "articles": [{"text": "x", "article_id": "a"}] * 2}, "the id 'a'"),
        ("/compare", {"claims": ["x"] * 101, "articles": [{"text": "A.\nB.\nC."}]}, "makes 303 or more"),
        ("/compare", {"claims": ["x"] * 9999, "articles": [{"text": "A.\n" * 999}] * 9}, "or more pairs"),
        ("/compare", {"claims": ["x", "y" * 5001], "articles": [{"text": "x"}]}, "claims[1] has 5,001"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_explained(client: TestClient, path: str, body: Any, message: str) -> None:
    content = json.dumps(body).encode()
    response = client.post(path, content=content, headers={"content-type": "application/json"})
    assert message in reason(response, 422)


@pytest.mark.parametrize("claims", [[], ["x"], ["x"] * 100])
def test_what_has_too_many_lines_is_refused_before_it_is_cut(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, claims: list[str]
) -> None:
    def cut(text: str) -> Any:
        raise AssertionError("was cut")

    monkeypatch.setattr(routes, "split_sentences", cut)
    articles = [{"text": "Related\n" * 151, "article_id": name} for name in "ab"]
    response = client.post("/compare", json={"claims": claims, "articles": articles})
    assert "or more pairs" in reason(response, 422)
    response = client.post("/check", json={"claim": "x", "article": {"text": "Related\n" * 301}})
    assert "makes 301 or more pairs" in reason(response, 422)


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "the body is not JSON: "),
        (b'{"pairs": [}', "the body is not JSON: Expecting value at character 11"),
        (b"\xff\xfe\xfa", "cannot be read as JSON in UTF-8"),
        (b'{"claim": "\xff"}', "cannot be read as JSON in UTF-8"),
        (b"[" * 50_000, "cannot be read as JSON"),
        (b'{"claim": ' + b"9" * 5000 + b"}", "cannot be read as JSON"),
    ],
)
def test_a_body_that_is_no_json_is_said_to_be(
    client: TestClient, path: str, content: bytes, message: str
) -> None:
    response = client.post(path, content=content, headers={"content-type": "application/json; charset=utf-8"})
    assert message in reason(response, 400)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/jso"])
def test_a_body_has_to_be_declared_as_json(client: TestClient, kind: str) -> None:
    content = json.dumps(BODIES["/classify"])
    response = client.post("/classify", content=content, headers={"content-type": kind})
    assert "send 'Content-Type: application/json'" in reason(response, 422)


def test_no_body_is_said_to_be_missing(client: TestClient) -> None:
    response = client.post("/check", headers={"content-type": "application/json"})
    assert reason(response, 422).startswith("the body: Field required")


@pytest.mark.parametrize("path", ["/", "/classify/", "/nowhere", "/docs", "/%00", "/health/x"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_route_names_the_known_ones(client: TestClient, method: str, path: str) -> None:
    message = reason(client.request(method, path), 404)
    assert "/classify, /check, /compare, /health, /metrics, /openapi.json" in message


@pytest.mark.parametrize(("method", "path"), [("GET", "/classify"), ("PUT", "/check"), ("DELETE", "/health")])
def test_a_method_that_is_not_taken_names_the_one_that_is(client: TestClient, method: str, path: str) -> None:
    response = client.request(method, path)
    expected = "GET" if path == "/health" else "POST"
    assert reason(response, 405) == f"{path} does not take {method}; see /openapi.json"
    assert response.headers["allow"] == expected


# limits


def test_a_body_may_be_as_long_as_is_allowed_and_no_longer(clf: StanceClassifier) -> None:
    body = json.dumps(BODIES["/classify"]).encode()
    headers = {"content-type": "application/json"}
    for length, status in ((len(body), 200), (len(body) - 1, 413)):
        with TestClient(build_app(clf, limits=Limits(body_bytes=length))) as client:
            assert client.post("/classify", content=body, headers=headers).status_code == status
            parts = (body[k : k + 7] for k in range(0, len(body), 7))  # no length declared
            response = client.post("/classify", content=parts, headers=headers)
            assert response.status_code == status
            if status == 413:
                assert f"more than the {length:,} bytes" in reason(response, 413)


def test_who_is_refused_takes_no_place_while_sending(clf: StanceClassifier) -> None:
    app = build_app(clf, limits=Limits(requests=1), key=KEY)
    is_sending, may_end = threading.Event(), threading.Event()

    async def receive() -> dict[str, Any]:
        is_sending.set()
        while not may_end.is_set():
            await asyncio.sleep(0.005)
        return {"type": "http.request", "body": b"{}", "more_body": False}

    with TestClient(app, headers={"X-API-Key": KEY}) as client, ThreadPoolExecutor(1) as pool:
        refused = pool.submit(run_asgi, app, receive, life=False)
        assert is_sending.wait(30)
        assert client.post("/classify", json=BODIES["/classify"]).status_code == 200
        may_end.set()
        assert refused.result(30)[0]["status"] == 401


def test_what_is_too_long_is_read_to_its_end_and_forgotten(clf: StanceClassifier) -> None:
    # a client that is cut off while it sends would see no answer
    parts = [{"type": "http.request", "body": b" " * 1000, "more_body": left > 0} for left in range(20)]

    async def receive() -> dict[str, Any]:
        return parts.pop()

    sent = run_asgi(build_app(clf, limits=Limits(body_bytes=5000)), receive)
    assert sent[0]["status"] == 413
    assert parts == []


@pytest.mark.parametrize("pause", [0.01, 60], ids=["in driblets", "not at all"])
@pytest.mark.parametrize(("key", "status"), [(None, 408), (KEY, 401)], ids=["for an answer", "for a refusal"])
def test_a_body_that_does_not_come_is_not_waited_for(
    clf: StanceClassifier, monkeypatch: pytest.MonkeyPatch, key: str | None, status: int, pause: float
) -> None:
    monkeypatch.setattr(gate, "BODY_SECONDS", 0.05)

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(pause)
        return {"type": "http.request", "body": b" ", "more_body": True}

    sent = run_asgi(build_app(clf, key=key), receive)
    assert sent[0]["status"] == status
    if status == 408:
        assert "did not arrive within 0.05 seconds" in json.loads(sent[1]["body"])["error"]


class Held:
    """A classifier that computes nothing until it is told to."""

    def __init__(self, inner: StanceClassifier) -> None:
        self.inner = inner
        self.may_go_on = threading.Event()
        self.checkpoint, self.runtime, self.encode = inner.checkpoint, "held", inner.encode

    def classify_encoded(self, pairs: Sequence[tuple[str, str]], encoded: EncodedPairs) -> list[Prediction]:
        assert self.may_go_on.wait(30)
        return self.inner.classify_encoded(pairs, encoded)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits(requests=3), "3 requests are being answered already; try again later"),
        (Limits(pairs=5, waiting_pairs=6), "6 pairs are waiting already and 2 more were given"),
    ],
    ids=["requests", "waiting pairs"],
)
def test_more_than_can_be_taken_is_refused_for_a_while(
    clf: StanceClassifier, limits: Limits, message: str
) -> None:
    held = Held(clf)
    app = build_app(held, limits=limits)  # type: ignore[arg-type]
    with TestClient(app) as client, ThreadPoolExecutor(3) as clients:
        body = BODIES["/classify"]
        futures = [clients.submit(client.post, "/classify", json=body) for _ in range(3)]
        try:
            wait_for(lambda: counts(client)["stance_waiting_pairs"] == 6)
            assert counts(client)["stance_requests_now"] == 3
            for path in POSTS if "requests" in message else ("/classify",):
                response = client.post(path, json=BODIES[path])
                assert message in reason(response, 429)
                assert response.headers["retry-after"] == "1"
            assert client.get("/health").status_code == 200
        finally:
            held.may_go_on.set()
        expected = direct(clf, "/classify", body)
        assert all(same(future.result().json(), expected) for future in futures)
        assert client.post("/classify", json=body).status_code == 200  # there is room again


@pytest.mark.parametrize(
    "name", ["body_bytes", "pairs", "characters", "requests", "waiting_pairs", "batch_tokens"]
)
def test_a_limit_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=f"the limit {name} is 0; expected at least 1"):
        Limits(**{name: 0})


def test_a_request_that_could_never_wait_is_refused_beforehand() -> None:
    with pytest.raises(InputError, match=r"only 10 pairs may wait, but a single request may bring 2,000"):
        Limits(waiting_pairs=10)


# the key


@pytest.fixture(scope="module")
def locked(clf: StanceClassifier) -> Iterator[TestClient]:
    with TestClient(build_app(clf, key=KEY)) as client:
        yield client


@pytest.mark.parametrize(
    "shown",
    [
        {"Authorization": f"Bearer {KEY}"},
        {"authorization": f"bearer  {KEY} "},
        {"X-API-Key": KEY},
        {"X-API-Key": KEY, "Authorization": "Basic abc"},
    ],
)
def test_who_shows_the_key_is_answered(locked: TestClient, shown: dict[str, str]) -> None:
    for path in POSTS:
        assert locked.post(path, json=BODIES[path], headers=shown).status_code == 200
    for path in ("/metrics", "/openapi.json"):
        assert locked.get(path, headers=shown).status_code == 200


@pytest.mark.parametrize(
    "shown",
    [
        {},
        {"Authorization": KEY},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": "Bearer"},
        {"Authorization": f"Bearer {KEY}x"},
        {"Authorization": f"Bearer {KEY[:-1]}"},
        {"X-API-Key": ""},
        {"X-API-Key": f"Bearer {KEY}"},
        {"X-API-Key": KEY.upper()},
        {"X-API-Key": b"\xe9\xff"},
    ],
)
def test_who_does_not_show_the_key_learns_nothing_but_how_to(
    locked: TestClient, shown: dict[str, Any]
) -> None:
    responses = [locked.post(path, json=BODIES[path], headers=shown) for path in POSTS]
    responses += [locked.get(path, headers=shown) for path in ("/metrics", "/openapi.json", "/nowhere")]
    responses += [locked.post("/classify", content=b"x" * 3_000_000, headers=shown)]
    for response in responses:
        assert "Authorization: Bearer KEY" in reason(response, 401)
        assert response.headers["www-authenticate"] == "Bearer"
    assert locked.get("/health", headers=shown).status_code == 200


def test_keys_are_compared_in_constant_time(locked: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr("hmac.compare_digest", compare)
    assert locked.get("/metrics", headers={"X-API-Key": "other"}).status_code == 401
    assert locked.get("/metrics", headers={"Authorization": f"Bearer {KEY}"}).status_code == 200
    assert compared == [(b"other", KEY.encode()), (KEY.encode(), KEY.encode())]


# failures and clients that leave


def test_a_failure_of_the_service_is_not_told_to_the_client(clf: StanceClassifier) -> None:
    class Broken(Held):
        def classify_encoded(self, pairs: Sequence[tuple[str, str]], encoded: object) -> list[Prediction]:
            raise RuntimeError("a secret of the house")

    app = build_app(Broken(clf))  # type: ignore[arg-type]
    with TestClient(app, raise_server_exceptions=False) as client:
        for path in POSTS:
            message = reason(client.post(path, json=BODIES[path]), 500)
            assert message == "the service failed at this request; its log says why"
        assert client.get("/health").json()["status"] == "ok"
        assert counts(client)['stance_requests_total{route="/check",status="500"}'] == 1


def test_a_failure_of_the_service_reaches_the_log_of_the_server(clf: StanceClassifier) -> None:
    class Broken(Held):
        def classify_encoded(self, pairs: Sequence[tuple[str, str]], encoded: object) -> list[Prediction]:
            raise RuntimeError("a secret of the house")

    with (
        TestClient(build_app(Broken(clf))) as client,  # type: ignore[arg-type]
        pytest.raises(RuntimeError, match="a secret of the house"),  # which the server writes to its log
    ):
        client.post("/classify", json=BODIES["/classify"])


def run_asgi(app: Any, receive: Callable[[], Any], *, life: bool = True) -> list[Any]:
    """Run one request against the bare application, with its life around it; return what it sent."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def run() -> None:
        headers = [(b"content-type", b"application/json")]
        scope = {"type": "http", "method": "POST", "path": "/classify", "headers": headers}
        async with app.router.lifespan_context(app) if life else nullcontext():
            request = app({**scope, "query_string": b"", "asgi": {"version": "3.0"}}, receive, send)
            await asyncio.wait_for(request, 30)

    asyncio.run(run())
    return sent


def test_a_client_that_leaves_before_its_body_is_there_is_let_go(clf: StanceClassifier) -> None:
    parts = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])

    async def receive() -> dict[str, Any]:
        return next(parts)

    assert run_asgi(build_app(clf), receive)[0]["status"] == 400  # which nobody reads


# counts


def counts(client: TestClient) -> dict[str, float]:
    response = client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=")
    lines = [line for line in response.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_everything_is_counted(clf: StanceClassifier) -> None:
    with TestClient(build_app(clf, key=KEY)) as client:
        client.headers["X-API-Key"] = KEY
        for _ in range(3):
            client.post("/classify", json=BODIES["/classify"])
        client.post("/check", json=BODIES["/check"])
        client.post("/classify", json={})
        client.post("/check", json=BODIES["/check"], headers={"X-API-Key": "wrong"})
        for path in ("/nowhere", "/somewhere", "/classify"):
            client.get(path)
        found = counts(client)
    requests = {
        name.removeprefix("stance_requests_total"): value
        for name, value in found.items()
        if name.startswith("stance_requests_total")
    }
    assert requests == {
        '{route="/classify",status="200"}': 3,
        '{route="/check",status="200"}': 1,
        '{route="/classify",status="422"}': 1,
        '{route="/check",status="401"}': 1,
        '{route="other",status="404"}': 2,  # whatever is asked for: one name
        '{route="/classify",status="405"}': 1,
    }
    sentences = len(check_article(clf, "x", Article(TEXT)).sentences)
    assert found["stance_batch_pairs_sum"] == 3 * 2 + sentences
    assert found["stance_batch_pairs_count"] == found["stance_batch_seconds_count"] == 4
    encoded = clf.encode([(pair["claim"], pair["sentence"]) for pair in BODIES["/classify"]["pairs"]])
    assert found["stance_batch_tokens_sum"] > 3 * encoded.lengths.sum()
    assert found['stance_request_seconds_count{route="/classify"}'] == 5
    assert found['stance_request_seconds_bucket{le="+Inf",route="/check"}'] == 2
    assert 0 < found['stance_request_seconds_sum{route="/classify"}'] < 60
    assert (found["stance_requests_now"], found["stance_waiting_pairs"]) == (0, 0)


# whatever is sent

scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts, st.just("\ud800"))
json_values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)
NAMES = ("claim", "sentence", "pairs", "article", "articles", "claims", "text", "article_id", "outlet", "x")
nearly: Any = st.recursive(
    st.one_of(texts, scalars),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=12,
)
articles = st.fixed_dictionaries({"text": texts}, optional={"article_id": texts, "outlet": st.none() | texts})
sound = st.one_of(
    st.fixed_dictionaries({"pairs": st.lists(st.fixed_dictionaries({"claim": texts, "sentence": texts}))}),
    st.fixed_dictionaries({"claim": texts, "article": articles}),
    st.fixed_dictionaries(
        {"claims": st.lists(texts, max_size=3), "articles": st.lists(articles, max_size=3)}
    ),
)


@settings(max_examples=150)
@given(
    path=st.sampled_from([*POSTS, "/health", "/nowhere"]),
    body=st.one_of(json_values, nearly, sound),
    key=st.sampled_from([None, KEY, "wrong"]),
)
def test_any_json_gets_json(
    client: TestClient, locked: TestClient, clf: StanceClassifier, path: str, body: Any, key: str | None
) -> None:
    headers = {"content-type": "application/json", "x-api-key": key or ""}
    response = (locked if key else client).post(path, content=json.dumps(body), headers=headers)
    assert response.headers["content-type"] == "application/json"
    answer = response.json()
    if path == "/health":
        assert response.status_code in (405, 200)
    else:
        assert response.status_code in STATUSES
    if response.status_code == 200:
        assert same(answer, direct(clf, path, body))
    else:
        assert list(answer) == ["error"]
        assert answer["error"].strip()
