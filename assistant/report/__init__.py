"""Reports of evaluations: for people as a page with pictures, for programs as a document."""

from assistant.report.document import document
from assistant.report.page import MEDIA_TYPE, POLICY, page
from assistant.report.report import TARGET, Report, make_report

__all__ = ["MEDIA_TYPE", "POLICY", "TARGET", "Report", "document", "make_report", "page"]
