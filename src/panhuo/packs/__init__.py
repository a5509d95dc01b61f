"""Policies as data: load, inherit, date, check, compare and edit packs (政策包).

A locality is a folder of YAML, Excel and Word files (see ``docs/packs.md``); this floor turns it into typed, frozen
values and says what is wrong with it, with file and line.
"""

from panhuo.packs.diff import Change, diff, render_changes
from panhuo.packs.finding import find_packs
from panhuo.packs.formulas import compute
from panhuo.packs.freeze import freeze
from panhuo.packs.listing import PackInfo, list_packs, show
from panhuo.packs.load import check_pack, load_pack
from panhuo.packs.pack import Layer, Pack, Unset
from panhuo.packs.problems import PackError, Place, Problem
from panhuo.packs.scaffold import new_pack
from panhuo.packs.settable import NewValue, Setting, settings, table_titles, with_values
from panhuo.packs.settings_book import read_settings, write_settings
from panhuo.packs.thaw import read_frozen, thaw
from panhuo.packs.thresholds import export_thresholds, import_thresholds
from panhuo.packs.trials import Evaluated, Trial, run_tests
from panhuo.packs.unset import unset_values

__all__ = [
    "Change",
    "Evaluated",
    "Layer",
    "NewValue",
    "Pack",
    "PackError",
    "PackInfo",
    "Place",
    "Problem",
    "Setting",
    "Trial",
    "Unset",
    "check_pack",
    "compute",
    "diff",
    "export_thresholds",
    "find_packs",
    "freeze",
    "import_thresholds",
    "list_packs",
    "load_pack",
    "new_pack",
    "read_frozen",
    "read_settings",
    "render_changes",
    "run_tests",
    "settings",
    "show",
    "table_titles",
    "thaw",
    "unset_values",
    "with_values",
    "write_settings",
]
