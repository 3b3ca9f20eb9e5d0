"""The program that is observed. It answers questions from Markdown files and knows nothing about events.

Load, split, index, retrieve, compose: the steps of every retrieval pipeline, with BM25 as the index and
the best sentences as the answer, so that no network and no model is needed.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

WORD = re.compile(r"[a-z0-9_]{2,}")
NOT_PROSE = re.compile(r"```.*?(```|\Z)|<!--.*?-->|^ *[|#][^\n]*$", re.S | re.M)  # code, tables, headings
MARKUP = re.compile(r"\[([^]]*)\]\([^)]*\)|[*`]")  # links, emphasis
COMMON = frozenset(
    re.findall(r"\w+", "the and for that are not with this from what how does which its one into you can")
)
CHUNK_CHARACTERS = 300


@dataclass(frozen=True)
class Chunk:
    """A piece of a document: its place and its text."""

    document: str
    position: int
    text: str


@dataclass(frozen=True)
class Hit:
    """A chunk that matches a question, and how well (BM25 score, higher is better)."""

    chunk: Chunk
    score: float


def words(text: str) -> list[str]:
    """Return the words of a text that say what it is about, in lower case."""
    return [w for w in WORD.findall(text.lower()) if w not in COMMON]


def load(root: Path) -> dict[str, str]:
    """Read the Markdown files of a folder and of its docs folder, by their relative path."""
    paths = sorted([*root.glob("*.md"), *root.glob("docs/*.md")])
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def split(document: str, text: str) -> list[Chunk]:
    """Cut a document into chunks of whole paragraphs, about CHUNK_CHARACTERS long."""
    chunks: list[Chunk] = []
    held = ""
    for paragraph in (p.strip() for p in re.split(r"\n\s*\n", text)):
        if held and len(held) + len(paragraph) > CHUNK_CHARACTERS:
            chunks.append(Chunk(document, len(chunks), held))
            held = ""
        held = f"{held}\n\n{paragraph}" if held else paragraph
    if held:
        chunks.append(Chunk(document, len(chunks), held))
    return chunks


class Index:
    """A BM25 index over chunks (k1 = 1.5, b = 0.75, the usual values)."""

    def __init__(self, chunks: list[Chunk]) -> None:
        self.chunks = chunks
        self.counts = [Counter(words(c.text)) for c in chunks]
        self.lengths = [sum(c.values()) for c in self.counts]
        self.mean = sum(self.lengths) / max(1, len(chunks))
        found_in = Counter(word for counts in self.counts for word in counts)
        self.weight = {w: math.log(1 + (len(chunks) - n + 0.5) / (n + 0.5)) for w, n in found_in.items()}

    def search(self, question: str, top: int) -> list[Hit]:
        """Return the `top` best chunks for a question, best first."""
        asked = set(words(question))
        hits = [Hit(chunk, self._score(i, asked)) for i, chunk in enumerate(self.chunks)]
        return sorted((h for h in hits if h.score > 0), key=lambda h: -h.score)[:top]

    def _score(self, i: int, asked: set[str]) -> float:
        counts, length = self.counts[i], self.lengths[i]
        return sum(
            self.weight[w] * counts[w] * 2.5 / (counts[w] + 1.5 * (0.25 + 0.75 * length / self.mean))
            for w in asked
            if w in counts
        )


def sentences(text: str) -> list[str]:
    """Return the sentences of a Markdown text, without code, tables, headings and markup."""
    prose = MARKUP.sub(r"\1", NOT_PROSE.sub("\n\n", text))
    found = re.split(r"(?<=[.!?:])\s+|\n\s*\n|\n *[-\d]+[.]? ", prose)
    return [" ".join(sentence.split()) for sentence in found if len(words(sentence)) > 3]


def compose(question: str, hits: list[Hit], length: int = 2) -> str:
    """Return an answer: the `length` sentences of the hits that share most words with the question."""
    asked = set(words(question))
    candidates = dict.fromkeys(sentence for hit in hits for sentence in sentences(hit.chunk.text))
    best = sorted(candidates, key=lambda s: -len(asked & set(words(s))))[:length]
    return " ".join(best) or "Nothing was found."
