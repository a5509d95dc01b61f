"""Boundary TXT: 勘测定界界址点坐标交换格式 (TD/T 1008), read in every variant met and written in the ruled one."""

from panhuo.exchange.boundary_txt.reader import read, sniff
from panhuo.exchange.boundary_txt.writer import TxtOptions, render, write

__all__ = ["TxtOptions", "read", "render", "sniff", "write"]
