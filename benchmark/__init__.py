"""The benchmark: one measure for every model, and the runner that trains and scores them."""

from benchmark.evaluate import evaluate
from benchmark.predictions import Predictions, PredictionsError
from benchmark.result import Result, Score

__all__ = ["Predictions", "PredictionsError", "Result", "Score", "evaluate"]
