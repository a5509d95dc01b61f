from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MapSpec:
    title: str


def map_svg(spec, room=None):
    raise NotImplementedError
