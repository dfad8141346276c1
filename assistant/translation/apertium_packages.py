"""Which package of the system brings a pair of Apertium's.

Debian 12's packages (Ubuntu's have the same names) with the pairs that worked when they were tried
(``apertium_probes``); what crashes there, such as ``ru``→``be``, is not advised.
"""

from __future__ import annotations

from assistant.translation import tags

_PACKAGES = {
    "afr-nld": "af>nl nl>af",
    "bel-rus": "be>ru",
    "br-fr": "br>fr",
    "cat-ita": "ca>it it>ca",
    "dan-nor": "da>nb da>nn nb>da nn>da",
    "en-gl": "en>gl gl>en",
    "eng-cat": "ca>en en>ca",
    "eng-spa": "en>es es>en",
    "eo-en": "en>eo eo>en",
    "eo-fr": "fr>eo",
    "es-gl": "es>gl gl>es",
    "es-pt": "es>pt es>pt-BR pt>es",
    "es-ro": "ro>es",
    "eu-en": "eu>en",
    "eu-es": "eu>es",
    "fr-es": "es>fr fr>es",
    "fra-cat": "ca>fr fr>ca",
    "ind-zlm": "id>ms ms>id",
    "isl-eng": "is>en",
    "isl-swe": "is>sv sv>is",
    "mkd-bul": "mk>bg",
    "mkd-eng": "mk>en",
    "nno-nob": "nb>nn nn>nb",
    "oc-ca": "ca>oc oc>ca",
    "oc-es": "es>oc oc>es",
    "oci-fra": "fr>oc oc>fr",
    "por-cat": "ca>pt ca>pt-BR pt>ca",
    "pt-gl": "gl>pt pt>gl",
    "spa-arg": "es>an",
    "spa-ast": "es>ast",
    "spa-cat": "ca>es es>ca",
    "spa-ita": "es>it it>es",
    "swe-dan": "da>sv sv>da",
    "swe-nor": "nb>sv nn>sv sv>nb sv>nn",
    "urd-hin": "hi>ur ur>hi",
}
_BY_PAIR = {pair: f"apertium-{name}" for name, pairs in _PACKAGES.items() for pair in pairs.split()}


def apertium_package(source: str, target: str) -> str | None:
    """Return the name of the package that translates this pair; None where there is none that works."""
    found = _BY_PAIR.get(f"{tags.canonical(source)}>{tags.canonical(target)}")
    return found or _BY_PAIR.get(f"{tags.base(source)}>{tags.base(target)}")
