"""The program that is observed. It answers questions from Markdown files and knows nothing about events.

Load, split, index, retrieve, compose: the steps of every retrieval pipeline. The index is BM25 over chunks
with their headings, and the answer is the passage that fits best, so no network and no model is needed.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

WORD = re.compile(r"[a-z0-9_]{2,}")
HEADING = re.compile(r"^#+ +(.*)")
CODE = re.compile(r"```.*?(```|\Z)|<!--.*?-->", re.S)
NOT_PROSE = re.compile(r"^ *[|#!][^\n]*$", re.M)  # tables, headings, pictures
MARKUP = re.compile(r"\[([^]]*)\]\([^)]*\)|[*`]")  # links, emphasis
ITEM = re.compile(r"\n *(?:-|\d+[.]) ")
END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
SUFFIX = re.compile(r"(?:ations?|ings?|ies|ied|ed|es|s|e|y)$")
COMMON = frozenset(
    re.findall(
        r"\w+",
        "the and for that are not with this from what how does do is it an in of to on when which its one "
        "into you can use your be by or if as at after has have will happens happen so they each",
    )
)
CHUNK_CHARACTERS = 600


@dataclass(frozen=True)
class Chunk:
    """A piece of a document: its place, its text and the heading above it."""

    document: str
    position: int
    text: str
    heading: str = ""


@dataclass(frozen=True)
class Hit:
    """A chunk that matches a question, and how well (BM25 score, higher is better)."""

    chunk: Chunk
    score: float


def words(text: str) -> list[str]:
    """Return the words of a text that say what it is about, in lower case."""
    return [w for w in WORD.findall(text.lower()) if w not in COMMON]


def stems(text: str) -> list[str]:
    """Return the words of a text without their endings, so that "retries" is found by "retry"."""
    return [SUFFIX.sub("", word) if len(word) > 4 else word for word in words(text)]


def load(root: Path) -> dict[str, str]:
    """Read the Markdown files of a folder and of its docs folder, by their relative path."""
    paths = sorted([*root.glob("*.md"), *root.glob("docs/*.md")])
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def split(document: str, text: str) -> list[Chunk]:
    """Cut a document at its headings, and long sections at paragraphs."""
    chunks: list[Chunk] = []
    held: list[str] = []
    heading = ""

    def cut() -> None:
        if held:
            chunks.append(Chunk(document, len(chunks), "\n\n".join(held), heading))
            held.clear()

    for paragraph in re.split(r"\n\s*\n", text):
        if not paragraph.strip():
            continue
        found = HEADING.match(paragraph)
        if found or sum(map(len, held)) + len(paragraph) > CHUNK_CHARACTERS:
            cut()
        if found:
            heading = MARKUP.sub(r"\1", found[1])
        held.append(paragraph.strip())
    cut()
    return chunks


class Index:
    """A BM25 index over chunks (k1 = 1.5, b = 0.75, the usual values). Headings count as well."""

    def __init__(self, chunks: list[Chunk]) -> None:
        self.chunks = chunks
        self.counts = [Counter(stems(f"{chunk.heading} {chunk.text}")) for chunk in chunks]
        self.lengths = [sum(counts.values()) for counts in self.counts]
        self.mean = max(1.0, sum(self.lengths) / max(1, len(chunks)))
        found_in = Counter(word for counts in self.counts for word in counts)
        self.weight = {w: math.log(1 + (len(chunks) - n + 0.5) / (n + 0.5)) for w, n in found_in.items()}

    def search(self, question: str, top: int) -> list[Hit]:
        """Return the `top` best chunks for a question, best first."""
        asked = set(stems(question))
        hits = [Hit(chunk, self._score(i, asked)) for i, chunk in enumerate(self.chunks)]
        return sorted((hit for hit in hits if hit.score > 0), key=lambda hit: -hit.score)[:top]

    def value(self, asked: set[str], text: str) -> float:
        """Return how much of a question a text has: the weights of the words that both have."""
        return sum(self.weight.get(word, 0.0) for word in asked & set(stems(text)))

    def _score(self, i: int, asked: set[str]) -> float:
        counts, length = self.counts[i], self.lengths[i]
        return sum(
            self.weight[w] * counts[w] * 2.5 / (counts[w] + 1.5 * (0.25 + 0.75 * length / self.mean))
            for w in asked
            if w in counts
        )


def passages(text: str) -> list[str]:
    """Return the passages of a Markdown text: two sentences each, without code, tables and markup."""
    prose = MARKUP.sub(r"\1", NOT_PROSE.sub("\n\n", CODE.sub("\n\n", text)))
    found: list[str] = []
    for paragraph in re.split(r"\n\s*\n", prose):
        for item in ITEM.split(f"\n{paragraph}"):
            sentences = [" ".join(sentence.split()) for sentence in END.split(item)]
            whole = [one for one in sentences if len(one.split()) > 3 and one.endswith((".", "!", "?"))]
            found += [" ".join(whole[at : at + 2]) for at in range(len(whole))]
    return found


def compose(question: str, hits: Iterable[Hit], index: Index) -> str:
    """Return an answer: the passage of the hits that fits the question best, and where it is from."""
    asked = set(stems(question))
    best, answer = 0.0, "Nothing was found."
    for hit in hits:
        for passage in passages(hit.chunk.text):
            score = index.value(asked, passage) + index.value(asked, hit.chunk.heading) / 2
            if score > best:
                best, answer = score, f"{passage} ({hit.chunk.document})"
    return answer
