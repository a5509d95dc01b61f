"""Boundary TXT: 勘测定界界址点坐标交换格式 (TD/T 1008), read in every variant met and written in the ruled one."""

from panhuo.exchange.boundary_txt.reader import read, sniff

__all__ = ["read", "sniff"]
