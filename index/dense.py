"""The dense arm: FAISS over embeddings, exact while that is quick, by inverted lists beyond.

Measured on one core with 256 dimensions: a flat search takes 0.2 ms at 2,000 passages and 5 ms at
66,000; inverted lists of 8-bit vectors 0.14 ms there. ``benchmarks`` reports their recall.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

FLAT_LIMIT = 12_000  # passages; up to here every search is exact
_LISTS_PER_ROOT = 2.0  # lists = this times the square root of the passages
_TRAINING_ROWS = 24  # per list
_PROBED_SHARE = 16  # one list in so many is searched
_KEPT_SHARE = 0.8  # of the passages; with fewer the lists are found anew
_LIST_DRIFT = 1.5  # lists are found anew when a build of its own would have so many times more, or fewer

Floats = NDArray[np.float32]

# Two threads make single questions four to five times slower, and servers have other work for them.
faiss.omp_set_num_threads(1)


class DenseIndex:
    """Nearest passages of a question embedding, by inner product of unit vectors."""

    def __init__(self, index: Any, row_count: int) -> None:  # noqa: ANN401 - faiss has no types
        self._index = index
        self.row_count = row_count
        self._is_flat = isinstance(index, faiss.IndexFlat)
        # A view of what the index holds: good for as long as the index is.
        self._table: Floats | None = (
            faiss.rev_swig_ptr(index.get_xb(), row_count * index.d).reshape(row_count, index.d)
            if self._is_flat and row_count
            else None
        )

    @property
    def is_exact(self) -> bool:
        """Tell whether every passage is compared with the question."""
        return self._is_flat

    @classmethod
    def build(cls, embeddings: Floats) -> DenseIndex:
        """Index embeddings, (rows, dimensions) float32 of unit length; the same rows give the same index."""
        rows, dimensions = embeddings.shape
        index = faiss.IndexFlatIP(dimensions)
        if rows > FLAT_LIMIT:
            lists = _list_count(rows)
            index = faiss.IndexIVFScalarQuantizer(
                index, dimensions, lists, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
            )
            index.cp.niter = 6
            index.cp.seed = 1
            sample = np.random.default_rng(1).permutation(rows)[: lists * _TRAINING_ROWS]
            index.cp.min_points_per_centroid = 1
            index.train(np.ascontiguousarray(embeddings[np.sort(sample)]))
            index.nprobe = max(8, lists // _PROBED_SHARE)
        index.add(np.ascontiguousarray(embeddings))
        return cls(index, rows)

    def extended(self, sources: NDArray[np.int64], embeddings: Floats) -> DenseIndex | None:
        """Return an index of ``embeddings`` whose lists are this one's, or None where that would not do.

        ``sources`` are the rows of this index that the rows were, -1 for new ones. Finding the lists, and the
        list of every row, is most of the work of a large build; they stay good while most passages stay.
        """
        rows = len(embeddings)
        kept = sources >= 0
        if self._is_flat or rows <= FLAT_LIMIT or kept.sum() < _KEPT_SHARE * max(rows, self.row_count):
            return None
        if not 1 / _LIST_DRIFT <= self._index.nlist / _list_count(rows) <= _LIST_DRIFT:
            return None
        lists = np.empty(rows, np.int64)
        lists[kept] = self._lists()[sources[kept]]
        embeddings = np.ascontiguousarray(embeddings)
        if not kept.all():
            lists[~kept] = self._index.quantizer.assign(embeddings[~kept], 1)[:, 0]
        index = faiss.clone_index(self._index)
        index.reset()
        index.add_core(rows, faiss.swig_ptr(embeddings), None, faiss.swig_ptr(lists))
        return DenseIndex(index, rows)

    def _lists(self) -> NDArray[np.int64]:
        """Return the number of the inverted list of every row, (rows,)."""
        lists = np.empty(self.row_count, np.int64)
        inverted = self._index.invlists
        for number in range(self._index.nlist):
            size = inverted.list_size(number)
            if size:
                lists[faiss.rev_swig_ptr(inverted.get_ids(number), size)] = number
        return lists

    @classmethod
    def read(cls, path: Path, row_count: int) -> DenseIndex:
        """Read an index; raises RuntimeError when the file is no FAISS index of ``row_count`` rows."""
        index = faiss.read_index(str(path))
        if index.ntotal != row_count:
            raise RuntimeError(f"{path.name} holds {index.ntotal} rows, expected {row_count}")
        return cls(index, row_count)

    def write(self, path: Path) -> None:
        """Write the index to a file; raises OSError."""
        path.write_bytes(faiss.serialize_index(self._index).data)

    def search(
        self, embedding: Floats, count: int, allowed: NDArray[np.uint8] | None = None
    ) -> tuple[NDArray[np.int64], Floats]:
        """Return the rows of the nearest passages and their cosines, best first; at most ``count``.

        ``embedding`` is (dimensions,) float32; ``allowed`` a bitmap of the rows that may be found
        (bit i & 7 of byte i >> 3), as ``numpy.packbits(…, bitorder="little")`` makes it.
        """
        count = min(count, self.row_count)
        if count == 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        parameters = None
        if allowed is not None:
            selector = faiss.IDSelectorBitmap(allowed)
            parameters = (
                faiss.SearchParameters(sel=selector)
                if self._is_flat
                else faiss.SearchParametersIVF(sel=selector, nprobe=self._probes(allowed))
            )
        scores, rows = self._index.search(embedding[None, :], count, params=parameters)
        found = rows[0] >= 0
        return rows[0][found], scores[0][found]

    def cosines(self, embedding: Floats) -> Floats | None:
        """Return the cosine of every row, (rows,), or None where not every row is compared."""
        if not self._is_flat:
            return None
        cosines = np.empty(self.row_count, np.float32)
        if self._table is not None:
            # Without the heap of a search: whoever wants the best passage of every article needs them all.
            arrays = (cosines, np.ascontiguousarray(embedding, np.float32), self._table)  # alive while computing
            faiss.fvec_inner_products_ny(*map(faiss.swig_ptr, arrays), self._index.d, self.row_count)
        return cosines

    def embeddings(self, rows: NDArray[np.int64]) -> Floats | None:
        """Return the embeddings of some rows, (rows, dimensions), or None where the index does not keep them."""
        return None if self._table is None else self._table[rows]

    def _probes(self, allowed: NDArray[np.uint8]) -> int:
        """Return how many lists to search, so that as many rows are compared as without a filter."""
        share = int(np.bitwise_count(allowed).sum()) / self.row_count
        return int(min(self._index.nlist, self._index.nprobe / max(share, 1e-9)))


def _list_count(rows: int) -> int:
    return int(_LISTS_PER_ROOT * np.sqrt(rows))
