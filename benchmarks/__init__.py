"""Quality and speed of the product, each figure beside a baseline measured in the same run.

``python -m benchmarks`` runs them (``make bench``); docs/benchmarks.md says what each one measures.
No test times anything: a figure is only worth something beside another one of the same minute.
"""
