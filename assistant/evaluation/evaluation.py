"""An evaluation: golden questions asked, and what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from assistant.beforehand import decided_beforehand
from assistant.confidence import calibration_of
from assistant.decision import Thresholds
from assistant.detection import Detector
from assistant.evaluation.asked import Asked, Outcome, Searched
from assistant.evaluation.measures import Measure, Share, share
from assistant.fitted import fitted_among
from assistant.hearing import Hearing
from assistant.judgement import basis_for, judge, thresholds_for
from assistant.language import identify_read
from assistant.phrases import Phrasebook
from assistant.policy import Policy
from assistant.question import make_question
from index.searcher import Searcher
from knowledge.article import Article
from knowledge.database import now
from knowledge.golden import GoldenQuestion

_CHANNEL = "chat"  # where it was not said


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """What became of golden questions with one generation."""

    encoder: str
    generation: int
    asked: tuple[Asked, ...]
    thresholds: Thresholds | None = None  # of languages that have none of their own; None where they are not known
    basis: str = ""  # what the thresholds rest on, in words
    fitted: int = 0  # questions that confidence was fitted to, so that they flatter it
    titles: Mapping[str, str] = field(default_factory=dict)  # questions of the articles that were found or wanted

    def share(self, measure: Measure) -> Share:
        """Return one measure."""
        return share(self.asked, measure)

    def outcomes(self) -> Counter[Outcome]:
        """Return how often what happened."""
        return Counter(one.outcome for one in self.asked)

    def accuracy_by_language(self) -> dict[str | None, Share]:
        """Return, per language of the questions, how often the right article was found first."""
        by_language: dict[str | None, list[bool]] = {}
        for one in self.asked:
            if one.is_in_scope:
                by_language.setdefault(one.golden.language, []).append(one.is_found)
        return {
            language: Share(count=sum(found), of=len(found))
            for language, found in sorted(by_language.items(), key=lambda pair: pair[0] or "")
        }

    def by(self, name: Callable[[Asked], str | None]) -> dict[str | None, tuple[Asked, ...]]:
        """Return the questions by what they have in common, most questions first, those that have nothing last."""
        groups: dict[str | None, list[Asked]] = {}
        for one in self.asked:
            groups.setdefault(name(one), []).append(one)
        ordered = sorted(groups.items(), key=lambda pair: (pair[0] is None, -len(pair[1]), pair[0] or ""))
        return {common: tuple(members) for common, members in ordered}


def evaluate(
    searcher: Searcher,
    detector: Detector,
    questions: Sequence[GoldenQuestion],
    *,
    policy: Policy = Policy(),
    day: date | None = None,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Evaluation:
    """Decide on every question as the assistant would in a new conversation, of a customer it knows nothing of.

    Nothing is stored: no receipt, no ticket, no message. ``day`` (today, UTC) is the one on which they are asked;
    ``report`` is told how many of how many are done.
    """
    asker = _Asker(searcher, detector, policy, day)
    asked = []
    for number, golden in enumerate(questions):
        report(number, len(questions))
        asked.append(asker.ask(golden))
    report(len(questions), len(questions))
    calibration = calibration_of(searcher)
    return Evaluation(
        encoder=searcher.encoder.id,
        generation=searcher.generation.number,
        asked=tuple(asked),
        thresholds=thresholds_for(calibration, policy),
        basis=basis_for(calibration, policy).text,
        fitted=fitted_among(searcher.generation, calibration, questions),
        titles=_titles(searcher, asked, policy.default_language),
    )


class _Asker:
    def __init__(self, searcher: Searcher, detector: Detector, policy: Policy, day: date | None) -> None:
        self.searcher = searcher
        self.detector = detector
        self.policy = policy
        self.day = day
        self.phrases = Phrasebook()
        self.hearing = Hearing(self.phrases, detector)
        self.home = {policy.default_language, *searcher.generation.manifest.languages}

    def ask(self, golden: GoldenQuestion) -> Asked:
        """Ask one question."""
        question = make_question(golden.question, channel=golden.channel or _CHANNEL)
        heard = self.hearing.heard(question.text, self.searcher.generation)
        text = heard.text or question.text
        language = identify_read(
            text,
            detector=self.detector,
            readings=self.searcher.readings,
            home=self.home,
            spoken=self.phrases.languages,
            wish=heard.wish,
            channel=self.policy.channel_languages.get(golden.channel or ""),
            default=self.policy.default_language,
        )
        judged = judge(
            self.searcher,
            text,
            policy=self.policy,
            languages=language.languages_to_read,
            day=self.day,
        )
        # What is decided without a search is searched for all the same: accuracy is of all questions.
        beforehand = decided_beforehand(question, self.phrases, at=now())
        verdict, is_by_search = beforehand or judged.verdict, beforehand is None
        hits = judged.result.hits
        searched = Searched(
            candidates=judged.candidates,
            choices_confidence=judged.choices_confidence,
            thresholds=judged.thresholds,
            contrast=judged.contrast,
        )
        return Asked(
            golden=golden,
            decision=verdict.decision,
            reason=verdict.reason,
            article_ids=verdict.article_ids,
            best=hits[0].article.id if hits else None,
            confidence=judged.confidences[0] if judged.confidences else 0.0,
            language=language.code,
            detected=language.detection.language,
            searched=searched if is_by_search else None,
        )


def _titles(searcher: Searcher, asked: Sequence[Asked], language: str) -> dict[str, str]:
    """Return the questions of the articles that were found or wanted, in a language if they have it."""
    wanted = {id for one in asked for id in (one.golden.article_id, one.best) if id is not None}
    found = {id: searcher.generation.find(id) for id in sorted(wanted)}
    return {id: _title(article, language) for id, article in found.items() if article is not None}


def _title(article: Article, language: str) -> str:
    return (article.text(language) or article.text("en") or article.texts[0]).question
