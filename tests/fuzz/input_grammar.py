"""All hostile inputs of a round, from its seed. Pure."""

import random
from collections.abc import Callable

from tests.fuzz.frame_grammar import FrameGrammar
from tests.fuzz.inputs import Input
from tests.fuzz.kafka_grammar import KafkaGrammar
from tests.fuzz.rest_grammar import RestGrammar


def inputs_of_round(seed: int, number: int, count: int) -> list[Input]:
    """Return the inputs of one round; the same seed and number make the same inputs."""
    chance = random.Random(f"{seed}/{number}")
    frames = FrameGrammar(chance)
    rest = RestGrammar(chance, frames.update)
    kafka = KafkaGrammar(chance, frames.update)
    makers: list[Callable[[], Input]] = [frames.input, rest.input, kafka.input]
    return [chance.choices(makers, (85, 12, 3))[0]() for _ in range(count)]
