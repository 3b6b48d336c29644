"""The model's part in choosing sentences: how near a sentence stands to its part in the model's hidden space.

Hidden vectors of a language model share a large mean and a few directions that say where a word stands rather than
what is meant. Both are measured on a reference text that has nothing to do with the document and taken away ("all but
the top", Mu and Viswanath 2018, arXiv:1702.01417); what is left is compared by its cosine with the part's mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.inference.generator import Cancelled, TextGenerator, Vector
from app.tasks.extract import Floats

COMPONENTS = 4
REFERENCE = (
    "The bakery on the corner opens at six in the morning.",
    "Two brothers inherited the farm and divided the fields between them.",
    "Heavy rain delayed the start of the match by almost an hour.",
    "A good knife keeps its edge for years when it is cared for.",
    "The committee will publish its report at the end of the month.",
    "Most birds of this kind spend the winter far to the south.",
    "She had never seen the sea before she was twenty.",
    "The price of copper fell sharply during the summer.",
    "Water boils at a lower temperature on a high mountain.",
    "The old bridge was closed to traffic after an inspection.",
    "Children learn the names of colours before the names of shapes.",
    "His first novel was rejected by eleven publishers.",
    "The engine stopped because there was no oil left in it.",
    "Every member of the club pays a small fee each year.",
    "Light takes about eight minutes to travel from the sun to the earth.",
    "The council voted against the plan to build a second airport.",
    "Bread dough has to rest so that the yeast can do its work.",
    "Soldiers camped on the northern bank of the river that night.",
    "A triangle with three equal sides has three equal angles.",
    "The patient was sent home after two days without fever.",
    "Many villages in the valley have lost their schools and shops.",
    "The orchestra played the last movement faster than usual.",
    "Salt was once so valuable that it was taxed in many countries.",
    "The court decided that the contract had been broken.",
    "Bees tell each other where flowers are by dancing.",
    "He sold his shares shortly before the company failed.",
    "The painting shows a woman reading a letter at a window.",
    "New tyres need some miles before they grip well.",
    "The language is spoken by fewer than a thousand people today.",
    "An early frost destroyed most of the grapes.",
    "The program asks for a name and prints a greeting.",
    "Workers in the mill went on strike for shorter hours.",
    "The glacier has retreated by more than a mile since then.",
    "Her grandmother kept the recipes in a tin box.",
    "The law requires that all drivers be insured.",
    "Sound travels faster in water than in air.",
    "The train arrives at noon and leaves again ten minutes later.",
    "Nobody knows who carved the stone figures on the hill.",
    "The teacher asked the class to compare the two poems.",
    "Iron rusts when it is exposed to air and moisture.",
)
"""Plain sentences on many matters, so that what they share is the model's habit and no subject."""


@dataclass(frozen=True, slots=True)
class HiddenSpace:
    """What a model's sentence vectors share: their mean (d,) and their leading directions (COMPONENTS, d)."""

    mean: Floats
    directions: Floats

    @classmethod
    def of_vectors(cls, vectors: Sequence[Vector]) -> HiddenSpace:
        """Measured on the vectors of a reference text."""
        array = np.asarray(vectors, dtype=np.float32)
        mean = array.mean(axis=0)
        directions = np.linalg.svd(array - mean, full_matrices=False)[2][:COMPONENTS]
        return cls(mean, directions)

    @classmethod
    def of_model(cls, generator: TextGenerator, cancelled: Cancelled) -> HiddenSpace:
        """Measured by reading REFERENCE, a few hundred tokens, through a fresh state. Raises ReadCancelled."""
        ids = generator.document_prefix()
        spans: list[tuple[int, int]] = []
        for sentence in REFERENCE:
            tokens = generator.tokenize(" " + sentence)
            spans.append((len(ids), len(ids) + len(tokens)))
            ids = ids + tokens
        state = generator.new_state()
        try:
            return cls.of_vectors(generator.read(state, ids, spans=spans, cancelled=cancelled))
        finally:
            generator.drop(state)

    def nearness(self, vectors: Sequence[Vector]) -> Floats:
        """(n,) cosine of each sentence with the mean of all of them, in what the model's vectors do not share."""
        own = np.asarray(vectors, dtype=np.float32) - self.mean
        own = own - own @ self.directions.T @ self.directions
        own /= np.linalg.norm(own, axis=1, keepdims=True) + 1e-9
        near: Floats = own @ own.mean(axis=0)
        return near
