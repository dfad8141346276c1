"""Which language a message is written in."""

from assistant.detection.detector import TRUSTED_PROBABILITY, Detection, Detector, unidentified
from assistant.detection.linear import DetectionModelError

__all__ = ["TRUSTED_PROBABILITY", "Detection", "DetectionModelError", "Detector", "unidentified"]
