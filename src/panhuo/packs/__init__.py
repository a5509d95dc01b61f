"""Policies as data: load, inherit, date and check packs (政策包)."""

from panhuo.packs.finding import find_packs
from panhuo.packs.load import check_pack, load_pack
from panhuo.packs.pack import Layer, Pack, Unset
from panhuo.packs.problems import PackError, Place, Problem

__all__ = ["Layer", "Pack", "PackError", "Place", "Problem", "Unset", "check_pack", "find_packs", "load_pack"]
