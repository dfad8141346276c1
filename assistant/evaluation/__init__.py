"""Evaluation: golden questions decided on as customers' are, counted, and compared; nothing is stored."""

from assistant.evaluation.asked import OUTCOMES, Asked, Outcome, Searched
from assistant.evaluation.comparison import RESAMPLES, Comparison, Difference, compare, points, recommendation
from assistant.evaluation.evaluation import Evaluation, evaluate
from assistant.evaluation.measures import COST, FEW, GATES, MEASURES, Measure, Share

__all__ = [
    "COST",
    "FEW",
    "GATES",
    "MEASURES",
    "OUTCOMES",
    "RESAMPLES",
    "Asked",
    "Comparison",
    "Difference",
    "Evaluation",
    "Measure",
    "Outcome",
    "Searched",
    "Share",
    "compare",
    "evaluate",
    "points",
    "recommendation",
]
